/* block: a normalisation with the pooling and dropout behind it and perhaps the convolution before it, as one layer. */
#ifndef CNN_LAYERS_FUSED_BLOCK_H
#define CNN_LAYERS_FUSED_BLOCK_H

#include "layers/fused/fusion.h"

/* How many of the layers are a normalisation, a pooling whose windows meet without overlap, and a dropout, in this
 * order; 0 where the first is no normalisation or, in training, a frozen one. *pooled: is a pooling among them? */
int32_t cnn__block_match(const cnn_layer *const *layers, int32_t count, int32_t training, int32_t *pooled);

typedef struct cnn__block {
  int32_t conv, norm, pool, dropout; /* members; -1: there is none */
  cnn__pool g;                       /* of the pooling; windows of 1 x 1 where there is none */
  int64_t floats, pooled;            /* of a sample: what is normalised, before and after pooling */
  int64_t together;                  /* samples that go through the passes at once */
  int32_t again;                     /* the convolution is done again in backward, not kept */
  int32_t nine;                      /* and it is what the kernel nine_backward is for */
} cnn__block;

/* ---- for the files of the block ---- */

/* The convolution's output, or its gradient, of a few samples, in scratch; behind it is room for one sample pooled. */
float *cnn__block_scratch(const cnn__work *work);

/* How many samples of the shard go together, from `first` on; and `count` of them convolved. */
int64_t cnn__block_taken(const cnn__work *work, int64_t first);
void cnn__block_convolve(const cnn__work *work, int64_t first, int64_t count, float *y);

/* ---- setup and phases, for the types of the rules ---- */

cnn_status cnn__block_setup(cnn_layer *layer);
extern const cnn__phase cnn__block_train_phases[], cnn__block_infer_phases[];
void cnn__block_backward_sums(const cnn__work *work);
void cnn__block_backward_merge(const cnn__work *work);
int64_t cnn__block_merge_parts(const cnn_layer *layer);
void cnn__block_gradient(const cnn__work *work);

#endif
