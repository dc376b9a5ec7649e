/* source_weights: the constants of C source: weights as floats or as small integers, and the windows of convolutions and pools. */
#ifndef CNN_COMPANION_EXPORT_SOURCE_WEIGHTS_H
#define CNN_COMPANION_EXPORT_SOURCE_WEIGHTS_H

#include "companion/export/source_steps.h"

/* All that the statements name. @return the bytes of the weights. */
int64_t cnn__source_put_constants(cnn__source_text *to, const cnn__source_model *model);

#endif
