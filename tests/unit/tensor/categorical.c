/* categorical: labels as rows with a one. */
#include "suite.h"

#include <cnn/cnn.h>
#include <math.h>
#include <string.h>

static cnn_context *context;

static cnn_tensor *labels_of(int32_t type, int32_t rank, const int64_t *shape, void *data) {
  cnn_tensor *labels;
  ck_assert_int_eq(cnn_tensor_new(&labels, context, type, rank, shape, cnn_tensor_opts(.data = data)), CNN_OK);
  return labels;
}

static void start(void) { ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 1)), CNN_OK); }

static void check_rows(int32_t type, void *data) {
  static const float expected[4][3] = {{0, 0, 1}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  cnn_tensor *labels = labels_of(type, 1, (const int64_t[]){4}, data), *rows;
  ck_assert_int_eq(cnn_to_categorical(&rows, labels, 3), CNN_OK);
  ck_assert_int_eq(cnn_tensor_type(rows), CNN_F32);
  ck_assert_int_eq(cnn_tensor_rank(rows), 2);
  ck_assert_int_eq(cnn_tensor_shape(rows)[0], 4);
  ck_assert_int_eq(cnn_tensor_shape(rows)[1], 3);
  ck_assert_mem_eq(cnn_tensor_read(rows), expected, sizeof expected);
  cnn_tensor_free(labels);
  cnn_tensor_free(rows);
}

START_TEST(of_every_integer_type) {
  start();
  check_rows(CNN_U8, (uint8_t[]){2, 0, 1, 2});
  check_rows(CNN_I32, (int32_t[]){2, 0, 1, 2});
  check_rows(CNN_I64, (int64_t[]){2, 0, 1, 2});
  cnn_context_free(context);
}
END_TEST

START_TEST(of_any_shape) {
  cnn_tensor *rows, *labels;
  start();
  labels = labels_of(CNN_U8, 2, (const int64_t[]){2, 3}, (uint8_t[]){0, 1, 2, 3, 2, 1});
  ck_assert_int_eq(cnn_to_categorical(&rows, labels, 4), CNN_OK);
  ck_assert_int_eq(cnn_tensor_rank(rows), 3);
  ck_assert(((const float *)cnn_tensor_read(rows))[3 * 4 + 3] == 1);
  cnn_tensor_free(labels);
  cnn_tensor_free(rows);
  labels = labels_of(CNN_I64, 0, NULL, (int64_t[]){1});
  ck_assert_int_eq(cnn_to_categorical(&rows, labels, 2), CNN_OK);
  ck_assert_int_eq(cnn_tensor_rank(rows), 1);
  ck_assert_mem_eq(cnn_tensor_read(rows), ((const float[]){0, 1}), 8);
  cnn_tensor_free(labels);
  cnn_tensor_free(rows);
  ck_assert_int_eq(cnn_tensor_new(&labels, context, CNN_U8, 1, (const int64_t[]){0}, NULL), CNN_OK);
  ck_assert_int_eq(cnn_to_categorical(&rows, labels, 4), CNN_OK);
  ck_assert_int_eq(cnn_tensor_count(rows), 0);
  cnn_tensor_free(labels);
  cnn_tensor_free(rows);
  cnn_context_free(context);
}
END_TEST

static void refuse(cnn_tensor *labels, int64_t classes, cnn_status status, const char *text) {
  cnn_tensor *rows = labels;
  ck_assert_int_eq(cnn_to_categorical(&rows, labels, classes), status);
  ck_assert_ptr_null(rows);
  ck_assert_msg(strstr(cnn_error_text(), text) != NULL, "the text is '%s'", cnn_error_text());
  cnn_tensor_free(labels);
}

START_TEST(bad_labels_are_refused) {
  static const int64_t ones[8] = {1, 1, 1, 1, 1, 1, 1, 1}, four[] = {2, 2};
  float pixels[4] = {0};
  uint8_t large[4] = {0, 1, 2, 10};
  int32_t negative[4] = {0, -1, 2, 1};
  start();
  refuse(labels_of(CNN_U8, 2, four, large), 10, CNN_EDATA, "label 10 at (1, 1) is outside [0, 10)");
  refuse(labels_of(CNN_I32, 2, four, negative), 10, CNN_EDATA, "label -1 at (0, 1) is outside [0, 10)");
  refuse(labels_of(CNN_I64, 0, NULL, (int64_t[]){INT64_MAX}), 10, CNN_EDATA, "label 9223372036854775807 is outside");
  refuse(labels_of(CNN_F32, 2, four, pixels), 10, CNN_ESHAPE, "float32");
  refuse(labels_of(CNN_U8, 8, ones, large), 10, CNN_ESHAPE, "rank 8");
  refuse(labels_of(CNN_U8, 2, four, large), 0, CNN_EINVAL, "classes is 0");
  refuse(labels_of(CNN_U8, 2, four, large), INT64_MAX, CNN_ESHAPE, "too many elements");
  ck_assert_int_eq(cnn_to_categorical(NULL, NULL, 3), CNN_EINVAL);
  cnn_context_free(context);
}
END_TEST

/* ---- the way back ---- */

static void check_classes(int32_t rank, const int64_t *shape, float *rows, const int32_t *expected) {
  cnn_tensor *x, *classes;
  ck_assert_int_eq(cnn_tensor_new(&x, context, CNN_F32, rank, shape, cnn_tensor_opts(.data = rows)), CNN_OK);
  ck_assert_msg(cnn_to_classes(&classes, x) == CNN_OK, "%s", cnn_error_text());
  ck_assert_int_eq(cnn_tensor_type(classes), CNN_I32);
  ck_assert_int_eq(cnn_tensor_rank(classes), rank - 1);
  for (int32_t i = 0; i < rank - 1; i++)
    ck_assert_int_eq(cnn_tensor_shape(classes)[i], shape[i]);
  ck_assert_mem_eq(cnn_tensor_read(classes), expected, cnn_tensor_bytes(classes));
  cnn_tensor_free(classes);
  cnn_tensor_free(x);
}

START_TEST(classes_of_rows) {
  start();
  check_classes(2, (const int64_t[]){4, 3}, (float[]){0.1f, 0.7f, 0.2f, 0.4f, 0.4f, 0.2f, -3, -2, -2, 1, INFINITY, INFINITY},
                (int32_t[]){1, 0, 1, 1});
  check_classes(3, (const int64_t[]){1, 2, 2}, (float[]){1, 2, 2, 1}, (int32_t[]){1, 0});
  check_classes(1, (const int64_t[]){3}, (float[]){0, 0, 5}, (int32_t[]){2});
  check_classes(2, (const int64_t[]){0, 3}, (float[]){0}, (int32_t[]){0});
  check_classes(2, (const int64_t[]){4, 1}, (float[]){0.5f, 0.50001f, 0, 1}, (int32_t[]){0, 1, 0, 1}); /* a sigmoid */
  cnn_context_free(context);
}
END_TEST

START_TEST(classes_refuse) {
  const struct {
    int32_t type, rank;
    int64_t shape[2];
  } bad[] = {{CNN_I32, 2, {2, 2}}, {CNN_F32, 0, {0}}, {CNN_F32, 2, {2, 0}}};
  float rows[] = {0, 1, 2, NAN};
  cnn_tensor *x, *classes = NULL;
  start();
  for (int i = 0; i < 3; i++) {
    ck_assert_int_eq(cnn_tensor_new(&x, context, bad[i].type, bad[i].rank, bad[i].shape, NULL), CNN_OK);
    ck_assert_int_eq(cnn_to_classes(&classes, x), CNN_ESHAPE);
    cnn_tensor_free(x);
  }
  ck_assert_int_eq(cnn_tensor_new(&x, context, CNN_F32, 2, (const int64_t[]){2, 2}, cnn_tensor_opts(.data = rows)), CNN_OK);
  ck_assert_int_eq(cnn_to_classes(&classes, x), CNN_EDATA);
  ck_assert_str_eq(cnn_error_text(), "cnn_to_classes: row 1 holds NaN");
  ck_assert_ptr_null(classes);
  ck_assert_int_eq(cnn_to_classes(&classes, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_to_classes(NULL, x), CNN_EINVAL);
  cnn_tensor_free(x);
  cnn_context_free(context);
}
END_TEST

int main(void) {
  return RUN_SUITE("categorical", 0, of_every_integer_type, of_any_shape, bad_labels_are_refused, classes_of_rows, classes_refuse);
}
