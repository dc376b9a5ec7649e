/* Models of every kind as files, for scripts that run them elsewhere: NAME.onnx, NAME.nchw.onnx, NAME.tflite, NAME.bin with inputs and then libcnn's outputs
 * as floats, and a line "NAME WORDS" of what the model is in the list models.txt.
 *
 * Usage: models FOLDER SAMPLES */
#include "branches.h"
#include "compare.h"
#include "notebook.h"
#include "shaken.h"
#include "suite.h"

#include <cnn/cnn.h>
#include <cnn/export.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cnn_context *context;
static const char *folder;
static FILE *list;
static int64_t samples;

static void must(cnn_status status, const char *what) {
  ck_assert_msg(status == CNN_OK, "%s: %s", what, cnn_error_text());
}

static cnn_tensor *inputs_of(const cnn_model *m) {
  int64_t shape[CNN_MAX_RANK + 1] = {samples};
  int32_t rank = cnn_model_input_shape(m, 0, shape + 1);
  cnn_tensor *x;
  must(cnn_tensor_new(&x, context, CNN_F32, rank + 1, shape, NULL), "inputs");
  test_numbers(cnn_tensor_data(x), cnn_tensor_count(x), 7, 1.0f);
  return x;
}

static void write_floats(FILE *file, const cnn_tensor *tensor) {
  size_t count = (size_t)cnn_tensor_count(tensor);
  ck_assert_uint_eq(fwrite(cnn_tensor_read(tensor), sizeof(float), count, file), count);
}

/* Takes the model. */
static void write_model(cnn_model *m, const char *name, const char *words) {
  char path[512];
  cnn_tensor *x = inputs_of(m), *y = NULL;
  shaken(m);
  must(cnn_model_predict(&y, 1, m, (const cnn_tensor *const[]){x}, 1, NULL), words);
  snprintf(path, sizeof path, "%s/%s.onnx", folder, name);
  must(cnn_model_save_onnx(m, path, NULL), words);
  snprintf(path, sizeof path, "%s/%s.nchw.onnx", folder, name);
  must(cnn_model_save_onnx(m, path, cnn_onnx_opts(.nchw = 1)), words);
  snprintf(path, sizeof path, "%s/%s.tflite", folder, name);
  must(cnn_model_save_tflite(m, path, NULL), words);
  snprintf(path, sizeof path, "%s/%s.bin", folder, name);
  FILE *file = fopen(path, "wb");
  ck_assert_ptr_nonnull(file);
  write_floats(file, x);
  write_floats(file, y);
  fclose(file);
  fprintf(list, "%s %s\n", name, words);
  cnn_tensor_free(x);
  cnn_tensor_free(y);
  cnn_model_free(m);
}

/* ---- what the walk over the registry does not reach: layers by text, a row each ---- */

