/* early_stopping: Keras's own runs, replayed epoch by epoch: state, text, stop, warnings, weights at the end. */
#include "replay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What our interface says otherwise: an unknown mode is refused, an unknown figure is one to be small. */
static int differs(const json_t *c) {
  const char *name = json_string_value(json_object_get(c, "case"));
  return !strcmp(name, "mode_unknown") || !strcmp(name, "auto_unknown_metric");
}

static cnn_callback *make(const replay *r, const json_t *a) {
  cnn_callback *callback;
  const json_t *baseline = json_object_get(a, "baseline");
  ck_assert_int_eq(
      cnn_early_stopping_new(
          &callback, r->context,
          cnn_early_stopping_opts(
                  .monitor = json_string_value(json_object_get(a, "monitor")),
                  .min_delta = (float)json_number_value(json_object_get(a, "min_delta")),
                  .patience = (int32_t)json_integer_value(json_object_get(a, "patience")), .verbose = 1,
                  .mode = replay_mode(a),
                  .restore_best_weights = json_is_true(json_object_get(a, "restore_best_weights")),
                  .start_from_epoch = (int32_t)json_integer_value(json_object_get(a, "start_from_epoch")),
                  .baseline = (float)json_number_value(baseline), .has_baseline = baseline != NULL)),
      CNN_OK);
  return callback;
}

static void check_epoch(replay *r, const cnn_callback *callback, const json_t *epoch, cnn_status status, const char *where) {
  const json_t *best = json_object_get(epoch, "best");
  ck_assert_msg(status == (json_is_true(json_object_get(epoch, "stop")) ? CNN_STOP : CNN_OK), "%s: status %d", where, status);
  replay_expect(r, where, json_string_value(json_object_get(epoch, "printed")), json_object_get(epoch, "warnings"));
  replay_state(r, callback, where, "wait", json_number_value(json_object_get(epoch, "wait")));
  replay_state(r, callback, where, "has_best", !json_is_null(best));
  if (!json_is_null(best))
    replay_state(r, callback, where, "best", replay_number(best));
  int64_t best_epoch = json_is_null(best) ? -1 : json_integer_value(json_object_get(epoch, "best_epoch"));
  int64_t stopped = json_integer_value(json_object_get(epoch, "stopped_epoch"));
  ck_assert_msg(cnn_early_stopping_best_epoch(callback) == best_epoch, "%s: best epoch", where);
  ck_assert_msg(cnn_early_stopping_stopped_epoch(callback) == (stopped ? stopped : -1), "%s: stopped epoch", where);
}

static void check_end(replay *r, const json_t *c, const char *name) {
  replay_expect(r, name, json_string_value(json_object_get(c, "printed_at_train_end")), NULL);
  ck_assert_msg(replay_weight(r) == (float)json_number_value(json_object_get(c, "weights_at_end_are_of_epoch")),
                "%s: weights at the end are of epoch %g", name, (double)replay_weight(r));
}

START_TEST(does_as_keras) {
  replay_all(&(replay_rules){"callbacks/early_stopping.json", 37, differs, make, check_epoch, check_end});
}
END_TEST

/* A second callback that takes the state over in the middle ends as the first would have. */
START_TEST(state_goes_over) {
  replay r;
  cnn_callback *first, *second;
  replay_open(&r);
  const cnn_early_stopping_opts *o = cnn_early_stopping_opts(.patience = 3, .restore_best_weights = 1);
  ck_assert_int_eq(cnn_early_stopping_new(&first, r.context, o), CNN_OK);
  ck_assert_int_eq(cnn_early_stopping_new(&second, r.context, o), CNN_OK);
  ck_assert_int_eq(replay_tell(&r, first, CNN__TRAIN_BEGIN), CNN_OK);
  ck_assert_int_eq(replay_value(&r, first, 0, 1), CNN_OK);
  ck_assert_int_eq(replay_value(&r, first, 1, 0.5), CNN_OK);
  ck_assert_int_eq(replay_value(&r, first, 2, 0.7), CNN_OK);
  replay_hand_over(&r, first, second);
  cnn_callback_free(first);
  ck_assert_int_eq(cnn_early_stopping_best_epoch(second), 1);
  ck_assert_int_eq(replay_tell(&r, second, CNN__TRAIN_BEGIN), CNN_OK);
  ck_assert_int_eq(replay_value(&r, second, 3, 0.6), CNN_OK);
  ck_assert_int_eq(replay_value(&r, second, 4, 0.6), CNN_STOP);
  ck_assert_int_eq(replay_tell(&r, second, CNN__TRAIN_END), CNN_OK);
  ck_assert_float_eq(replay_weight(&r), 2);
  ck_assert_int_eq(replay_tell(&r, second, CNN__TRAIN_BEGIN), CNN_OK); /* a further training starts afresh */
  ck_assert_int_eq(cnn_early_stopping_best_epoch(second), -1);
  ck_assert_int_eq(cnn_early_stopping_stopped_epoch(second), -1);
  cnn_callback_free(second);
  replay_close(&r);
}
END_TEST

