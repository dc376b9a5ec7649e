/* Keras's HDF5 files as models: the same predictions as Keras makes with them, the same optimizer's state, weights by order. */
#include "cnn/cnn.h"
#include "cnn/format.h"
#include "cnn/keras.h"

#include "notebook.h"
#include "reference.h"
#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES REFERENCE_DIR "/interop/"
enum { IMAGES = 10000, FEW = 16 };

static char warned[1024];
static void keep_warning(void *user, int32_t level, const char *line) {
  (void)user;
  (void)level;
  snprintf(warned, sizeof warned, "%s", line);
}

static cnn_context *keras_context(void) {
  cnn_context *context;
  const cnn_logger logger = {.size = sizeof logger, .write = keep_warning};
  warned[0] = 0;
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.logger = &logger)), CNN_OK);
  ck_assert_msg(cnn_keras_register(context) == CNN_OK, "%s", cnn_error_text());
  ck_assert_int_eq(cnn_keras_register(context), CNN_OK);
  return context;
}

static cnn_model *load(cnn_context *context, const char *path) {
  cnn_model *model;
  ck_assert_msg(cnn_model_load(&model, context, path, NULL) == CNN_OK, "%s", cnn_error_text());
  ck_assert_str_eq(warned, "");
  return model;
}

/* Equal means: within 1e-5, and the same class wherever the two best are farther apart than that. */
static void compare_rows(const float *ours, const reference_tensor *theirs) {
  int64_t classes = theirs->shape[1];
  for (int64_t i = 0; i < theirs->shape[0]; i++) {
    int64_t best = 0, second = -1, our_best = 0;
    const double *row = &theirs->values[i * classes];
    for (int64_t j = 0; j < classes; j++) {
      ck_assert_msg(fabs((double)ours[i * classes + j] - row[j]) <= 1e-5, "image %lld class %lld: %.9g, Keras %.9g", (long long)i,
                    (long long)j, (double)ours[i * classes + j], row[j]);
      if (row[j] > row[best])
        best = j;
      if (ours[i * classes + j] > ours[i * classes + our_best])
        our_best = j;
    }
    for (int64_t j = 0; j < classes; j++)
      if (j != best && (second < 0 || row[j] > row[second]))
        second = j;
    ck_assert(our_best == best || row[best] - row[second] <= 1e-5);
  }
}

static void compare_predictions(cnn_context *context, const cnn_model *model, int64_t count, const char *folder, const char *name) {
  cnn_tensor *x, *y;
  reference *r = reference_open(folder, name);
  const reference_tensor *wanted = reference_get(r, "predictions");
  notebook_images images = notebook_load("t10k", count);
  ck_assert_int_eq(wanted->shape[0], count);
  ck_assert_int_eq(cnn_tensor_new(&x, context, CNN_F32, 4, (const int64_t[]){count, 28, 28, 1}, cnn_tensor_opts(.data = images.pixels)), CNN_OK);
  ck_assert_msg(cnn_model_predict(&y, 1, model, (const cnn_tensor *const[]){x}, 1, NULL) == CNN_OK, "%s", cnn_error_text());
  compare_rows(cnn_tensor_read(y), wanted);
  cnn_tensor_free(x);
  cnn_tensor_free(y);
  notebook_unload(&images);
  reference_close(r);
}

/* Compiled and not trained, with metrics of one name: nothing is missing. */
START_TEST(a_model_before_its_first_step) {
  cnn_context *context = keras_context();
  cnn_model *model = load(context, FILES "small/keras3_compiled.keras");
  ck_assert_float_eq((float)cnn_model_learning_rate(model), 0.001f);
  ck_assert_int_eq(cnn_model_iterations(model), 0);
  cnn_model_free(model);
  cnn_context_free(context);
}
END_TEST

START_TEST(models_predict_as_keras) {
  static const char *const cases[][2] = {{"small/keras2.h5", "small/keras2_expected"},
                                         {"small/keras3.h5", "small/keras3_expected"},
                                         {"small/keras2.keras", "small/keras2_expected"},
                                         {"small/keras3.keras", "small/keras3_expected"},
                                         {"notebook/keras3_no_optimizer.h5", "notebook/expected"}};
  cnn_context *context = keras_context();
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char path[1024];
    snprintf(path, sizeof path, "%s%s", FILES, cases[i][0]);
    cnn_model *model = load(context, path);
    compare_predictions(context, model, FEW, "interop", cases[i][1]);
    cnn_model_free(model);
  }
  cnn_context_free(context);
}
END_TEST

