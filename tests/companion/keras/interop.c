/* interop: files that the real Keras wrote, as bytes. */
#include "interop.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

unsigned char *interop_file(const char *name, size_t *bytes) {
  char path[1024];
  snprintf(path, sizeof path, "%s/interop/%s", REFERENCE_DIR, name);
  FILE *file = fopen(path, "rb");
  ck_assert_msg(file && fseek(file, 0, SEEK_END) == 0, "cannot open %s", path);
  long length = ftell(file);
  ck_assert(length > 0);
  rewind(file);
  unsigned char *data = malloc((size_t)length);
  ck_assert(data && fread(data, 1, (size_t)length, file) == (size_t)length);
  fclose(file);
  *bytes = (size_t)length;
  return data;
}
