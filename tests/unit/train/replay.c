/* replay: see replay.h. */
#include "replay.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print(void *user, const char *text, size_t length) {
  replay *r = user;
  size_t used = strlen(r->printed);
  ck_assert_uint_lt(used + length, sizeof r->printed);
  memcpy(r->printed + used, text, length);
  r->printed[used + length] = 0;
}

static void warn(void *user, int32_t level, const char *line) {
  replay *r = user;
  (void)level;
  ck_assert_uint_lt(strlen(r->warned) + strlen(line) + 2, sizeof r->warned);
  strcat(strcat(r->warned, line), "\n");
}

static cnn_model *tiny_model(cnn_context *context) {
  cnn_model *model;
  cnn_optimizer *adam;
  ck_assert_int_eq(cnn_model_new(&model, context, NULL), CNN_OK);
  cnn_input(model, 1, (const int64_t[]){2}, NULL);
  cnn_dense(model, 2, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX, .name = "d"));
  ck_assert_int_eq(cnn_adam_new(&adam, context, NULL), CNN_OK);
  ck_assert_int_eq(cnn_model_compile(model, adam, 1, (const char *[]){"categorical_crossentropy"},
                                     cnn_compile_opts(.metrics = (const char *[]){"accuracy"}, .metric_count = 1)),
                   CNN_OK);
  cnn_optimizer_free(adam);
  return model;
}

void replay_open(replay *r) {
  memset(r, 0, sizeof *r);
  test_alloc_init(&r->alloc);
  r->sink = (cnn_sink){.size = sizeof r->sink, .user = r, .write = print};
  const cnn_logger logger = {.size = sizeof logger, .user = r, .write = warn};
  ck_assert_int_eq(cnn_context_new(&r->context, cnn_context_opts(.seed = 1, .threads = 1, .logger = &logger,
                                                                 .allocator = &r->alloc.allocator)),
                   CNN_OK);
  r->model = tiny_model(r->context);
  ck_assert_int_eq(cnn__logs_new(&r->logs, r->context, 4), CNN_OK);
  r->event = (cnn_event){.size = sizeof r->event, .model = r->model, .logs = r->logs, .sink = &r->sink, .epochs = 30,
                         .steps = 4, .verbose = 1};
}

void replay_close(replay *r) {
  cnn__logs_drop(r->logs);
  cnn_model_free(r->model);
  cnn_context_free(r->context);
  test_alloc_check(&r->alloc);
}

void replay_mark(replay *r, int64_t epoch) {
  for (int32_t i = 0; i < cnn_model_weight_count(r->model); i++) {
    cnn_tensor *weight;
    const char *name = cnn_model_weight_name(r->model, i);
    ck_assert_int_eq(cnn_model_weight(&weight, r->model, name), CNN_OK);
    float *values = cnn_tensor_data(weight);
    for (int64_t k = 0; k < cnn_tensor_count(weight); k++)
      values[k] = (float)(epoch + 1);
    ck_assert_int_eq(cnn_model_set_weight(r->model, name, weight), CNN_OK);
    cnn_tensor_free(weight);
  }
}

float replay_weight(const replay *r) {
  cnn_tensor *weight;
  float first = 0;
  for (int32_t i = 0; i < cnn_model_weight_count(r->model); i++) {
    ck_assert_int_eq(cnn_model_weight(&weight, r->model, cnn_model_weight_name(r->model, i)), CNN_OK);
    const float *values = cnn_tensor_read(weight);
    for (int64_t k = 0; k < cnn_tensor_count(weight); k++) {
      first = i || k ? first : values[0];
      ck_assert_float_eq(values[k], first);
    }
    cnn_tensor_free(weight);
  }
  return first;
}

cnn_status replay_tell(replay *r, cnn_callback *callback, int32_t kind) {
  return cnn__callback_tell(callback, kind, &r->event);
}

cnn_status replay_epoch(replay *r, cnn_callback *callback, int64_t epoch, const char *name, const json_t *value) {
  r->event.epoch = epoch;
  cnn__logs_clear(r->logs);
  ck_assert_int_eq(replay_tell(r, callback, CNN__EPOCH_BEGIN), CNN_OK);
  for (r->event.step = 0; r->event.step < r->event.steps; r->event.step++) {
    ck_assert_int_eq(replay_tell(r, callback, CNN__BATCH_BEGIN), CNN_OK);
    ck_assert_msg(replay_tell(r, callback, CNN__BATCH_END) == CNN_OK, "%s", cnn_error_text());
  }
  if (json_is_null(value))
    ck_assert_int_eq(cnn_logs_set(r->logs, "loss", 1.0), CNN_OK);
  else
    ck_assert_int_eq(cnn_logs_set(r->logs, name, replay_number(value)), CNN_OK);
  return replay_tell(r, callback, CNN__EPOCH_END);
}