START_TEST(the_notebooks_model) {
  cnn_context *context = keras_context();
  cnn_model *model = load(context, FILES "notebook/best_val_accuracy.h5");
  ck_assert_int_eq(cnn_model_parameters(model), 422026);
  ck_assert_int_eq(cnn_model_iterations(model), 6329); /* fifteen epochs, and all but the last of fifteen of one step */
  compare_predictions(context, model, IMAGES, "notebook", "predictions");
  cnn_model_free(model);
  cnn_context_free(context);
}
END_TEST

/* The bytes of a file where every `from` is `to`, which is as long. */
static char *reworded(const char *path, size_t *count, const char *from, const char *to) {
  char *bytes = malloc(1 << 20);
  FILE *file = fopen(path, "rb");
  ck_assert_ptr_nonnull(file);
  *count = fread(bytes, 1, 1 << 20, file);
  fclose(file);
  int found = 0;
  for (size_t i = 0, length = strlen(from); i + length <= *count; i++)
    if (memcmp(bytes + i, from, length) == 0) {
      memcpy(bytes + i, to, length);
      found++;
    }
  ck_assert_int_gt(found, 0);
  return bytes;
}

/* One's own, or one of Keras's that libcnn has not: the weights are in the file. */
START_TEST(initializers_that_are_not_known) {
  static const char *const words[] = {"GlorotUniform", "GlorotUnicorn"}, *const modules[] = {"\"keras.initializers\"", "\"ours.initializers_\""};
  for (int i = 0; i < 2; i++) {
    size_t count;
    cnn_context *context = keras_context();
    cnn_model *model;
    char *bytes = reworded(FILES "small/keras3.h5", &count, i ? modules[0] : words[0], i ? modules[1] : words[1]), named[64];
    ck_assert_msg(cnn_model_load_memory(&model, context, bytes, count, NULL) == CNN_OK, "%s", cnn_error_text());
    ck_assert_msg(strstr(warned, i ? "(Dense): its bias_initializer, Zeros, is none" : "GlorotUnicorn") && strstr(warned, "the weights are those of the file"), "%s", warned);
    compare_predictions(context, model, FEW, "interop", "small/keras3_expected");
    ck_assert_int_gt(cnn_model_iterations(model), 0);
    ck_assert_int_eq(cnn_layer_attribute_text(cnn_model_layer(model, "conv1"), "kernel_initializer", named, sizeof named), CNN_OK);
    ck_assert_str_eq(named, "glorot_uniform");
    free(bytes);
    cnn_model_free(model);
    cnn_context_free(context);
  }
}
END_TEST

/* The i-th variable of the optimizer, as the file with what is expected has it: "optimizer.3.adam.sequential_conv1_kernel_velocity". */
static const reference_tensor *variable(const reference *r, int32_t index) {
  char start[32];
  int32_t length = snprintf(start, sizeof start, "optimizer.%d.", index);
  for (int32_t i = 0; i < r->count; i++)
    if (strncmp(r->tensors[i].name, start, (size_t)length) == 0)
      return &r->tensors[i];
  ck_abort_msg("no variable %d", index);
  return NULL;
}

START_TEST(state_of_the_optimizer) {
  static const char *const learned[] = {"conv1/kernel", "conv1/bias", "bn1/gamma",     "bn1/beta",    "conv2/kernel",  "conv2/bias",
                                        "bn2/gamma",    "bn2/beta",   "dense1/kernel", "dense1/bias", "output/kernel", "output/bias"};
  cnn_context *context = keras_context();
  for (int32_t k = 0; k < 4; k++) {
    int32_t version = 2 + k % 2;
    char name[512];
    cnn_container *file;
    snprintf(name, sizeof name, "%ssmall/keras%d.%s", FILES, version, k < 2 ? "h5" : "keras");
    ck_assert_msg(cnn_container_load(&file, context, name, NULL) == CNN_OK, "%s", cnn_error_text());
    snprintf(name, sizeof name, "small/keras%d_expected", version);
    reference *r = reference_open("interop", name);
    ck_assert_str_eq(cnn_container_note(file, "iterations"), "1");
    ck_assert_str_eq(cnn_container_note(file, "learning_rate"), "0.0010000000474974513");
    ck_assert_int_eq(cnn_container_tensor_count(file), 16 + 24);
    for (int32_t i = 0; i < 24; i++) {
      snprintf(name, sizeof name, "optimizer/%s/%s", learned[i / 2], i % 2 ? "velocity" : "momentum");
      const cnn_tensor *slot = cnn_container_tensor(file, name);
      ck_assert_msg(slot != NULL, "%s is not there", name);
      reference_compare(name, cnn_tensor_read(slot), variable(r, version - 1 + i), 0);
    }
    reference_close(r);
    cnn_container_free(file);
  }
  cnn_context_free(context);
}
END_TEST

