/* run: labels and targets, the softmax that the loss took or did not, frozen layers, records lent, times measured. */
#include "notebook.h"
#include "compare.h"

#include "model/run_record.h"

#include <check.h>
#include <math.h>
#include <string.h>

#define ROWS 19
#define WIDTH 12
#define CLASSES 4

static cnn_context *context;
static float x[ROWS * WIDTH], targets[ROWS * CLASSES];
static int32_t labels[ROWS];

static void set_up(void) {
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 2)), CNN_OK);
  test_numbers(x, ROWS * WIDTH, 11, 1.0f);
  memset(targets, 0, sizeof targets);
  for (int i = 0; i < ROWS; i++) {
    labels[i] = (i * 7) % CLASSES;
    targets[i * CLASSES + labels[i]] = 1.0f;
  }
}

static void tear_down(void) { cnn_context_free(context); }

static cnn_model *dense_model(int32_t softmax_last, int32_t frozen) {
  cnn_model *m;
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 1, (const int64_t[]){WIDTH}, NULL);
  cnn_dense(m, 8, cnn_dense_opts(.name = "first", .activation = CNN_ACTIVATION_TANH));
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.name = "norm", .frozen = frozen));
  cnn_dense(m, CLASSES, cnn_dense_opts(.name = "last", .activation = softmax_last ? CNN_ACTIVATION_SOFTMAX : 0));
  if (!softmax_last)
    cnn_activation(m, CNN_ACTIVATION_SOFTMAX, NULL);
  return m;
}

static cnn__run *new_run(const cnn_model *m, int32_t mode) {
  const cnn__plan *plan;
  cnn__run *run;
  ck_assert_int_eq(cnn__model_plan(m, mode, &plan), CNN_OK);
  ck_assert_int_eq(cnn__run_new(&run, m, plan, ROWS), CNN_OK);
  return run;
}

/* The hash after some steps, by targets or by labels. */
static void train(cnn_model *m, int32_t by_label, char hash[33]) {
  cnn__run *run = new_run(m, CNN__MODE_TRAIN);
  test_batch batch;
  test_batch_set(&batch, x, WIDTH, by_label ? NULL : targets, ROWS);
  batch.feed.labels = by_label ? labels : NULL;
  for (int i = 0; i < 4; i++)
    cnn__run_train(run, m, &batch.feed, 0);
  cnn_model_hash(m, hash);
  cnn__run_free(run);
}

START_TEST(labels_and_targets_train_alike) {
  char hash[2][33];
  for (int by_label = 0; by_label < 2; by_label++) {
    cnn_model *m = dense_model(1, 0);
    notebook_compile(m, "adam", NULL);
    train(m, by_label, hash[by_label]);
    cnn_model_free(m);
  }
  ck_assert_str_eq(hash[0], hash[1]);
}
END_TEST

START_TEST(a_softmax_layer_is_taken_like_a_softmax_activation) {
  char hash[2][33];
  for (int last = 0; last < 2; last++) {
    cnn_model *m = dense_model(last, 0);
    notebook_compile(m, "sgd", "learning_rate=0.1");
    train(m, 0, hash[last]);
    cnn_model_free(m);
  }
  ck_assert_str_eq(hash[0], hash[1]);
}
END_TEST

START_TEST(predictions_are_tests_probabilities) {
  cnn_model *m = dense_model(1, 0);
  float outputs[ROWS * CLASSES];
  test_batch batch;
  notebook_compile(m, "adam", NULL);
  test_batch_set(&batch, x, WIDTH, targets, ROWS);
  cnn__run *predict = new_run(m, CNN__MODE_PREDICT), *test = new_run(m, CNN__MODE_TEST);
  cnn__run_predict(predict, m, &batch.feed, outputs);
  cnn__run_test(test, m, &batch.feed);
  for (int i = 0; i < ROWS; i++) {
    const float *row = outputs + i * CLASSES;
    int best = 0;
    double sum = 0;
    for (int c = 0; c < CLASSES; c++) {
      best = row[c] > row[best] ? c : best;
      sum += (double)row[c];
    }
    ck_assert_double_eq_tol(sum, 1, 1e-6);
    ck_assert(cnn__run_metric(test, 0)[i] == (best == labels[i] ? 1.0 : 0.0));
    ck_assert_double_eq_tol(cnn__run_losses(test)[i], -log((double)row[labels[i]]), 1e-6);
  }
  cnn__run_free(predict);
  cnn__run_free(test);
  cnn_model_free(m);
}
END_TEST

START_TEST(a_frozen_layer_keeps_its_weights) {
  cnn_model *m = dense_model(1, 1);
  cnn_tensor *before[4];
  char hash[33], start[33];
  static const char *const names[] = {"norm/gamma", "norm/beta", "norm/moving_mean", "norm/moving_variance"};
  notebook_compile(m, "adam", NULL);
  cnn_model_hash(m, start);
  for (int i = 0; i < 4; i++)
    ck_assert_int_eq(cnn_model_weight(&before[i], m, names[i]), CNN_OK);
  train(m, 0, hash);
  ck_assert_str_ne(hash, start);
  for (int i = 0; i < 4; i++) {
    cnn_tensor *after;
    ck_assert_int_eq(cnn_model_weight(&after, m, names[i]), CNN_OK);
    compare_bits(names[i], cnn_tensor_read(after), cnn_tensor_read(before[i]), cnn_tensor_count(after), 0);
    cnn_tensor_free(after);
    cnn_tensor_free(before[i]);
  }
  cnn_model_free(m);
}
END_TEST

