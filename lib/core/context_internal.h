/* context: what a handle needs of it. */
#ifndef CNN_CORE_CONTEXT_INTERNAL_H
#define CNN_CORE_CONTEXT_INTERNAL_H

#include "cnn/context.h"
#include "core/parallel.h"
#include "core/status.h"

#include <stdatomic.h>

typedef struct cnn__registered cnn__registered;

struct cnn_context {
  atomic_int references;
  cnn_allocator allocator;   /* complete: never NULL functions */
  cnn_logger logger;         /* write may be NULL: silent */
  cnn_sink sink;             /* write may be NULL: nothing is printed */
  uint64_t seed;
  int32_t threads;
  int32_t level;             /* CNN__CPU_* */
  int32_t provider;          /* CNN__GEMM_* */
  int32_t fuse;              /* plans make one layer of several where they can */
  int32_t winograd;          /* convolutions may go by Winograd's transforms */
  int64_t max_load_bytes;    /* of the data of one file */
  cnn__pool_threads *pool;
  _Atomic(cnn__registered *) registered; /* the program's own types: core/registered.h */
};

cnn_context *cnn__context_hold(cnn_context *context);  /* counts one more owner; returns context */
void cnn__context_drop(cnn_context *context);          /* frees with the last owner; NULL does nothing */

/* One complete line to the logger, without newline. */
void cnn__log(const cnn_context *context, int32_t level, const char *format, ...) CNN__PRINTF(3, 4);

#endif
