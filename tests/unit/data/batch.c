/* Batches: every sample once a pass, rows as the data set gives them, workers side by side, nothing allocated. */
#include "data/batch.h"

#include <cnn/cnn.h>

#include "alloc.h"
#include "compare.h"
#include "core/context_internal.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static cnn_context *context;

static void setup(void) { ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.seed = 5, .threads = 4)), CNN_OK); }
static void teardown(void) { cnn_context_free(context); }

/* n images of 6 x 5 x 2, bytes or floats; labels i % 7, rows of 3 targets, or none. */
static cnn_dataset *images(cnn_context *in, int64_t n, int32_t type, int32_t target_type) {
  cnn_tensor *inputs, *targets = NULL;
  cnn_dataset *dataset;
  ck_assert_int_eq(cnn_tensor_new(&inputs, in, type, 4, (const int64_t[]){n, 6, 5, 2}, NULL), CNN_OK);
  for (int64_t i = 0; i < cnn_tensor_count(inputs); i++)
    if (type == CNN_U8)
      ((uint8_t *)cnn_tensor_data(inputs))[i] = (uint8_t)(i * 31 / 7);
    else
      ((float *)cnn_tensor_data(inputs))[i] = test_number(3, i);
  if (target_type == CNN_I64) {
    ck_assert_int_eq(cnn_tensor_new(&targets, in, CNN_I64, 1, &n, NULL), CNN_OK);
    for (int64_t i = 0; i < n; i++)
      ((int64_t *)cnn_tensor_data(targets))[i] = i % 7;
  } else if (target_type == CNN_F32) {
    ck_assert_int_eq(cnn_tensor_new(&targets, in, CNN_F32, 2, (const int64_t[]){n, 3}, NULL), CNN_OK);
    for (int64_t i = 0; i < 3 * n; i++)
      ((float *)cnn_tensor_data(targets))[i] = (float)i;
  }
  ck_assert_int_eq(cnn_dataset_new(&dataset, in, 1, &inputs, targets != NULL, &targets, NULL), CNN_OK);
  cnn_tensor_free(inputs);
  cnn_tensor_free(targets);
  return dataset;
}

START_TEST(a_pass_has_every_sample_once) {
  static const int64_t sizes[] = {1, 2, 3, 64, 65, 1000};
  for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
    for (int32_t shuffle = 0; shuffle < 2; shuffle++) {
      int64_t n = sizes[s], in_place = 0, seen[1000] = {0};
      cnn_dataset *dataset = images(context, n, CNN_U8, CNN_I64);
      cnn__batch *batch;
      ck_assert_int_eq(cnn__batch_new(&batch, dataset, NULL, 13), CNN_OK);
      for (int64_t at = 0; at < n; at += 13) {
        int64_t count = n - at < 13 ? n - at : 13;
        cnn__batch_take(batch, 99, 2, shuffle, at, count);
        ck_assert_int_eq(batch->count, count);
        for (int64_t i = 0; i < count; i++) {
          int64_t sample = batch->samples[i];
          ck_assert(sample >= 0 && sample < n);
          seen[sample]++;
          in_place += sample == at + i;
          ck_assert_int_eq(batch->labels[i], sample % 7);
        }
      }
      for (int64_t i = 0; i < n; i++)
        ck_assert_int_eq(seen[i], 1);
      ck_assert(shuffle == 0 ? in_place == n : n < 64 || in_place < 16);
      cnn__batch_free(batch);
      cnn_dataset_free(dataset);
    }
}
END_TEST

START_TEST(passes_and_seeds_differ) {
  cnn_dataset *dataset = images(context, 500, CNN_U8, 0);
  cnn__batch *batch;
  int64_t first[100];
  ck_assert_int_eq(cnn__batch_new(&batch, dataset, NULL, 100), CNN_OK);
  ck_assert_ptr_null(batch->labels);
  ck_assert_ptr_null(batch->targets);
  cnn__batch_take(batch, 1, 0, 1, 50, 100);
  memcpy(first, batch->samples, sizeof first);
  cnn__batch_take(batch, 1, 1, 1, 50, 100);
  ck_assert_int_ne(memcmp(first, batch->samples, sizeof first), 0);
  cnn__batch_take(batch, 2, 0, 1, 50, 100);
  ck_assert_int_ne(memcmp(first, batch->samples, sizeof first), 0);
  cnn__batch_take(batch, 1, 0, 1, 50, 100);
  ck_assert_mem_eq(first, batch->samples, sizeof first);
  cnn__batch_free(batch);
  cnn_dataset_free(dataset);
}
END_TEST

