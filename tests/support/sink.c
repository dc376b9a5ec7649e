/* sink: text that the library writes, kept for looking at. */
#include "sink.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static void keep(void *user, const char *text, size_t length) {
  test_sink *s = user;
  s->text = realloc(s->text, s->length + length + 1);
  ck_assert_ptr_nonnull(s->text);
  memcpy(s->text + s->length, text, length);
  s->length += length;
  s->text[s->length] = 0;
}

void test_sink_init(test_sink *s) {
  *s = (test_sink){.sink = {.size = sizeof(cnn_sink), .user = s, .write = keep}, .text = calloc(1, 1)};
  ck_assert_ptr_nonnull(s->text);
}

void test_sink_clear(test_sink *s) {
  s->length = 0;
  s->text[0] = 0;
}

void test_sink_free(test_sink *s) { free(s->text); }
