/* memory: every allocation of making, compiling, training and looking at a model made to fail in turn. Each must give
 * CNN_ENOMEM, leave nothing behind, and a model whose compilation failed must stay usable. */
#include "alloc.h"
#include "compare.h"
#include "notebook.h"
#include "sink.h"

#include "model/model_internal.h"

#include <check.h>
#include <string.h>

#define ROWS 9

static float x[ROWS * 16], targets[ROWS * 3];

static void nowhere(void *user, const char *text, size_t length) {
  (void)user;
  (void)text;
  (void)length;
}

static void layers(cnn_model *m) {
  cnn_input(m, 3, (const int64_t[]){4, 4, 1}, NULL);
  cnn_conv2d(m, 3, 3, 3, cnn_conv2d_opts(.activation = CNN_ACTIVATION_RELU));
  cnn_batch_normalization(m, NULL);
  cnn_add(m, cnn_add_opts(.inputs = (const char *const[]){"conv2d", "batch_normalization"}, .input_count = 2));
  cnn_max_pooling2d(m, 2, 2, NULL);
  cnn_dropout(m, 0.5f, NULL);
  cnn_flatten(m, NULL);
  cnn_dense(m, 3, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX));
}

static cnn_status use(cnn_model *m) {
  const cnn_sink sink = {.size = sizeof sink, .write = nowhere};
  const cnn__plan *plan;
  cnn__run *run;
  test_batch batch;
  test_batch_set(&batch, x, 16, targets, ROWS);
  CNN__TRY(cnn__model_plan(m, CNN__MODE_TRAIN, &plan));
  CNN__TRY(cnn__run_new(&run, m, plan, ROWS));
  cnn__run_train(run, m, &batch.feed, 0);
  cnn__run_free(run);
  CNN__TRY(cnn__model_borrow_run(m, CNN__MODE_TEST, ROWS, &run));
  cnn__run_test(run, m, &batch.feed);
  cnn__model_return_run(m, run);
  CNN__TRY(cnn_model_summary(m, &sink, NULL));
  return cnn_model_diagram(m, &sink, NULL);
}

static cnn_status compile(cnn_model *m, cnn_context *context) {
  cnn_optimizer *adam;
  const char *loss = "categorical_crossentropy", *metric = "accuracy";
  CNN__TRY(cnn_adam_new(&adam, context, NULL));
  cnn_status status = cnn_model_compile(m, adam, 1, &loss, cnn_compile_opts(.metrics = &metric, .metric_count = 1));
  cnn_optimizer_free(adam);
  return status;
}

static cnn_status make_and_use(cnn_context *context) {
  cnn_model *m;
  cnn_tensor *weight;
  CNN__TRY(cnn_model_new(&m, context, NULL));
  layers(m);
  cnn_status status = compile(m, context);
  if (status >= 0)
    status = use(m);
  if (status >= 0)
    status = cnn_model_weight(&weight, m, "dense/kernel");
  if (status >= 0) {
    status = cnn_model_set_weight(m, "dense/kernel", weight);
    cnn_tensor_free(weight);
  }
  cnn_model_free(m);
  return status;
}

static cnn_status scenario(const cnn_allocator *allocator, void *user) {
  cnn_context *context;
  (void)user;
  CNN__TRY(cnn_context_new(&context, cnn_context_opts(.threads = 1, .allocator = allocator)));
  cnn_status status = make_and_use(context);
  cnn_context_free(context);
  return status;
}

START_TEST(every_failing_allocation_is_survived) {
  test_numbers(x, ROWS * 16, 5, 1.0f);
  for (int i = 0; i < ROWS; i++)
    targets[i * 3 + i % 3] = 1.0f;
  ck_assert_int_gt(test_alloc_fail_each(scenario, NULL), 40);
}
END_TEST

START_TEST(a_model_survives_a_compile_without_memory) {
  test_alloc a;
  cnn_context *context;
  cnn_model *m;
  char before[33], after[33];
  test_alloc_init(&a);
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 1, .allocator = &a.allocator)), CNN_OK);
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  layers(m);
  ck_assert_int_eq(compile(m, context), CNN_OK);
  cnn_model_hash(m, before);
  for (int64_t n = 1;; n++) {
    test_alloc_fail(&a, n, ALLOC_ONCE);
    cnn_status status = compile(m, context);
    test_alloc_fail(&a, 0, ALLOC_ONCE);
    ck_assert_int_eq(m->compiled, 1);
    ck_assert_int_eq(use(m), CNN_OK);
    if (status == CNN_OK)
      break;
    ck_assert_int_eq(status, CNN_ENOMEM);
  }
  ck_assert_str_ne(cnn_model_hash(m, after), before);
  cnn_model_free(m);
  cnn_context_free(context);
  test_alloc_check(&a);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("memory");
  TCase *all = tcase_create("all");
  tcase_set_timeout(all, 60);
  tcase_add_test(all, every_failing_allocation_is_survived);
  tcase_add_test(all, a_model_survives_a_compile_without_memory);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
