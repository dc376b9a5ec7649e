/* standardize: one image brought to the scale that an augmenter's settings ask for. */
#ifndef CNN_DATA_STANDARDIZE_H
#define CNN_DATA_STANDARDIZE_H

#include "data/augment.h"

/* In place, an image of `pixels` pixels of `channels` values; ready as cnn__augmenter_ready has it. Nothing to do costs nothing. */
void cnn__standardize(const cnn_augmenter *augmenter, int64_t pixels, int64_t channels, float *x);

#endif
