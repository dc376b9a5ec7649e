/* Data sets: what is taken, what is refused, splitting, and what comes out. */
#include <cnn/cnn.h>

#include "alloc.h"
#include "data/dataset_internal.h"

#include <check.h>
#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static cnn_context *context;

static void setup(void) { ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK); }
static void teardown(void) { cnn_context_free(context); }

static void expect_text(const char *part) {
  ck_assert_msg(strstr(cnn_error_text(), part) != NULL, "'%s' lacks '%s'", cnn_error_text(), part);
}

static cnn_tensor *tensor_of(int32_t type, int32_t rank, const int64_t *shape, const void *values) {
  cnn_tensor *tensor;
  ck_assert_int_eq(cnn_tensor_new(&tensor, context, type, rank, shape, NULL), CNN_OK);
  if (values)
    memcpy(cnn_tensor_data(tensor), values, cnn_tensor_bytes(tensor));
  return tensor;
}

#define SHAPE(...) (int32_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (const int64_t[]){__VA_ARGS__}

/* Makes a data set and lets go of the tensors. */
static cnn_status made_of(cnn_dataset **out, cnn_tensor *inputs, cnn_tensor *targets, const cnn_dataset_opts *options) {
  cnn_status status = cnn_dataset_new(out, context, 1, &inputs, targets != NULL, &targets, options);
  ck_assert(status == CNN_OK || *out == NULL);
  cnn_tensor_free(inputs);
  cnn_tensor_free(targets);
  return status;
}

static const uint8_t pixels[] = {0, 51, 102, 153, 204, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
                                 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34};

/* Ten samples of 2 x 2 pixels with labels 0 1 2 0 1 2 0 1 2 5. */
static cnn_dataset *small(void) {
  cnn_dataset *dataset;
  static const uint8_t labels[] = {0, 1, 2, 0, 1, 2, 0, 1, 2, 5};
  cnn_status status = made_of(&dataset, tensor_of(CNN_U8, SHAPE(10, 2, 2), pixels), tensor_of(CNN_U8, SHAPE(10), labels), NULL);
  ck_assert_int_eq(status, CNN_OK);
  return dataset;
}

START_TEST(mnist) {
  static const int64_t train_counts[] = {5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949};
  static const int64_t test_counts[] = {980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009};
  for (int test = 0; test < 2; test++) {
    char images[4096], labels[4096];
    cnn_dataset *dataset;
    int64_t shape[CNN_MAX_RANK], counts[10];
    double least, most;
    snprintf(images, sizeof images, "%s/%s-images-idx3-ubyte.gz", DATA_DIR, test ? "t10k" : "train");
    snprintf(labels, sizeof labels, "%s/%s-labels-idx1-ubyte.gz", DATA_DIR, test ? "t10k" : "train");
    ck_assert_int_eq(cnn_dataset_load_idx(&dataset, context, images, labels, NULL), CNN_OK);
    ck_assert_int_eq(cnn_dataset_count(dataset), test ? 10000 : 60000);
    ck_assert_int_eq(cnn_dataset_classes(dataset), 10);
    ck_assert_int_eq(cnn_dataset_input_type(dataset), CNN_U8);
    ck_assert_int_eq(cnn_dataset_input_shape(dataset, shape), 3);
    ck_assert(shape[0] == 28 && shape[1] == 28 && shape[2] == 1);
    ck_assert_int_eq(cnn_dataset_range(dataset, &least, &most), CNN_OK);
    ck_assert(least == 0.0 && most == 255.0);
    ck_assert_int_eq(cnn_dataset_class_counts(dataset, 10, counts), CNN_OK);
    ck_assert_mem_eq(counts, test ? test_counts : train_counts, sizeof counts);
    ck_assert_int_eq(cnn_dataset_label(dataset, 0), test ? 7 : 5);
    cnn_dataset_free(dataset);
  }
}
END_TEST

