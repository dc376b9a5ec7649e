/* options: reading a public options struct of any version. */
#include "core/options.h"

#include <string.h>

#define LARGEST 65536 /* no version of any struct comes near; a larger size is an uninitialised field */

cnn_status cnn__options(void *full, size_t known, size_t first, const void *given, const char *what) {
  size_t size = known;
  memset(full, 0, known);
  memcpy(full, &known, sizeof known);
  if (!given)
    return CNN_OK;
  memcpy(&size, given, sizeof size);
  if (size < first)
    return cnn__fail(CNN_EINVAL, "%s: size is %zu, less than the first version's %zu; fill it with the macro or sizeof",
                     what, size, first);
  if (size > LARGEST)
    return cnn__fail(CNN_EINVAL, "%s: size is %zu; fill it with the macro or sizeof", what, size);
  const unsigned char *bytes = given;
  for (size_t i = known; i < size; i++)
    if (bytes[i])
      return cnn__fail(CNN_ETOONEW, "%s: byte %zu is set, but libcnn %s knows only %zu bytes of it", what, i,
                       cnn_version(), known);
  memcpy(full, given, size < known ? size : known);
  memcpy(full, &known, sizeof known);
  return CNN_OK;
}

cnn_status cnn__fill_struct(void *out, const void *full, size_t known, size_t first, const char *what) {
  size_t size = 0;
  if (!out)
    return cnn__fail(CNN_EINVAL, "%s: is NULL", what);
  memcpy(&size, out, sizeof size);
  if (size < first || size > LARGEST)
    return cnn__fail(CNN_EINVAL, "%s: size is %zu, the first version has %zu; set it to sizeof", what, size, first);
  memcpy((char *)out + sizeof size, (const char *)full + sizeof size, (size < known ? size : known) - sizeof size);
  return CNN_OK;
}

cnn_status cnn__option_reserved(int32_t value, const char *what) {
  return value ? cnn__fail(CNN_ETOONEW, "%s: reserved is %d, for which libcnn %s has no meaning", what, (int)value,
                           cnn_version())
               : CNN_OK;
}

float cnn__option(float value, float standard) {
  return value == 0.0f ? standard : value == CNN_ZERO ? 0.0f : value;
}

int32_t cnn__option_int(int32_t value, int32_t standard) {
  return value == 0 ? standard : value == CNN_ZERO_INT ? 0 : value;
}
