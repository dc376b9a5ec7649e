/* What cnn_model_save_c refuses, and the names it makes. What it writes is compiled and run by c_source.py. */
#include "branches.h"
#include "own_layers.h"
#include "suite.h"

#include <cnn/cnn.h>
#include <cnn/export.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/libcnn-test-XXXXXX", path[256];
static cnn_context *context;

static void begin(void) {
  ck_assert_ptr_nonnull(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/model.c", folder);
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 1)), CNN_OK);
}

static void end(void) {
  unlink(path);
  rmdir(folder);
  cnn_context_free(context);
}

static cnn_model *model_of(const char *name) {
  cnn_model *m;
  ck_assert_int_eq(cnn_model_new(&m, context, cnn_model_opts(.name = name)), CNN_OK);
  cnn_input(m, 1, (const int64_t[]){3}, NULL);
  return m;
}

static int32_t holds(const char *text) {
  static char file[1 << 16];
  FILE *f = fopen(path, "rb");
  ck_assert_ptr_nonnull(f);
  file[fread(file, 1, sizeof file - 1, f)] = 0;
  fclose(f);
  return strstr(file, text) != NULL;
}

static void says(cnn_status status, cnn_status wanted, const char *text) {
  ck_assert_msg(status == wanted, "%s instead of %s", cnn_status_name(status), cnn_status_name(wanted));
  ck_assert_msg(strstr(cnn_error_text(), text) != NULL, "'%s' lacks '%s'", cnn_error_text(), text);
}

START_TEST(names_from_models) {
  static const struct {
    const char *name, *predict, *macro;
  } rows[] = {{"mnist", "int32_t mnist_predict(const float *input, float *output, float *work);", "#define MNIST_INPUT_COUNT 3\n"},
              {"int", "int32_t int_predict(", "#define INT_WORK_BYTES "},
              {"3 layers", "int32_t model_3_layers_predict(", "#define MODEL_3_LAYERS_OUTPUT_COUNT 2\n"},
              {"__a--b*/c__", "int32_t a_b_c_predict(", "#define A_B_C_WORK_COUNT "},
              {"\xc3\xa9", "int32_t model_predict(", "#define MODEL_OUTPUT_SHAPE {2}\n"}};
  begin();
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    cnn_model *m = model_of(rows[i].name);
    cnn_dense(m, 2, cnn_dense_opts(.name = "evil\" *"));
    ck_assert_msg(cnn_model_save_c(m, path, NULL) == CNN_OK, "%s", cnn_error_text());
    ck_assert_msg(holds(rows[i].predict), "%s", rows[i].predict);
    ck_assert_msg(holds(rows[i].macro), "%s", rows[i].macro);
    ck_assert(!holds("evil\""));
    cnn_model_free(m);
  }
  end();
}
END_TEST

START_TEST(layers_whose_names_clash) {
  begin();
  cnn_model *m = model_of("m");
  cnn_dense(m, 2, cnn_dense_opts(.name = "a-b"));
  cnn_dense(m, 2, cnn_dense_opts(.name = "a_b"));
  cnn_dense(m, 2, cnn_dense_opts(.name = "a_b_2"));
  ck_assert_msg(cnn_model_save_c(m, path, NULL) == CNN_OK, "%s", cnn_error_text());
  ck_assert(holds("m_a_b_kernel[6] = {") && holds("m_a_b_2_kernel[4] = {") && holds("m_a_b_2_2_kernel[4] = {"));
  cnn_model_free(m);
  end();
}
END_TEST

START_TEST(names_given) {
  begin();
  cnn_model *m = model_of("m");
  cnn_flatten(m, NULL);
  ck_assert_msg(cnn_model_save_c(m, path, cnn_c_opts(.name = "net2")) == CNN_OK, "%s", cnn_error_text());
  ck_assert(holds("int32_t net2_predict(") && holds("net2_copy(3, input, output);"));
  says(cnn_model_save_c(m, path, cnn_c_opts(.name = "2net")), CNN_EINVAL, "name '2net' is no identifier");
  says(cnn_model_save_c(m, path, cnn_c_opts(.name = "a b")), CNN_EINVAL, "name 'a b' is no identifier");
  says(cnn_model_save_c(m, path, cnn_c_opts(.name = "_a")), CNN_EINVAL, "name '_a' is no identifier");
  says(cnn_model_save_c(m, path, cnn_c_opts(.name = "")), CNN_EINVAL, "name '' is no identifier");
  says(cnn_model_save_c(m, path, cnn_c_opts(.name = "a234567890a234567890a234567890a234567890a23456789")), CNN_EINVAL, "at most 48");
  ck_assert(holds("int32_t net2_predict("));
  cnn_model_free(m);
  end();
}
END_TEST

