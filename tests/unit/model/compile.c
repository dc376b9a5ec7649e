/* compile: what it checks, what it makes, and that a refused call changes nothing. */
#include "notebook.h"

#include "model/model_internal.h"

#include <check.h>
#include <math.h>
#include <string.h>

static cnn_context *context;
static cnn_model *m;
static cnn_optimizer *adam, *sgd;
static const char *const loss = "categorical_crossentropy";

static void set_up(void) {
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 1)), CNN_OK);
  ck_assert_int_eq(cnn_adam_new(&adam, context, NULL), CNN_OK);
  ck_assert_int_eq(cnn_sgd_new(&sgd, context, NULL), CNN_OK);
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 1, (const int64_t[]){4}, NULL);
  cnn_dense(m, 5, cnn_dense_opts(.name = "a"));
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.name = "b"));
  cnn_dense(m, 3, cnn_dense_opts(.name = "c", .activation = CNN_ACTIVATION_SOFTMAX));
  ck_assert_int_eq(cnn_model_status(m), CNN_OK);
}

static void tear_down(void) {
  cnn_model_free(m);
  cnn_optimizer_free(adam);
  cnn_optimizer_free(sgd);
  cnn_context_free(context);
}

static void fails(cnn_status wanted, cnn_status status, const char *text) {
  ck_assert_int_eq(status, wanted);
  ck_assert_msg(strstr(cnn_error_text(), text) != NULL, "'%s' lacks '%s'", cnn_error_text(), text);
}

START_TEST(arguments_are_checked) {
  const char *unknown = "categorical_crossentropi", *none = NULL;
  const char *const twice[] = {"accuracy", "accuracy"}, *const misspelt[] = {"acuracy"};
  const struct {
    cnn_compile_opts known;
    int64_t unknown;
  } later = {{.size = sizeof later}, 1};
  const char *const both[] = {"categorical_crossentropy", "categorical_crossentropy"};
  fails(CNN_EINVAL, cnn_model_compile(NULL, adam, 1, &loss, NULL), "model is NULL");
  fails(CNN_EINVAL, cnn_model_compile(m, NULL, 1, &loss, NULL), "optimizer is NULL");
  fails(CNN_EINVAL, cnn_model_compile(m, adam, 0, &loss, NULL), "0 losses");
  fails(CNN_EINVAL, cnn_model_compile(m, adam, 2, both, NULL), "2 losses");
  fails(CNN_EINVAL, cnn_model_compile(m, adam, 1, NULL, NULL), "losses");
  fails(CNN_EINVAL, cnn_model_compile(m, adam, 1, &none, NULL), "losses");
  fails(CNN_ENAME, cnn_model_compile(m, adam, 1, &unknown, NULL), "did you mean 'categorical_crossentropy'?");
  fails(CNN_EINVAL, cnn_model_compile(m, adam, 1, &loss, cnn_compile_opts(.metrics = twice, .metric_count = 2)),
        "named twice");
  fails(CNN_EINVAL, cnn_model_compile(m, adam, 1, &loss, cnn_compile_opts(.metrics = twice, .metric_count = 99)),
        "99 metrics");
  fails(CNN_EINVAL, cnn_model_compile(m, adam, 1, &loss, cnn_compile_opts(.metric_count = 1)), "metrics");
  fails(CNN_EINVAL, cnn_model_compile(m, adam, 1, &loss, cnn_compile_opts(.metrics = &none, .metric_count = 1)),
        "NULL");
  fails(CNN_ENAME, cnn_model_compile(m, adam, 1, &loss, cnn_compile_opts(.metrics = misspelt, .metric_count = 1)),
        "did you mean 'accuracy'?");
  fails(CNN_ETOONEW, cnn_model_compile(m, adam, 1, &loss, &later.known), "cnn_compile_opts");
  ck_assert_int_eq(m->compiled, 0);
  ck_assert(cnn_model_learning_rate(m) == 0);
  fails(CNN_ESTATE, cnn_model_set_learning_rate(m, 0.1), "not compiled");
}
END_TEST

