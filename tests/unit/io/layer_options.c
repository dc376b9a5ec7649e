/* layer_options: what layers were made with, and asked for since, comes back from a file. */
#include "model/model_internal.h"
#include "scratch.h"
#include "small_model.h"

#include <string.h>

/* Saved and loaded. */
static cnn_model *through_a_file(const cnn_model *m) {
  cnn_model *copy = NULL;
  ck_assert_msg(cnn_model_save(m, scratch_path("f"), NULL) == CNN_OK, "%s", cnn_error_text());
  ck_assert_msg(cnn_model_load(&copy, m->context, scratch_path("f"), NULL) == CNN_OK, "%s", cnn_error_text());
  return copy;
}

/* An attribute of a convolution, a normalisation; and of a layer whose type has none. */
START_TEST(trainable) {
  cnn_context *context = scratch_context();
  cnn_model *m = small_model(context);
  static const char *const names[] = {"conv1", "bn1", "dropout"};
  for (int i = 0; i < 3; i++)
    ck_assert_int_eq(cnn_layer_set_trainable(cnn_model_layer(m, names[i]), 0), CNN_OK);
  small_model_compile(m, "adam", NULL);
  small_model_train(m, 2);
  cnn_model *copy = through_a_file(m);
  for (int i = 0; i < m->layer_count; i++)
    ck_assert_int_eq(cnn_layer_trainable(copy->layers[i]), cnn_layer_trainable(m->layers[i]));
  ck_same_model(m, copy);
  small_model_train(m, 1);
  small_model_train(copy, 1);
  ck_same_model(m, copy);
  cnn_model_free(copy);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

/* The state of the optimizer belongs to another compilation than the file's layers ask for. */
START_TEST(layers_that_wait_for_a_compile) {
  cnn_context *context = scratch_context();
  cnn_model *m = small_model(context);
  small_model_compile(m, "adam", NULL);
  small_model_train(m, 2);
  ck_assert_int_eq(cnn_layer_set_trainable(cnn_model_layer(m, "conv1"), 0), CNN_OK);
  cnn_model *copy = through_a_file(m);
  ck_assert_int_eq(copy->iterations, 0);
  ck_assert_int_eq(cnn_layer_trainable(cnn_model_layer(copy, "conv1")), 0);
  ck_assert_ptr_null(copy->parameters[0].grad);
  ck_assert_ptr_nonnull(m->parameters[0].grad);
  cnn_model_free(copy);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

/* Every attribute of every layer as text, before and after. */
START_TEST(forms) {
  cnn_context *context = scratch_context();
  cnn_model *m;
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 3, (const int64_t[]){6, 6, 1}, NULL);
  cnn_conv2d(m, 3, 3, 3, cnn_conv2d_opts(.kernel_init = "truncated_normal(0.1,0.7)", .bias_init = "random_uniform(-1,1e-7)",
                                         .kernel_regularizer = "l1_l2(1e-4,0.1)", .activation = CNN_ACTIVATION_GELU,
                                         .frozen = 1));
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.gamma_init = "random_normal(1,0.02)", .beta_regularizer = "l2",
                                                          .moving_variance_init = "constant(0.333)"));
  cnn_activation(m, CNN_ACTIVATION_LEAKY_RELU, cnn_activation_opts(.negative_slope = 0.3f, .alpha = CNN_ZERO));
  cnn_flatten(m, NULL);
  cnn_dense(m, 4, cnn_dense_opts(.kernel_init = "orthogonal(gain=-1.5)", .bias_regularizer = "l1"));
  ck_assert_msg(cnn_model_status(m) == CNN_OK, "%s", cnn_error_text());
  cnn_model *copy = through_a_file(m);
  for (int32_t i = 0; i < m->layer_count; i++)
    for (const cnn__attribute *row = m->layers[i]->type->attributes; row->key; row++) {
      char texts[2][128];
      cnn__attribute_text(row, m->layers[i]->attributes, texts[0], sizeof texts[0]);
      cnn__attribute_text(row, copy->layers[i]->attributes, texts[1], sizeof texts[1]);
      ck_assert_str_eq(texts[0], texts[1]);
    }
  for (int32_t i = 0; i < m->parameter_count; i++) {
    const cnn__weight *a = cnn__model_weight(m, i), *b = cnn__model_weight(copy, i);
    ck_assert(a->l1 == b->l1 && a->l2 == b->l2 && a->initializer.choice == b->initializer.choice);
    ck_assert_mem_eq(a->value, b->value, (size_t)a->count * sizeof(float));
  }
  cnn_model_free(copy);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

static void add(TCase *tests) {
  tcase_add_test(tests, forms);
  tcase_add_test(tests, trainable);
  tcase_add_test(tests, layers_that_wait_for_a_compile);
}

int main(void) { return scratch_run("layer_options", add); }
