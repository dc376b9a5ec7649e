/* determinism: the same bits for any number of threads and any instruction set, and for a sample alone or in any
 * batch. Real steps of the notebook's model, with dropout, on real images, the last shard of the batch a short one. */
#include "compare.h"
#include "notebook.h"

#include "model/model_internal.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 44
#define STEPS 5

static notebook_images images;

static void set_up(void) { images = notebook_load("train", BATCH * STEPS); }

static void tear_down(void) { notebook_unload(&images); }

/* The hash after five steps; 0 where this machine has no such instruction set. */
static int hash_of(int32_t threads, const char *cpu, char hash[33]) {
  cnn_context *context;
  if (cpu)
    setenv("CNN_CPU", cpu, 1);
  cnn_status status = cnn_context_new(&context, cnn_context_opts(.threads = threads, .seed = 42));
  unsetenv("CNN_CPU");
  if (cpu && status == CNN_EINVAL)
    return 0;
  ck_assert_msg(status == CNN_OK, "%s", cnn_error_text());
  if (cpu)
    ck_assert_str_eq(cnn_context_cpu(context), cpu);
  cnn_model *model = notebook_new(context, 1);
  notebook_compile(model, "adam", NULL);
  const cnn__plan *plan;
  cnn__run *run;
  ck_assert_int_eq(cnn__model_plan(model, CNN__MODE_TRAIN, &plan), CNN_OK);
  ck_assert_int_eq(cnn__run_new(&run, model, plan, BATCH), CNN_OK);
  for (uint32_t step = 0; step < STEPS; step++) {
    test_batch batch;
    notebook_take(&batch, &images, step * BATCH, BATCH);
    cnn__run_train(run, model, &batch.feed, step);
  }
  cnn_model_hash(model, hash);
  cnn__run_free(run);
  cnn_model_free(model);
  cnn_context_free(context);
  return 1;
}

START_TEST(threads_change_no_bit) {
  static const int32_t counts[] = {2, 3, 4, 7};
  char one[33], several[33];
  hash_of(1, NULL, one);
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    hash_of(counts[i], NULL, several);
    ck_assert_msg(!strcmp(one, several), "1 thread: %s, %d threads: %s", one, (int)counts[i], several);
  }
}
END_TEST

START_TEST(instruction_sets_change_no_bit) {
  static const char *const levels[] = {"avx2", "avx512"};
  char reference[33], vectors[33];
  ck_assert_int_eq(hash_of(2, "ref", reference), 1);
  for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
    if (hash_of(2, levels[i], vectors))
      ck_assert_msg(!strcmp(reference, vectors), "ref: %s, %s: %s", reference, levels[i], vectors);
}
END_TEST

/* Direct sums have bits of their own, which agree as well. */
START_TEST(direct_sums_change_no_bit_either) {
  char transformed[33], reference[33], one[33], several[33];
  hash_of(1, NULL, transformed);
  setenv("CNN_WINOGRAD", "0", 1);
  hash_of(2, "ref", reference);
  hash_of(1, NULL, one);
  hash_of(3, NULL, several);
  unsetenv("CNN_WINOGRAD");
  ck_assert_str_eq(reference, one);
  ck_assert_str_eq(reference, several);
  ck_assert_str_ne(reference, transformed);
}
END_TEST

START_TEST(a_sample_is_the_same_alone_and_in_any_batch) {
  cnn_context *context;
  const int64_t counts[] = {1, 2, 7, 8, 9, 15, 37};
  float all[37 * NOTEBOOK_CLASSES], some[37 * NOTEBOOK_CLASSES];
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 2)), CNN_OK);
  cnn_model *model = notebook_new(context, 1);
  notebook_set(model, "notebook_initial");
  test_batch batch;
  cnn__run *run;
  ck_assert_int_eq(cnn__model_borrow_run(model, CNN__MODE_PREDICT, 37, &run), CNN_OK);
  notebook_take(&batch, &images, 0, 37);
  cnn__run_predict(run, model, &batch.feed, all);
  for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
    for (int64_t first = 0; first + counts[c] <= 37; first += counts[c]) {
      notebook_take(&batch, &images, first, counts[c]);
      cnn__run_predict(run, model, &batch.feed, some);
      compare_bits("rows alone", some, all + first * NOTEBOOK_CLASSES, counts[c] * NOTEBOOK_CLASSES, 0);
    }
  cnn__model_return_run(model, run);
  cnn_model_free(model);
  cnn_context_free(context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("determinism");
  TCase *all = tcase_create("all");
  tcase_add_checked_fixture(all, set_up, tear_down);
  tcase_set_timeout(all, 240);
  tcase_add_test(all, threads_change_no_bit);
  tcase_add_test(all, instruction_sets_change_no_bit);
  tcase_add_test(all, direct_sums_change_no_bit_either);
  tcase_add_test(all, a_sample_is_the_same_alone_and_in_any_batch);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
