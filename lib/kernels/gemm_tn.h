/* gemm_tn: the strips of the weight gradient, sums over a block of samples in registers. */
#ifndef CNN_KERNELS_GEMM_TN_H
#define CNN_KERNELS_GEMM_TN_H

#include "kernels/tile.h"

/* A strip: rows of the result times vectors of sixteen columns, all in registers. Where a mask costs nothing the last vector
 * reads what counts of it; else it reads whole ones. */
#define CNN__STRIP_ROWS 6
#if CNN__VECTORS >= 16
#define CNN__STRIP_VECTORS 2
#define CNN__STRIP_MASKED 1
#else
#define CNN__STRIP_VECTORS 1
#define CNN__STRIP_MASKED 0
#endif
#define CNN__STRIP_WIDTH (CNN__STRIP_VECTORS * CNN__LANES)

/* Samples of a strip at most: a power of two of shards. */
#define CNN__STRIP_SAMPLES 128

/* Rows of sums, `row` apart. */
typedef struct cnn__place {
  float *at;
  int64_t row;
} cnn__place;

/* Where the sums of a block of samples go, and with which ones they are joined on the way: each stands before what has been
 * joined so far. */
#define CNN__JOINS 64
typedef struct cnn__target {
  cnn__place to, joins[CNN__JOINS];
  int32_t count;
} cnn__target;

typedef struct cnn__strip {
  const float *a, *b; /* of the first sample, the next lda and ldb behind */
  int64_t lda, ldb, m;
  const cnn__target *target;
  int64_t p, j, lanes; /* first row and column there */
  const float *ahead;  /* what will be read next: fetched meanwhile, ahead_step for each sample */
  int64_t ahead_step;
} cnn__strip;

/* Those of most rows first, the last of one; each for one vector, and for two. */
typedef struct cnn__strip_form {
  int64_t rows;
  void (*of[CNN__STRIP_VECTORS])(const cnn__strip *s);
} cnn__strip_form;

extern const cnn__strip_form CNN__NAME(strip_forms)[];

#endif