START_TEST(inference_after_training_sees_the_new_weights) {
  cnn_model *m = dense_model(1, 0);
  float first[ROWS * CLASSES], second[ROWS * CLASSES], fresh[ROWS * CLASSES];
  char hash[33];
  test_batch batch;
  notebook_compile(m, "adam", NULL);
  test_batch_set(&batch, x, WIDTH, targets, ROWS);
  cnn__run *run = new_run(m, CNN__MODE_PREDICT);
  cnn__run_predict(run, m, &batch.feed, first);
  train(m, 0, hash);
  cnn__run_predict(run, m, &batch.feed, second);
  ck_assert(memcmp(first, second, sizeof first) != 0);
  cnn__model_touch(m); /* packs are made anew, to the same bits */
  cnn__run_predict(run, m, &batch.feed, fresh);
  ck_assert_mem_eq(second, fresh, sizeof fresh);
  cnn__run_free(run);
  cnn_model_free(m);
}
END_TEST

START_TEST(records_are_lent_and_kept) {
  cnn_model *m = dense_model(1, 0);
  cnn__run *a, *b, *c;
  ck_assert_int_eq(cnn__model_borrow_run(m, CNN__MODE_PREDICT, 10, &a), CNN_OK);
  ck_assert_int_eq(cnn__model_borrow_run(m, CNN__MODE_PREDICT, 30, &b), CNN_OK);
  ck_assert_ptr_ne(a, b);
  ck_assert_int_ge(cnn__run_capacity(b), 30);
  cnn__model_return_run(m, a);
  cnn__model_return_run(m, b);
  ck_assert_int_eq(cnn__model_borrow_run(m, CNN__MODE_PREDICT, 5, &c), CNN_OK);
  ck_assert_ptr_eq(c, a); /* the smallest that fits */
  cnn__model_return_run(m, c);
  ck_assert_int_eq(cnn__model_borrow_run(m, CNN__MODE_PREDICT, 20, &c), CNN_OK);
  ck_assert_ptr_eq(c, b);
  cnn__run *d;
  ck_assert_int_eq(cnn__model_borrow_run(m, CNN__MODE_PREDICT, 50, &d), CNN_OK); /* a is too small and goes */
  ck_assert_ptr_null(m->idle);
  cnn__model_return_run(m, c);
  cnn__model_return_run(m, d);
  ck_assert_int_eq(cnn__model_borrow_run(m, CNN__MODE_PREDICT, 0, &a), CNN_EINVAL);
  ck_assert_int_eq(cnn__model_borrow_run(m, CNN__MODE_TEST, 5, &a), CNN_ESTATE);
  cnn_model_free(m);
}
END_TEST

START_TEST(times_are_measured_when_asked) {
  cnn_model *m = dense_model(1, 0);
  test_batch batch;
  notebook_compile(m, "adam", NULL);
  test_batch_set(&batch, x, WIDTH, targets, ROWS);
  cnn__run *run = new_run(m, CNN__MODE_TRAIN);
  int32_t ops = run->plan->op_count;
  cnn__run_train(run, m, &batch.feed, 0);
  for (int32_t i = 0; i < ops; i++)
    ck_assert(cnn__run_profile_seconds(run)[i] == 0);
  cnn__run_profile(run, 1);
  cnn__run_train(run, m, &batch.feed, 0);
  double total = 0;
  for (int32_t i = 0; i < ops; i++)
    total += cnn__run_profile_seconds(run)[i];
  ck_assert(total > 0 && total < 60);
  cnn__run_profile(run, 0);
  cnn__run_train(run, m, &batch.feed, 0);
  ck_assert(cnn__run_profile_seconds(run)[0] == 0);
  cnn__run_free(run);
  cnn_model_free(m);
}
END_TEST

START_TEST(short_batches_fit_a_larger_record) {
  cnn_model *m = dense_model(1, 0);
  float whole[ROWS * CLASSES], part[ROWS * CLASSES];
  test_batch batch;
  cnn__run *run = new_run(m, CNN__MODE_PREDICT);
  test_batch_set(&batch, x, WIDTH, NULL, ROWS);
  cnn__run_predict(run, m, &batch.feed, whole);
  for (int count = 1; count <= ROWS; count++) {
    test_batch_set(&batch, x, WIDTH, NULL, count);
    memset(part, 0, sizeof part);
    cnn__run_predict(run, m, &batch.feed, part);
    compare_bits("a part of the batch", part, whole, count * CLASSES, 0);
    ck_assert(count == ROWS || part[count * CLASSES] == 0);
  }
  cnn__run_free(run);
  cnn_model_free(m);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("run");
  TCase *all = tcase_create("all");
  tcase_add_checked_fixture(all, set_up, tear_down);
  tcase_add_test(all, labels_and_targets_train_alike);
  tcase_add_test(all, a_softmax_layer_is_taken_like_a_softmax_activation);
  tcase_add_test(all, predictions_are_tests_probabilities);
  tcase_add_test(all, a_frozen_layer_keeps_its_weights);
  tcase_add_test(all, inference_after_training_sees_the_new_weights);
  tcase_add_test(all, records_are_lent_and_kept);
  tcase_add_test(all, times_are_measured_when_asked);
  tcase_add_test(all, short_batches_fit_a_larger_record);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