START_TEST(images_without_labels_and_labels_for_images) {
  char images[4096], labels[4096];
  cnn_dataset *dataset;
  snprintf(images, sizeof images, "%s/t10k-images-idx3-ubyte.gz", DATA_DIR);
  snprintf(labels, sizeof labels, "%s/train-labels-idx1-ubyte.gz", DATA_DIR);
  ck_assert_int_eq(cnn_dataset_load_idx(&dataset, context, images, "missing", NULL), CNN_EIO);
  ck_assert_ptr_null(dataset);
  expect_text("missing");
  ck_assert_int_eq(cnn_dataset_load_idx(&dataset, context, images, labels, NULL), CNN_ESHAPE);
  expect_text("t10k-images-idx3-ubyte.gz");
  expect_text("train-labels-idx1-ubyte.gz");
  expect_text("(60000,) for 10000 samples");
  ck_assert_int_eq(cnn_dataset_load_idx(&dataset, context, images, images, NULL), CNN_ESHAPE);
  ck_assert_int_eq(cnn_dataset_load_idx(&dataset, context, labels, labels, NULL), CNN_ESHAPE);
}
END_TEST

START_TEST(shapes_of_samples) {
  cnn_dataset *dataset;
  int64_t shape[CNN_MAX_RANK];
  ck_assert_int_eq(made_of(&dataset, tensor_of(CNN_F32, SHAPE(4, 7), NULL), NULL, NULL), CNN_OK);
  ck_assert_int_eq(cnn_dataset_input_shape(dataset, shape), 1);
  ck_assert_int_eq(shape[0], 7);
  ck_assert_int_eq(cnn_dataset_classes(dataset), 0);
  ck_assert_int_eq(cnn_dataset_label(dataset, 0), -1);
  ck_assert_int_eq(cnn_dataset_class_counts(dataset, 0, NULL), CNN_OK);
  cnn_tensor *labels;
  ck_assert_int_eq(cnn_dataset_labels(&labels, dataset), CNN_ESTATE);
  cnn_dataset_free(dataset);
  ck_assert_int_eq(made_of(&dataset, tensor_of(CNN_U8, SHAPE(4, 5, 6, 3), NULL), NULL, NULL), CNN_OK);
  ck_assert_int_eq(cnn_dataset_input_shape(dataset, shape), 3);
  ck_assert(shape[0] == 5 && shape[1] == 6 && shape[2] == 3);
  cnn_dataset_free(dataset);
}
END_TEST

