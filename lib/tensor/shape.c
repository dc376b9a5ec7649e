/* shape: extents and their text. */
#include "tensor/shape.h"

#include "core/memory.h"
#include "core/text.h"

#include <string.h>

#define TEXT_BYTES 160

int64_t cnn__shape_count(const cnn__shape *shape) {
  int64_t count = 1;
  for (int32_t i = 0; i < shape->rank; i++)
    if (shape->extent[i] == 0)
      return 0; /* whatever the others are */
  for (int32_t i = 0; i < shape->rank; i++)
    if (cnn__mul(count, shape->extent[i], &count))
      return -1;
  return count;
}

int32_t cnn__shape_equal(const cnn__shape *a, const cnn__shape *b) {
  return a->rank == b->rank && memcmp(a->extent, b->extent, (size_t)a->rank * sizeof a->extent[0]) == 0;
}

const char *cnn__shape_text(char buffer[160], const cnn__shape *shape, int32_t with_batch) {
  size_t used = (size_t)cnn__format(buffer, TEXT_BYTES, with_batch ? "(None" : "(");
  for (int32_t i = 0; i < shape->rank; i++) {
    char extent[32];
    cnn__format(extent, sizeof extent, "%s%lld", i || with_batch ? ", " : "", (long long)shape->extent[i]);
    if (used + strlen(extent) + sizeof ", ...)" > TEXT_BYTES) { /* eight absurd extents: the first ones tell enough */
      used += (size_t)cnn__format(buffer + used, TEXT_BYTES - used, ", ...");
      break;
    }
    used += (size_t)cnn__format(buffer + used, TEXT_BYTES - used, "%s", extent);
  }
  cnn__format(buffer + used, TEXT_BYTES - used, "%s", shape->rank + (with_batch != 0) == 1 ? ",)" : ")");
  return buffer;
}
