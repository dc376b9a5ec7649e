/* lists: numbers as the texts of attributes have them. */
#include "tensor/lists.h"

#include "core/text.h"

#include <string.h>

int32_t cnn__float_text(float value, char *buffer, size_t bytes) {
  char text[32];
  if (value != value)
    return cnn__format(buffer, bytes, "nan"); /* whatever its sign */
  if (value > -1e6f && value < 1e6f && value == (float)(int32_t)value && value != 0)
    return cnn__format(buffer, bytes, "%d", (int)value); /* 10, not 1e+01 */
  for (int digits = 1; digits <= 9; digits++) {
    double back;
    cnn__format(text, sizeof text, "%.*g", digits, (double)value);
    if (!cnn__read_double(text, &back) && cnn__nearest_float(back) == value)
      break;
  }
  return cnn__format(buffer, bytes, "%s", text);
}

int32_t cnn__extents_text(const cnn__shape *shape, char *buffer, size_t bytes) {
  int32_t length = 0;
  if (bytes)
    buffer[0] = 0;
  for (int32_t i = 0; i < shape->rank && i < CNN_MAX_RANK; i++) {
    size_t used = (size_t)length < bytes ? (size_t)length : bytes;
    length += cnn__format(buffer + used, bytes - used, "%s%lld", i ? "," : "", (long long)shape->extent[i]);
  }
  return length;
}

int32_t cnn__numbers_text(const cnn__list *list, char *buffer, size_t bytes) {
  int32_t length = 0;
  if (bytes)
    buffer[0] = 0;
  for (int32_t i = 0; i < list->count && i < CNN__MAX_LIST; i++) {
    char number[32];
    size_t used = (size_t)length < bytes ? (size_t)length : bytes;
    cnn__float_text(list->values[i], number, sizeof number);
    length += cnn__format(buffer + used, bytes - used, "%s%s", i ? ":" : "", number);
  }
  return length;
}

int32_t cnn__read_extents(const char *text, int64_t *out, int32_t capacity) {
  int32_t count = 0;
  for (;;) {
    char piece[32];
    size_t length = strcspn(text, ",");
    if (length == 0 || length >= sizeof piece || count == capacity)
      return -1;
    memcpy(piece, text, length);
    piece[length] = 0;
    if (cnn__read_int(piece, &out[count]))
      return -1;
    count++;
    if (!text[length])
      return count;
    text += length + 1;
  }
}

int32_t cnn__read_numbers(const char *text, cnn__list *out) {
  for (out->count = 0; out->count < CNN__MAX_LIST; text++) {
    char piece[64];
    double value;
    size_t length = strcspn(text, ":");
    cnn__format(piece, sizeof piece, "%.*s", (int)length, text);
    if (length >= sizeof piece || cnn__read_double(piece, &value))
      return 1;
    out->values[out->count++] = cnn__nearest_float(value);
    text += length;
    if (!*text)
      return 0;
  }
  return 1;
}