/* Each model takes the other's weights from every kind of file. */
START_TEST(weights_alone) {
  static const char *const files[] = {"small/keras2_save_weights.h5", "small/keras2.h5", "small/keras2.keras",
                                      "small/keras3.weights.h5",     "small/keras3.h5", "small/keras3.keras"};
  cnn_context *context = keras_context();
  cnn_model *two = load(context, FILES "small/keras2.h5"), *three = load(context, FILES "small/keras3.h5");
  char hashes[2][33], now[33];
  cnn_model_hash(two, hashes[0]);
  cnn_model_hash(three, hashes[1]);
  ck_assert_str_ne(hashes[0], hashes[1]);
  for (size_t i = 0; i < 6; i++) {
    char path[1024];
    cnn_model *other = i < 3 ? three : two;
    snprintf(path, sizeof path, "%s%s", FILES, files[i]);
    ck_assert_str_ne(cnn_model_hash(other, now), hashes[i / 3]);
    ck_assert_msg(cnn_model_load_weights(other, path, NULL) == CNN_OK, "%s", cnn_error_text());
    ck_assert_str_eq(cnn_model_hash(other, now), hashes[i / 3]);
    ck_assert_msg(cnn_model_load_weights(other, i < 3 ? FILES "small/keras3.h5" : FILES "small/keras2.h5", NULL) == CNN_OK, "%s", cnn_error_text());
  }
  cnn_model_free(two);
  cnn_model_free(three);
  cnn_context_free(context);
}
END_TEST

START_TEST(weights_of_another_model) {
  cnn_context *context = keras_context();
  cnn_model *model = load(context, FILES "small/keras3.h5");
  char before[33], after[33];
  cnn_model_hash(model, before);
  ck_assert_int_eq(cnn_model_load_weights(model, FILES "notebook/keras3_no_optimizer.h5", NULL), CNN_ESHAPE);
  ck_assert_str_eq(cnn_model_hash(model, after), before);
  cnn_model *short_one;
  ck_assert_int_eq(cnn_model_new(&short_one, context, NULL), CNN_OK);
  cnn_input(short_one, 3, (const int64_t[]){28, 28, 1}, NULL);
  cnn_conv2d(short_one, 4, 3, 3, cnn_conv2d_opts(.padding = CNN_PADDING_SAME));
  ck_assert_int_eq(cnn_model_load_weights(short_one, FILES "small/keras3.h5", NULL), CNN_ESHAPE);
  ck_assert_int_eq(cnn_model_load_weights(short_one, FILES "small/keras2_save_weights.h5", NULL), CNN_ESHAPE);
  cnn_model_free(short_one);
  cnn_model_free(model);
  /* and without a model to give them to */
  cnn_container *file;
  ck_assert_int_eq(cnn_container_load(&file, context, FILES "small/keras2_save_weights.h5", NULL), CNN_OK);
  ck_assert_int_eq(cnn_container_tensor_count(file), 16);
  ck_assert_ptr_nonnull(cnn_container_tensor(file, "bn2/moving_variance"));
  cnn_container_free(file);
  ck_assert_int_eq(cnn_container_load(&file, context, FILES "small/keras3.weights.h5", NULL), CNN_OK);
  ck_assert_int_eq(cnn_container_tensor_count(file), 16);
  ck_assert_ptr_nonnull(cnn_container_tensor(file, "bn2/3"));
  cnn_container_free(file);
  cnn_context_free(context);
}
END_TEST

int main(void) {
  return RUN_SUITE("load", 120, models_predict_as_keras, the_notebooks_model, initializers_that_are_not_known, state_of_the_optimizer, a_model_before_its_first_step, weights_alone, weights_of_another_model);
}
