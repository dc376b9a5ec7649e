/* report_check: reports of lists of classes, and a sink that collects what they print. */
#ifndef CNN_TESTS_REPORT_CHECK_H
#define CNN_TESTS_REPORT_CHECK_H

#include <cnn/cnn.h>

#include <check.h>
#include <string.h>

static cnn_context *context;

static inline void setup(void) { ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK); }
static inline void teardown(void) { cnn_context_free(context); }

/* What was printed, and a sink that collects it. */
typedef struct collected {
  char text[8192];
  size_t length;
} collected;

static inline void collect(void *user, const char *text, size_t length) {
  collected *c = user;
  ck_assert_uint_lt(c->length + length, sizeof c->text);
  memcpy(c->text + c->length, text, length);
  c->length += length;
  c->text[c->length] = 0;
}

static inline cnn_sink sink_of(collected *c, int32_t columns) {
  memset(c, 0, sizeof *c);
  return (cnn_sink){.size = sizeof(cnn_sink), .user = c, .write = collect, .columns = columns};
}

static inline cnn_tensor *integers(const int32_t *values, int64_t count) {
  cnn_tensor *tensor;
  ck_assert_int_eq(cnn_tensor_new(&tensor, context, CNN_I32, 1, &count, NULL), CNN_OK);
  for (int64_t i = 0; i < count; i++)
    ((int32_t *)cnn_tensor_data(tensor))[i] = values[i];
  return tensor;
}

static inline cnn_report *report_of(const int32_t *labels, const int32_t *predictions, int64_t count, const cnn_report_opts *options) {
  cnn_report *report;
  cnn_tensor *a = integers(labels, count), *b = integers(predictions, count);
  ck_assert_int_eq(cnn_report_new(&report, context, a, b, options), CNN_OK);
  cnn_tensor_free(a);
  cnn_tensor_free(b);
  return report;
}

#endif