static const struct {
  const char *name, *layers; /* apart by ';' */
  int32_t rank;
  int64_t shape[4];
} rows[] = {
    {"image_out", "conv2d filters=3 kernel_size=3 padding=same;dropout rate=0.5", 3, {6, 5, 2}},
    {"input_alone", "dropout rate=0.5", 1, {4}},
    {"dense_image", "conv2d filters=4 kernel_size=2;dense units=3 activation=softmax;activation activation=softmax", 3, {5, 6, 2}},
    {"dense_pixels", "dense units=3 activation=softmax;dense units=2 use_bias=false", 3, {5, 6, 4}},
    {"dense_rows", "dense units=5 activation=gelu;dense units=3 use_bias=false activation=softmax", 2, {4, 6}},
    {"dense_volume", "dense units=5 activation=silu;batch_normalization;flatten;dense units=2", 4, {2, 3, 4, 3}},
    {"normal_rows", "batch_normalization epsilon=0.01;dense units=3;batch_normalization scale=false center=false", 1, {7}},
    {"normal_sequence", "batch_normalization scale=false;activation activation=softmax", 2, {3, 5}},
    {"normal_image", "batch_normalization;activation activation=softmax", 3, {4, 5, 3}},
    {"flat_normal", "conv2d filters=3 kernel_size=2;flatten;batch_normalization scale=false;activation activation=elu;dropout rate=0.1;dense units=4", 3, {5, 4, 2}},
    {"flat_out", "conv2d filters=3 kernel_size=2;flatten;activation activation=softmax", 3, {4, 3, 2}},
    {"flat_twice", "conv2d filters=3 kernel_size=2;flatten;flatten;dense units=3", 3, {4, 3, 2}},
    {"flat_add", "conv2d filters=2 kernel_size=2 name=c;flatten name=f;activation activation=tanh name=t;add inputs=f,t,f;dense units=3", 3, {4, 3, 1}},
    {"flat_mixed", "conv2d filters=2 kernel_size=2;flatten name=f;dense units=12 name=d;add inputs=f,d;dense units=3", 3, {4, 3, 1}},
    {"flat_one_pixel", "conv2d filters=5 kernel_size=4,3;flatten;dense units=3", 3, {4, 3, 2}},
    {"flat_input", "flatten;dense units=3", 3, {4, 3, 2}},
    {"groups", "conv2d filters=6 kernel_size=3,2 strides=2,1 padding=same groups=3;conv2d filters=6 kernel_size=3 groups=6 activation=relu", 3, {9, 8, 6}},
    {"dilated", "conv2d filters=3 kernel_size=3 dilation_rate=2,3 padding=same;conv2d filters=2 kernel_size=2 dilation_rate=2", 3, {9, 8, 2}},
    {"even", "conv2d filters=3 kernel_size=4,2 strides=3,2 padding=same;max_pooling2d pool_size=2 strides=1 padding=same", 3, {11, 8, 2}},
    {"pools", "max_pooling2d pool_size=3,2 strides=2,1 padding=same;average_pooling2d pool_size=3 strides=2 padding=same;flatten", 3, {10, 9, 3}},
    {"pools_valid", "average_pooling2d pool_size=3,2 strides=2,3;max_pooling2d pool_size=2;flatten", 3, {10, 9, 3}},
    {"global_kept", "conv2d filters=4 kernel_size=2;global_average_pooling2d keepdims=true;dense units=3;flatten", 3, {5, 4, 2}},
    {"global_max", "global_max_pooling2d;dense units=3", 3, {5, 4, 3}},
    {"names", "conv2d filters=2 kernel_size=2 name=a;conv2d filters=2 kernel_size=2 name=kernel;flatten name=b;dense units=2 name=bias", 3, {4, 4, 1}},
    {"gelus", "dense units=6 activation=gelu;activation activation=gelu approximate=true;activation activation=softplus;activation "
     "activation=leaky_relu negative_slope=0.3;activation activation=elu alpha=0.5", 1, {5}},
};

static cnn_model *by_row(size_t i) {
  cnn_model *m;
  char text[512], *rest = text;
  snprintf(text, sizeof text, "%s", rows[i].layers);
  must(cnn_model_new(&m, context, cnn_model_opts(.name = rows[i].name)), "model");
  cnn_input(m, rows[i].rank, rows[i].shape, NULL);
  for (char *layer; (layer = strsep(&rest, ";")) != NULL;) {
    size_t word = strcspn(layer, " ");
    const char *attributes = layer[word] ? layer + word + 1 : "";
    layer[word] = 0;
    if (!cnn_layer_add(m, layer, attributes))
      must(cnn_model_status(m), rows[i].name);
  }
  return m;
}

/* In a test, since the models of other tests check themselves. */
START_TEST(write_all) {
  char name[16], words[320], path[512];
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.seed = 5)), CNN_OK);
  snprintf(path, sizeof path, "%s/models.txt", folder);
  list = fopen(path, "w");
  ck_assert_ptr_nonnull(list);
  write_model(notebook_new(context, 1), "notebook", "the notebook's");
  write_model(branches_resnet(context), "resnet", "residual blocks");
  write_model(branches_mobilenet(context), "mobilenet", "depthwise convolutions");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    write_model(by_row(i), rows[i].name, rows[i].layers);
  cnn_model *m;
  for (int32_t i = 0; (m = branches_one_layer(context, i, words)) != NULL; i++) {
    snprintf(name, sizeof name, "layer%d", (int)i);
    write_model(m, name, words);
  }
  fclose(list);
  cnn_context_free(context);
}
END_TEST

int main(int argc, char **argv) {
  if (argc != 3)
    return 2;
  folder = argv[1];
  samples = atoll(argv[2]);
  return RUN_SUITE("models", 120, write_all);
}
