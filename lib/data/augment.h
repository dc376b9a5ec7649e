/* augment: the handle inside. */
#ifndef CNN_DATA_AUGMENT_H
#define CNN_DATA_AUGMENT_H

#include "cnn/augment.h"
#include "core/context_internal.h"

struct cnn_augmenter {
  atomic_int references;
  cnn_context *context;
  uint64_t seed;                /* of the context */
  double rotation;              /* degrees */
  double width_shift, height_shift;
  double zoom;
};

/* Takes const: the count is atomic and nothing else is touched. */
cnn_augmenter *cnn__augmenter_hold(const cnn_augmenter *augmenter);

/* What (pass, sample) gets; allocates nothing and cannot fail. out->size is left alone. */
void cnn__augmenter_draw(const cnn_augmenter *augmenter, cnn_transform *out, int64_t height, int64_t width, uint32_t pass,
                         uint32_t sample);

#endif