/* Of the second part of a split set, so that its rows do not begin where the tensor does. */
START_TEST(rows_as_the_data_set_gives_them) {
  for (int32_t type = CNN_F32; type <= CNN_U8; type++) {
    cnn_dataset *dataset = images(context, 50, type, CNN_F32), *last;
    cnn_tensor *inputs;
    cnn__batch *batch;
    float x[20 * 60];
    ck_assert_int_eq(cnn_dataset_split(&last, dataset, 0.4), CNN_OK);
    ck_assert_int_eq(cnn_dataset_inputs(&inputs, last, 0, 20), CNN_OK);
    ck_assert_int_eq(cnn__batch_new(&batch, last, NULL, 20), CNN_OK);
    cnn_dataset_free(dataset);
    cnn_dataset_free(last); /* the batch keeps it */
    cnn__batch_take(batch, 0, 0, 1, 0, 20);
    cnn__batch_fill(batch, 0, 20, x);
    for (int64_t i = 0; i < 20; i++) {
      compare_bits("row", x + 60 * i, (const float *)cnn_tensor_read(inputs) + 60 * batch->samples[i], 60, 0);
      for (int64_t j = 0; j < 3; j++)
        ck_assert(batch->targets[3 * i + j] == (float)(3 * (30 + batch->samples[i]) + j));
    }
    cnn__batch_free(batch);
    cnn_tensor_free(inputs);
  }
}
END_TEST

typedef struct filling {
  const cnn__batch *batch;
  float *x;
} filling;

static void fill_shard(void *user, int64_t item, int32_t worker) {
  (void)worker;
  filling *f = user;
  int64_t first = item * 8, left = f->batch->count - first;
  cnn__batch_fill(f->batch, first, left < 8 ? left : 8, f->x + first * 60);
}

/* Sample `index` of a data set that `images` made. */
static cnn_tensor *image_at(int32_t type, int64_t index) {
  cnn_tensor *image;
  ck_assert_int_eq(cnn_tensor_new(&image, context, type, 3, (const int64_t[]){6, 5, 2}, NULL), CNN_OK);
  for (int64_t e = 0; e < 60; e++)
    if (type == CNN_U8)
      ((uint8_t *)cnn_tensor_data(image))[e] = (uint8_t)((index * 60 + e) * 31 / 7);
    else
      ((float *)cnn_tensor_data(image))[e] = test_number(3, index * 60 + e);
  return image;
}

static void expect_rows(const cnn__batch *batch, const float *x, int32_t type) {
  for (int64_t i = 0; i < batch->count; i++) {
    cnn_tensor *image = image_at(type, batch->samples[i]), *expected;
    cnn_status status = batch->still ? cnn_augmenter_standardize(&expected, batch->augmenter, image)
                                     : cnn_augmenter_apply(&expected, batch->augmenter, image, 7, batch->samples[i]);
    ck_assert_int_eq(status, CNN_OK);
    compare_bits(batch->still ? "standardised row" : "augmented row", x + 60 * i, cnn_tensor_read(expected), 60, 0);
    cnn_tensor_free(expected);
    cnn_tensor_free(image);
  }
}

START_TEST(augmented_rows_by_many_workers) {
  static const char *const texts[] = {"rotation_range=20 width_shift_range=1.5 zoom_range=0.2",
                                      "rotation_range=90 shear_range=20 fill_mode=reflect horizontal_flip=true vertical_flip=true "
                                      "channel_shift_range=0.2 brightness_upper=1.5 rescale=2 samplewise_std_normalization=true "
                                      "featurewise_std_normalization=true",
                                      "whole_shifts=true width_shift_range=3 fill_mode=constant cval=0.5 interpolation_order=0"};
  float *x = malloc(203 * 60 * sizeof *x);
  for (int turn = 0; turn < 12; turn++) {
    const int32_t type = turn % 2 ? CNN_F32 : CNN_U8;
    cnn_dataset *dataset = images(context, 203, type, CNN_I64);
    cnn_augmenter *augmenter;
    cnn__batch *batch;
    ck_assert_int_eq(cnn_augmenter_new_text(&augmenter, context, texts[turn / 2 % 3]), CNN_OK);
    ck_assert_int_eq(cnn_augmenter_fit(augmenter, dataset, NULL), CNN_OK);
    ck_assert_int_eq(cnn__batch_new(&batch, dataset, augmenter, 203), CNN_OK);
    batch->still = turn >= 6;
    cnn__batch_take(batch, 5, 7, 1, 0, 203);
    cnn__pool_run(context->pool, (203 + 7) / 8, fill_shard, &(filling){batch, x});
    expect_rows(batch, x, type);
    ck_assert_int_eq(cnn_augmenter_fit(augmenter, dataset, NULL), CNN_ESTATE); /* the batch uses it */
    cnn__batch_free(batch);
    ck_assert_int_eq(cnn_augmenter_fit(augmenter, dataset, NULL), CNN_OK);
    cnn_augmenter_free(augmenter);
    cnn_dataset_free(dataset);
  }
  free(x);
}
END_TEST

