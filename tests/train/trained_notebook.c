/* The notebook's network with the weights that Keras gave it: the same predictions on all 10,000 test images, the same
 * 62 errors. */
#include "io/container.h"
#include "model/model_internal.h"
#include "notebook.h"
#include "suite.h"

#include <check.h>
#include <math.h>
#include <string.h>

enum { IMAGES = 10000, ERRORS = 62, BATCH = 500 };

static int32_t largest(const float *row) {
  int32_t best = 0;
  for (int32_t j = 1; j < NOTEBOOK_CLASSES; j++)
    if (row[j] > row[best])
      best = j;
  return best;
}

START_TEST(predicts_as_keras_does) {
  static float outputs[IMAGES * NOTEBOOK_CLASSES], wanted[IMAGES * NOTEBOOK_CLASSES];
  cnn_context *context;
  cnn_container *file;
  cnn__run *run;
  ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK);
  cnn_model *m = notebook_new(context, 1);
  ck_assert_msg(cnn_model_load_weights(m, REFERENCE_DIR "/notebook/trained.safetensors", NULL) == CNN_OK, "%s",
                cnn_error_text());
  ck_assert_msg(cnn__container_read(&file, context, &(cnn__origin){.path = REFERENCE_DIR "/notebook/predictions.safetensors"}, 0) == CNN_OK,
                "%s", cnn_error_text());
  const cnn__entry *entry = cnn__container_find(file, "predictions");
  ck_assert(entry && entry->bytes == (int64_t)sizeof wanted);
  memcpy(wanted, entry->data, sizeof wanted);
  cnn_container_free(file);

  notebook_images images = notebook_load("t10k", IMAGES);
  ck_assert_int_eq(cnn__model_borrow_run(m, CNN__MODE_PREDICT, BATCH, &run), CNN_OK);
  for (int64_t first = 0; first < IMAGES; first += BATCH) {
    test_batch batch;
    notebook_take(&batch, &images, first, BATCH);
    cnn__run_predict(run, m, &batch.feed, &outputs[first * NOTEBOOK_CLASSES]);
  }
  cnn__model_return_run(m, run);

  int32_t errors = 0;
  for (int64_t i = 0; i < IMAGES; i++)
    errors += largest(&outputs[i * NOTEBOOK_CLASSES]) != images.labels[i];
  ck_assert_int_eq(errors, ERRORS);
  double worst = 0;
  for (int64_t i = 0; i < IMAGES * NOTEBOOK_CLASSES; i++)
    worst = fmax(worst, fabs((double)outputs[i] - (double)wanted[i]));
  ck_assert_double_le(worst, 1e-5);
  notebook_unload(&images);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

int main(void) { return RUN_SUITE("trained_notebook", 120, predicts_as_keras_does); }
