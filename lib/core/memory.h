/* memory: every allocation of the library, through the context's allocator. */
#ifndef CNN_CORE_MEMORY_H
#define CNN_CORE_MEMORY_H

#include "cnn/context.h"

#include <stddef.h>
#include <stdint.h>

/* 64-byte aligned. zeroed for cnn__alloc_zero. bytes 0 gives a valid pointer. NULL on failure, with CNN_ENOMEM and a text that names
 * `what` and the size recorded. Thread-safe. */
void *cnn__alloc(cnn_context *context, size_t bytes, const char *what);
void *cnn__alloc_zero(cnn_context *context, size_t bytes, const char *what);
void cnn__free(cnn_context *context, void *pointer);                 /* NULL does nothing */
char *cnn__strdup(cnn_context *context, const char *text);           /* NULL for NULL */

/* Grow an array to hold at least `wanted` elements (doubling). *pointer and *capacity change only on success. */
cnn_status cnn__grow(cnn_context *context, void **pointer, int64_t *capacity, int64_t wanted, size_t element,
                     const char *what);

/* Checked arithmetic, the only place where sizes from outside are multiplied or added. Non-zero: did not fit. */
int32_t cnn__mul(int64_t a, int64_t b, int64_t *out);                /* a, b >= 0; out fits int64_t */
int32_t cnn__sum(int64_t a, int64_t b, int64_t *out);

#endif
