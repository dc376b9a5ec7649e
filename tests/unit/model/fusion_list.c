/* fusion_list: which layers the rules take, by name and number, and what turns them off. */
#include "notebook.h"
#include "suite.h"

#include "layers/fused/fusion.h"
#include "model/model_internal.h"

#include <stdlib.h>
#include <string.h>

static cnn_context *new_context(void) {
  cnn_context *context;
  ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK);
  return context;
}

START_TEST(rules_are_named_and_explained) {
  for (int32_t i = 0; i < cnn__fusion_count(); i++) {
    const cnn__fusion *rule = cnn__fusion_at(i);
    ck_assert_str_eq(rule->name, rule->type->name);
    ck_assert_int_gt((int)strlen(rule->help), 0);
    ck_assert(rule->match != NULL);
    for (int32_t t = 0; t < cnn__layer_type_count(); t++)
      ck_assert_str_ne(cnn__layer_type_at(t)->name, rule->name);
  }
}
END_TEST

/* The notebook's model becomes seven layers: input, two blocks, flatten, dense, dropout, dense. */
START_TEST(the_notebooks_blocks) {
  cnn_context *context = new_context();
  cnn_model *m = notebook_new(context, 1);
  notebook_compile(m, "adam", NULL);
  const cnn__plan *plan;
  ck_assert_int_eq(cnn__model_plan(m, CNN__MODE_TRAIN, &plan), CNN_OK);
  ck_assert_int_eq(plan->layer_count, m->layer_count - 6);
  ck_assert_str_eq(plan->layers[1]->name, "conv1+bn1+pool1+dropout1");
  ck_assert_str_eq(plan->layers[2]->name, "conv2+bn2+pool2+dropout2");
  ck_assert_int_eq(plan->first_member[2], cnn_model_layer(m, "conv2")->index);
  ck_assert_int_eq(plan->layers[2]->flops, cnn_layer_flops(cnn_model_layer(m, "conv2")));
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

/* leaky_relu makes 0 of 0 and, by a slope of 0, -0 of what is below: their order in the window counts, and pooling stays behind. */
START_TEST(a_slope_of_0_does_not_rise) {
  cnn_model *m;
  const cnn__plan *plan;
  for (int i = 0; i < 2; i++) {
    cnn_context *context = new_context();
    ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
    cnn_input(m, 3, (const int64_t[]){2, 2, 1}, NULL);
    cnn_batch_normalization(m, NULL);
    cnn_activation(m, CNN_ACTIVATION_LEAKY_RELU, cnn_activation_opts(.negative_slope = i ? 0.1f : CNN_ZERO));
    cnn_max_pooling2d(m, 2, 2, NULL);
    ck_assert_int_eq(cnn__model_plan(m, CNN__MODE_PREDICT, &plan), CNN_OK);
    ck_assert_int_eq(plan->layers[1]->member_count, i ? 3 : 2);
    cnn_model_free(m);
    cnn_context_free(context);
  }
}
END_TEST

/* Where an image is one pixel a worker needs no room for a strip of more. */
START_TEST(room_for_pixels_that_there_are) {
  cnn_context *context = new_context();
  cnn_model *m;
  const cnn__plan *plan;
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 3, (const int64_t[]){1, 1, 1}, NULL);
  cnn_conv2d(m, 10000, 1, 1, NULL);
  cnn_batch_normalization(m, NULL);
  cnn_activation(m, CNN_ACTIVATION_RELU, NULL);
  cnn_flatten(m, NULL);
  cnn_dense(m, 3, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX));
  notebook_compile(m, "sgd", NULL);
  ck_assert_int_eq(cnn__model_plan(m, CNN__MODE_TRAIN, &plan), CNN_OK);
  ck_assert_int_le((int64_t)plan->scratch_bytes, 10000 * (int64_t)(9 * sizeof(float)));
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

START_TEST(the_environment_turns_rules_off) {
  static const char *const values[] = {"0", "1", "", "2", "yes"};
  static const int32_t fuses[] = {0, 1, 1, -1, -1};
  for (int i = 0; i < 5; i++) {
    cnn_context *context = NULL;
    setenv("CNN_FUSE", values[i], 1);
    ck_assert_int_eq(cnn_context_new(&context, NULL), fuses[i] < 0 ? CNN_EINVAL : CNN_OK);
    if (context)
      ck_assert_int_eq(context->fuse, fuses[i]);
    else
      ck_assert_ptr_nonnull(strstr(cnn_error_text(), values[i]));
    cnn_context_free(context);
  }
  unsetenv("CNN_FUSE");
}
END_TEST

int main(void) {
  return RUN_SUITE("fusion_list", 0, rules_are_named_and_explained, the_notebooks_blocks, a_slope_of_0_does_not_rise,
                   room_for_pixels_that_there_are, the_environment_turns_rules_off);
}
