/* no_allocation: once a run record and the pool's threads exist, a step of training, a test and a prediction allocate
 * nothing. */
#include "alloc.h"
#include "notebook.h"

#include "model/model_internal.h"

#include <check.h>

#define BATCH 20

START_TEST(steps_allocate_nothing) {
  static const int32_t modes[] = {CNN__MODE_TRAIN, CNN__MODE_TEST, CNN__MODE_PREDICT};
  test_alloc a;
  cnn_context *context;
  notebook_images images = notebook_load("train", BATCH);
  float outputs[BATCH * NOTEBOOK_CLASSES];
  test_alloc_init(&a);
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 2, .allocator = &a.allocator)), CNN_OK);
  cnn_model *model = notebook_new(context, 1);
  notebook_compile(model, "adam", NULL);
  cnn__run *runs[3];
  for (int i = 0; i < 3; i++)
    ck_assert_int_eq(cnn__model_borrow_run(model, modes[i], BATCH, &runs[i]), CNN_OK);
  test_batch batch;
  notebook_take(&batch, &images, 0, BATCH);
  int64_t calls = 0;
  for (int round = 0; round < 3; round++) {
    cnn__run_train(runs[0], model, &batch.feed, 0);
    cnn__run_test(runs[1], model, &batch.feed);
    cnn__run_predict(runs[2], model, &batch.feed, outputs);
    cnn__model_return_run(model, runs[2]);
    ck_assert_int_eq(cnn__model_borrow_run(model, CNN__MODE_PREDICT, BATCH, &runs[2]), CNN_OK);
    if (round == 0)
      calls = a.calls;
  }
  ck_assert_int_eq(a.calls, calls);
  for (int i = 0; i < 3; i++)
    cnn__model_return_run(model, runs[i]);
  cnn_model_free(model);
  cnn_context_free(context);
  test_alloc_check(&a);
  notebook_unload(&images);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("no_allocation");
  TCase *all = tcase_create("all");
  tcase_set_timeout(all, 60);
  tcase_add_test(all, steps_allocate_nothing);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
