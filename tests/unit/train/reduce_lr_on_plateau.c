/* reduce_lr_on_plateau: Keras's own runs, replayed epoch by epoch: rates, state, text, logs, warnings. */
#include "replay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What our interface says otherwise: a factor of 0 is refused, an unknown figure is one to be small. */
static int differs(const char *name) { return !strcmp(name, "factor_0") || !strcmp(name, "auto_unknown_metric"); }

static cnn_callback *make(const replay *r, const json_t *a) {
  cnn_callback *callback;
  const char *mode = json_string_value(json_object_get(a, "mode"));
  const json_t *min_delta = json_object_get(a, "min_delta"), *patience = json_object_get(a, "patience");
  float delta = (float)json_number_value(min_delta);
  int32_t epochs = (int32_t)json_integer_value(patience);
  ck_assert_int_eq(
      cnn_reduce_lr_on_plateau_new(
          &callback, r->context,
          cnn_reduce_lr_on_plateau_opts(.monitor = json_string_value(json_object_get(a, "monitor")),
                                        .factor = (float)json_number_value(json_object_get(a, "factor")),
                                        .patience = patience && !epochs ? CNN_ZERO_INT : epochs, .verbose = 1,
                                        .mode = mode ? CNN_MODE_MAX : CNN_MODE_AUTO,
                                        .min_delta = min_delta && delta == 0 ? CNN_ZERO : delta,
                                        .cooldown = (int32_t)json_integer_value(json_object_get(a, "cooldown")),
                                        .min_lr = (float)json_number_value(json_object_get(a, "min_lr")))),
      CNN_OK);
  return callback;
}

static void check_epoch(replay *r, const cnn_callback *callback, const json_t *epoch, const char *name) {
  char where[128];
  double rate;
  const json_t *best = json_object_get(epoch, "best");
  snprintf(where, sizeof where, "%s, epoch %d", name, (int)json_integer_value(json_object_get(epoch, "epoch")));
  replay_expect(r, where, json_string_value(json_object_get(epoch, "printed")), json_object_get(epoch, "warnings"));
  replay_state(r, callback, where, "wait", json_number_value(json_object_get(epoch, "wait")));
  replay_state(r, callback, where, "best", replay_number(best));
  replay_state(r, callback, where, "cooldown_counter", json_number_value(json_object_get(epoch, "cooldown_counter")));
  ck_assert_int_eq(cnn_logs_value(r->logs, "learning_rate", &rate), CNN_OK);
  ck_assert_msg(rate == json_number_value(json_object_get(epoch, "lr_during")), "%s: rate %.17g in the logs", where, rate);
  rate = cnn_model_learning_rate(r->model);
  ck_assert_msg(rate == json_number_value(json_object_get(epoch, "lr_after")), "%s: rate %.17g after", where, rate);
  ck_assert_int_eq(cnn_logs_count(r->logs), 2);
  ck_assert_str_eq(cnn_logs_name(r->logs, 1), "learning_rate");
}

static void run_case(const json_t *c) {
  replay r;
  size_t i;
  json_t *epoch;
  const char *name = json_string_value(json_object_get(c, "case"));
  const char *monitor = json_string_value(json_object_get(json_object_get(c, "arguments"), "monitor"));
  if (differs(name))
    return;
  replay_open(&r);
  cnn_callback *callback = make(&r, json_object_get(c, "arguments"));
  ck_assert_int_eq(replay_tell(&r, callback, CNN__TRAIN_BEGIN), CNN_OK);
  json_array_foreach(json_object_get(c, "epochs"), i, epoch) {
    ck_assert_int_eq(
        replay_epoch(&r, callback, (int64_t)i, monitor ? monitor : "val_loss", json_object_get(epoch, "value")), CNN_OK);
    check_epoch(&r, callback, epoch, name);
  }
  ck_assert_int_eq(replay_tell(&r, callback, CNN__TRAIN_END), CNN_OK);
  cnn_callback_free(callback);
  replay_close(&r);
}

START_TEST(does_as_keras) {
  size_t i;
  json_t *c, *cases = reference_json("callbacks/reduce_lr_on_plateau.json");
  ck_assert_uint_eq(json_array_size(cases), 23);
  json_array_foreach(cases, i, c) run_case(c);
  json_decref(cases);
}
END_TEST

static void epoch(replay *r, cnn_callback *callback, int64_t index, double value) {
  json_t *number = json_real(value);
  ck_assert_int_eq(replay_epoch(r, callback, index, "val_loss", number), CNN_OK);
  json_decref(number);
}

START_TEST(state_goes_over) {
  replay r;
  cnn_callback *first, *second;
  cnn_state *state;
  replay_open(&r);
  const cnn_reduce_lr_on_plateau_opts *o = cnn_reduce_lr_on_plateau_opts(.patience = 2, .factor = 0.5f, .cooldown = 3);
  ck_assert_int_eq(cnn_reduce_lr_on_plateau_new(&first, r.context, o), CNN_OK);
  ck_assert_int_eq(cnn_reduce_lr_on_plateau_new(&second, r.context, o), CNN_OK);
  ck_assert_int_eq(replay_tell(&r, first, CNN__TRAIN_BEGIN), CNN_OK);
  epoch(&r, first, 0, 1);
  epoch(&r, first, 1, 1);
  ck_assert_int_eq(cnn_state_new(&state, r.context), CNN_OK);
  ck_assert_int_eq(cnn_callback_save(first, state), CNN_OK);
  ck_assert_int_eq(cnn_callback_load(second, state), CNN_OK);
  ck_assert_int_eq(replay_tell(&r, second, CNN__TRAIN_BEGIN), CNN_OK);
  ck_assert_double_eq(cnn_model_learning_rate(r.model), (double)0.001f);
  epoch(&r, second, 2, 1);
  ck_assert_double_eq(cnn_model_learning_rate(r.model), 0.5 * (double)0.001f);
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
