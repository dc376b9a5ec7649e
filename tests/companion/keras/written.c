/* written: files for the real Keras, and what is made of its own; tests/interop runs it. written FOLDER makes of every layer type with every
 * attribute a model, NNN.keras and NNN.h5 after one step, its predictions NNN.out and those after another step NNN.next, of the batch in x and y.
 * written FOLDER back reads NNN.back.keras, which Keras saved after that step, and writes its predictions, NNN.back. */
#include "branches.h"

#include <cnn/cnn.h>
#include <cnn/format.h>
#include <cnn/keras.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 8, FLOATS = 256, CLASSES = 4 };

static const char *folder;
static int32_t back;
static cnn_context *context;
static cnn_tensor *x, *y;
static cnn_dataset *batch;

static const char *path_of(int32_t index, const char *ending) {
  static char path[1024];
  snprintf(path, sizeof path, "%s/%03d.%s", folder, (int)index, ending);
  return path;
}

static void write_floats(const char *path, const cnn_tensor *values) {
  FILE *file = fopen(path, "wb");
  ck_assert_ptr_nonnull(file);
  fwrite(cnn_tensor_read(values), sizeof(float), (size_t)cnn_tensor_count(values), file);
  fclose(file);
}

static void predict(const cnn_model *model, int32_t index, const char *ending) {
  cnn_tensor *out;
  ck_assert_msg(cnn_model_predict(&out, 1, model, (const cnn_tensor *const[]){x}, 1, NULL) == CNN_OK, "%s", cnn_error_text());
  write_floats(path_of(index, ending), out);
  cnn_tensor_free(out);
}

static void step(cnn_model *model) {
  ck_assert_msg(cnn_model_fit(model, batch, cnn_fit_opts(.epochs = 1, .batch_size = ROWS)) == CNN_OK, "%s", cnn_error_text());
}

static void make(cnn_model *model, int32_t index, const char *what) {
  cnn_optimizer *optimizer;
  ck_assert_int_eq(cnn_optimizer_new(&optimizer, context, index % 2 ? "adam" : "sgd", index % 2 ? "" : "momentum=0.9"), CNN_OK);
  ck_assert_int_eq(cnn_model_compile(model, optimizer, 1, (const char *const[]){"categorical_crossentropy"},
                                     cnn_compile_opts(.metrics = (const char *const[]){"acc"}, .metric_count = 1)), CNN_OK);
  step(model);
  ck_assert_msg(cnn_model_save(model, path_of(index, "keras"), NULL) == CNN_OK, "%s: %s", what, cnn_error_text());
  ck_assert_msg(cnn_model_save(model, path_of(index, "h5"), NULL) == CNN_OK, "%s: %s", what, cnn_error_text());
  predict(model, index, "out");
  step(model);
  predict(model, index, "next");
  FILE *file = fopen(path_of(index, "txt"), "w");
  fputs(what, file);
  fclose(file);
  cnn_optimizer_free(optimizer);
}

START_TEST(all) {
  char what[320];
  float *pixels, *targets;
  cnn_model *model;
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.seed = 3)), CNN_OK);
  ck_assert_int_eq(cnn_keras_register(context), CNN_OK);
  branches_data(ROWS, FLOATS, CLASSES, &pixels, &targets);
  ck_assert_int_eq(cnn_tensor_new(&x, context, CNN_F32, 4, (const int64_t[]){ROWS, 8, 8, 4}, cnn_tensor_opts(.data = pixels)), CNN_OK);
  ck_assert_int_eq(cnn_tensor_new(&y, context, CNN_F32, 2, (const int64_t[]){ROWS, CLASSES}, cnn_tensor_opts(.data = targets)), CNN_OK);
  ck_assert_int_eq(cnn_dataset_new(&batch, context, 1, (cnn_tensor *const[]){x}, 1, (cnn_tensor *const[]){y}, NULL), CNN_OK);
  for (int32_t i = 0; !back && (model = branches_one_layer(context, i, what)) != NULL; i++) {
    make(model, i, what);
    cnn_model_free(model);
  }
  for (int32_t i = 0; back && access(path_of(i, "back.keras"), R_OK) == 0; i++) {
    ck_assert_msg(cnn_model_load(&model, context, path_of(i, "back.keras"), NULL) == CNN_OK, "%d: %s", (int)i, cnn_error_text());
    ck_assert_int_eq(cnn_model_iterations(model), 2);
    predict(model, i, "back");
    cnn_model_free(model);
  }
  char path[1024];
  snprintf(path, sizeof path, "%s/x", folder);
  write_floats(path, x);
  snprintf(path, sizeof path, "%s/y", folder);
  write_floats(path, y);
  cnn_dataset_free(batch);
  cnn_tensor_free(x);
  cnn_tensor_free(y);
  cnn_context_free(context);
  free(pixels);
  free(targets);
}
END_TEST

int main(int argc, char **argv) {
  if (argc < 2)
    return 2;
  folder = argv[1];
  back = argc > 2;
  Suite *suite = suite_create("written");
  TCase *only = tcase_create("all");
  tcase_add_test(only, all);
  suite_add_tcase(suite, only);
  SRunner *runner = srunner_create(suite);
  srunner_set_fork_status(runner, CK_NOFORK);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed > 0;
}
