/* batch_normalization: what layers that plans make of a normalisation and its neighbours read of it. */
#ifndef CNN_LAYERS_BATCH_NORMALIZATION_H
#define CNN_LAYERS_BATCH_NORMALIZATION_H

#include "layers/layer_internal.h"

/* layer->data. */
typedef struct cnn__channels {
  int64_t pixels, count;      /* a sample: pixels of `count` channels */
  int32_t gamma, beta;        /* indices of the weights; -1: left out */
  int32_t mean, variance;     /* moving */
} cnn__channels;

/* Rows of `count` floats in the state, which training reads; the last three are made by backward. */
enum { CNN__BN_MEAN, CNN__BN_SCALE, CNN__BN_SHIFT, CNN__BN_RESIDUE, CNN__BN_DEVIATION, CNN__BN_DX_DY, CNN__BN_DX_X,
       CNN__BN_DX_CONSTANT, CNN__BN_STATE_ROWS };
/* ... and in the pack, which inference reads; ZERO is the mean and shift of gradients in a frozen layer. */
enum { CNN__BN_PACK_MEAN, CNN__BN_PACK_SCALE, CNN__BN_PACK_SHIFT, CNN__BN_PACK_ZERO, CNN__BN_PACK_ROWS };

#endif
