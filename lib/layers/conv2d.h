/* conv2d: a convolution's forward, piece by piece. */
#ifndef CNN_LAYERS_CONV2D_H
#define CNN_LAYERS_CONV2D_H

#include "layers/layer_internal.h"

/* Bands of output rows start at multiples of this, and end at one or at the image's end. */
static inline int64_t cnn__conv2d_step(const cnn__conv *g) { return cnn__conv_large(g) ? 4 : 2; }

/* Where the shard's kernel gradient goes: its slot or, where no other is added to it, the gradient. */
static inline float *cnn__conv2d_slot(const cnn__work *work) { return work->shards == 1 ? work->grads[0] : work->slots; }

/* Of the sample x: output rows [row0, row1) into y, where row0 comes first; activated. */
void cnn__conv2d_rows(const cnn__work *work, const float *x, int64_t row0, int64_t row1, float *y);

/* Can output channels be made apart? */
int32_t cnn__conv2d_has_channels(const cnn_layer *layer);

/* Of the sample x: output channels [first, end), multiples of CNN__LANES or the last, all positions into y, dense in these channels;
 * activated. */
void cnn__conv2d_channels(const cnn__work *work, const float *x, int64_t first, int64_t end, float *y);

#endif
