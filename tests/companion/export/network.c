/* What exporters read of a model. */
#include "companion/export/network.h"

#include "branches.h"
#include "suite.h"

#include <cnn/cnn.h>
#include <stdlib.h>
#include <string.h>

static cnn_context *context;

static void setup(void) {
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 1, .seed = 3)), CNN_OK);
}

static void teardown(void) {
  cnn_context_free(context);
}

static cnn_model *forked(void) {
  cnn_model *m;
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 3, (const int64_t[]){8, 6, 4}, cnn_input_opts(.name = "image"));
  cnn_conv2d(m, 4, 3, 2, cnn_conv2d_opts(.name = "left", .padding = CNN_PADDING_SAME, .strides = {1, 1}, .groups = 2));
  cnn_activation(m, CNN_ACTIVATION_LEAKY_RELU, cnn_activation_opts(.name = "right", .input = "image", .negative_slope = 0.25f));
  cnn_add(m, cnn_add_opts(.name = "sum", .inputs = (const char *const[]){"left", "right", "left"}, .input_count = 3));
  cnn_max_pooling2d(m, 2, 2, cnn_max_pooling2d_opts(.name = "pool"));
  ck_assert_int_eq(cnn_model_status(m), CNN_OK);
  return m;
}

START_TEST(edges) {
  cnn_model *m = forked();
  cnn__network *n;
  ck_assert_int_eq(cnn__network_new(&n, m, "test"), CNN_OK);
  ck_assert_int_eq(n->count, 5);
  ck_assert_int_eq(n->layers[0].input_count, 0);
  ck_assert_int_eq(n->layers[2].inputs[0], 0);
  ck_assert_int_eq(n->layers[3].input_count, 3);
  ck_assert_int_eq(n->layers[3].inputs[0], 1);
  ck_assert_int_eq(n->layers[3].inputs[1], 2);
  ck_assert_int_eq(n->layers[3].inputs[2], 1);
  ck_assert_str_eq(cnn__network_input(n, 4)->name, "sum");
  ck_assert_int_eq(n->layers[4].rank, 3);
  ck_assert_int_eq(n->layers[4].shape[0], 4);
  cnn__network_free(n);
  cnn_model_free(m);
}
END_TEST

/* Names with what JSON's strings do not hold as it is, and names that are one another's beginnings or the configuration's own words. */
START_TEST(edges_of_odd_names) {
  const char *const names[] = {"a", "a\"", "a\\", "\"],[{", "inputs", "\xc3\xbc\"\\"};
  const int32_t count = sizeof names / sizeof *names;
  cnn_model *m;
  cnn__network *n;
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 1, (const int64_t[]){2}, cnn_input_opts(.name = "layers"));
  for (int32_t i = 0; i < count; i++)
    cnn_activation(m, CNN_ACTIVATION_RELU, cnn_activation_opts(.name = names[i], .input = i > 1 ? names[i - 2] : "layers"));
  cnn_add(m, cnn_add_opts(.inputs = (const char *const[]){names[4], names[5]}, .input_count = 2));
  ck_assert_msg(cnn_model_status(m) == CNN_OK, "%s", cnn_error_text());
  ck_assert_int_eq(cnn__network_new(&n, m, "test"), CNN_OK);
  for (int32_t i = 0; i < count; i++)
    ck_assert_int_eq(n->layers[i + 1].inputs[0], i > 1 ? i - 1 : 0);
  ck_assert(n->layers[count + 1].inputs[0] == 5 && n->layers[count + 1].inputs[1] == 6);
  cnn__network_free(n);
  cnn_model_free(m);
}
END_TEST

/* As strtod reads them in the C locale. */
START_TEST(fractions) {
  const float values[] = {0.25f, 1.5e-7f, 123456.789f, 3.0f, 2e-30f, 1e20f, 0.1f};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    cnn_model *m;
    cnn__network *n;
    ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
    cnn_input(m, 1, (const int64_t[]){2}, NULL);
    cnn_activation(m, CNN_ACTIVATION_ELU, cnn_activation_opts(.alpha = values[i]));
    ck_assert_msg(cnn_model_status(m) == CNN_OK, "%s", cnn_error_text());
    ck_assert_int_eq(cnn__network_new(&n, m, "test"), CNN_OK);
    ck_assert_float_eq((float)cnn__network_float(&n->layers[1], "alpha"), values[i]);
    cnn__network_free(n);
    cnn_model_free(m);
  }
}
END_TEST

START_TEST(attributes) {
  cnn_model *m = forked();
  cnn__network *n;
  int64_t pair[2] = {7, 8};
  ck_assert_int_eq(cnn__network_new(&n, m, "test"), CNN_OK);
  cnn__network_pair(&n->layers[1], "kernel_size", pair);
  ck_assert(pair[0] == 3 && pair[1] == 2);
  cnn__network_pair(&n->layers[4], "strides", pair);
  ck_assert_msg(pair[0] == 2 && pair[1] == 2, "strides that are the pool's: %d %d", (int)pair[0], (int)pair[1]);
  ck_assert_int_eq(cnn__network_int(&n->layers[1], "groups"), 2);
  ck_assert_int_eq(cnn__network_int(&n->layers[1], "use_bias"), 1);
  ck_assert(cnn__network_is(&n->layers[1], "padding", "same"));
  ck_assert(!cnn__network_is(&n->layers[1], "activation", "relu"));
  ck_assert(cnn__network_float(&n->layers[2], "negative_slope") == 0.25);
  ck_assert(cnn__network_float(&n->layers[2], "alpha") == 1);
  cnn_tensor *kernel;
  ck_assert_int_eq(cnn__network_weight(&kernel, n, 1, "kernel"), CNN_OK);
  ck_assert_int_eq(cnn_tensor_count(kernel), 3 * 2 * 2 * 4);
  cnn_tensor_free(kernel);
  ck_assert_int_eq(cnn__network_weight(&kernel, n, 2, "kernel"), CNN_ENAME);
  cnn__network_free(n);
  cnn_model_free(m);
}
END_TEST

START_TEST(refused) {
  cnn_model *m;
  cnn__network *n;
  ck_assert_int_eq(cnn__network_new(&n, NULL, "test"), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  ck_assert_int_eq(cnn__network_new(&n, m, "test"), CNN_ESTATE);
  ck_assert_str_eq(cnn_error_text(), "test: the model has no layers");
  cnn_input(m, 1, (const int64_t[]){4}, NULL);
  ck_assert_ptr_null(cnn_max_pooling2d(m, 2, 2, NULL));
  ck_assert_int_eq(cnn__network_new(&n, m, "test"), CNN_ESHAPE);
  cnn_model_free(m);
}
END_TEST

START_TEST(all_layers) {
  int32_t variants;
  cnn_model *m = branches_every_layer(context, &variants);
  cnn__network *n;
  ck_assert_int_eq(cnn__network_new(&n, m, "test"), CNN_OK);
  ck_assert_int_eq(n->count, cnn_model_layer_count(m));
  for (int32_t i = 1; i < n->count; i++)
    ck_assert_int_ge(n->layers[i].input_count, 1);
  cnn__network_free(n);
  cnn_model_free(m);
}
END_TEST

int main(void) {
  return RUN_SUITE_WITH(setup, teardown, "export network", 0, edges, edges_of_odd_names, fractions, attributes, refused, all_layers);
}