cnn_status replay_value(replay *r, cnn_callback *callback, int64_t epoch, double value) {
  json_t *number = json_real(value);
  replay_mark(r, epoch);
  cnn_status status = replay_epoch(r, callback, epoch, "val_loss", number);
  json_decref(number);
  return status;
}

void replay_hand_over(const replay *r, const cnn_callback *from, cnn_callback *to) {
  cnn_state *state;
  ck_assert_int_eq(cnn_state_new(&state, r->context), CNN_OK);
  ck_assert_int_eq(cnn_callback_save(from, state), CNN_OK);
  ck_assert_int_eq(cnn_callback_load(to, state), CNN_OK);
  cnn_state_free(state);
}

static void run_case(const replay_rules *rules, const json_t *c) {
  replay r;
  size_t i;
  json_t *epoch;
  char where[128];
  const json_t *arguments = json_object_get(c, "arguments");
  const char *name = json_string_value(json_object_get(c, "case"));
  const char *monitor = json_string_value(json_object_get(arguments, "monitor"));
  replay_open(&r);
  cnn_callback *callback = rules->make(&r, arguments);
  ck_assert_int_eq(replay_tell(&r, callback, CNN__TRAIN_BEGIN), CNN_OK);
  json_array_foreach(json_object_get(c, "epochs"), i, epoch) {
    snprintf(where, sizeof where, "%s, epoch %zu", name, i);
    replay_mark(&r, (int64_t)i);
    cnn_status status = replay_epoch(&r, callback, (int64_t)i, monitor ? monitor : "val_loss", json_object_get(epoch, "value"));
    rules->epoch(&r, callback, epoch, status, where);
  }
  ck_assert_int_eq(replay_tell(&r, callback, CNN__TRAIN_END), CNN_OK);
  rules->end(&r, c, name);
  cnn_callback_free(callback);
  replay_close(&r);
}

void replay_all(const replay_rules *rules) {
  size_t i;
  json_t *c, *cases = reference_json(rules->file);
  ck_assert_uint_eq(json_array_size(cases), rules->cases);
  json_array_foreach(cases, i, c)
    if (!rules->differs(c))
      run_case(rules, c);
  json_decref(cases);
}

int32_t replay_mode(const json_t *arguments) {
  const char *mode = json_string_value(json_object_get(arguments, "mode"));
  return !mode ? CNN_MODE_AUTO : !strcmp(mode, "min") ? CNN_MODE_MIN : CNN_MODE_MAX;
}

double replay_number(const json_t *value) {
  const char *text = json_string_value(value);
  if (!text)
    return json_number_value(value);
  return !strcmp(text, "nan") ? (double)NAN : !strcmp(text, "inf") ? (double)INFINITY : -(double)INFINITY;
}

void replay_expect(replay *r, const char *where, const char *printed, const json_t *warnings) {
  char expected[sizeof r->warned] = "";
  for (size_t i = 0; i < json_array_size(warnings); i++)
    strcat(strcat(expected, json_string_value(json_array_get(warnings, i))), "\n");
  ck_assert_msg(!strcmp(r->printed, printed), "%s: printed \"%s\", not \"%s\"", where, r->printed, printed);
  ck_assert_msg(!strcmp(r->warned, expected), "%s: warned \"%s\", not \"%s\"", where, r->warned, expected);
  r->printed[0] = r->warned[0] = 0;
}

void replay_state(replay *r, const cnn_callback *callback, const char *where, const char *name, double expected) {
  cnn_state *state;
  double value;
  ck_assert_int_eq(cnn_state_new(&state, r->context), CNN_OK);
  ck_assert_int_eq(cnn_callback_save(callback, state), CNN_OK);
  ck_assert_int_eq(cnn_state_value(state, name, &value), CNN_OK);
  cnn_state_free(state);
  ck_assert_msg(value == expected || (isnan(value) && isnan(expected)), "%s: %s is %.17g, not %.17g", where, name, value,
                expected);
}

/* ---- folder ---- */

static char folder[64];

const char *replay_folder(void) {
  if (!folder[0]) {
    strcpy(folder, "/tmp/cnn-train-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
  }
  return folder;
}

void replay_folder_remove(void) {
  char command[128];
  if (!folder[0])
    return;
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  ck_assert_int_eq(system(command), 0);
  folder[0] = 0;
}

int replay_run(const char *name, void (*add)(TCase *tests)) {
  Suite *suite = suite_create(name);
  TCase *tests = tcase_create(name);
  tcase_set_timeout(tests, 120);
  tcase_add_checked_fixture(tests, NULL, replay_folder_remove);
  add(tests);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
