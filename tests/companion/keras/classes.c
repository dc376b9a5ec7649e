/* classes: a trained model of Keras's classes that libcnn has under other names: depthwise convolutions, functions as layers, a + b. */
#include "reference.h"
#include "suite.h"

#include <cnn/cnn.h>
#include <cnn/format.h>
#include <cnn/keras.h>

#include <math.h>
#include <stdlib.h>

START_TEST(predicts_as_keras) {
  static const char *const files[] = {REFERENCE_DIR "/keras/classes.keras", REFERENCE_DIR "/keras/classes.h5"};
  json_t *wanted = reference_json("keras/classes.json");
  float *x = malloc(8 * 72 * sizeof *x);
  for (int i = 0; i < 8 * 72; i++)
    x[i] = (float)(i * 37 % 101) / 101.0f;
  for (int k = 0; k < 2; k++) {
    cnn_context *context;
    cnn_model *model;
    cnn_tensor *in, *out;
    ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK);
    ck_assert_int_eq(cnn_keras_register(context), CNN_OK);
    ck_assert_msg(cnn_model_load(&model, context, files[k], NULL) == CNN_OK, "%s", cnn_error_text());
    ck_assert_int_eq(cnn_model_iterations(model), 4);
    ck_assert_int_eq(cnn_tensor_new(&in, context, CNN_F32, 4, (const int64_t[]){8, 6, 6, 2}, cnn_tensor_opts(.data = x)), CNN_OK);
    ck_assert_msg(cnn_model_predict(&out, 1, model, (const cnn_tensor *const[]){in}, 1, NULL) == CNN_OK, "%s", cnn_error_text());
    const float *y = cnn_tensor_read(out);
    for (size_t i = 0; i < 24; i++) {
      double theirs = json_number_value(json_array_get(json_array_get(wanted, i / 3), i % 3));
      ck_assert_msg(fabs((double)y[i] - theirs) <= 1e-5, "%zu: %.9g, Keras %.9g", i, (double)y[i], theirs);
    }
    cnn_tensor_free(in);
    cnn_tensor_free(out);
    cnn_model_free(model);
    cnn_context_free(context);
  }
  free(x);
  json_decref(wanted);
}
END_TEST

int main(void) { return RUN_SUITE("classes", 30, predicts_as_keras); }
