/* callbacks: what they hear and in which order, what they may do, and what becomes of their wishes and errors. */
#include "training.h"

#include "reference.h"
#include "sink.h"
#include "suite.h"

#include <string.h>

#define COUNT 12
#define BATCH 4 /* 3 batches */

static test_alloc a;
static cnn_context *context;
static training_data data;
static cnn_model *model;
static training_log first, second;
static cnn_callback *callbacks[3];

static void open_context(void) {
  test_alloc_init(&a);
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.seed = 3, .threads = 1, .allocator = &a.allocator)), CNN_OK);
  data = training_data_new(context, COUNT, 1);
  model = training_model(context);
  first = second = (training_log){.act_epoch = -1, .act_step = -1};
  callbacks[0] = training_log_new(context, &first);
  callbacks[1] = training_log_new(context, &second);
}

static void close_context(void) {
  cnn_callback_free(callbacks[0]);
  cnn_callback_free(callbacks[1]);
  ck_assert_int_eq(first.freed, 1);
  ck_assert_int_eq(second.freed, 1);
  cnn_model_free(model);
  training_data_free(&data);
  cnn_context_free(context);
  test_alloc_check(&a);
}

static cnn_status fit(int64_t epochs) {
  return cnn_model_fit(model, data.labels, cnn_fit_opts(.epochs = epochs, .batch_size = BATCH, .callbacks = callbacks,
                                                        .callback_count = 2, .validation = data.targets));
}

static int32_t occurs(const char *text, const char *part) {
  int32_t count = 0;
  for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
    count++;
  return count;
}

/* Keras's hooks have the words train and test where ours have none, and tell of the batches of a test too. */
static void expected_order(const json_t *hooks, char *text, size_t bytes) {
  size_t i, k;
  json_t *hook, *key;
  json_array_foreach(hooks, i, hook) {
    const char *name = json_string_value(json_array_get(hook, 0)) + strlen("on_");
    const json_t *number = json_array_get(hook, 1);
    char keys[256] = "";
    if (strstr(name, "test_batch"))
      continue;
    if (!strncmp(name, "train_batch", strlen("train_batch")))
      name += strlen("train_");
    json_array_foreach(json_array_get(hook, 2), k, key) strcat(strcat(keys, k ? "," : ""), json_string_value(key));
    size_t used = strlen(text);
    if (json_is_null(number))
      snprintf(text + used, bytes - used, "%s - %s;", name, keys);
    else
      snprintf(text + used, bytes - used, "%s %d %s;", name, (int)json_integer_value(number), keys);
  }
}

START_TEST(hears_what_keras_tells) {
  char expected[16384] = "";
  json_t *file = reference_json("callbacks/others.json");
  expected_order(json_object_get(json_object_get(file, "hook_order"), "fit_2_epochs_with_validation"), expected,
                 sizeof expected);
  open_context();
  ck_assert_int_eq(fit(2), CNN_OK);
  ck_assert_str_eq(first.text, expected);
  ck_assert_str_eq(second.text, expected);
  json_decref(file);
  close_context();
}
END_TEST

/* ---- stop ---- */

typedef struct stop_case {
  const char *at;
  int64_t epoch, step;
  int32_t epochs, batches, tests; /* what is still run, of 3, 9 and 3 */
} stop_case;

START_TEST(stops) {
  static const stop_case cases[] = {
      {"train_begin", -1, -1, 0, 0, 0}, {"epoch_begin", 1, -1, 2, 6, 2}, {"epoch_end", 0, -1, 1, 3, 1},
      {"batch_begin", 1, 1, 2, 5, 2},   {"batch_end", 0, 0, 1, 1, 1},    {"batch_end", 0, 2, 1, 3, 1},
      {"test_begin", 1, -1, 2, 6, 2},   {"test_end", 0, -1, 1, 3, 1},    {"train_end", -1, -1, 3, 9, 3}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    open_context();
    first.act_at = cases[i].at;
    first.act_epoch = cases[i].epoch;
    first.act_step = cases[i].step;
    first.returns = CNN_STOP;
    ck_assert_int_eq(fit(3), CNN_OK);
    ck_assert_msg(occurs(second.text, "epoch_end") == cases[i].epochs && occurs(second.text, "batch_end") == cases[i].batches &&
                      occurs(second.text, "test_end") == cases[i].tests,
                  "%s: %s", cases[i].at, second.text);
    ck_assert_int_eq(occurs(second.text, "train_end"), 1);
    ck_assert_str_eq(first.text, second.text);
    ck_assert_int_eq(cnn_model_iterations(model), cases[i].batches);
    close_context();
  }
}
END_TEST

/* ---- errors ---- */

static const char *const events[] = {"train_begin", "epoch_begin", "batch_begin", "batch_end",
                                     "test_begin",  "test_end",    "epoch_end",   "train_end"};

static cnn_status fails_inside(const cnn_event *event, void *user) {
  (void)event;
  (void)user;
  return cnn_model_set_learning_rate(model, -1);
}