START_TEST(taking_and_filling_allocate_nothing) {
  test_alloc counting;
  cnn_context *counted;
  test_alloc_init(&counting);
  ck_assert_int_eq(cnn_context_new(&counted, cnn_context_opts(.allocator = &counting.allocator)), CNN_OK);
  cnn_dataset *dataset = images(counted, 40, CNN_U8, CNN_I64);
  cnn_augmenter *augmenter;
  cnn__batch *batch;
  float x[16 * 60];
  ck_assert_int_eq(cnn_augmenter_new(&augmenter, counted, cnn_augmenter_opts(.rotation_range = 20)), CNN_OK);
  ck_assert_int_eq(cnn__batch_new(&batch, dataset, augmenter, 16), CNN_OK);
  int64_t before = counting.calls;
  cnn__batch_take(batch, 1, 1, 1, 8, 16);
  cnn__batch_fill(batch, 0, 16, x);
  ck_assert_int_eq(counting.calls, before);
  cnn__batch_free(batch);
  cnn_augmenter_free(augmenter);
  cnn_dataset_free(dataset);
  cnn_context_free(counted);
  test_alloc_check(&counting);
}
END_TEST

START_TEST(what_is_refused) {
  cnn_dataset *dataset = images(context, 3, CNN_U8, 0), *vectors;
  cnn_augmenter *augmenter;
  cnn__batch *batch;
  cnn_tensor *rows;
  ck_assert_int_eq(cnn__batch_new(&batch, dataset, NULL, 0), CNN_EINVAL);
  ck_assert_ptr_null(batch);
  ck_assert_int_eq(cnn__batch_new(&batch, dataset, NULL, INT64_MAX), CNN_EINVAL);
  ck_assert_int_eq(cnn_tensor_new(&rows, context, CNN_F32, 2, (const int64_t[]){3, 4}, NULL), CNN_OK);
  ck_assert_int_eq(cnn_dataset_new(&vectors, context, 1, &rows, 0, NULL, NULL), CNN_OK);
  ck_assert_int_eq(cnn_augmenter_new(&augmenter, context, NULL), CNN_OK);
  ck_assert_int_eq(cnn__batch_new(&batch, vectors, augmenter, 2), CNN_ESHAPE);
  ck_assert_ptr_nonnull(strstr(cnn_error_text(), "(4,)"));
  cnn__batch_free(NULL);
  cnn_tensor_free(rows);
  cnn_augmenter_free(augmenter);
  cnn_dataset_free(vectors);
  cnn_dataset_free(dataset);
}
END_TEST

static cnn_status scenario(const cnn_allocator *allocator, void *user) {
  cnn_context *made = NULL;
  cnn_tensor *inputs = NULL, *targets = NULL;
  cnn_dataset *dataset = NULL;
  cnn__batch *batch = NULL;
  cnn_status status = cnn_context_new(&made, cnn_context_opts(.allocator = allocator));
  if (status >= 0)
    status = cnn_tensor_new(&inputs, made, CNN_U8, 2, (const int64_t[]){4, 3}, NULL);
  if (status >= 0)
    status = cnn_tensor_new(&targets, made, *(int32_t *)user, 2, (const int64_t[]){4, 1}, NULL);
  if (status >= 0)
    status = cnn_dataset_new(&dataset, made, 1, &inputs, 1, &targets, NULL);
  if (status >= 0)
    status = cnn__batch_new(&batch, dataset, NULL, 2);
  cnn__batch_free(batch);
  cnn_dataset_free(dataset);
  cnn_tensor_free(inputs);
  cnn_tensor_free(targets);
  cnn_context_free(made);
  return status;
}

START_TEST(memory_runs_out) {
  int32_t types[] = {CNN_I32, CNN_F32};
  for (int i = 0; i < 2; i++)
    ck_assert_int_ge(test_alloc_fail_each(scenario, &types[i]), 8);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("batch");
  TCase *tests = tcase_create("batch");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_test(tests, a_pass_has_every_sample_once);
  tcase_add_test(tests, passes_and_seeds_differ);
  tcase_add_test(tests, rows_as_the_data_set_gives_them);
  tcase_add_test(tests, augmented_rows_by_many_workers);
  tcase_add_test(tests, taking_and_filling_allocate_nothing);
  tcase_add_test(tests, what_is_refused);
  tcase_add_test(tests, memory_runs_out);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
