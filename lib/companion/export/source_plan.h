/* source_plan: where each value of a model lies while C source runs it, and which operations run row by row together. */
#ifndef CNN_COMPANION_EXPORT_SOURCE_PLAN_H
#define CNN_COMPANION_EXPORT_SOURCE_PLAN_H

#include "companion/export/walk.h"

/* Places of values besides those in the working memory. */
#define CNN__SOURCE_INPUT (-1)
#define CNN__SOURCE_OUTPUT (-2)

#define CNN__SOURCE_CHAIN 32 /* operations between a convolution and the pool that it runs within, at most */

typedef struct cnn__source_buffer {
  int64_t floats, offset; /* in the working memory, or offset CNN__SOURCE_INPUT or CNN__SOURCE_OUTPUT */
  int32_t first, last;    /* operations between which it is in use */
} cnn__source_buffer;

/* A convolution, what works on its output in place, and a pool whose windows share no row are one: `pool` computes as many rows of the
 * convolution as it needs for one of its own, and the convolution's output never exists as a whole. */
typedef struct cnn__source_place {
  int32_t buffer;
  int32_t pool; /* the operation runs within this one; -1: by itself */
  int32_t head; /* of such a pool the convolution; else -1 */
} cnn__source_place;

typedef struct cnn__source_plan {
  cnn__source_place *places;   /* one an operation */
  cnn__source_buffer *buffers;
  int32_t buffer_count;
  int64_t work;                /* floats */
} cnn__source_plan;

/* Errors: CNN_ENOMEM; CNN_EUNSUPPORTED more than 2^29 - 1 values in a layer, in a kernel or in the working memory. */
cnn_status cnn__source_plan_new(cnn__source_plan *out, const cnn__walk *walk);
void cnn__source_plan_free(cnn__source_plan *plan);

/* Does the model's output hang on this operation? */
int32_t cnn__source_used(const cnn__walk *walk, int32_t op);

#endif