START_TEST(outputs_of_any_rank_are_rows_of_the_last_axis) {
  cnn_model *images;
  ck_assert_int_eq(cnn_model_new(&images, context, NULL), CNN_OK);
  cnn_input(images, 3, (const int64_t[]){4, 4, 1}, NULL);
  cnn_conv2d(images, 2, 3, 3, NULL);
  ck_assert_int_eq(cnn_model_compile(images, adam, 1, &loss, NULL), CNN_OK);
  cnn_model_free(images);
}
END_TEST

START_TEST(trainable_weights_get_gradients_and_slots) {
  ck_assert_int_eq(cnn_model_compile(m, adam, 1, &loss, NULL), CNN_OK);
  for (int32_t i = 0; i < m->parameter_count; i++) {
    const cnn__parameter *parameter = &m->parameters[i];
    const cnn__weight *weight = cnn__model_weight(m, i);
    ck_assert_int_eq(parameter->grad != NULL, weight->trainable);
    ck_assert_ptr_eq(m->arrays[parameter->layer->index].grads[parameter->index], parameter->grad);
    for (int s = 0; s < CNN__MAX_SLOTS; s++) {
      ck_assert_int_eq(parameter->slots[s] != NULL, weight->trainable && (cnn__optimizer_slots(m->optimizer) >> s & 1));
      ck_assert_int_eq((uintptr_t)parameter->slots[s] % 64, 0);
      for (int64_t e = 0; parameter->slots[s] && e < weight->count; e++)
        ck_assert(parameter->slots[s][e] == 0);
    }
  }
  ck_assert_int_eq(cnn_model_compile(m, sgd, 1, &loss, NULL), CNN_OK);
  ck_assert_ptr_nonnull(m->parameters[0].grad);
  ck_assert_ptr_null(m->parameters[0].slots[0]);
}
END_TEST

START_TEST(the_rate_is_a_float_and_settable) {
  ck_assert_int_eq(cnn_model_compile(m, adam, 1, &loss, NULL), CNN_OK);
  ck_assert(cnn_model_learning_rate(m) == (double)0.001f);
  ck_assert_int_eq(cnn_model_set_learning_rate(m, 0.5), CNN_OK);
  ck_assert(cnn_model_learning_rate(m) == 0.5);
  ck_assert_int_eq(cnn_model_set_learning_rate(m, 0), CNN_OK);
  fails(CNN_EINVAL, cnn_model_set_learning_rate(m, -0.25), "-0.25");
  fails(CNN_EINVAL, cnn_model_set_learning_rate(m, (double)NAN), "nan");
  fails(CNN_EINVAL, cnn_model_set_learning_rate(m, 1e300), "1e+300");
  ck_assert(cnn_model_learning_rate(m) == 0);
}
END_TEST

START_TEST(compiling_again_starts_the_optimizer_anew) {
  char before[33], after[33];
  const char *const metric = "acc";
  ck_assert_int_eq(cnn_model_compile(m, adam, 1, &loss, NULL), CNN_OK);
  cnn_model_hash(m, before);
  m->iterations = 7;
  m->parameters[0].slots[0][0] = 1;
  ck_assert_int_eq(cnn_model_compile(m, adam, 1, &loss, cnn_compile_opts(.metrics = &metric, .metric_count = 1)),
                   CNN_OK);
  ck_assert_int_eq(cnn_model_iterations(m), 0);
  ck_assert(m->parameters[0].slots[0][0] == 0);
  ck_assert_str_eq(cnn_model_hash(m, after), before);
  ck_assert_int_eq(m->metric_count, 1);
  ck_assert_str_eq(m->metric_names[0], "acc");
}
END_TEST

