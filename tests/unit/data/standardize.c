/* Standardisation and the statistics behind it: Keras's, NumPy's definitions in double, and what is refused. */
#include <cnn/cnn.h>

#include "alloc.h"
#include "compare.h"
#include "reference.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static cnn_context *context;

static void setup(void) { ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK); }
static void teardown(void) { cnn_context_free(context); }

static cnn_tensor *tensor_of(const float *values, int32_t rank, const int64_t *shape) {
  cnn_tensor *tensor;
  ck_assert_int_eq(cnn_tensor_new(&tensor, context, CNN_F32, rank, shape, NULL), CNN_OK);
  memcpy(cnn_tensor_data(tensor), values, (size_t)cnn_tensor_count(tensor) * sizeof *values);
  return tensor;
}

static cnn_dataset *dataset_of(cnn_tensor *inputs) {
  cnn_dataset *dataset;
  ck_assert_int_eq(cnn_dataset_new(&dataset, context, 1, &inputs, 0, NULL, NULL), CNN_OK);
  return dataset;
}

static cnn_augmenter *augmenter_of(const char *text) {
  cnn_augmenter *augmenter;
  ck_assert_int_eq(cnn_augmenter_new_text(&augmenter, context, text), CNN_OK);
  return augmenter;
}

/* ---- as Keras ---- */

static void expect_statistics(const cnn_augmenter *augmenter, const reference *r) {
  const reference_tensor *mean = reference_find(r, "fit.mean"), *deviation = reference_find(r, "fit.std");
  double has_mean[2], has_deviation[2];
  ck_assert_int_eq(cnn_augmenter_channels(augmenter), 2);
  ck_assert_int_eq(cnn_augmenter_statistics(augmenter, 2, has_mean, has_deviation), CNN_OK);
  for (int q = 0; q < 2; q++) {
    ck_assert(!mean || fabs(has_mean[q] - mean->values[q]) <= 1e-6);
    ck_assert(!deviation || fabs(has_deviation[q] - deviation->values[q]) <= 1e-6);
  }
}

static void same_through_training_path(const cnn_augmenter *augmenter, const float *images, const float *expected) {
  for (int64_t i = 0; i < 12; i++) {
    cnn_tensor *image = tensor_of(images + 40 * i, 3, (const int64_t[]){5, 4, 2}), *out;
    ck_assert_int_eq(cnn_augmenter_apply(&out, augmenter, image, 3, i), CNN_OK);
    compare_bits("one image", cnn_tensor_read(out), expected + 40 * i, 40, 0);
    cnn_tensor_free(out);
    cnn_tensor_free(image);
  }
}

