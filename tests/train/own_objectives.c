/* own_objectives: a loss and a metric that the program has registered, in training, in files and among threads. */
#include "training.h"

#include "suite.h"

#include <cnn/extend.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SAMPLES 45

static char path[] = "/tmp/libcnn-own-objective-XXXXXX";

static double target(const cnn_objective_rows *rows, int64_t i, int64_t j) {
  return rows->targets ? (double)rows->targets[i * rows->columns + j] : rows->labels[i] == j;
}

/* The squared error with the weight that `user` gives: an example of a loss. */
static void squares(const cnn_objective_rows *rows, double *values, float *gradient) {
  double weight = *(const double *)rows->user, n = (double)rows->columns;
  for (int64_t i = 0; i < rows->count; i++) {
    values[i] = 0;
    for (int64_t j = 0; j < rows->columns; j++) {
      double e = (double)rows->outputs[i * rows->columns + j] - target(rows, i, j);
      values[i] += weight * e * e / n;
      if (gradient)
        gradient[i * rows->columns + j] = (float)(2 * weight * e / n);
    }
  }
}

/* Share of rows whose outputs sum to 1 within a thousandth: an example of a metric. */
static void sums(const cnn_objective_rows *rows, double *values, float *gradient) {
  (void)gradient;
  for (int64_t i = 0; i < rows->count; i++) {
    double sum = 0;
    for (int64_t j = 0; j < rows->columns; j++)
      sum += (double)rows->outputs[i * rows->columns + j];
    values[i] = fabs(sum - 1) < 1e-3;
  }
}

static const double one = 1;
static const cnn_objective_descriptor own_squares = {.size = sizeof own_squares, .form = CNN_EXTEND_FORM, .user = (void *)(uintptr_t)&one,
                                                     .type = "own_squares", .summary = "Squares.", .rows = squares};
static const cnn_objective_descriptor own_sums = {.size = sizeof own_sums, .form = CNN_EXTEND_FORM, .type = "own_sums", .rows = sums};

static cnn_context *context_of(int32_t threads, int32_t knows) {
  cnn_context *context;
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = threads, .seed = 11)), CNN_OK);
  if (knows) {
    ck_assert_msg(cnn_loss_type_register(context, &own_squares) == CNN_OK, "%s", cnn_error_text());
    ck_assert_msg(cnn_metric_type_register(context, &own_sums) == CNN_OK, "%s", cnn_error_text());
  }
  return context;
}

static cnn_model *model_with(cnn_context *context, const char *loss) {
  static const char *const metrics[] = {"own_sums name=sums", "mse"};
  cnn_model *model = training_model_new(context);
  cnn_optimizer *sgd;
  ck_assert_int_eq(cnn_sgd_new(&sgd, context, NULL), CNN_OK);
  ck_assert_msg(cnn_model_compile(model, sgd, 1, &loss, cnn_compile_opts(.metrics = metrics, .metric_count = 2)) == CNN_OK, "%s",
                cnn_error_text());
  cnn_optimizer_free(sgd);
  return model;
}

static void fit(cnn_model *model, cnn_context *context, int64_t epochs) {
  training_data data = training_data_new(context, SAMPLES, 5);
  ck_assert_msg(cnn_model_fit(model, data.labels, cnn_fit_opts(.epochs = epochs)) == CNN_OK, "%s", cnn_error_text());
  training_data_free(&data);
}

static double evaluated(cnn_model *model, cnn_context *context, const char *name) {
  training_data data = training_data_new(context, SAMPLES, 5);
  cnn_logs *logs;
  ck_assert_int_eq(cnn_model_evaluate(&logs, model, data.targets, NULL), CNN_OK);
  double value = training_value(logs, name);
  cnn_logs_free(logs);
  training_data_free(&data);
  return value;
}

START_TEST(it_trains_as_the_built_in_one) {
  double loss[2];
  for (int i = 0; i < 2; i++) {
    cnn_context *context = context_of(2, 1);
    cnn_model *model = model_with(context, i ? "own_squares" : "mean_squared_error");
    fit(model, context, 3);
    loss[i] = evaluated(model, context, "loss");
    ck_assert_double_eq(evaluated(model, context, "mse"), loss[i]);
    ck_assert_double_eq(evaluated(model, context, "sums"), 1);
    cnn_model_free(model);
    cnn_context_free(context);
  }
  ck_assert_double_eq_tol(loss[0], loss[1], 1e-6);
}
END_TEST

