/* weights: what samples and classes count in training, evaluation and figures. */
#include "fitting.h"
#include "suite.h"

#include <math.h>
#include <string.h>

static fitting f;
static float weights[FITTING_COUNT];

/* The data set with weights, which may be NULL. */
static cnn_dataset *weighed(const cnn_dataset *like, const float *values) {
  int64_t count = cnn_dataset_count(like);
  cnn_tensor *x, *y, *w = NULL;
  cnn_dataset *dataset;
  ck_assert_int_eq(cnn_dataset_inputs(&x, like, 0, count), CNN_OK);
  ck_assert_int_eq(cnn_dataset_labels(&y, like), CNN_OK);
  if (values) {
    ck_assert_int_eq(cnn_tensor_new(&w, f.context, CNN_F32, 1, &count, NULL), CNN_OK);
    memcpy(cnn_tensor_data(w), values, (size_t)count * sizeof *values);
  }
  ck_assert_int_eq(cnn_dataset_new(&dataset, f.context, 1, &x, 1, &y, cnn_dataset_opts(.classes = 3, .sample_weights = w)), CNN_OK);
  cnn_tensor_free(x);
  cnn_tensor_free(y);
  cnn_tensor_free(w);
  return dataset;
}

static void by_class(const cnn_dataset *dataset, const float *classes) {
  for (int64_t i = 0; i < FITTING_COUNT; i++)
    weights[i] = classes ? classes[cnn_dataset_label(dataset, i)] : 1;
}

START_TEST(weights_of_one_change_no_bit) {
  static const float ones[] = {1, 1, 1};
  fitting_open(&f, 2);
  by_class(f.data.labels, NULL);
  cnn_dataset *same = weighed(f.data.labels, weights);
  fitting_outcome plain = fitting_run(&f, f.data.labels, *cnn_fit_opts(.epochs = 2, .batch_size = 12));
  fitting_anew(&f);
  fitting_equal(plain, fitting_run(&f, same, *cnn_fit_opts(.epochs = 2, .batch_size = 12)));
  fitting_anew(&f);
  fitting_equal(plain, fitting_run(&f, f.data.labels, *cnn_fit_opts(.epochs = 2, .batch_size = 12, .class_weights = ones,
                                                                    .class_weight_count = 3)));
  cnn_dataset_free(same);
  fitting_close(&f);
}
END_TEST

START_TEST(classes_weigh_as_their_samples) {
  static const float classes[] = {0, 2.5f, 0.3f};
  fitting_open(&f, 2);
  by_class(f.data.labels, classes);
  cnn_dataset *same = weighed(f.data.labels, weights);
  fitting_outcome plain = fitting_run(&f, f.data.labels, *cnn_fit_opts(.epochs = 2, .batch_size = 12));
  fitting_anew(&f);
  fitting_outcome own = fitting_run(&f, same, *cnn_fit_opts(.epochs = 2, .batch_size = 12));
  fitting_anew(&f);
  fitting_equal(own, fitting_run(&f, f.data.labels, *cnn_fit_opts(.epochs = 2, .batch_size = 12, .class_weights = classes,
                                                                  .class_weight_count = 3)));
  fitting_anew(&f);
  fitting_equal(own, fitting_run(&f, f.data.targets, *cnn_fit_opts(.epochs = 2, .batch_size = 12, .class_weights = classes,
                                                                   .class_weight_count = 3)));
  ck_assert_str_ne(plain.hash, own.hash);
  cnn_dataset_free(same);
  fitting_close(&f);
}
END_TEST

START_TEST(bits_do_not_depend_on_threads) {
  fitting_outcome first = {0};
  for (int32_t threads = 1; threads <= 3; threads++) {
    fitting_open(&f, threads);
    for (int i = 0; i < FITTING_COUNT; i++)
      weights[i] = 0.25f * (float)(i % 7);
    cnn_dataset *dataset = weighed(f.data.labels, weights);
    fitting_outcome o = fitting_run(&f, dataset, *cnn_fit_opts(.epochs = 2, .batch_size = 12, .validation_split = 0.2));
    if (threads == 1)
      first = o;
    fitting_equal(first, o);
    cnn_dataset_free(dataset);
    fitting_close(&f);
  }
}
END_TEST