START_TEST(as_keras) {
  static const struct {
    const char *name, *text;
  } cases[] = {{"standardise_0", "rescale=0.00392156862745098"},
               {"standardise_1", "samplewise_center=true"},
               {"standardise_2", "samplewise_std_normalization=true"}, /* implies the centre */
               {"standardise_3", "featurewise_center=true"},
               {"standardise_4", "featurewise_std_normalization=true"},
               {"standardise_7", "featurewise_center=true featurewise_std_normalization=true samplewise_center=true"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    reference *r = reference_open("augmentation", cases[i].name);
    const reference_tensor *input = reference_get(r, "input");
    float values[12 * 40];
    reference_floats(input, values);
    cnn_tensor *images = tensor_of(values, 4, input->shape), *out;
    cnn_dataset *dataset = dataset_of(images);
    cnn_augmenter *augmenter = augmenter_of(cases[i].text);
    ck_assert_int_eq(cnn_augmenter_fit(augmenter, dataset, NULL), CNN_OK);
    expect_statistics(augmenter, r);
    ck_assert_int_eq(cnn_augmenter_standardize(&out, augmenter, images), CNN_OK);
    reference_compare(cases[i].name, cnn_tensor_read(out), reference_get(r, "output"), 2e-6);
    same_through_training_path(augmenter, values, cnn_tensor_read(out));
    cnn_tensor_free(out);
    cnn_augmenter_free(augmenter);
    cnn_dataset_free(dataset);
    cnn_tensor_free(images);
    reference_close(r);
  }
}
END_TEST

/* ---- statistics ---- */

/* In double, by two passes. */
static void expect_moments(const float *x, int64_t count, int64_t features, const double *mean, const double *deviation) {
  for (int64_t q = 0; q < features; q++) {
    double sum = 0, squares = 0;
    for (int64_t i = q; i < count; i += features)
      sum += (double)x[i];
    const double expected = sum / (double)(count / features);
    for (int64_t i = q; i < count; i += features)
      squares += ((double)x[i] - expected) * ((double)x[i] - expected);
    const double spread = sqrt(squares / (double)(count / features));
    ck_assert_double_eq_tol(mean[q], expected, 1e-6 * (fabs(expected) + spread));
    ck_assert_double_eq_tol(deviation[q], spread, 1e-5 * spread + 1e-9);
  }
}

START_TEST(of_data_sets) {
  static const struct {
    int32_t rank;
    int64_t shape[4], features;
    float offset;
  } cases[] = {{4, {37, 9, 7, 3}, 3, 0}, {3, {50, 28, 28}, 1, 0}, {2, {300, 5}, 5, 0}, {4, {6, 3, 3, 40}, 40, 100}, {2, {1, 4}, 4, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    double mean[40], deviation[40];
    int64_t count = 1;
    for (int32_t axis = 0; axis < cases[i].rank; axis++)
      count *= cases[i].shape[axis];
    float *x = malloc((size_t)count * sizeof *x);
    test_numbers(x, count, 3 + i, 2.0f);
    for (int64_t at = 0; at < count; at++)
      x[at] += cases[i].offset;
    cnn_tensor *inputs = tensor_of(x, cases[i].rank, cases[i].shape);
    cnn_dataset *dataset = dataset_of(inputs);
    ck_assert_int_eq(cnn_dataset_statistics(dataset, cases[i].features, mean, deviation), CNN_OK);
    expect_moments(x, count, cases[i].features, mean, deviation);
    ck_assert_int_eq(cnn_dataset_statistics(dataset, cases[i].features + 1, mean, deviation), CNN_EINVAL);
    ck_assert_int_eq(cnn_dataset_statistics(dataset, cases[i].features, NULL, NULL), CNN_OK);
    cnn_dataset_free(dataset);
    cnn_tensor_free(inputs);
    free(x);
  }
  ck_assert_int_eq(cnn_dataset_statistics(NULL, 1, NULL, NULL), CNN_EINVAL);
}
END_TEST

/* Bytes are divided first; a part that was split off has statistics of its own. */
START_TEST(of_bytes_and_parts) {
  uint8_t bytes[40 * 6];
  float x[40 * 6];
  double mean, deviation;
  cnn_tensor *inputs;
  cnn_dataset *dataset, *last;
  for (int i = 0; i < 240; i++) {
    bytes[i] = (uint8_t)(i * i * 7);
    x[i] = (float)bytes[i] / 127.5f;
  }
  ck_assert_int_eq(cnn_tensor_new(&inputs, context, CNN_U8, 3, (const int64_t[]){40, 2, 3}, cnn_tensor_opts(.data = bytes)), CNN_OK);
  ck_assert_int_eq(cnn_dataset_new(&dataset, context, 1, &inputs, 0, NULL, cnn_dataset_opts(.divisor = 127.5f)), CNN_OK);
  ck_assert_int_eq(cnn_dataset_split(&last, dataset, 0.25), CNN_OK);
  ck_assert_int_eq(cnn_dataset_statistics(dataset, 1, &mean, &deviation), CNN_OK);
  expect_moments(x, 180, 1, &mean, &deviation);
  ck_assert_int_eq(cnn_dataset_statistics(last, 1, &mean, &deviation), CNN_OK);
  expect_moments(x + 180, 60, 1, &mean, &deviation);
  cnn_dataset_free(last);
  cnn_dataset_free(dataset);
  cnn_tensor_free(inputs);
}
END_TEST

/* A fit over augmented copies sees just the images that training would make of passes 0, 1, ... */
START_TEST(fit_over_augmented_copies) {
  float x[9 * 5 * 4], made[3 * 180];
  double mean, deviation;
  test_numbers(x, 180, 8, 1.0f);
  cnn_tensor *inputs = tensor_of(x, 4, (const int64_t[]){9, 5, 4, 1});
  cnn_dataset *dataset = dataset_of(inputs);
  cnn_augmenter *moving = augmenter_of("rotation_range=40 channel_shift_range=0.3 rescale=0.5");
  cnn_augmenter *same = augmenter_of("rotation_range=40 channel_shift_range=0.3 rescale=0.5 featurewise_center=true");
  for (int i = 0; i < 27; i++) {
    cnn_tensor *image = tensor_of(x + i % 9 * 20, 3, (const int64_t[]){5, 4, 1}), *out;
    ck_assert_int_eq(cnn_augmenter_apply(&out, moving, image, (uint32_t)i / 9, i % 9), CNN_OK);
    memcpy(made + 20 * i, cnn_tensor_read(out), 20 * sizeof *made);
    cnn_tensor_free(out);
    cnn_tensor_free(image);
  }
  ck_assert_int_eq(cnn_augmenter_fit(same, dataset, cnn_augmenter_fit_opts(.augment = 1, .rounds = 3)), CNN_OK);
  ck_assert_int_eq(cnn_augmenter_statistics(same, 1, &mean, &deviation), CNN_OK);
  expect_moments(made, 540, 1, &mean, &deviation);
  cnn_augmenter_free(same);
  cnn_augmenter_free(moving);
  cnn_dataset_free(dataset);
  cnn_tensor_free(inputs);
}
END_TEST

/* ---- kept, set, refused ---- */

START_TEST(set_and_read) {
  const double mean[3] = {0.1, -2, 1e-3}, deviation[3] = {0.5, 0, 3};
  double has[3], spread[3];
  float x[12], want[12];
  test_numbers(x, 12, 2, 1.0f);
  cnn_augmenter *augmenter = augmenter_of("featurewise_std_normalization=true");
  cnn_tensor *images = tensor_of(x, 4, (const int64_t[]){2, 1, 2, 3}), *out;
  ck_assert_int_eq(cnn_augmenter_channels(augmenter), 0);
  ck_assert_int_eq(cnn_augmenter_statistics(augmenter, 3, has, spread), CNN_ESTATE);
  ck_assert_int_eq(cnn_augmenter_standardize(&out, augmenter, images), CNN_ESTATE);
  ck_assert_int_eq(cnn_augmenter_set_statistics(augmenter, 3, mean, deviation), CNN_OK);
  ck_assert_int_eq(cnn_augmenter_statistics(augmenter, 3, has, spread), CNN_OK);
  ck_assert_mem_eq(has, mean, sizeof has);
  ck_assert_mem_eq(spread, deviation, sizeof spread);
  ck_assert_int_eq(cnn_augmenter_statistics(augmenter, 2, has, spread), CNN_EINVAL);
  ck_assert_int_eq(cnn_augmenter_standardize(&out, augmenter, images), CNN_OK);
  for (int i = 0; i < 12; i++)
    want[i] = (x[i] - (float)mean[i % 3]) / ((float)deviation[i % 3] + 1e-6f);
  compare_bits("by given statistics", cnn_tensor_read(out), want, 12, 0);
  cnn_tensor_free(out);
  ck_assert_int_eq(cnn_augmenter_set_statistics(augmenter, 1, mean, NULL), CNN_OK);
  ck_assert_int_eq(cnn_augmenter_standardize(&out, augmenter, images), CNN_ESHAPE);
  const double bad[3] = {NAN, INFINITY, -1};
  for (int i = 0; i < 3; i++)
    ck_assert_int_eq(cnn_augmenter_set_statistics(augmenter, 1, mean, bad + i), CNN_EINVAL);
  ck_assert_int_eq(cnn_augmenter_set_statistics(augmenter, 1, bad, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_augmenter_set_statistics(augmenter, 0, mean, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_augmenter_set_statistics(augmenter, 1, NULL, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_augmenter_set_statistics(NULL, 1, mean, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_augmenter_channels(augmenter), 1); /* what was refused changed nothing */
  ck_assert_int_eq(cnn_augmenter_channels(NULL), 0);
  cnn_tensor_free(images);
  cnn_augmenter_free(augmenter);
}
END_TEST

START_TEST(what_is_refused) {
  float x[12] = {0};
  cnn_augmenter *augmenter = augmenter_of(NULL);
  cnn_tensor *vectors = tensor_of(x, 2, (const int64_t[]){3, 4}), *images = tensor_of(x, 4, (const int64_t[]){3, 2, 2, 1}), *out;
  cnn_dataset *of_vectors = dataset_of(vectors), *of_images = dataset_of(images);
  ck_assert_int_eq(cnn_augmenter_fit(augmenter, of_vectors, NULL), CNN_ESHAPE);
  ck_assert_int_eq(cnn_augmenter_fit(augmenter, of_images, cnn_augmenter_fit_opts(.rounds = -1)), CNN_EINVAL);
  ck_assert_int_eq(cnn_augmenter_fit(NULL, of_images, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_augmenter_fit(augmenter, NULL, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_augmenter_standardize(&out, augmenter, vectors), CNN_ESHAPE);
  ck_assert_ptr_null(out);
  ck_assert_int_eq(cnn_augmenter_standardize(&out, NULL, images), CNN_EINVAL);
  ck_assert_int_eq(cnn_augmenter_standardize(NULL, augmenter, images), CNN_EINVAL);
  ck_assert_int_eq(cnn_augmenter_standardize(&out, augmenter, NULL), CNN_EINVAL);
  ((float *)cnn_tensor_data(images))[7] = INFINITY;
  ck_assert_int_eq(cnn_augmenter_standardize(&out, augmenter, images), CNN_EDATA);
  cnn_dataset_free(of_images);
  cnn_dataset_free(of_vectors);
  cnn_tensor_free(images);
  cnn_tensor_free(vectors);
  cnn_augmenter_free(augmenter);
}
END_TEST

static cnn_status scenario(const cnn_allocator *allocator, void *user) {
  (void)user;
  cnn_context *made = NULL;
  cnn_augmenter *augmenter = NULL;
  cnn_tensor *images = NULL, *out = NULL;
  cnn_dataset *dataset = NULL;
  cnn_status status = cnn_context_new(&made, cnn_context_opts(.allocator = allocator));
  if (status >= 0)
    status = cnn_augmenter_new_text(&augmenter, made, "featurewise_center=true");
  if (status >= 0)
    status = cnn_tensor_new(&images, made, CNN_U8, 4, (const int64_t[]){4, 5, 5, 2}, NULL);
  if (status >= 0)
    status = cnn_dataset_new(&dataset, made, 1, &images, 0, NULL, NULL);
  if (status >= 0)
    status = cnn_augmenter_fit(augmenter, dataset, cnn_augmenter_fit_opts(.augment = 1));
  if (status >= 0)
    status = cnn_augmenter_standardize(&out, augmenter, images);
  cnn_dataset_free(dataset);
  cnn_augmenter_free(augmenter);
  cnn_tensor_free(images);
  cnn_tensor_free(out);
  cnn_context_free(made);
  return status;
}

START_TEST(memory_runs_out) { ck_assert_int_ge(test_alloc_fail_each(scenario, NULL), 8); }
END_TEST

int main(void) {
  Suite *suite = suite_create("standardize");
  TCase *tests = tcase_create("standardize");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_test(tests, as_keras);
  tcase_add_test(tests, of_data_sets);
  tcase_add_test(tests, of_bytes_and_parts);
  tcase_add_test(tests, fit_over_augmented_copies);
  tcase_add_test(tests, set_and_read);
  tcase_add_test(tests, what_is_refused);
  tcase_add_test(tests, memory_runs_out);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