START_TEST(bits_do_not_depend_on_threads) {
  char hash[3][33];
  for (int i = 0; i < 3; i++) {
    cnn_context *context = context_of(1 + i, 1);
    cnn_model *model = model_with(context, "own_squares reduction=sum");
    fit(model, context, 2);
    cnn_model_hash(model, hash[i]);
    ck_assert_str_eq(hash[0], hash[i]);
    cnn_model_free(model);
    cnn_context_free(context);
  }
}
END_TEST

START_TEST(a_file_is_read_where_it_is_known) {
  char hash[2][33];
  int descriptor = mkstemp(path);
  ck_assert_int_ge(descriptor, 0);
  close(descriptor);
  cnn_context *context = context_of(2, 1), *stranger = context_of(2, 0);
  cnn_model *model = model_with(context, "own_squares"), *loaded = NULL;
  fit(model, context, 1);
  ck_assert_int_eq(cnn_model_save(model, path, NULL), CNN_OK);
  ck_assert_msg(cnn_model_load(&loaded, context, path, NULL) == CNN_OK, "%s", cnn_error_text());
  fit(model, context, 2);
  fit(loaded, context, 2);
  ck_assert_str_eq(cnn_model_hash(model, hash[0]), cnn_model_hash(loaded, hash[1]));
  cnn_model_free(loaded);
  loaded = NULL;
  ck_assert_int_eq(cnn_model_load(&loaded, stranger, path, NULL), CNN_EUNSUPPORTED);
  ck_assert_ptr_nonnull(strstr(cnn_error_text(), "unknown loss 'own_squares' (losses and metrics of one's own are registered"));
  ck_assert_ptr_null(loaded);
  ck_assert_int_eq(cnn_model_load(&loaded, stranger, path, cnn_load_opts(.no_optimizer = 1)), CNN_OK);
  cnn_model_free(loaded);
  cnn_model_free(model);
  cnn_context_free(context);
  cnn_context_free(stranger);
  unlink(path);
}
END_TEST

static void fails(cnn_status wanted, cnn_status status, const char *text) {
  ck_assert_int_eq(status, wanted);
  ck_assert_msg(strstr(cnn_error_text(), text) != NULL, "'%s' lacks '%s'", cnn_error_text(), text);
}

START_TEST(what_is_refused) {
  cnn_context *context = context_of(1, 1);
  cnn_objective_descriptor d = own_squares;
  cnn_loss *loss;
  fails(CNN_ENAME, cnn_loss_type_register(context, &d), "loss 'own_squares': the name is registered in this context already");
  ck_assert_int_eq(cnn_metric_type_register(context, &d), CNN_OK); /* names of losses and metrics may be equal */
  d.type = "mse";
  fails(CNN_ENAME, cnn_loss_type_register(context, &d), "loss 'mse': the name is that of a built-in one");
  d.type = "Mine";
  fails(CNN_EINVAL, cnn_loss_type_register(context, &d), "type 'Mine' must be 1 to 50 lower-case letters, digits or '_'");
  d.type = "mine";
  d.rows = NULL;
  fails(CNN_EINVAL, cnn_loss_type_register(context, &d), "'mine': rows is NULL");
  d.form = CNN_EXTEND_FORM + 1;
  fails(CNN_EUNSUPPORTED, cnn_loss_type_register(context, &d), "of form 2");
  fails(CNN_EINVAL, cnn_loss_type_register(context, NULL), "descriptor is NULL");
  fails(CNN_EINVAL, cnn_metric_type_register(NULL, &own_sums), "cnn_metric_type_register: context is NULL");
  fails(CNN_ENAME, cnn_loss_new(&loss, context, "own_square", NULL), "did you mean 'own_squares'?");
  cnn_context_free(context);
}
END_TEST

int main(void) {
  return RUN_SUITE("own_objectives", 60, it_trains_as_the_built_in_one, bits_do_not_depend_on_threads,
                   a_file_is_read_where_it_is_known, what_is_refused);
}
