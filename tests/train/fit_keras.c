/* fit_keras: Keras's own runs of fit, with figures in float64. */
#include "fitting.h"

#include "notebook.h"
#include "reference.h"
#include "suite.h"

#include <math.h>

static fitting f;

static cnn_dataset *notebook_data(const notebook_images *images, int64_t first, int64_t count) {
  cnn_tensor *x, *y;
  cnn_dataset *dataset;
  ck_assert_int_eq(cnn_tensor_new(&x, f.context, CNN_F32, 4, (const int64_t[]){count, 28, 28, 1},
                                  cnn_tensor_opts(.data = images->pixels + first * NOTEBOOK_PIXELS)),
                   CNN_OK);
  ck_assert_int_eq(cnn_tensor_new(&y, f.context, CNN_F32, 2, (const int64_t[]){count, NOTEBOOK_CLASSES},
                                  cnn_tensor_opts(.data = images->targets + first * NOTEBOOK_CLASSES)),
                   CNN_OK);
  ck_assert_int_eq(cnn_dataset_new(&dataset, f.context, 1, &x, 1, &y, NULL), CNN_OK);
  cnn_tensor_free(x);
  cnn_tensor_free(y);
  return dataset;
}

/* 300 images in batches of 128, the last of 44, in their order; figures of Keras in float64. */
START_TEST(does_as_keras_in_float64) {
  notebook_images images = notebook_load("train", 350);
  json_t *file = reference_json("model/fit_300.json");
  const json_t *history64 = json_object_get(
      json_object_get(json_object_get(json_object_get(file, "runs"), "validation"), "float64"), "history");
  cnn_history *history;
  fitting_open(&f, 2);
  cnn_model_free(f.model);
  f.model = notebook_new(f.context, 0);
  notebook_compile(f.model, "adam", NULL);
  notebook_set(f.model, "notebook_initial");
  cnn_dataset *train = notebook_data(&images, 0, 300), *validation = notebook_data(&images, 300, 50);
  fitting_fits(&f, train, cnn_fit_opts(.batch_size = 128, .epochs = 2, .no_shuffle = 1, .validation = validation, .history = &history));
  const char *names[] = {"accuracy", "loss", "val_accuracy", "val_loss"};
  for (int i = 0; i < 4; i++)
    for (int64_t row = 0; row < 2; row++) {
      double expected = json_number_value(json_array_get(json_object_get(history64, names[i]), (size_t)row));
      double value = training_history(history, row, names[i]);
      ck_assert_msg(fabs(value - expected) <= 2e-5 * fabs(expected), "%s of epoch %d: %.9g, not %.9g", names[i], (int)row,
                    value, expected);
    }
  cnn_history_free(history);
  cnn_dataset_free(train);
  cnn_dataset_free(validation);
  json_decref(file);
  fitting_close(&f);
  notebook_unload(&images);
}
END_TEST

int main(void) {
  return RUN_SUITE("fit_keras", 120, does_as_keras_in_float64);
}