/* State that a file may hold and no callback saves changes nothing. */
START_TEST(refuses_bad_state) {
  replay r;
  cnn_callback *callback;
  cnn_state *state;
  const double bad[] = {-2, 0.5, 1e300, (double)NAN};
  replay_open(&r);
  ck_assert_int_eq(cnn_early_stopping_new(&callback, r.context, NULL), CNN_OK);
  ck_assert_int_eq(cnn_state_new(&state, r.context), CNN_OK);
  ck_assert_int_eq(cnn_callback_load(callback, state), CNN_ENAME);
  ck_assert_int_eq(cnn_callback_save(callback, state), CNN_OK);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    ck_assert_int_eq(cnn_state_set(state, "best_epoch", bad[i]), CNN_OK);
    ck_assert_int_eq(cnn_callback_load(callback, state), CNN_EFORMAT);
  }
  ck_assert_int_eq(cnn_early_stopping_best_epoch(callback), -1);
  cnn_state_free(state);
  cnn_callback_free(callback);
  replay_close(&r);
}
END_TEST

START_TEST(checks_options) {
  replay r;
  cnn_callback *callback = NULL;
  replay_open(&r);
  const cnn_early_stopping_opts *bad[] = {
      cnn_early_stopping_opts(.min_delta = INFINITY), cnn_early_stopping_opts(.min_delta = NAN),
      cnn_early_stopping_opts(.patience = -1),     cnn_early_stopping_opts(.start_from_epoch = -1),
      cnn_early_stopping_opts(.mode = 3),          cnn_early_stopping_opts(.mode = -1),
      cnn_early_stopping_opts(.monitor = ""),
      cnn_early_stopping_opts(.monitor = "0123456789012345678901234567890123456789012345678901234567890123456789")};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    ck_assert_int_eq(cnn_early_stopping_new(&callback, r.context, bad[i]), CNN_EINVAL);
    ck_assert_ptr_null(callback);
  }
  ck_assert_int_eq(cnn_early_stopping_new(NULL, r.context, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_early_stopping_new(&callback, NULL, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_terminate_on_nan_new(&callback, r.context, NULL), CNN_OK);
  ck_assert_int_eq(cnn_early_stopping_stopped_epoch(callback), -1);
  ck_assert_str_eq(cnn_error_text(), "callback is of another kind, must be an early stopping");
  ck_assert_int_eq(cnn_early_stopping_best_epoch(NULL), -1);
  cnn_callback_free(callback);
  replay_close(&r);
}
END_TEST

/* A best epoch whose weights were NaN: the model is left as it is, and that is no error. */
START_TEST(leaves_weights_that_are_not_finite) {
  replay r;
  cnn_callback *callback;
  cnn_state *state;
  cnn_tensor *nan;
  replay_open(&r);
  ck_assert_int_eq(cnn_early_stopping_new(&callback, r.context, cnn_early_stopping_opts(.restore_best_weights = 1)), CNN_OK);
  ck_assert_int_eq(replay_tell(&r, callback, CNN__TRAIN_BEGIN), CNN_OK);
  ck_assert_int_eq(replay_value(&r, callback, 0, 1), CNN_OK);
  ck_assert_int_eq(cnn_state_new(&state, r.context), CNN_OK);
  ck_assert_int_eq(cnn_callback_save(callback, state), CNN_OK);
  for (int32_t i = 0; i < cnn_state_count(state); i++) {
    const cnn_tensor *weight = cnn_state_tensor(state, cnn_state_name(state, i));
    if (!weight)
      continue;
    ck_assert_int_eq(cnn_tensor_new(&nan, r.context, CNN_F32, cnn_tensor_rank(weight), cnn_tensor_shape(weight), NULL), CNN_OK);
    *(float *)cnn_tensor_data(nan) = NAN;
    ck_assert_int_eq(cnn_state_set_tensor(state, cnn_state_name(state, i), nan), CNN_OK);
    cnn_tensor_free(nan);
  }
  ck_assert_int_eq(cnn_callback_load(callback, state), CNN_OK);
  replay_mark(&r, 6);
  ck_assert_int_eq(replay_tell(&r, callback, CNN__TRAIN_END), CNN_OK);
  ck_assert_float_eq(replay_weight(&r), 7);
  cnn_state_free(state);
  cnn_callback_free(callback);
  replay_close(&r);
}
END_TEST

static void add(TCase *tests) {
  tcase_add_test(tests, does_as_keras);
  tcase_add_test(tests, state_goes_over);
  tcase_add_test(tests, refuses_bad_state);
  tcase_add_test(tests, checks_options);
  tcase_add_test(tests, leaves_weights_that_are_not_finite);
}

int main(void) { return replay_run("early_stopping", add); }
