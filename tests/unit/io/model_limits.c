/* model files have limits: a model beyond them is refused when it is saved, not first when it is loaded. */
#include "scratch.h"

#include "cnn/model.h"

#include <stdlib.h>
#include <string.h>

#define LAYERS 4096 /* that a file holds */
#define INPUTS 32   /* of an add */

static cnn_model *begin(cnn_context *context) {
  cnn_model *m;
  ck_assert_int_eq(cnn_model_new(&m, context, cnn_model_opts(.name = "large")), CNN_OK);
  cnn_input(m, 1, (const int64_t[]){1}, cnn_input_opts(.name = "i"));
  return m;
}

static void is_refused(const cnn_model *m, const char *part) {
  size_t bytes = 7;
  ck_failed(cnn_model_save(m, scratch_path("f"), NULL), CNN_ESTATE, part);
  ck_failed(cnn_model_save_memory(m, NULL, 0, &bytes, NULL), CNN_ESTATE, part);
  ck_assert(bytes == 0 && scratch_count() == 0);
}

START_TEST(as_many_layers_as_load_are_saved) {
  cnn_context *context = scratch_context();
  cnn_model *m = begin(context), *copy;
  for (int i = 1; i < LAYERS; i++)
    cnn_flatten(m, NULL);
  ck_assert_int_eq(cnn_model_save(m, scratch_path("f"), NULL), CNN_OK);
  ck_assert_msg(cnn_model_load(&copy, context, scratch_path("f"), NULL) == CNN_OK, "%s", cnn_error_text());
  ck_assert_int_eq(cnn_model_layer_count(copy), LAYERS);
  cnn_model_free(copy);
  scratch_remove();
  scratch_make();
  cnn_flatten(m, NULL);
  is_refused(m, "model 'large' has 4097 layers, a file holds 4096");
  ck_assert_int_eq(cnn_model_save(m, scratch_path("f"), cnn_save_opts(.weights_only = 1)), CNN_OK);
  cnn_model_free(m);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

START_TEST(as_many_inputs_as_load_are_saved) {
  cnn_context *context = scratch_context();
  cnn_model *m = begin(context);
  const char *inputs[INPUTS];
  for (int k = 0; k < INPUTS; k++)
    inputs[k] = "i";
  for (int i = 1; i < LAYERS; i++) {
    cnn_layer *made = cnn_add(m, cnn_add_opts(.inputs = inputs, .input_count = INPUTS));
    inputs[INPUTS - 1] = cnn_layer_name(made);
  }
  is_refused(m, "model 'large' is described by more than 131072 values of JSON, which no file holds");
  cnn_model_free(m);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

static void add(TCase *tests) {
  tcase_add_test(tests, as_many_layers_as_load_are_saved);
  tcase_add_test(tests, as_many_inputs_as_load_are_saved);
}

int main(void) { return scratch_run("model_limits", add); }
