/* augment: the handle inside. */
#ifndef CNN_DATA_AUGMENT_H
#define CNN_DATA_AUGMENT_H

#include "cnn/augment.h"
#include "core/context_internal.h"
#include "data/augment_settings.h"

struct cnn_augmenter {
  atomic_int references;
  cnn_context *context;
  uint64_t seed;                /* of the context */
  cnn__augment_settings set;
  int32_t draws_more;           /* cnn__augment_draws_more */
  int64_t channels;             /* of the statistics; 0: none yet */
  double *mean, *deviation;     /* of each channel */
  float *subtract, *divide;     /* what featurewise settings make of them */
};

cnn_augmenter *cnn__augmenter_hold(const cnn_augmenter *augmenter); /* takes const: the count is atomic */

/* What (pass, sample) gets, every field; allocates nothing and cannot fail. */
void cnn__augmenter_draw(const cnn_augmenter *augmenter, cnn_transform *out, int64_t height, int64_t width, uint32_t pass,
                         uint32_t sample);

/* Can it work on such samples? CNN_ESHAPE: they are no images, or its statistics are of others; CNN_ESTATE: statistics are wanted and
 * not there. */
cnn_status cnn__augmenter_ready(const cnn_augmenter *augmenter, const cnn__shape *sample);

#endif
