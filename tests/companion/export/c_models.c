/* c_models: writes models as C source into a folder, with inputs for them and what libcnn predicts, for c_check.c to be compiled with.
 *
 * Usage: c_models FOLDER cases|some|int8|notebook|notebook8
 * cases: m0.c, m1.c ... and cases.h, a list of them; some: every third of them; int8: every second one, its kernels as int8, and what libcnn predicts with
 * kernels that were rounded before. notebook, notebook8: the trained notebook, its kernels as floats or as int8, as
 * notebook.c with list.h, and what all test images are and give as images.f32, wanted.f32 and labels.i32. */
#include "branches.h"
#include "compare.h"
#include "notebook.h"
#include "random_models.h"
#include "reference.h"
#include "shaken.h"
#include "suite.h"

#include <cnn/export.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMAGES 3 /* of each small model */
#define RANDOM 30

static const char *folder;
static int32_t every = 1; /* 3: every third case alone */
static int32_t as_int8;

static FILE *begin_file(const char *name) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "wb");
  if (!file)
    ck_abort_msg("%s cannot be written", path);
  return file;
}

static void must(cnn_status status) {
  if (status < 0)
    ck_abort_msg("%s", cnn_error_text());
}

static void put_array(FILE *file, const char *name, const cnn_tensor *values) {
  const float *data = cnn_tensor_read(values);
  fprintf(file, "static const float %s[] = {", name);
  for (int64_t i = 0; i < cnn_tensor_count(values); i++)
    fprintf(file, "%s%af,", i % 8 ? " " : "\n  ", (double)data[i]);
  fprintf(file, "\n};\n");
}

static void save(const cnn_model *model, const char *id, int32_t int8) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s.c", folder, id);
  must(cnn_model_save_c(model, path, cnn_c_opts(.name = id, .int8 = int8)));
}

static cnn_tensor *images_for(cnn_context *context, const cnn_model *model, uint64_t seed) {
  int64_t shape[CNN_MAX_RANK] = {IMAGES};
  cnn_tensor *x;
  must(cnn_tensor_new(&x, context, CNN_F32, cnn_model_input_shape(model, 0, shape + 1) + 1, shape, NULL));
  test_numbers(cnn_tensor_data(x), cnn_tensor_count(x), seed, 2.0f);
  return x;
}

/* Kernels whose elements are whole steps, 127 of them the largest of each output channel: what int8 does to them, told by its definition. */
static void round_kernels(cnn_model *model) {
  for (int32_t i = 0; i < cnn_model_weight_count(model); i++) {
    const char *name = cnn_model_weight_name(model, i);
    cnn_tensor *kernel;
    if (!strstr(name, "/kernel"))
      continue;
    must(cnn_model_weight(&kernel, model, name));
    float *values = cnn_tensor_data(kernel);
    const int64_t count = cnn_tensor_count(kernel), channels = cnn_tensor_shape(kernel)[cnn_tensor_rank(kernel) - 1];
    for (int64_t q = 0; q < channels; q++) {
      float largest = 0;
      for (int64_t k = q; k < count; k += channels)
        largest = fmaxf(largest, fabsf(values[k]));
      for (int64_t k = q; k < count && largest > 0; k += channels)
        values[k] = (float)(round((double)values[k] * 127.0 / (double)largest) * (double)largest / 127.0);
    }
    must(cnn_model_set_weight(model, name, kernel));
    cnn_tensor_free(kernel);
  }
}

/* The model as a file and as a line of the list. */
static void put_case(FILE *arrays, FILE *list, cnn_context *context, cnn_model *model, const char *what, int32_t number) {
  char id[32], name[48];
  if (number % every) {
    cnn_model_free(model);
    return;
  }
  cnn_tensor *y, *x = images_for(context, model, (uint64_t)number);
  snprintf(id, sizeof id, "m%d", (int)number);
  shaken(model);
  if (as_int8)
    round_kernels(model);
  must(cnn_model_predict(&y, 1, model, (const cnn_tensor *[]){x}, 1, NULL));
  save(model, id, as_int8);
  fprintf(arrays, "#include \"%s.c\"\n", id);
  snprintf(name, sizeof name, "%s_x", id);
  put_array(arrays, name, x);
  snprintf(name, sizeof name, "%s_wanted", id);
  put_array(arrays, name, y);
  fprintf(list, "  {\"%s\", m%d_predict, M%d_INPUT_COUNT, M%d_OUTPUT_COUNT, M%d_WORK_COUNT, m%d_x, m%d_wanted},\n", what, (int)number,
          (int)number, (int)number, (int)number, (int)number, (int)number);
  cnn_tensor_free(x);
  cnn_tensor_free(y);
  cnn_model_free(model);
}

