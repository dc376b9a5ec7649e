/* reduce_lr_on_plateau: Keras's own runs, replayed epoch by epoch: rates, state, text, logs, warnings. */
#include "replay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What our interface says otherwise: a factor of 0 is refused, an unknown figure is one to be small. */
static int differs(const json_t *c) {
  const char *name = json_string_value(json_object_get(c, "case"));
  return !strcmp(name, "factor_0") || !strcmp(name, "auto_unknown_metric");
}

static cnn_callback *make(const replay *r, const json_t *a) {
  cnn_callback *callback;
  const json_t *min_delta = json_object_get(a, "min_delta"), *patience = json_object_get(a, "patience");
  float delta = (float)json_number_value(min_delta);
  int32_t epochs = (int32_t)json_integer_value(patience);
  ck_assert_int_eq(
      cnn_reduce_lr_on_plateau_new(
          &callback, r->context,
          cnn_reduce_lr_on_plateau_opts(.monitor = json_string_value(json_object_get(a, "monitor")),
                                        .factor = (float)json_number_value(json_object_get(a, "factor")),
                                        .patience = patience && !epochs ? CNN_ZERO_INT : epochs, .verbose = 1,
                                        .mode = replay_mode(a),
                                        .min_delta = min_delta && delta == 0 ? CNN_ZERO : delta,
                                        .cooldown = (int32_t)json_integer_value(json_object_get(a, "cooldown")),
                                        .min_lr = (float)json_number_value(json_object_get(a, "min_lr")))),
      CNN_OK);
  return callback;
}

static void check_epoch(replay *r, const cnn_callback *callback, const json_t *epoch, cnn_status status, const char *where) {
  double rate;
  ck_assert_msg(status == CNN_OK, "%s: %s", where, cnn_error_text());
  replay_expect(r, where, json_string_value(json_object_get(epoch, "printed")), json_object_get(epoch, "warnings"));
  replay_state(r, callback, where, "wait", json_number_value(json_object_get(epoch, "wait")));
  replay_state(r, callback, where, "best", replay_number(json_object_get(epoch, "best")));
  replay_state(r, callback, where, "cooldown_counter", json_number_value(json_object_get(epoch, "cooldown_counter")));
  ck_assert_int_eq(cnn_logs_value(r->logs, "learning_rate", &rate), CNN_OK);
  ck_assert_msg(rate == json_number_value(json_object_get(epoch, "lr_during")), "%s: rate %.17g in the logs", where, rate);
  rate = cnn_model_learning_rate(r->model);
  ck_assert_msg(rate == json_number_value(json_object_get(epoch, "lr_after")), "%s: rate %.17g after", where, rate);
  ck_assert_int_eq(cnn_logs_count(r->logs), 2);
  ck_assert_str_eq(cnn_logs_name(r->logs, 1), "learning_rate");
}

static void check_end(replay *r, const json_t *c, const char *name) {
  replay_expect(r, name, json_string_value(json_object_get(c, "printed_at_train_end")), NULL);
}

START_TEST(does_as_keras) {
  replay_all(&(replay_rules){"callbacks/reduce_lr_on_plateau.json", 23, differs, make, check_epoch, check_end});
}
END_TEST

START_TEST(state_goes_over) {
  replay r;
  cnn_callback *first, *second;
  cnn_state *state;
  replay_open(&r);
  const cnn_reduce_lr_on_plateau_opts *o = cnn_reduce_lr_on_plateau_opts(.patience = 2, .factor = 0.5f, .cooldown = 3);
  ck_assert_int_eq(cnn_reduce_lr_on_plateau_new(&first, r.context, o), CNN_OK);
  ck_assert_int_eq(cnn_reduce_lr_on_plateau_new(&second, r.context, o), CNN_OK);
  ck_assert_int_eq(replay_tell(&r, first, CNN__TRAIN_BEGIN), CNN_OK);
  ck_assert_int_eq(replay_value(&r, first, 0, 1), CNN_OK);
  ck_assert_int_eq(replay_value(&r, first, 1, 1), CNN_OK);
  replay_hand_over(&r, first, second);
  ck_assert_int_eq(replay_tell(&r, second, CNN__TRAIN_BEGIN), CNN_OK);
  ck_assert_double_eq(cnn_model_learning_rate(r.model), (double)0.001f);
  ck_assert_int_eq(replay_value(&r, second, 2, 1), CNN_OK);
  ck_assert_double_eq(cnn_model_learning_rate(r.model), 0.5 * (double)0.001f);
  ck_assert_int_eq(cnn_state_new(&state, r.context), CNN_OK);
  ck_assert_int_eq(cnn_callback_save(second, state), CNN_OK);
  ck_assert_int_eq(cnn_state_set(state, "wait", -1), CNN_OK);
  ck_assert_int_eq(cnn_callback_load(second, state), CNN_EFORMAT);
  cnn_state_free(state);
  cnn_callback_free(first);
  cnn_callback_free(second);
  replay_close(&r);
}
END_TEST

START_TEST(checks_options) {
  replay r;
  cnn_callback *callback = NULL;
  replay_open(&r);
  const cnn_reduce_lr_on_plateau_opts *bad[] = {
      cnn_reduce_lr_on_plateau_opts(.factor = 1),      cnn_reduce_lr_on_plateau_opts(.factor = CNN_ZERO),
      cnn_reduce_lr_on_plateau_opts(.factor = -0.5f),  cnn_reduce_lr_on_plateau_opts(.factor = NAN),
      cnn_reduce_lr_on_plateau_opts(.patience = -1),   cnn_reduce_lr_on_plateau_opts(.cooldown = -1),
      cnn_reduce_lr_on_plateau_opts(.min_lr = -1),     cnn_reduce_lr_on_plateau_opts(.min_lr = INFINITY),
      cnn_reduce_lr_on_plateau_opts(.min_delta = -1),  cnn_reduce_lr_on_plateau_opts(.mode = 7)};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    ck_assert_int_eq(cnn_reduce_lr_on_plateau_new(&callback, r.context, bad[i]), CNN_EINVAL);
  ck_assert_int_eq(cnn_reduce_lr_on_plateau_new(&callback, r.context, cnn_reduce_lr_on_plateau_opts(.reserved = 1)),
                   CNN_ETOONEW);
  ck_assert_ptr_null(callback);
  replay_close(&r);
}
END_TEST

static void add(TCase *tests) {
  tcase_add_test(tests, does_as_keras);
  tcase_add_test(tests, state_goes_over);
  tcase_add_test(tests, checks_options);
}

int main(void) { return replay_run("reduce_lr_on_plateau", add); }
