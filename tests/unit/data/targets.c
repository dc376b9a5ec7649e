/* targets: labels and rows of any rank, weights of samples, and what classes weigh. */
#include "data/batch.h"

#include "core/options.h"
#include "reference.h"

#include <check.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

static cnn_context *context;

static void set_up(void) { ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK); }
static void tear_down(void) { cnn_context_free(context); }

static cnn_tensor *tensor_of(int32_t type, int32_t rank, const int64_t *shape, const void *values) {
  cnn_tensor *tensor;
  ck_assert_int_eq(cnn_tensor_new(&tensor, context, type, rank, shape, NULL), CNN_OK);
  if (values)
    memcpy(cnn_tensor_data(tensor), values, cnn_tensor_bytes(tensor));
  return tensor;
}

/* Six samples with these targets (freed) and weights (kept, may be NULL). */
static cnn_status make(cnn_dataset **out, cnn_tensor *targets, cnn_tensor *weights) {
  cnn_tensor *x = tensor_of(CNN_F32, 2, (const int64_t[]){6, 2}, NULL);
  cnn_status status = cnn_dataset_new(out, context, 1, &x, 1, &targets, cnn_dataset_opts(.sample_weights = weights));
  cnn_tensor_free(x);
  cnn_tensor_free(targets);
  return status;
}

START_TEST(labels_of_several_rows) {
  static const uint8_t labels[] = {0, 1, 2, 0, 0, 0, 3, 1, 2, 0, 0, 1};
  cnn_dataset *dataset, *last;
  cnn_tensor *all;
  int64_t counts[4];
  ck_assert_int_eq(make(&dataset, tensor_of(CNN_U8, 3, (const int64_t[]){6, 2, 1}, labels), NULL), CNN_OK);
  ck_assert_int_eq(dataset->target.rank, 1);
  ck_assert_int_eq(dataset->target.extent[0], 2);
  ck_assert_int_eq(cnn_dataset_classes(dataset), 4);
  ck_assert_int_eq(cnn_dataset_label(dataset, 0), -1);
  ck_assert_int_eq(cnn_dataset_labels(&all, dataset), CNN_ESHAPE);
  ck_assert_str_eq(cnn_error_text(), "labels: a sample has 2 of them");
  ck_assert_int_eq(cnn_dataset_split(&last, dataset, 0.5), CNN_OK);
  ck_assert_int_eq(cnn_dataset_class_counts(last, 4, counts), CNN_OK);
  ck_assert(counts[0] == 2 && counts[1] == 2 && counts[2] == 1 && counts[3] == 1);
  cnn__batch *batch;
  ck_assert_int_eq(cnn__batch_new(&batch, last, NULL, 3), CNN_OK);
  cnn__batch_take(batch, 0, 0, 0, 1, 2);
  ck_assert_mem_eq(batch->labels, ((const int32_t[]){2, 0, 0, 1}), 4 * sizeof(int32_t));
  cnn__batch_free(batch);
  cnn_dataset_free(last);
  cnn_dataset_free(dataset);
}
END_TEST

START_TEST(rows_of_any_rank) {
  float values[36];
  cnn_dataset *dataset;
  cnn__batch *batch;
  for (int i = 0; i < 36; i++)
    values[i] = (float)i;
  ck_assert_int_eq(make(&dataset, tensor_of(CNN_F32, 3, (const int64_t[]){6, 2, 3}, values), NULL), CNN_OK);
  ck_assert_int_eq(cnn_dataset_classes(dataset), 3);
  ck_assert_int_eq(cnn_dataset_label(dataset, 0), -1);
  ck_assert_int_eq(cnn__batch_new(&batch, dataset, NULL, 6), CNN_OK);
  cnn__batch_take(batch, 0, 0, 0, 4, 2);
  ck_assert_mem_eq(batch->targets, values + 24, 12 * sizeof(float));
  cnn__batch_free(batch);
  cnn_dataset_free(dataset);
  ck_assert_int_eq(make(&dataset, tensor_of(CNN_F32, 1, (const int64_t[]){6}, values), NULL), CNN_OK);
  ck_assert_int_eq(cnn_dataset_classes(dataset), 1);
  ck_assert_int_eq(dataset->target.rank, 0);
  cnn_dataset_free(dataset);
}
END_TEST

START_TEST(weights_go_with_their_samples) {
  static const uint8_t labels[6];
  static const float weights[] = {0, 1.5f, -2, 3, 4, 5};
  cnn_dataset *dataset, *last;
  cnn_tensor *w = tensor_of(CNN_F32, 2, (const int64_t[]){6, 1}, weights), *got;
  ck_assert_int_eq(make(&dataset, tensor_of(CNN_U8, 1, (const int64_t[]){6}, labels), w), CNN_OK);
  cnn_tensor_free(w);
  ck_assert_int_eq(cnn_dataset_split(&last, dataset, 0.5), CNN_OK);
  ck_assert_int_eq(cnn_dataset_sample_weights(&got, last), CNN_OK);
  ck_assert_int_eq(cnn_tensor_count(got), 3);
  ck_assert_mem_eq(cnn_tensor_read(got), weights + 3, 3 * sizeof(float));
  cnn_tensor_free(got);
  cnn__batch *batch;
  ck_assert_int_eq(cnn__batch_new(&batch, dataset, NULL, 3), CNN_OK);
  ck_assert_int_eq(cnn__batch_weigh(batch, &(const cnn__class_weights){0}), CNN_OK);
  cnn__batch_take(batch, 7, 1, 1, 0, 3);
  for (int i = 0; i < 3; i++)
    ck_assert(batch->weights[i] == weights[batch->samples[i]]);
  cnn__batch_free(batch);
  cnn_dataset_free(last);
  cnn_dataset_free(dataset);
}
END_TEST