static cnn_status give(void *user, const cnn_batch_request *request, cnn_batch *batch) {
  cnn_tensor **tensors = user;
  batch->inputs = tensors[0];
  batch->targets = tensors[1];
  batch->sample_weights = tensors[2];
  return request->step ? CNN_STOP : CNN_OK;
}

START_TEST(a_batch_function_gives_weights_too) {
  static const float classes[] = {1, 2, 3};
  fitting_open(&f, 2);
  int64_t count = FITTING_COUNT;
  cnn_tensor *tensors[3];
  for (int i = 0; i < FITTING_COUNT; i++)
    weights[i] = 0.5f * (float)(i % 5);
  cnn_dataset *dataset = weighed(f.data.labels, weights);
  const cnn_batch_source source = {.size = sizeof source, .user = tensors, .next = give};
  ck_assert_int_eq(cnn_dataset_inputs(&tensors[0], dataset, 0, count), CNN_OK);
  ck_assert_int_eq(cnn_dataset_labels(&tensors[1], dataset), CNN_OK);
  ck_assert_int_eq(cnn_dataset_sample_weights(&tensors[2], dataset), CNN_OK);
  fitting_outcome o = fitting_run(&f, dataset, *cnn_fit_opts(.epochs = 1, .batch_size = FITTING_COUNT, .no_shuffle = 1));
  char hash[33];
  fitting_anew(&f);
  ck_assert_msg(cnn_model_fit_source(f.model, &source, cnn_fit_opts(.epochs = 1)) == CNN_OK, "%s", cnn_error_text());
  ck_assert_str_eq(cnn_model_hash(f.model, hash), o.hash);
  ck_assert_int_eq(cnn_model_fit_source(f.model, &source, cnn_fit_opts(.class_weights = classes, .class_weight_count = 3)), CNN_EINVAL);
  ck_assert_ptr_nonnull(strstr(cnn_error_text(), "class weights are given, and the samples have weights of their own"));
  for (int i = 0; i < 3; i++)
    cnn_tensor_free(tensors[i]);
  cnn_dataset_free(dataset);
  fitting_close(&f);
}
END_TEST

/* The loss of one sample, and whether it was hit. */
static void alone(const cnn_dataset *dataset, int64_t i, double *loss, double *hit) {
  cnn_tensor *x, *y;
  cnn_dataset *one;
  cnn_logs *logs;
  int32_t label = (int32_t)cnn_dataset_label(dataset, i);
  ck_assert_int_eq(cnn_dataset_inputs(&x, dataset, i, 1), CNN_OK);
  ck_assert_int_eq(cnn_tensor_new(&y, f.context, CNN_I32, 1, (const int64_t[]){1}, NULL), CNN_OK);
  memcpy(cnn_tensor_data(y), &label, sizeof label);
  ck_assert_int_eq(cnn_dataset_new(&one, f.context, 1, &x, 1, &y, NULL), CNN_OK);
  ck_assert_int_eq(cnn_model_evaluate(&logs, f.model, one, NULL), CNN_OK);
  *loss = training_value(logs, "loss");
  *hit = training_value(logs, "accuracy");
  cnn_logs_free(logs);
  cnn_dataset_free(one);
  cnn_tensor_free(x);
  cnn_tensor_free(y);
}