/* The later callback hears nothing of the event, but always begin and end of training; fit returns what the
 * library said. */
START_TEST(errors_end_training) {
  for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
    cnn_history *history;
    open_context();
    first.act_at = events[i];
    first.act = fails_inside;
    cnn_status status = cnn_model_fit(model, data.labels,
                                      cnn_fit_opts(.epochs = 2, .batch_size = BATCH, .callbacks = callbacks,
                                                   .callback_count = 2, .validation = data.targets, .history = &history));
    ck_assert_int_eq(status, CNN_EINVAL);
    ck_assert_ptr_nonnull(strstr(cnn_error_text(), "learning rate -1.0"));
    int32_t of_training = !strncmp(events[i], "train", 5);
    ck_assert_int_eq(occurs(second.text, events[i]), of_training);
    ck_assert_int_eq(occurs(second.text, "train_begin"), 1);
    ck_assert_int_eq(occurs(first.text, "train_end"), 1);
    ck_assert_int_eq(occurs(second.text, "train_end"), 1);
    if (!strcmp(events[i], "epoch_end") || !strcmp(events[i], "train_end")) /* an epoch is behind it */
      ck_assert_int_eq(cnn_history_count(history), *events[i] == 'e' ? 1 : 2);
    else
      ck_assert_ptr_null(history);
    cnn_history_free(history);
    close_context();
  }
}
END_TEST

/* A text that was there before is not the callback's. */
START_TEST(errors_without_text_get_one) {
  const struct {
    cnn_status returned;
    const char *text;
  } cases[] = {{CNN_EINVAL, "callback: epoch_end returned CNN_EINVAL (-2) without a text of cnn_error_set"},
               {CNN_ECALLBACK, "callback: epoch_end returned CNN_ECALLBACK (-11) without a text of cnn_error_set"},
               {-1000, "callback: epoch_end returned unknown status (-1000) without a text of cnn_error_set"},
               {7, "callback: epoch_end returned 7, must be CNN_OK, CNN_STOP or an error"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    open_context();
    ck_assert_int_eq(cnn_model_set_learning_rate(model, -1), CNN_EINVAL);
    second.act_at = "epoch_end";
    second.returns = cases[i].returned;
    ck_assert_int_eq(fit(2), CNN_ECALLBACK);
    ck_assert_str_eq(cnn_error_text(), cases[i].text);
    ck_assert_int_eq(occurs(first.text, "epoch_end"), 1);
    close_context();
  }
}
END_TEST

/* Of two errors the first is told. */
START_TEST(first_error_wins) {
  open_context();
  first.act_at = "batch_end";
  first.act = fails_inside;
  second.act_at = "train_end";
  second.returns = CNN_EIO;
  ck_assert_int_eq(fit(2), CNN_EINVAL);
  ck_assert_ptr_nonnull(strstr(cnn_error_text(), "learning rate -1.0"));
  close_context();
}
END_TEST

/* ---- what they may do ---- */

static cnn_status does_everything(const cnn_event *event, void *user) {
  cnn_logs *logs;
  cnn_tensor *outputs, *weight;
  cnn_optimizer *optimizer;
  int32_t *times = user;
  ++*times;
  ck_assert_int_eq(cnn_model_fit(event->model, data.labels, NULL), CNN_ESTATE);
  ck_assert_ptr_nonnull(strstr(cnn_error_text(), "in training already"));
  ck_assert_int_eq(cnn_adam_new(&optimizer, context, NULL), CNN_OK);
  ck_assert_int_eq(cnn_model_compile(event->model, optimizer, 1, (const char *[]){"categorical_crossentropy"}, NULL), CNN_ESTATE);
  cnn_optimizer_free(optimizer);
  ck_assert_int_eq(cnn_model_evaluate(&logs, event->model, data.labels, NULL), CNN_OK);
  cnn_logs_free(logs);
  ck_assert_int_eq(cnn_model_predict_dataset(&outputs, 1, event->model, data.labels, NULL), CNN_OK);
  cnn_tensor_free(outputs);
  ck_assert_int_eq(cnn_model_set_learning_rate(event->model, 0.005), CNN_OK);
  const char *name = cnn_model_weight_name(event->model, 0);
  ck_assert_int_eq(cnn_model_weight(&weight, event->model, name), CNN_OK);
  ck_assert_int_eq(cnn_model_set_weight(event->model, name, weight), CNN_OK);
  cnn_tensor_free(weight);
  cnn_logs_free(event->logs); /* of fit: does nothing */
  return CNN_OK;
}

START_TEST(may_do_everything) {
  int32_t times = 0;
  for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
    open_context();
    first.act_at = events[i];
    first.act = does_everything;
    first.user = &times;
    ck_assert_msg(fit(2) == CNN_OK, "%s", cnn_error_text());
    ck_assert_double_eq(cnn_model_learning_rate(model), (double)0.005f);
    close_context();
  }
  ck_assert_int_ge(times, 16);
}
END_TEST

