/* inspect: what cnn-inspect says of a file, for people and as JSON. Names in it must not reach a terminal with control characters. */
#include "fuzz.h"

#include "forms.h"
#include "inspect/inspect.h"

#include <stdio.h>
#include <stdlib.h>

static cnn_context *forms_context(void) {
  static int32_t registered;
  if (!registered && register_forms(fuzz_context()) < 0)
    abort();
  registered = 1;
  return fuzz_context();
}

/* Those of ASCII and, in UTF-8, of Latin-1. */
static void check_controls(const char *text, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) {
    const unsigned char c = (unsigned char)text[i], next = i + 1 < bytes ? (unsigned char)text[i + 1] : 0;
    if ((c < 0x20 && c != '\n') || c == 0x7f || (c == 0xc2 && next >= 0x80 && next < 0xa0)) {
      fprintf(stderr, "a control character at byte %zu of: %s\n", i, text);
      abort();
    }
  }
}

static void print(const json_t *found) {
  char *text = NULL, *json = json_dumps(found, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
  size_t bytes = 0;
  FILE *stream = open_memstream(&text, &bytes);
  if (!stream || !json)
    abort();
  print_text(found, stream);
  if (fclose(stream) != 0)
    abort();
  check_controls(text, bytes);
  free(text);
  free(json);
}

static void inspect(const uint8_t *data, size_t bytes) {
  const char *path = fuzz_file(data, bytes);
  json_t *found = json_object();
  int status = describe_arrays(found, forms_context(), path);
  if (status == 0)
    status = describe_model(found, forms_context(), path);
  fuzz_said(status);
  if (status >= 0)
    print(found);
  json_decref(found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  inspect(data, bytes);
  inspect(fuzz_checked(data, bytes), bytes);
  return 0;
}