START_TEST(inputs_that_are_refused) {
  cnn_dataset *dataset;
  ck_assert_int_eq(made_of(&dataset, tensor_of(CNN_I32, SHAPE(4, 7), NULL), NULL, NULL), CNN_ESHAPE);
  expect_text("int32");
  ck_assert_int_eq(made_of(&dataset, tensor_of(CNN_U8, SHAPE(4), NULL), NULL, NULL), CNN_ESHAPE);
  ck_assert_int_eq(made_of(&dataset, tensor_of(CNN_U8, SHAPE(0, 3, 3), NULL), NULL, NULL), CNN_EINVAL);
  expect_text("no samples");
  ck_assert_int_eq(made_of(&dataset, tensor_of(CNN_U8, SHAPE(3, 0, 3), NULL), NULL, NULL), CNN_ESHAPE);
  for (int i = 0; i < 3; i++) {
    const float bad[] = {NAN, INFINITY, -INFINITY};
    float values[24] = {0};
    values[17] = bad[i];
    ck_assert_int_eq(made_of(&dataset, tensor_of(CNN_F32, SHAPE(4, 2, 3, 1), values), NULL, NULL), CNN_EDATA);
    expect_text("sample 2");
    expect_text("(1, 2, 0)");
  }
  cnn_tensor *two[] = {tensor_of(CNN_U8, SHAPE(1, 1), NULL), tensor_of(CNN_U8, SHAPE(1, 1), NULL)};
  ck_assert_int_eq(cnn_dataset_new(&dataset, context, 2, two, 0, NULL, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_dataset_new(&dataset, context, 0, two, 0, NULL, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_dataset_new(&dataset, context, 1, two, 2, two, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_dataset_new(&dataset, context, 1, two, -1, two, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_dataset_new(&dataset, context, 1, NULL, 0, NULL, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_dataset_new(&dataset, context, 1, two, 1, NULL, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_dataset_new(NULL, context, 1, two, 0, NULL, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_dataset_new(&dataset, context, 1, two, 0, NULL, cnn_dataset_opts(.classes = -1)), CNN_EINVAL);
  ck_assert_int_eq(cnn_dataset_new(&dataset, context, 1, two, 0, NULL, cnn_dataset_opts(.divisor = -1)), CNN_EINVAL);
  ck_assert_int_eq(cnn_dataset_new(&dataset, context, 1, two, 0, NULL, cnn_dataset_opts(.divisor = CNN_ZERO)), CNN_EINVAL);
  ck_assert_int_eq(cnn_dataset_new(&dataset, context, 1, two, 0, NULL, cnn_dataset_opts(.divisor = NAN)), CNN_EINVAL);
  ck_assert_int_eq(cnn_dataset_new(&dataset, context, 1, two, 0, NULL, cnn_dataset_opts(.divisor = INFINITY)), CNN_EINVAL);
  cnn_tensor_free(two[0]);
  cnn_tensor_free(two[1]);
}
END_TEST

START_TEST(targets_that_are_refused) {
  cnn_dataset *dataset;
  ck_assert_int_eq(made_of(&dataset, tensor_of(CNN_U8, SHAPE(3, 2), NULL), tensor_of(CNN_U8, SHAPE(4), NULL), NULL), CNN_ESHAPE);
  ck_assert_int_eq(made_of(&dataset, tensor_of(CNN_U8, SHAPE(3, 2), NULL), tensor_of(CNN_U8, 0, NULL, NULL), NULL), CNN_ESHAPE);
  ck_assert_int_eq(made_of(&dataset, tensor_of(CNN_U8, SHAPE(3, 2), NULL), tensor_of(CNN_I32, SHAPE(3, 0), NULL), NULL), CNN_ESHAPE);
  ck_assert_int_eq(made_of(&dataset, tensor_of(CNN_U8, SHAPE(3, 2), NULL), tensor_of(CNN_F32, SHAPE(3, 0), NULL), NULL), CNN_ESHAPE);
  ck_assert_int_eq(made_of(&dataset, tensor_of(CNN_U8, SHAPE(3, 2), NULL), tensor_of(CNN_F32, SHAPE(3, 4), NULL),
                           cnn_dataset_opts(.classes = 5)), CNN_ESHAPE);
  const float nan_row[] = {0, 1, 0, NAN, 0, 1};
  ck_assert_int_eq(made_of(&dataset, tensor_of(CNN_U8, SHAPE(3, 2), NULL), tensor_of(CNN_F32, SHAPE(3, 2), nan_row), NULL), CNN_EDATA);
  expect_text("sample 1");
  ck_assert_int_eq(made_of(&dataset, tensor_of(CNN_U8, SHAPE(3, 2), NULL), tensor_of(CNN_I32, SHAPE(3), (int32_t[]){0, 3, 2}),
                           cnn_dataset_opts(.classes = 3)), CNN_EDATA);
  expect_text("label 3 of sample 1 is not in [0, 3)");
  ck_assert_int_eq(made_of(&dataset, tensor_of(CNN_U8, SHAPE(3, 2), NULL), tensor_of(CNN_I32, SHAPE(3), (int32_t[]){0, 1, -7}), NULL),
                   CNN_EDATA);
  expect_text("label -7 of sample 2");
  ck_assert_int_eq(made_of(&dataset, tensor_of(CNN_U8, SHAPE(2, 2), NULL), tensor_of(CNN_I64, SHAPE(2), (int64_t[]){0, INT64_MAX}), NULL),
                   CNN_EDATA);
}
END_TEST

START_TEST(labels_of_every_type) {
  cnn_dataset *dataset;
  cnn_tensor *targets[] = {tensor_of(CNN_U8, SHAPE(3), (uint8_t[]){2, 0, 1}), tensor_of(CNN_I32, SHAPE(3, 1), (int32_t[]){2, 0, 1}),
                           tensor_of(CNN_I64, SHAPE(3), (int64_t[]){2, 0, 1}),
                           tensor_of(CNN_F32, SHAPE(3, 3), (float[]){0, 0, 1, 0.5f, 0.5f, 0, 0, 1, 0})};
  for (int i = 0; i < 4; i++) {
    ck_assert_int_eq(made_of(&dataset, tensor_of(CNN_U8, SHAPE(3, 2), NULL), targets[i], NULL), CNN_OK);
    ck_assert_int_eq(cnn_dataset_classes(dataset), 3);
    ck_assert_int_eq(cnn_dataset_label(dataset, -1), -1);
    ck_assert_int_eq(cnn_dataset_label(dataset, 3), -1);
    cnn_tensor *labels;
    ck_assert_int_eq(cnn_dataset_labels(&labels, dataset), CNN_OK);
    ck_assert_int_eq(cnn_tensor_type(labels), CNN_I32);
    ck_assert_mem_eq(cnn_tensor_read(labels), ((int32_t[]){2, 0, 1}), 12);
    cnn_tensor_free(labels);
    int64_t counts[3];
    ck_assert_int_eq(cnn_dataset_class_counts(dataset, 3, counts), CNN_OK);
    ck_assert(counts[0] == 1 && counts[1] == 1 && counts[2] == 1);
    ck_assert_int_eq(cnn_dataset_class_counts(dataset, 2, counts), CNN_EINVAL);
    cnn_dataset_free(dataset);
  }
}
END_TEST

START_TEST(inputs_are_scaled) {
  cnn_dataset *dataset = small();
  cnn_tensor *inputs;
  ck_assert_int_eq(cnn_dataset_inputs(&inputs, dataset, 1, 2), CNN_OK);
  ck_assert_int_eq(cnn_tensor_type(inputs), CNN_F32);
  ck_assert_int_eq(cnn_tensor_rank(inputs), 4);
  ck_assert_mem_eq(cnn_tensor_shape(inputs), ((int64_t[]){2, 2, 2, 1}), 4 * sizeof(int64_t));
  for (int i = 0; i < 8; i++)
    ck_assert(((const float *)cnn_tensor_read(inputs))[i] == (float)pixels[4 + i] / 255.0f);
  cnn_tensor_free(inputs);
  ck_assert_int_eq(cnn_dataset_inputs(&inputs, dataset, 9, 2), CNN_EINVAL);
  ck_assert_int_eq(cnn_dataset_inputs(&inputs, dataset, -1, 2), CNN_EINVAL);
  ck_assert_int_eq(cnn_dataset_inputs(&inputs, dataset, INT64_MAX, INT64_MAX), CNN_EINVAL);
  ck_assert_int_eq(cnn_dataset_inputs(&inputs, dataset, 10, 0), CNN_OK);
  cnn_tensor_free(inputs);
  cnn_dataset_free(dataset);
  const float values[] = {-3.5f, 0.0f, 700.25f, 1.0f};
  double least, most;
  ck_assert_int_eq(made_of(&dataset, tensor_of(CNN_F32, SHAPE(2, 2), values), NULL, cnn_dataset_opts(.divisor = 2)), CNN_OK);
  ck_assert_int_eq(cnn_dataset_inputs(&inputs, dataset, 0, 2), CNN_OK);
  ck_assert_mem_eq(cnn_tensor_read(inputs), values, sizeof values);
  cnn_tensor_free(inputs);
  ck_assert_int_eq(cnn_dataset_range(dataset, &least, &most), CNN_OK);
  ck_assert(least == -3.5 && most == 700.25);
  cnn_dataset_free(dataset);
  ck_assert_int_eq(made_of(&dataset, tensor_of(CNN_U8, SHAPE(1, 2), (uint8_t[]){10, 128}), NULL, cnn_dataset_opts(.divisor = 128)), CNN_OK);
  ck_assert_int_eq(cnn_dataset_inputs(&inputs, dataset, 0, 1), CNN_OK);
  ck_assert(((const float *)cnn_tensor_read(inputs))[0] == 0.078125f);
  ck_assert(((const float *)cnn_tensor_read(inputs))[1] == 1.0f);
  cnn_tensor_free(inputs);
  cnn_dataset_free(dataset);
}
END_TEST

START_TEST(splitting) {
  cnn_dataset *dataset = small(), *last, *end;
  double least, most;
  ck_assert_int_eq(cnn_dataset_split(&last, dataset, 0.3), CNN_OK);
  ck_assert_int_eq(cnn_dataset_count(dataset), 7);
  ck_assert_int_eq(cnn_dataset_count(last), 3);
  ck_assert_int_eq(cnn_dataset_classes(dataset), 6);
  ck_assert_int_eq(cnn_dataset_classes(last), 6);
  ck_assert_int_eq(cnn_dataset_label(last, 2), 5);
  ck_assert_int_eq(cnn_dataset_label(dataset, 7), -1);
  ck_assert_int_eq(cnn_dataset_range(dataset, &least, &most), CNN_OK);
  ck_assert(least == 0 && most == 255);
  ck_assert_int_eq(cnn_dataset_range(last, &least, &most), CNN_OK);
  ck_assert(least == 23 && most == 34);
  cnn_dataset_free(dataset);
  ck_assert_int_eq(cnn_dataset_split(&end, last, 0.5), CNN_OK);
  ck_assert_int_eq(cnn_dataset_count(last), 1);
  ck_assert_int_eq(cnn_dataset_label(last, 0), 1);
  ck_assert_int_eq(cnn_dataset_label(end, 0), 2);
  cnn_tensor *inputs;
  ck_assert_int_eq(cnn_dataset_inputs(&inputs, end, 0, 2), CNN_OK);
  ck_assert(((const float *)cnn_tensor_read(inputs))[0] == (float)pixels[32] / 255.0f);
  cnn_tensor_free(inputs);
  cnn_dataset_free(end);
  ck_assert_int_eq(cnn_dataset_split(&end, last, 0.5), CNN_EINVAL);
  ck_assert_ptr_null(end);
  cnn_dataset_free(last);
}
END_TEST

START_TEST(split_boundaries) {
  static const struct {
    int64_t samples;
    double fraction;
    int64_t kept; /* int(samples * (1 - fraction)) by Python */
  } rows[] = {{60000, 0.1, 54000}, {10, 0.1, 9}, {10, 0.9, 0}, {100, 0.9, 9}, {7, 0.5, 3}, {10, 0.7, 3}, {3, 0.999, 0},
              {1000, 0.999, 1}, {5, 0.2, 4}, {5, 1e-18, 5}, {300, 0.07, 279}, {90, 0.3, 62}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    cnn_dataset *dataset, *last;
    ck_assert_int_eq(made_of(&dataset, tensor_of(CNN_U8, SHAPE(rows[i].samples, 1), NULL), NULL, NULL), CNN_OK);
    int empty = rows[i].kept == 0 || rows[i].kept == rows[i].samples;
    ck_assert_int_eq(cnn_dataset_split(&last, dataset, rows[i].fraction), empty ? CNN_EINVAL : CNN_OK);
    ck_assert_int_eq(cnn_dataset_count(dataset), empty ? rows[i].samples : rows[i].kept);
    cnn_dataset_free(last);
    cnn_dataset_free(dataset);
  }
  const double bad[] = {0, 1, -0.1, 1.5, NAN, INFINITY};
  cnn_dataset *dataset = small(), *last;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    ck_assert_int_eq(cnn_dataset_split(&last, dataset, bad[i]), CNN_EINVAL);
  ck_assert_int_eq(cnn_dataset_count(dataset), 10);
  cnn_dataset *held = cnn__dataset_hold(dataset);
  ck_assert_int_eq(cnn_dataset_split(&last, dataset, 0.5), CNN_ESTATE);
  cnn_dataset_free(held);
  ck_assert_int_eq(cnn_dataset_split(&last, dataset, 0.5), CNN_OK);
  cnn_dataset_free(last);
  cnn_dataset_free(dataset);
}
END_TEST

START_TEST(null_is_refused) {
  cnn_tensor *out;
  double number;
  int64_t count;
  cnn_dataset *dataset = small();
  ck_assert_int_eq(cnn_dataset_inputs(NULL, dataset, 0, 1), CNN_EINVAL);
  ck_assert_int_eq(cnn_dataset_inputs(&out, NULL, 0, 1), CNN_EINVAL);
  ck_assert_int_eq(cnn_dataset_labels(NULL, dataset), CNN_EINVAL);
  ck_assert_int_eq(cnn_dataset_labels(&out, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_dataset_range(dataset, NULL, &number), CNN_EINVAL);
  ck_assert_int_eq(cnn_dataset_range(dataset, &number, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_dataset_range(NULL, &number, &number), CNN_EINVAL);
  ck_assert_int_eq(cnn_dataset_class_counts(dataset, 6, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_dataset_class_counts(NULL, 1, &count), CNN_EINVAL);
  ck_assert_int_eq(cnn_dataset_split(NULL, dataset, 0.5), CNN_EINVAL);
  ck_assert_int_eq(cnn_dataset_input_shape(dataset, NULL), 3);
  cnn_dataset_free(dataset);
  cnn_dataset_free(NULL);
  ck_assert_int_eq(cnn_dataset_count(NULL) + cnn_dataset_classes(NULL), 0);
  ck_assert_int_eq(cnn_dataset_input_shape(NULL, NULL) + cnn_dataset_input_type(NULL), 0);
  ck_assert_int_eq(cnn_dataset_label(NULL, 0), -1);
}
END_TEST

/* Rounding upwards and losing denormals are the caller's business, not ours. */
START_TEST(the_callers_floating_point_changes_nothing) {
  cnn_dataset *dataset = small();
  cnn_tensor *plain, *other;
  ck_assert_int_eq(cnn_dataset_inputs(&plain, dataset, 0, 10), CNN_OK);
  ck_assert_int_eq(fesetround(FE_UPWARD), 0);
  cnn_status status = cnn_dataset_inputs(&other, dataset, 0, 10);
  int rounding = fegetround();
  fesetround(FE_TONEAREST);
  ck_assert_int_eq(status, CNN_OK);
  ck_assert_int_eq(rounding, FE_UPWARD);
  ck_assert_mem_eq(cnn_tensor_read(plain), cnn_tensor_read(other), 40 * sizeof(float));
  cnn_tensor_free(plain);
  cnn_tensor_free(other);
  cnn_dataset_free(dataset);
}
END_TEST

static cnn_status scenario(const cnn_allocator *allocator, void *user) {
  (void)user;
  cnn_context *made = NULL;
  cnn_tensor *inputs = NULL, *labels = NULL, *out = NULL;
  cnn_dataset *dataset = NULL, *last = NULL;
  cnn_status status = cnn_context_new(&made, cnn_context_opts(.allocator = allocator));
  if (status >= 0)
    status = cnn_tensor_new(&inputs, made, CNN_U8, SHAPE(10, 3, 3), NULL);
  if (status >= 0)
    status = cnn_tensor_new(&labels, made, CNN_I32, SHAPE(10), NULL);
  if (status >= 0)
    status = cnn_dataset_new(&dataset, made, 1, &inputs, 1, &labels, NULL);
  if (status >= 0) {
    status = cnn_dataset_split(&last, dataset, 0.5);
    ck_assert_int_eq(cnn_dataset_count(dataset), status < 0 ? 10 : 5);
  }
  if (status >= 0)
    status = cnn_dataset_inputs(&out, last, 0, 5);
  cnn_tensor_free(out);
  out = NULL;
  if (status >= 0)
    status = cnn_dataset_labels(&out, last);
  cnn_context_free(made); /* first: what was made keeps it alive */
  cnn_tensor_free(inputs);
  cnn_tensor_free(labels);
  cnn_dataset_free(dataset);
  cnn_dataset_free(last);
  cnn_tensor_free(out);
  return status;
}

START_TEST(memory_runs_out) { ck_assert_int_ge(test_alloc_fail_each(scenario, NULL), 10); }
END_TEST

int main(void) {
  Suite *suite = suite_create("dataset");
  TCase *tests = tcase_create("dataset");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_set_timeout(tests, 60);
  tcase_add_test(tests, mnist);
  tcase_add_test(tests, images_without_labels_and_labels_for_images);
  tcase_add_test(tests, shapes_of_samples);
  tcase_add_test(tests, inputs_that_are_refused);
  tcase_add_test(tests, targets_that_are_refused);
  tcase_add_test(tests, labels_of_every_type);
  tcase_add_test(tests, inputs_are_scaled);
  tcase_add_test(tests, splitting);
  tcase_add_test(tests, split_boundaries);
  tcase_add_test(tests, null_is_refused);
  tcase_add_test(tests, the_callers_floating_point_changes_nothing);
  tcase_add_test(tests, memory_runs_out);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