/* Looking does not change what is trained. */
START_TEST(looking_changes_no_bit) {
  char with[33], without[33];
  cnn_logs *logs;
  open_context();
  ck_assert_int_eq(fit(2), CNN_OK);
  cnn_model_hash(model, without);
  close_context();
  open_context();
  for (int64_t i = 0; i < 2; i++) {
    ck_assert_int_eq(cnn_model_fit(model, data.labels, cnn_fit_opts(.epochs = i + 1, .initial_epoch = i, .batch_size = BATCH)), CNN_OK);
    ck_assert_int_eq(cnn_model_evaluate(&logs, model, data.labels, NULL), CNN_OK);
    cnn_logs_free(logs);
  }
  ck_assert_str_eq(cnn_model_hash(model, with), without);
  close_context();
}
END_TEST

static cnn_status adds_figure(const cnn_event *event, void *user) {
  (void)user;
  cnn_status status = cnn_logs_set(event->logs, "mine", 0.5 + (double)event->epoch);
  return status < 0 ? status : cnn_logs_set(event->logs, "loss", 100);
}

START_TEST(adds_figures) {
  cnn_history *history;
  test_sink out;
  open_context();
  test_sink_init(&out);
  first.act_at = "epoch_end";
  first.act = adds_figure;
  ck_assert_int_eq(cnn_model_fit(model, data.labels,
                                 cnn_fit_opts(.epochs = 2, .batch_size = BATCH, .callbacks = callbacks, .callback_count = 2,
                                              .history = &history, .verbose = 2, .sink = &out.sink)),
                   CNN_OK);
  ck_assert_int_eq(occurs(second.text, "epoch_end 1 accuracy,loss,mine;"), 1);
  ck_assert_int_eq(occurs(second.text, "train_end - accuracy,loss,mine;"), 1);
  ck_assert_double_eq(training_history(history, 1, "mine"), 1.5);
  ck_assert_double_eq(training_history(history, 0, "loss"), 100);
  ck_assert_str_eq(cnn_history_name(history, 2), "mine");
  ck_assert_int_eq(occurs(out.text, " - loss: 100.0000 - mine: 0.5000\n"), 1);
  cnn_history_free(history);
  test_sink_free(&out);
  close_context();
}
END_TEST

static cnn_status frees_all(const cnn_event *event, void *user) {
  (void)event;
  (void)user;
  cnn_callback_free(callbacks[0]);
  cnn_callback_free(callbacks[1]);
  cnn_model_free(model);
  training_data_free(&data);
  cnn_context_free(context);
  return CNN_OK;
}

/* All handles may go while training runs: fit holds what it needs. */
START_TEST(handles_may_be_freed_inside) {
  open_context();
  first.act_at = "batch_end";
  first.act_epoch = first.act_step = 0;
  first.act = frees_all;
  ck_assert_int_eq(fit(2), CNN_OK);
  ck_assert_int_eq(occurs(second.text, "epoch_end"), 2);
  ck_assert_int_eq(first.freed, 1);
  ck_assert_int_eq(second.freed, 1);
  test_alloc_check(&a);
}
END_TEST

START_TEST(checks_functions) {
  cnn_callback *callback = NULL;
  cnn_state *state;
  cnn_callback_functions functions = {.size = sizeof functions};
  open_context();
  ck_assert_int_eq(cnn_callback_new(&callback, context, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_callback_new(&callback, NULL, &functions), CNN_EINVAL);
  ck_assert_int_eq(cnn_callback_new(NULL, context, &functions), CNN_EINVAL);
  functions.size = 8;
  ck_assert_int_eq(cnn_callback_new(&callback, context, &functions), CNN_EINVAL);
  struct {
    cnn_callback_functions known;
    void *later;
  } newer = {.known.size = sizeof newer, .later = &newer};
  ck_assert_int_eq(cnn_callback_new(&callback, context, &newer.known), CNN_ETOONEW);
  ck_assert_ptr_null(callback);
  newer.later = NULL;
  ck_assert_int_eq(cnn_callback_new(&callback, context, &newer.known), CNN_OK);
  ck_assert_int_eq(cnn_state_new(&state, context), CNN_OK);
  ck_assert_int_eq(cnn_callback_save(callback, state), CNN_OK); /* it has no state */
  ck_assert_int_eq(cnn_callback_load(callback, state), CNN_OK);
  ck_assert_int_eq(cnn_state_count(state), 0);
  ck_assert_int_eq(cnn_callback_save(callback, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_callback_load(NULL, state), CNN_EINVAL);
  cnn_state_free(state);
  cnn_callback_free(callback);
  cnn_callback_free(NULL);
  close_context();
}
END_TEST

int main(void) {
  return RUN_SUITE("callbacks", 60, hears_what_keras_tells, stops, errors_end_training, errors_without_text_get_one,
                   first_error_wins, may_do_everything, looking_changes_no_bit, adds_figures, handles_may_be_freed_inside,
                   checks_functions);
}
