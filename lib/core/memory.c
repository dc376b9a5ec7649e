/* memory: every allocation of the library, through the context's allocator. */
#include "core/memory.h"

#include "core/context_internal.h"

#include <string.h>

#define ALIGNMENT 64

void *cnn__alloc(cnn_context *context, size_t bytes, const char *what) {
  const cnn_allocator *allocator = &context->allocator;
  void *pointer = NULL;
  if (bytes <= PTRDIFF_MAX)
    pointer = allocator->alloc(allocator->user, bytes ? bytes : 1, ALIGNMENT);
  if (!pointer) {
    cnn__fail(CNN_ENOMEM, "out of memory: %zu bytes for %s", bytes, what);
    return NULL;
  }
  if ((uintptr_t)pointer % ALIGNMENT != 0) { /* the vector kernels would fault */
    allocator->free(allocator->user, pointer);
    cnn__fail(CNN_ENOMEM, "out of memory: the allocator's %zu bytes for %s are not aligned to %d", bytes, what, ALIGNMENT);
    return NULL;
  }
  return pointer;
}

void *cnn__alloc_zero(cnn_context *context, size_t bytes, const char *what) {
  void *pointer = cnn__alloc(context, bytes, what);
  return pointer ? memset(pointer, 0, bytes) : NULL;
}

void cnn__free(cnn_context *context, void *pointer) {
  if (pointer)
    context->allocator.free(context->allocator.user, pointer);
}

char *cnn__strdup(cnn_context *context, const char *text) {
  if (!text)
    return NULL;
  size_t bytes = strlen(text) + 1;
  char *copy = cnn__alloc(context, bytes, "a name");
  return copy ? memcpy(copy, text, bytes) : NULL;
}

cnn_status cnn__grow(cnn_context *context, void **pointer, int64_t *capacity, int64_t wanted, size_t element,
                     const char *what) {
  if (wanted <= *capacity)
    return CNN_OK;
  int64_t larger = *capacity > INT64_MAX / 2 ? INT64_MAX : *capacity * 2;
  if (larger < 8)
    larger = 8;
  if (larger < wanted)
    larger = wanted;
  int64_t bytes;
  if (element > PTRDIFF_MAX || cnn__mul(larger, (int64_t)element, &bytes))
    return cnn__fail(CNN_ENOMEM, "out of memory: %lld elements of %zu bytes for %s", (long long)larger, element, what);
  void *grown = cnn__alloc(context, (size_t)bytes, what);
  if (!grown)
    return CNN_ENOMEM;
  if (*pointer)
    memcpy(grown, *pointer, (size_t)*capacity * element);
  cnn__free(context, *pointer);
  *pointer = grown;
  *capacity = larger;
  return CNN_OK;
}

int32_t cnn__mul(int64_t a, int64_t b, int64_t *out) {
  int64_t product;
  if (a < 0 || b < 0 || __builtin_mul_overflow(a, b, &product))
    return 1;
  *out = product;
  return 0;
}

int32_t cnn__sum(int64_t a, int64_t b, int64_t *out) {
  int64_t sum;
  if (a < 0 || b < 0 || __builtin_add_overflow(a, b, &sum))
    return 1;
  *out = sum;
  return 0;
}
