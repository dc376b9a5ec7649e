/* layer_options: what layers were made with, and asked for since, comes back from a file. */
#include "model/model_internal.h"
#include "scratch.h"
#include "small_model.h"

#include <string.h>

/* Saved and loaded in memory. */
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

static void add(TCase *tests) {
  tcase_add_test(tests, trainable);
  tcase_add_test(tests, layers_that_wait_for_a_compile);
}

int main(void) { return scratch_run("layer_options", add); }
