/* schedules: fit with a rate that a schedule gives, step by step, and what callbacks may do with it. */
#include "training.h"

#include "model/model_internal.h"

#include <string.h>

static cnn_context *context;
static training_data data;
static cnn_model *model;

static void set_up(void) {
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 2)), CNN_OK);
  data = training_data_new(context, 64, 1);
  model = training_model_new(context);
}

static void tear_down(void) {
  cnn_model_free(model);
  training_data_free(&data);
  cnn_context_free(context);
}

static void compile(const char *attributes) {
  cnn_optimizer *sgd;
  ck_assert_msg(cnn_optimizer_new(&sgd, context, "sgd", attributes) == CNN_OK, "%s", cnn_error_text());
  ck_assert_msg(cnn_model_compile(model, sgd, 1, (const char *const[]){"sparse_categorical_crossentropy"}, NULL) == CNN_OK, "%s",
                cnn_error_text());
  cnn_optimizer_free(sgd);
}

static cnn_status note_rate(const cnn_event *event, void *user) {
  double **next = user;
  *(*next)++ = cnn_model_learning_rate(event->model);
  return CNN_OK;
}

/* After the first batch the rate is that of step 1, and so on through the epochs. */
START_TEST(the_rate_follows_the_steps) {
  double rates[8] = {0}, *next = rates;
  training_log log = {.act_at = "batch_end", .act_epoch = -1, .act_step = -1, .act = note_rate, .user = &next};
  cnn_callback *callback = training_log_new(context, &log);
  compile("learning_rate_schedule=piecewise_constant_decay(boundaries=2:5,values=0.5:0.25:0.125)");
  ck_assert_int_eq(cnn_model_fit(model, data.labels, cnn_fit_opts(.epochs = 2, .batch_size = 16, .callbacks = &callback,
                                                                  .callback_count = 1)), CNN_OK);
  static const double wanted[] = {0.5, 0.5, 0.25, 0.25, 0.25, 0.125, 0.125, 0.125};
  for (int i = 0; i < 8; i++)
    ck_assert_msg(rates[i] == wanted[i], "after step %d: %g, should be %g", i + 1, rates[i], wanted[i]);
  cnn_callback_free(callback);
}
END_TEST

/* A step with rate 0 changes nothing: the rate that is told is the one that is used. */
START_TEST(the_rate_that_is_told_is_used) {
  char before[33], after[33];
  compile("learning_rate_schedule=piecewise_constant_decay(boundaries=3,values=0:0.5)");
  const cnn_fit_opts *one_step = cnn_fit_opts(.batch_size = 64);
  int32_t kernel = cnn__model_find_weight(model, "dense/kernel");
  float first = cnn__model_weight(model, kernel)->value[0];
  for (int step = 0; step < 4; step++)
    ck_assert_int_eq(cnn_model_fit(model, data.labels, one_step), CNN_OK);
  ck_assert(cnn__model_weight(model, kernel)->value[0] == first);
  cnn_model_hash(model, before);
  ck_assert_int_eq(cnn_model_fit(model, data.labels, one_step), CNN_OK);
  cnn_model_hash(model, after);
  ck_assert(cnn__model_weight(model, kernel)->value[0] != first);
  ck_assert_str_ne(before, after);
}
END_TEST

START_TEST(a_plateau_cannot_set_it) {
  cnn_callback *plateau;
  ck_assert_int_eq(cnn_reduce_lr_on_plateau_new(&plateau, context, NULL), CNN_OK);
  compile("learning_rate_schedule=exponential_decay(initial_learning_rate=0.1,decay_steps=5,decay_rate=0.5)");
  ck_assert_int_eq(cnn_model_fit(model, data.labels, cnn_fit_opts(.callbacks = &plateau, .callback_count = 1)), CNN_ESTATE);
  ck_assert_msg(strncmp(cnn_error_text(), "reduce_lr_on_plateau: model 'sequential': a schedule, exponential_decay, gives", 77) == 0,
                "%s", cnn_error_text());
  ck_assert_int_eq(cnn_model_iterations(model), 0);
  cnn_callback_free(plateau);
}
END_TEST

static cnn_status note_weight(const cnn_event *event, void *user) {
  *(float *)user = cnn__model_weight(event->model, 0)->value[0];
  return CNN_OK;
}

/* The average stands in the place of the weights when train_end is told; after an error it does not. */
START_TEST(train_end_sees_the_average) {
  float seen = 0;
  training_log log = {.act_at = "train_end", .act_epoch = -1, .act_step = -1, .act = note_weight, .user = &seen};
  training_log fails = {.act_at = "epoch_end", .act_epoch = 2, .act_step = -1, .returns = CNN_EINVAL};
  cnn_callback *callbacks[] = {training_log_new(context, &log), training_log_new(context, &fails)};
  compile("learning_rate=0.5 use_ema=true");
  ck_assert_int_eq(cnn_model_fit(model, data.labels, cnn_fit_opts(.epochs = 2, .callbacks = callbacks, .callback_count = 2)),
                   CNN_OK);
  const float *average = model->parameters[0].slots[CNN__SLOT_AVERAGE];
  ck_assert(seen == average[0] && cnn__model_weight(model, 0)->value[0] == average[0]);
  ck_assert_int_eq(cnn_model_fit(model, data.labels, cnn_fit_opts(.epochs = 3, .initial_epoch = 2, .callbacks = callbacks,
                                                                  .callback_count = 2)), CNN_ECALLBACK);
  ck_assert(cnn__model_weight(model, 0)->value[0] != average[0]);
  for (int i = 0; i < 2; i++)
    cnn_callback_free(callbacks[i]);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("schedules");
  TCase *all = tcase_create("all");
  tcase_add_checked_fixture(all, set_up, tear_down);
  tcase_set_timeout(all, 60);
  tcase_add_test(all, the_rate_follows_the_steps);
  tcase_add_test(all, the_rate_that_is_told_is_used);
  tcase_add_test(all, a_plateau_cannot_set_it);
  tcase_add_test(all, train_end_sees_the_average);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