START_TEST(figures_are_weighted_sums) {
  static const char *const loss = "categorical_crossentropy", *const metric = "accuracy";
  static const char *const metrics[] = {"accuracy", "mse", "root_mean_squared_error"};
  double sum = 0, hits = 0, weighted = 0, weight = 0;
  cnn_optimizer *adam;
  cnn_logs *logs;
  fitting_open(&f, 2);
  ck_assert_int_eq(cnn_adam_new(&adam, f.context, NULL), CNN_OK);
  ck_assert_int_eq(cnn_model_compile(f.model, adam, 1, &loss,
                                     cnn_compile_opts(.metrics = metrics, .metric_count = 3, .weighted_metrics = &metric,
                                                      .weighted_metric_count = 1)), CNN_OK);
  cnn_optimizer_free(adam);
  for (int64_t i = 0; i < FITTING_COUNT; i++) {
    double one, hit;
    weights[i] = i == 3 ? -1 : 0.25f * (float)(i % 9);
    alone(f.data.labels, i, &one, &hit);
    sum += one * (double)weights[i];
    hits += hit;
    weighted += hit * (double)weights[i];
    weight += (double)weights[i];
  }
  cnn_dataset *dataset = weighed(f.data.labels, weights);
  ck_assert_int_eq(cnn_model_evaluate(&logs, f.model, dataset, cnn_evaluate_opts(.batch_size = 12)), CNN_OK);
  ck_assert_double_eq_tol(training_value(logs, "loss"), sum / FITTING_COUNT, 1e-6);
  ck_assert_double_eq_tol(training_value(logs, "accuracy"), hits / FITTING_COUNT, 1e-6);
  ck_assert_double_eq_tol(training_value(logs, "weighted_accuracy"), weighted / weight, 1e-6);
  ck_assert_double_eq_tol(training_value(logs, "root_mean_squared_error"), sqrt(training_value(logs, "mse")), 1e-6);
  cnn_logs_free(logs);
  cnn_dataset_free(dataset);
  memset(weights, 0, sizeof weights);
  dataset = weighed(f.data.labels, weights);
  ck_assert_int_eq(cnn_model_evaluate(&logs, f.model, dataset, NULL), CNN_OK);
  ck_assert_double_eq(training_value(logs, "loss"), 0);
  ck_assert_double_eq(training_value(logs, "weighted_accuracy"), 0);
  cnn_logs_free(logs);
  cnn_dataset_free(dataset);
  fitting_close(&f);
}
END_TEST

/* A mean over weights that are all alike is the plain mean, however small they are: here no float holds one over their sum. */
START_TEST(denormal_weights_are_shares) {
  static const char *const loss = "categorical_crossentropy reduction=mean_with_sample_weight";
  char hashes[2][33];
  for (int small = 0; small < 2; small++) {
    cnn_optimizer *adam;
    fitting_open(&f, 1);
    ck_assert_int_eq(cnn_adam_new(&adam, f.context, NULL), CNN_OK);
    ck_assert_int_eq(cnn_model_compile(f.model, adam, 1, &loss, NULL), CNN_OK);
    cnn_optimizer_free(adam);
    for (int64_t i = 0; i < FITTING_COUNT; i++)
      weights[i] = small ? ldexpf(1, -140) : 1;
    cnn_dataset *dataset = weighed(f.data.labels, weights);
    ck_assert_msg(cnn_model_fit(f.model, dataset, cnn_fit_opts(.batch_size = 16)) == CNN_OK, "%s", cnn_error_text());
    cnn_model_hash(f.model, hashes[small]);
    cnn_dataset_free(dataset);
    fitting_close(&f);
  }
  ck_assert_str_eq(hashes[0], hashes[1]);
}
END_TEST

static void refuses(const cnn_dataset *dataset, cnn_fit_opts options, const char *text) {
  ck_assert_int_eq(cnn_model_fit(f.model, dataset, &options), CNN_EINVAL);
  ck_assert_str_eq(cnn_error_text(), text);
}

START_TEST(what_is_refused) {
  static const float classes[] = {1, NAN, INFINITY};
  fitting_open(&f, 1);
  by_class(f.data.labels, NULL);
  cnn_dataset *dataset = weighed(f.data.labels, weights);
  refuses(f.data.labels, *cnn_fit_opts(.class_weight_count = 3), "fit: class_weight_count is 3, class_weights is NULL");
  refuses(f.data.labels, *cnn_fit_opts(.class_weights = classes, .class_weight_count = -1),
          "fit: class_weight_count is -1, must be 0 or more");
  refuses(f.data.labels, *cnn_fit_opts(.class_weights = classes, .class_weight_count = 2), "fit: the weight of class 1 is nan, must be finite");
  refuses(f.data.labels, *cnn_fit_opts(.class_weights = classes + 2, .class_weight_count = 1),
          "fit: the weight of class 0 is inf, must be finite");
  refuses(dataset, *cnn_fit_opts(.class_weights = classes, .class_weight_count = 1),
          "fit: class weights are given, and the samples have weights of their own; leave one of them out");
  cnn_dataset_free(dataset);
  fitting_close(&f);
}
END_TEST

int main(void) {
  return RUN_SUITE("weights", 60, weights_of_one_change_no_bit, classes_weigh_as_their_samples, bits_do_not_depend_on_threads,
                   a_batch_function_gives_weights_too, figures_are_weighted_sums, denormal_weights_are_shares,
                   what_is_refused);
}
