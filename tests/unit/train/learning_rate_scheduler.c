/* learning_rate_scheduler: Keras's own runs, replayed epoch by epoch: rates, logs, text; and what is refused. */
#include "replay.h"

#include <math.h>
#include <string.h>

static double halve(void *user, int64_t epoch, double rate) {
  (void)user;
  return epoch < 2 ? rate : rate * 0.5;
}

static double by_epoch(void *user, int64_t epoch, double rate) {
  (void)user, (void)rate;
  return 0.01 / (double)(epoch + 1);
}

static void run_case(const json_t *c, double (*schedule)(void *user, int64_t epoch, double rate)) {
  replay r;
  size_t i;
  json_t *epoch;
  cnn_callback *callback;
  double rate;
  replay_open(&r);
  const cnn_learning_rate_scheduler_opts *o = cnn_learning_rate_scheduler_opts(.verbose = 1);
  ck_assert_int_eq(cnn_learning_rate_scheduler_new(&callback, r.context, schedule, o), CNN_OK);
  json_array_foreach(json_object_get(c, "epochs"), i, epoch) {
    const json_t *expected = json_object_get(json_object_get(epoch, "logs"), "learning_rate");
    ck_assert_int_eq(replay_epoch(&r, callback, (int64_t)i, "loss", json_object_get(json_object_get(epoch, "logs"), "loss")), CNN_OK);
    ck_assert_double_eq(cnn_model_learning_rate(r.model), json_number_value(json_object_get(epoch, "lr")));
    ck_assert_int_eq(cnn_logs_value(r.logs, "learning_rate", &rate), CNN_OK);
    ck_assert_double_eq(rate, json_number_value(expected));
  }
  replay_expect(&r, "scheduler", json_string_value(json_object_get(c, "printed")), NULL);
  cnn_callback_free(callback);
  replay_close(&r);
}

/* The third case is of Python's types alone. */
START_TEST(does_as_keras) {
  json_t *others = reference_json("callbacks/others.json"), *cases = json_object_get(others, "LearningRateScheduler");
  ck_assert_uint_eq(json_array_size(cases), 3);
  run_case(json_array_get(cases, 0), halve);
  run_case(json_array_get(cases, 1), by_epoch);
  json_decref(others);
}
END_TEST

/* A rate of the program's own making. */
static double own(void *user, int64_t epoch, double rate) {
  (void)epoch, (void)rate;
  return *(const double *)user;
}

static int32_t freed;

static void let_go(void *user) {
  (void)user;
  freed++;
}

START_TEST(refuses_rates) {
  replay r;
  cnn_callback *callback;
  const double bad[] = {-0.1, (double)NAN, (double)INFINITY};
  double rate = 0.25;
  replay_open(&r);
  const cnn_learning_rate_scheduler_opts *o = cnn_learning_rate_scheduler_opts(.user = &rate, .free = let_go);
  ck_assert_int_eq(cnn_learning_rate_scheduler_new(&callback, r.context, own, o), CNN_OK);
  ck_assert_int_eq(replay_tell(&r, callback, CNN__EPOCH_BEGIN), CNN_OK);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    rate = bad[i];
    ck_assert_int_eq(replay_tell(&r, callback, CNN__EPOCH_BEGIN), CNN_EINVAL);
    ck_assert_double_eq(cnn_model_learning_rate(r.model), 0.25);
  }
  replay_expect(&r, "silent", "", NULL);
  ck_assert_int_eq(freed, 0);
  cnn_callback_free(callback);
  ck_assert_int_eq(freed, 1);
  replay_close(&r);
}
END_TEST

/* What could not be made lets go of nothing. */
START_TEST(checks_options) {
  replay r;
  cnn_callback *callback = NULL;
  replay_open(&r);
  cnn_learning_rate_scheduler_opts o = *cnn_learning_rate_scheduler_opts(.free = let_go, .reserved = 1);
  ck_assert_int_eq(cnn_learning_rate_scheduler_new(&callback, r.context, own, &o), CNN_ETOONEW);
  ck_assert_int_eq(cnn_learning_rate_scheduler_new(&callback, r.context, NULL, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_learning_rate_scheduler_new(&callback, NULL, own, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_learning_rate_scheduler_new(NULL, r.context, own, NULL), CNN_EINVAL);
  o.reserved = 0;
  for (int64_t n = 1; n <= 2; n++) {
    test_alloc_fail(&r.alloc, n, ALLOC_ONCE);
    ck_assert_int_eq(cnn_learning_rate_scheduler_new(&callback, r.context, own, &o), CNN_ENOMEM);
  }
  test_alloc_fail(&r.alloc, 0, ALLOC_ONCE);
  ck_assert_int_eq(freed, 0);
  ck_assert_ptr_null(callback);
  replay_close(&r);
}
END_TEST

static void add(TCase *tests) {
  tcase_add_test(tests, does_as_keras);
  tcase_add_test(tests, refuses_rates);
  tcase_add_test(tests, checks_options);
}

int main(void) { return replay_run("learning_rate_scheduler", add); }
