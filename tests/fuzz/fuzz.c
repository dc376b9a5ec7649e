/* fuzz: see fuzz.h. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

static char folder[] = "/dev/shm/cnn-fuzz-XXXXXX", path[64];

static void clean(void) {
  if (path[0])
    (void)unlink(path);
  (void)rmdir(folder);
}

static void make_folder(void) {
  if (!mkdtemp(folder)) {
    strcpy(folder, "/tmp/cnn-fuzz-XXXXXX");
    if (!mkdtemp(folder)) {
      perror(folder);
      abort();
    }
  }
  snprintf(path, sizeof path, "%s/input", folder);
  atexit(clean);
}

cnn_context *fuzz_context(void) {
  static cnn_context *context;
  if (!context && cnn_context_new(&context, cnn_context_opts(.threads = 1, .max_load_bytes = 16 << 20)) < 0)
    abort();
  return context;
}

const char *fuzz_file(const uint8_t *data, size_t bytes) {
  if (!path[0])
    make_folder();
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(data, 1, bytes, file) != bytes || fclose(file) != 0) {
    perror(path);
    abort();
  }
  return path;
}

const uint8_t *fuzz_checked(const uint8_t *data, size_t bytes) {
  static uint8_t copy[FUZZ_MOST_BYTES];
  if (bytes > sizeof copy)
    return data;
  memcpy(copy, data, bytes);
  if (bytes >= sizeof(XXH128_canonical_t)) {
    XXH128_canonical_t sum;
    const size_t before = bytes - sizeof sum;
    XXH128_canonicalFromHash(&sum, XXH3_128bits(copy, before));
    memcpy(copy + before, &sum, sizeof sum);
  }
  return copy;
}

void fuzz_said(cnn_status status) {
  const char *text = cnn_error_text();
  if (status < 0 && !text[0]) {
    fprintf(stderr, "status %d without a sentence\n", (int)status);
    abort();
  }
  for (const char *c = text; status < 0 && *c; c++)
    if ((unsigned char)*c < 32) {
      fprintf(stderr, "a control character in: %s\n", text);
      abort();
    }
}
