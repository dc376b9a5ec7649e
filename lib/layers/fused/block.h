/* block: a normalisation with the activation, pooling and dropout behind it and perhaps the convolution before it, with its
 * activation, as one layer; or a convolution with its activation, a pooling and dropout. */
#ifndef CNN_LAYERS_FUSED_BLOCK_H
#define CNN_LAYERS_FUSED_BLOCK_H

#include "layers/fused/fusion.h"

/* An activation that goes element by element and that no loss wants to have for itself. */
int32_t cnn__block_activates(const cnn_layer *layer);

/* A pooling whose windows meet, and whose winner has a number of 8 bits. */
int32_t cnn__block_pools(const cnn_layer *layer);

/* How many of the layers are a convolution, which learns in training, and its activation where that is a layer of its own: 0 to 2. */
int32_t cnn__block_convolution(const cnn_layer *const *layers, int32_t count, int32_t training);

/* How many of the layers are a normalisation, an activation, a pooling whose windows meet without overlap, and a dropout,
 * in this order; 0 where the first is no normalisation or, in training, a frozen one. *pays: is a pooling among them, or an
 * activation of more than one pixel? */
int32_t cnn__block_match(const cnn_layer *const *layers, int32_t count, int32_t training, int32_t *pays);

typedef struct cnn__block {
  int32_t conv, norm, act, pool, dropout; /* members, act behind the normalisation; -1: there is none */
  int32_t before;                    /* whose activation is the convolution's: itself, or the layer behind it */
  cnn__pool g;                       /* of the pooling; windows of 1 x 1 where there is none */
  int64_t floats, pooled;            /* of a sample: what is normalised, before and after pooling */
  int64_t bytes;                     /* of what is normalised, that go through the passes at once, and */
  int64_t together;                  /*   the samples that are as much, or one */
  int32_t again;                     /* the convolution is done again in backward, not kept */
  int32_t nine;                      /* and it is what the kernel nine_backward is for */
} cnn__block;

/* ---- for the files of the block ---- */

/* The convolution's output, or its gradient, of a few samples, in scratch; behind it is room for one sample pooled. */
float *cnn__block_scratch(const cnn__work *work);

/* The record for the convolution's phases; a layer behind it that activates is its activation. */
cnn__work cnn__block_conv(const cnn__work *work);

/* How many samples of the shard go together, from `first` on; and `count` of them convolved. */
int64_t cnn__block_taken(const cnn__work *work, int64_t first);
void cnn__block_convolve(const cnn__work *work, int64_t first, int64_t count, float *y);

/* Dropout of one list, of `count` samples from `first` on, in place. */
void cnn__block_drop(const cnn__work *work, int32_t list, int64_t first, int64_t count, float *at);

/* A row of the normalisation's state, CNN__BN_*. */
const float *cnn__block_row(const cnn__work *work, int32_t which);

/* ---- block_activation.c ---- */

/* Pixels of c channels normalised by map, which is {mean, scale, shift}, and activated; y may be x. */
void cnn__block_activate(const cnn__work *work, int64_t pixels, int64_t c, const float *x, const float *const map[3], float *y);

/* Of the shard's outputs, x being what was normalised to them: dy becomes the gradient before dropout and activation; and the
 * sums of the normalisation's gradient, of dy and behind them of its products with x. */
void cnn__block_backward_activation(const cnn__work *work, const float *x, double *sums);

/* Room for it. */
size_t cnn__block_activation_scratch(const cnn_layer *layer);

/* ---- setup and phases, for the types of the rules ---- */

cnn_status cnn__block_setup(cnn_layer *layer);
extern const cnn__phase cnn__block_train_phases[], cnn__block_infer_phases[];
void cnn__block_backward_sums(const cnn__work *work);
void cnn__block_backward_merge(const cnn__work *work);
int64_t cnn__block_merge_parts(const cnn_layer *layer);
void cnn__block_gradient(const cnn__work *work);

/* The convolution's late phase. */
void cnn__block_join(const cnn__work *work);
int64_t cnn__block_join_parts(const cnn_layer *layer);
cnn__span cnn__block_joined(const cnn_layer *layer, int64_t part);

#endif