START_TEST(refused) {
  begin();
  cnn_model *m = model_of("m");
  cnn_flatten(m, NULL);
  says(cnn_model_save_c(NULL, path, NULL), CNN_EINVAL, "model is NULL");
  says(cnn_model_save_c(m, NULL, NULL), CNN_EINVAL, "path is NULL");
  says(cnn_model_save_c(m, path, &(const cnn_c_opts){.size = 4}), CNN_EINVAL, "cnn_c_opts: size is 4");
  says(cnn_model_save_c(m, path, cnn_c_opts(.reserved = 1)), CNN_ETOONEW, "cnn_c_opts: byte 20 is set");
  says(cnn_model_save_c(m, "/nowhere/at/all/model.c", NULL), CNN_EIO, "No such file");
  ck_assert_int_eq(cnn_layer_type_register(context, &own_relu), CNN_OK);
  cnn_layer_add(m, "own_relu", "name=mine");
  says(cnn_model_save_c(m, path, NULL), CNN_EUNSUPPORTED, "layer 'mine' is of type 'own_relu'");
  cnn_model_free(m);
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  says(cnn_model_save_c(m, path, NULL), CNN_ESTATE, "no layers");
  cnn_model_free(m);
  ck_assert_int_ne(access(path, F_OK), 0);
  end();
}
END_TEST

START_TEST(too_large) {
  begin();
  cnn_model *m;
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 3, (const int64_t[]){30000, 30000, 1}, NULL);
  cnn_global_average_pooling2d(m, NULL);
  says(cnn_model_save_c(m, path, NULL), CNN_EUNSUPPORTED, "has 900000000 values");
  cnn_model_free(m);
  ck_assert_int_eq(cnn_model_new(&m, context, cnn_model_opts(.name = "wide")), CNN_OK);
  cnn_input(m, 3, (const int64_t[]){10000, 10000, 4}, NULL);
  cnn_conv2d(m, 4, 1, 1, NULL);
  cnn_conv2d(m, 4, 1, 1, NULL);
  cnn_global_average_pooling2d(m, NULL);
  says(cnn_model_save_c(m, path, NULL), CNN_EUNSUPPORTED, "model 'wide' needs 800000000 values of working memory");
  cnn_model_free(m);
  end();
}
END_TEST

static char *read_all(size_t *count) {
  char *bytes = malloc(1 << 16);
  FILE *f = fopen(path, "rb");
  ck_assert(bytes && f);
  *count = fread(bytes, 1, 1 << 16, f);
  fclose(f);
  unlink(path);
  return bytes;
}

START_TEST(by_the_ending) {
  begin();
  size_t counts[2];
  cnn_model *m = model_of("m");
  cnn_dense(m, 2, NULL);
  cnn_dropout(m, 0.5f, NULL);
  says(cnn_model_save(m, path, NULL), CNN_EUNSUPPORTED, "cnn_export_register");
  ck_assert_int_eq(cnn_export_register(context), CNN_OK);
  ck_assert_int_eq(cnn_export_register(context), CNN_OK);
  ck_assert_msg(cnn_model_save(m, path, NULL) == CNN_OK, "%s", cnn_error_text());
  char *through_table = read_all(&counts[0]);
  ck_assert_msg(cnn_model_save_c(m, path, NULL) == CNN_OK, "%s", cnn_error_text());
  char *direct = read_all(&counts[1]);
  ck_assert_uint_eq(counts[0], counts[1]);
  ck_assert_int_eq(memcmp(through_table, direct, counts[0]), 0);
  free(through_table);
  free(direct);
  cnn_model_free(m);
  end();
}
END_TEST

/* Weights cannot be set to NaN by hand, but a training that has gone wrong leaves them. */
START_TEST(weights_beyond_numbers) {
  begin();
  cnn_model *m = model_of("m");
  cnn_tensor *variance;
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.name = "bn"));
  ck_assert_int_eq(cnn_tensor_new(&variance, context, CNN_F32, 1, (const int64_t[]){3}, NULL), CNN_OK);
  ((float *)cnn_tensor_data(variance))[1] = -2.0f;
  ck_assert_int_eq(cnn_model_set_weight(m, "bn/moving_variance", variance), CNN_OK);
  says(cnn_model_save_c(m, path, NULL), CNN_EDATA, "layer 'bn': element 1 of gamma / sqrt(moving_variance + epsilon) is NaN");
  cnn_tensor_free(variance);
  cnn_model_free(m);
  end();
}
END_TEST

/* Of weights so small that the step would be no normal number the step is 1. */
START_TEST(faint_weights) {
  begin();
  cnn_model *m = model_of("m");
  cnn_tensor *kernel;
  cnn_dense(m, 2, cnn_dense_opts(.name = "d"));
  ck_assert_int_eq(cnn_model_weight(&kernel, m, "d/kernel"), CNN_OK);
  memcpy(cnn_tensor_data(kernel), (const float[]){1e-45f, 1e-37f, 0, 0, -1e-45f, -1e-37f}, 6 * sizeof(float));
  ck_assert_int_eq(cnn_model_set_weight(m, "d/kernel", kernel), CNN_OK);
  ck_assert_int_eq(cnn_model_save_c(m, path, cnn_c_opts(.int8 = 1)), CNN_OK);
  ck_assert(holds("m_d_kernel[6] = {\n  0, 0, 0, 0, 0, 0,\n};"));
  ck_assert(holds("m_d_step[2] = {\n  0x1p0f, 0x1p0f,\n};"));
  cnn_tensor_free(kernel);
  cnn_model_free(m);
  end();
}
END_TEST

int main(void) {
  return RUN_SUITE("c_source", 0, names_from_models, layers_whose_names_clash, names_given, refused, too_large, by_the_ending, weights_beyond_numbers,
                   faint_weights);
}