START_TEST(weights_that_are_refused) {
  static const uint8_t labels[6];
  cnn_dataset *dataset = NULL;
  cnn_tensor *few = tensor_of(CNN_F32, 1, (const int64_t[]){5}, NULL), *wide = tensor_of(CNN_F32, 2, (const int64_t[]){6, 2}, NULL);
  cnn_tensor *bytes = tensor_of(CNN_U8, 1, (const int64_t[]){6}, NULL), *out;
  cnn_tensor *nan = tensor_of(CNN_F32, 1, (const int64_t[]){6}, (const float[]){1, 1, 1, 1, NAN, 1});
  cnn_tensor *const wrong[] = {few, wide, bytes, nan};
  static const char *const texts[] = {
      "dataset: sample weights are float32 of shape (5,), expected one float32 for each of 6 samples",
      "dataset: sample weights are float32 of shape (6, 2), expected one float32 for each of 6 samples",
      "dataset: sample weights are uint8 of shape (6,), expected one float32 for each of 6 samples",
      "dataset: sample weights: "};
  for (int i = 0; i < 4; i++) {
    ck_assert_int_eq(make(&dataset, tensor_of(CNN_U8, 1, (const int64_t[]){6}, labels), wrong[i]), i < 3 ? CNN_ESHAPE : CNN_EDATA);
    ck_assert_msg(strncmp(cnn_error_text(), texts[i], strlen(texts[i]) - 2) == 0, "%s", cnn_error_text());
    ck_assert_ptr_null(dataset);
    cnn_tensor_free(wrong[i]);
  }
  ck_assert_int_eq(make(&dataset, tensor_of(CNN_U8, 1, (const int64_t[]){6}, labels), NULL), CNN_OK);
  ck_assert_int_eq(cnn_dataset_sample_weights(&out, dataset), CNN_ESTATE);
  cnn_dataset_free(dataset);
}
END_TEST

/* The reference's table: labels as numbers, as a column, one-hot; here also as float32. */
static cnn_tensor *spelt(const json_t *row, int32_t as_floats) {
  const json_t *labels = json_object_get(row, "labels");
  const char *spelling = json_string_value(json_object_get(row, "spelling"));
  int64_t n = (int64_t)json_array_size(labels), shape[] = {n, 1};
  int32_t one_hot = strcmp(spelling, "one_hot") == 0;
  shape[1] = one_hot ? 4 : 1;
  cnn_tensor *y = tensor_of(one_hot || as_floats ? CNN_F32 : CNN_I64, strcmp(spelling, "integer") == 0 ? 1 : 2, shape, NULL);
  for (int64_t i = 0; i < n; i++) {
    int64_t label = (int64_t)json_integer_value(json_array_get(labels, (size_t)i));
    if (one_hot)
      ((float *)cnn_tensor_data(y))[i * 4 + label] = 1;
    else if (as_floats)
      ((float *)cnn_tensor_data(y))[i] = (float)label + 0.25f;
    else
      ((int64_t *)cnn_tensor_data(y))[i] = label;
  }
  return y;
}

static void check_row(const json_t *row, int32_t as_floats) {
  float values[4] = {1, 1, 1, 1};
  const char *key;
  json_t *value;
  cnn__class_weights by_class = {values, 0};
  json_object_foreach(json_object_get(row, "class_weight"), key, value) {
    int64_t class_index = key[0] - '0';
    values[class_index] = (float)json_number_value(value);
    by_class.count = class_index + 1 > by_class.count ? class_index + 1 : by_class.count;
  }
  const json_t *wanted = json_object_get(row, "sample_weight");
  int64_t n = (int64_t)json_array_size(wanted);
  cnn_tensor *y = spelt(row, as_floats), *x = tensor_of(CNN_F32, 2, (const int64_t[]){n, 2}, NULL);
  cnn_dataset *dataset;
  ck_assert_int_eq(cnn_dataset_new(&dataset, context, 1, &x, 1, &y, NULL), CNN_OK);
  for (int64_t i = 0; i < n; i++)
    ck_assert((double)cnn__sample_weight(dataset, &by_class, i) == json_number_value(json_array_get(wanted, (size_t)i)));
  cnn_dataset_free(dataset);
  cnn_tensor_free(x);
  cnn_tensor_free(y);
}

START_TEST(classes_weigh_as_in_the_reference) {
  json_t *rows = reference_json("losses/class_weight.json");
  ck_assert_ptr_nonnull(rows);
  ck_assert_uint_ge(json_array_size(rows), 9);
  for (size_t i = 0; i < json_array_size(rows); i++)
    for (int32_t as_floats = 0; as_floats < 2; as_floats++)
      check_row(json_array_get(rows, i), as_floats);
  json_decref(rows);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("targets");
  TCase *tests = tcase_create("all");
  tcase_add_checked_fixture(tests, set_up, tear_down);
  tcase_add_test(tests, labels_of_several_rows);
  tcase_add_test(tests, rows_of_any_rank);
  tcase_add_test(tests, weights_go_with_their_samples);
  tcase_add_test(tests, weights_that_are_refused);
  tcase_add_test(tests, classes_weigh_as_in_the_reference);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
