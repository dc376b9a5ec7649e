/* pack: memory for the derived forms of all weights. */
#ifndef CNN_MODEL_PACK_H
#define CNN_MODEL_PACK_H

#include "model/model_internal.h"

/* Once; the caller holds the model's lock or is its only user. */
cnn_status cnn__packs_new(cnn_model *model);
void cnn__packs_free(cnn_model *model);

/* The packs are those of the weights as they stand: the caller has seen to it. */
void cnn__model_packed(cnn_model *model);

/* One of the `parts` of a PACK phase of layer `layer` of the model. */
void cnn__pack_part(const cnn_model *model, const cnn__kernels *k, int32_t layer, const cnn__phase *phase, int64_t part,
                    int64_t parts);

#endif