/* Does the variant of a layer differ in what no prediction hangs on? */
static int32_t for_training(const char *what) {
  return strstr(what, "initializer=") || strstr(what, "regularizer=") || strstr(what, "trainable=") || strstr(what, "momentum=");
}

static void write_cases(cnn_context *context) {
  char what[320];
  int32_t count = 0;
  FILE *arrays = begin_file("cases.h"), *list = begin_file("list.h");
  cnn_model *model;
  for (int32_t i = 0; (model = branches_one_layer(context, i, what)) != NULL; i++)
    if (for_training(what))
      cnn_model_free(model);
    else
      put_case(arrays, list, context, model, what, count++);
  put_case(arrays, list, context, branches_residual(context), "residual", count++);
  put_case(arrays, list, context, branches_resnet(context), "resnet", count++);
  put_case(arrays, list, context, branches_mobilenet(context), "mobilenet", count++);
  put_case(arrays, list, context, branches_tangle(context), "tangle", count++);
  for (uint64_t seed = 0; seed < RANDOM; seed++) {
    model = random_model(context, seed, what, sizeof what);
    put_case(arrays, list, context, model, what, count++);
  }
  fclose(arrays);
  fclose(list);
}

static void write_array(const char *name, const void *data, size_t bytes) {
  FILE *file = begin_file(name);
  if (fwrite(data, 1, bytes, file) != bytes)
    ck_abort_msg("%s cannot be written", name);
  fclose(file);
}

/* The first images as arrays too, for who reads no files. */
static void write_notebook(cnn_context *context, int32_t int8) {
  const int64_t shape[] = {10000, 28, 28, 1}, few[] = {IMAGES, 28, 28, 1}, few_y[] = {IMAGES, NOTEBOOK_CLASSES};
  cnn_model *model = notebook_new(context, 1);
  cnn_tensor *x, *y, *some;
  must(cnn_model_load_weights(model, REFERENCE_DIR "/notebook/trained.safetensors", NULL));
  notebook_images images = notebook_load("t10k", shape[0]);
  must(cnn_tensor_new(&x, context, CNN_F32, 4, shape, cnn_tensor_opts(.data = images.pixels)));
  must(cnn_model_predict(&y, 1, model, (const cnn_tensor *[]){x}, 1, NULL));
  save(model, "notebook", int8);
  write_array("images.f32", images.pixels, cnn_tensor_bytes(x));
  write_array("wanted.f32", cnn_tensor_read(y), cnn_tensor_bytes(y));
  write_array("labels.i32", images.labels, (size_t)shape[0] * sizeof *images.labels);
  FILE *arrays = begin_file("cases.h"), *list = begin_file("list.h");
  fprintf(arrays, "#include \"notebook.c\"\n");
  must(cnn_tensor_new(&some, context, CNN_F32, 4, few, cnn_tensor_opts(.data = images.pixels)));
  put_array(arrays, "notebook_x", some);
  cnn_tensor_free(some);
  must(cnn_tensor_new(&some, context, CNN_F32, 2, few_y, cnn_tensor_opts(.data = cnn_tensor_data(y))));
  put_array(arrays, "notebook_wanted", some);
  cnn_tensor_free(some);
  fprintf(list, "  {\"notebook\", notebook_predict, NOTEBOOK_INPUT_COUNT, NOTEBOOK_OUTPUT_COUNT, NOTEBOOK_WORK_COUNT, notebook_x, notebook_wanted},\n");
  fclose(arrays);
  fclose(list);
  cnn_tensor_free(x);
  cnn_tensor_free(y);
  notebook_unload(&images);
  cnn_model_free(model);
}

static const char *kind;

/* The models' builders report by Check. */
START_TEST(write_all) {
  cnn_context *context;
  must(cnn_context_new(&context, cnn_context_opts(.seed = 11)));
  as_int8 = !strcmp(kind, "int8");
  every = as_int8 ? 2 : !strcmp(kind, "some") ? 3 : 1;
  if (!strncmp(kind, "notebook", 8))
    write_notebook(context, !strcmp(kind, "notebook8"));
  else
    write_cases(context);
  cnn_context_free(context);
}
END_TEST

int main(int argc, char **argv) {
  if (argc != 3)
    return fprintf(stderr, "Usage: c_models FOLDER cases|some|int8|notebook|notebook8\n"), 2;
  folder = argv[1];
  kind = argv[2];
  return RUN_SUITE("c_models", 120, write_all);
}
