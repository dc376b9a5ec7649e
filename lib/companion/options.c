/* options: reading a public options struct of any version, as the core does it. */
#include "companion/options.h"

#include <string.h>

#define LARGEST 65536 /* no version of any struct comes near; a larger size is an uninitialised field */

cnn_status cnn__companion_options(void *full, size_t known, size_t first, const void *given, const char *what) {
  size_t size = known;
  memset(full, 0, known);
  memcpy(full, &known, sizeof known);
  if (!given)
    return CNN_OK;
  memcpy(&size, given, sizeof size);
  if (size < first || size > LARGEST)
    return cnn_error_set(CNN_EINVAL, "%s: size is %zu, the first version has %zu; fill it with the macro or sizeof", what, size, first);
  const unsigned char *bytes = given;
  for (size_t i = known; i < size; i++)
    if (bytes[i])
      return cnn_error_set(CNN_ETOONEW, "%s: byte %zu is set, but libcnn %s knows only %zu bytes of it", what, i, cnn_version(), known);
  memcpy(full, given, size < known ? size : known);
  memcpy(full, &known, sizeof known);
  return CNN_OK;
}
