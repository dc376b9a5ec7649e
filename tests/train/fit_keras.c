/* fit_keras: Keras's own runs of fit, with figures in float64. */
#include "fitting.h"

#include "notebook.h"
#include "reference.h"
#include "suite.h"

#include <math.h>

static fitting f;

/* weights may be NULL: none. */
static cnn_dataset *notebook_data(const notebook_images *images, float *weights, int64_t first, int64_t count) {
  cnn_tensor *x, *y, *w = NULL;
  cnn_dataset *dataset;
  ck_assert_int_eq(cnn_tensor_new(&x, f.context, CNN_F32, 4, (const int64_t[]){count, 28, 28, 1},
                                  cnn_tensor_opts(.data = images->pixels + first * NOTEBOOK_PIXELS)),
                   CNN_OK);
  ck_assert_int_eq(cnn_tensor_new(&y, f.context, CNN_F32, 2, (const int64_t[]){count, NOTEBOOK_CLASSES},
                                  cnn_tensor_opts(.data = images->targets + first * NOTEBOOK_CLASSES)),
                   CNN_OK);
  if (weights)
    ck_assert_int_eq(cnn_tensor_new(&w, f.context, CNN_F32, 1, &count, cnn_tensor_opts(.data = weights + first)), CNN_OK);
  ck_assert_int_eq(cnn_dataset_new(&dataset, f.context, 1, &x, 1, &y, cnn_dataset_opts(.sample_weights = w)), CNN_OK);
  cnn_tensor_free(x);
  cnn_tensor_free(y);
  cnn_tensor_free(w);
  return dataset;
}

/* Metrics plain and weighted, as the runs were made. */
static void compile(cnn_model *model) {
  static const char *const loss = "categorical_crossentropy", *const metric = "accuracy";
  cnn_optimizer *adam;
  ck_assert_int_eq(cnn_adam_new(&adam, f.context, NULL), CNN_OK);
  ck_assert_int_eq(cnn_model_compile(model, adam, 1, &loss,
                                     cnn_compile_opts(.metrics = &metric, .metric_count = 1, .weighted_metrics = &metric,
                                                      .weighted_metric_count = 1)),
                   CNN_OK);
  cnn_optimizer_free(adam);
}

static void check_history(const json_t *wanted, const cnn_history *history) {
  const char *name;
  json_t *values;
  ck_assert_int_eq(cnn_history_name_count(history), (int)json_object_size(wanted));
  json_object_foreach((json_t *)(uintptr_t)wanted, name, values) {
    for (int64_t row = 0; row < 2; row++) {
      double expected = json_number_value(json_array_get(values, (size_t)row));
      double value = training_history(history, row, name);
      ck_assert_msg(fabs(value - expected) <= 2e-5 * fabs(expected), "%s of epoch %d: %.9g, not %.9g", name, (int)row, value,
                    expected);
    }
  }
}

/* 300 images in batches of 128, the last of 44, in their order; figures of Keras in float64. */
static void check_run(int kind) {
  static const char *const runs[] = {"validation", "sample_weight", "class_weight"};
  static const float class_weights[] = {2, 0.5f, 1, 3, 1, 1, 1, 1, 1, 0};
  notebook_images images = notebook_load("train", 350);
  json_t *file = reference_json("model/fit_300.json");
  const json_t *run = json_object_get(json_object_get(file, "runs"), runs[kind]);
  float weights[350];
  cnn_history *history;
  for (size_t i = 0; i < 350; i++)
    weights[i] = (float)json_number_value(json_array_get(json_object_get(file, "sample_weight"), i));
  fitting_open(&f, 2);
  cnn_model_free(f.model);
  f.model = notebook_new(f.context, 0);
  compile(f.model);
  notebook_set(f.model, "notebook_initial");
  cnn_dataset *train = notebook_data(&images, kind == 1 ? weights : NULL, 0, 300);
  cnn_dataset *validation = notebook_data(&images, kind == 1 ? weights : NULL, 300, 50);
  fitting_fits(&f, train, cnn_fit_opts(.batch_size = 128, .epochs = 2, .no_shuffle = 1, .validation = kind < 2 ? validation : NULL,
                                       .class_weights = kind == 2 ? class_weights : NULL,
                                       .class_weight_count = kind == 2 ? 10 : 0, .history = &history));
  check_history(json_object_get(json_object_get(run, "float64"), "history"), history);
  cnn_history_free(history);
  cnn_dataset_free(train);
  cnn_dataset_free(validation);
  json_decref(file);
  fitting_close(&f);
  notebook_unload(&images);
}

START_TEST(does_as_keras_in_float64) { check_run(0); }
END_TEST

START_TEST(weighs_samples_as_keras_in_float64) { check_run(1); }
END_TEST

START_TEST(weighs_classes_as_keras_in_float64) { check_run(2); }
END_TEST

int main(void) {
  return RUN_SUITE("fit_keras", 120, does_as_keras_in_float64, weighs_samples_as_keras_in_float64,
                   weighs_classes_as_keras_in_float64);
}