START_TEST(the_state_goes_on_where_it_can) {
  cnn_optimizer *other, *amsgrad;
  const cnn_compile_opts *keep = cnn_compile_opts(.keep_state = 1);
  ck_assert_int_eq(cnn_optimizer_new(&other, context, "adam", "learning_rate=0.25 clipnorm=1"), CNN_OK);
  ck_assert_int_eq(cnn_optimizer_new(&amsgrad, context, "adam", "amsgrad=true"), CNN_OK);
  fails(CNN_ESTATE, cnn_model_compile(m, adam, 1, &loss, keep), "'sequential' was not compiled before");
  ck_assert_int_eq(cnn_layer_set_trainable(cnn_model_layer(m, "a"), 0), CNN_OK);
  ck_assert_int_eq(cnn_model_compile(m, adam, 1, &loss, NULL), CNN_OK);
  m->iterations = 7;
  m->parameters[2].slots[1][4] = 1;
  fails(CNN_EINVAL, cnn_model_compile(m, sgd, 1, &loss, keep), "the state is of adam and cannot be sgd's");
  fails(CNN_EINVAL, cnn_model_compile(m, amsgrad, 1, &loss, keep), "adam has other slots");
  ck_assert_int_eq(cnn_layer_set_trainable(cnn_model_layer(m, "a"), 1), CNN_OK);
  fails(CNN_EINVAL, cnn_model_compile(m, adam, 1, &loss, keep), "weight 'a/kernel' was not trained");
  ck_assert_int_eq(cnn_layer_set_trainable(cnn_model_layer(m, "a"), 0), CNN_OK);
  ck_assert_int_eq(cnn_model_iterations(m), 7);
  ck_assert_int_eq(cnn_model_compile(m, other, 1, &loss, keep), CNN_OK);
  ck_assert_int_eq(cnn_model_iterations(m), 7);
  ck_assert(cnn_model_learning_rate(m) == 0.25 && m->optimizer == other);
  ck_assert(m->parameters[2].slots[1][4] == 1 && m->parameters[2].slots[1][3] == 0);
  ck_assert_ptr_null(m->parameters[0].slots[1]);
  ck_assert_int_eq(cnn_model_compile(m, other, 1, &loss, NULL), CNN_OK);
  ck_assert(cnn_model_iterations(m) == 0 && m->parameters[2].slots[1][4] == 0);
  cnn_optimizer_free(other);
  cnn_optimizer_free(amsgrad);
}
END_TEST

START_TEST(a_refused_compile_leaves_the_old_one) {
  const char *unknown = "loss";
  ck_assert_int_eq(cnn_model_compile(m, adam, 1, &loss, NULL), CNN_OK);
  m->iterations = 7;
  fails(CNN_ENAME, cnn_model_compile(m, sgd, 1, &unknown, NULL), "loss");
  ck_assert_int_eq(m->compiled, 1);
  ck_assert_ptr_eq(m->optimizer, adam);
  ck_assert_int_eq(cnn_model_iterations(m), 7);
  atomic_store(&m->fitting, 1);
  fails(CNN_ESTATE, cnn_model_compile(m, sgd, 1, &loss, NULL), "in training");
  atomic_store(&m->fitting, 0);
}
END_TEST

START_TEST(refused_layers_leave_a_compiled_model_as_it_is) {
  ck_assert_int_eq(cnn_model_compile(m, adam, 1, &loss, NULL), CNN_OK);
  ck_assert_ptr_null(cnn_layer_add(m, "lstm", NULL));
  ck_assert_ptr_null(cnn_layer_add(m, "dense", "units=none"));
  ck_assert_ptr_null(cnn_dense(m, 2, &(const cnn_dense_opts){.size = 1}));
  ck_assert_ptr_null(cnn_dense(m, 2, NULL));
  ck_assert_int_eq(cnn_model_status(m), CNN_OK);
  ck_assert_int_eq(cnn_model_compile(m, adam, 1, &loss, NULL), CNN_OK);
}
END_TEST

START_TEST(a_schedule_gives_the_rate) {
  cnn_optimizer *scheduled;
  ck_assert_int_eq(cnn_optimizer_new(&scheduled, context, "sgd", "learning_rate_schedule=piecewise_constant_decay("
                                                                 "boundaries=2:4,values=1:0.5:0.25)"), CNN_OK);
  ck_assert_int_eq(cnn_model_compile(m, scheduled, 1, &loss, NULL), CNN_OK);
  ck_assert(cnn_model_learning_rate(m) == 1);
  m->iterations = 3;
  ck_assert(cnn_model_learning_rate(m) == 0.5);
  m->iterations = 5;
  ck_assert(cnn_model_learning_rate(m) == 0.25);
  fails(CNN_ESTATE, cnn_model_set_learning_rate(m, 0.1),
        "a schedule, piecewise_constant_decay, gives the learning rate, which cannot be set; compile with an optimizer that has a "
        "learning_rate instead");
  ck_assert(cnn_model_learning_rate(m) == 0.25);
  cnn_optimizer_free(scheduled);
}
END_TEST

START_TEST(an_average_takes_the_place_of_the_weights) {
  cnn_optimizer *averaging;
  fails(CNN_EINVAL, cnn_model_finalize(NULL), "model is NULL");
  fails(CNN_ESTATE, cnn_model_finalize(m), "not compiled and has no average");
  ck_assert_int_eq(cnn_optimizer_new(&averaging, context, "sgd", "use_ema=true"), CNN_OK);
  ck_assert_int_eq(cnn_model_compile(m, averaging, 1, &loss, NULL), CNN_OK);
  cnn_optimizer_free(averaging);
  float *value = cnn__model_weight(m, 0)->value, first = value[0];
  m->parameters[0].slots[CNN__SLOT_AVERAGE][0] = 7;
  ck_assert_int_eq(cnn_model_finalize(m), CNN_OK);
  ck_assert(value[0] == first); /* no step was made */
  m->iterations = 1;
  ck_assert_int_eq(cnn_model_finalize(m), CNN_OK);
  ck_assert(value[0] == 7);
  ck_assert_int_eq(cnn_model_compile(m, sgd, 1, &loss, NULL), CNN_OK);
  m->iterations = 1;
  ck_assert_int_eq(cnn_model_finalize(m), CNN_OK);
  ck_assert(value[0] == 7);
}
END_TEST

START_TEST(the_optimizer_is_retained) {
  ck_assert_int_eq(cnn_model_compile(m, adam, 1, &loss, NULL), CNN_OK);
  cnn_optimizer_free(adam);
  adam = NULL;
  ck_assert_str_eq(cnn_optimizer_name(m->optimizer), "adam");
}
END_TEST

START_TEST(plans_of_an_uncompiled_model) {
  const cnn__plan *plan;
  fails(CNN_ESTATE, cnn__model_plan(m, CNN__MODE_TRAIN, &plan), "not compiled");
  fails(CNN_ESTATE, cnn__model_plan(m, CNN__MODE_TEST, &plan), "not compiled");
  ck_assert_int_eq(cnn__model_plan(m, CNN__MODE_PREDICT, &plan), CNN_OK);
  ck_assert_ptr_nonnull(cnn_dense(m, 2, NULL)); /* the plan is forgotten */
  ck_assert_int_eq(cnn__model_plan(m, CNN__MODE_PREDICT, &plan), CNN_OK);
  ck_assert_int_eq(plan->buffers[plan->output].floats, 2);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("compile");
  TCase *all = tcase_create("all");
  tcase_add_checked_fixture(all, set_up, tear_down);
  tcase_add_test(all, arguments_are_checked);
  tcase_add_test(all, outputs_of_any_rank_are_rows_of_the_last_axis);
  tcase_add_test(all, trainable_weights_get_gradients_and_slots);
  tcase_add_test(all, the_rate_is_a_float_and_settable);
  tcase_add_test(all, compiling_again_starts_the_optimizer_anew);
  tcase_add_test(all, the_state_goes_on_where_it_can);
  tcase_add_test(all, a_refused_compile_leaves_the_old_one);
  tcase_add_test(all, refused_layers_leave_a_compiled_model_as_it_is);
  tcase_add_test(all, a_schedule_gives_the_rate);
  tcase_add_test(all, an_average_takes_the_place_of_the_weights);
  tcase_add_test(all, the_optimizer_is_retained);
  tcase_add_test(all, plans_of_an_uncompiled_model);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
