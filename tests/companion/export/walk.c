/* The list of operations that every writer goes through, against models whose lists are known. */
#include "companion/export/walk.h"

#include "branches.h"
#include "own_layers.h"
#include "suite.h"

#include <math.h>
#include <string.h>

static cnn_context *begin(void) {
  cnn_context *context;
  ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK);
  return context;
}

START_TEST(list) {
  static const cnn__op_kind kinds[] = {CNN__OP_INPUT, CNN__OP_CONV, CNN__OP_AFFINE, CNN__OP_MAX_POOL, CNN__OP_FLATTEN, CNN__OP_DENSE};
  cnn_context *context = begin();
  cnn_model *m;
  cnn__walk *walk;
  ck_assert_int_eq(cnn_model_new(&m, context, cnn_model_opts(.name = "small")), CNN_OK);
  cnn_input(m, 3, (const int64_t[]){9, 8, 2}, NULL);
  cnn_conv2d(m, 4, 3, 2, cnn_conv2d_opts(.name = "conv", .padding = CNN_PADDING_SAME, .strides = {2, 1}, .no_bias = 1, .activation = CNN_ACTIVATION_ELU));
  cnn_activation(m, CNN_ACTIVATION_LINEAR, NULL);
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.name = "bn", .epsilon = 0.25f));
  cnn_dropout(m, 0.5f, NULL);
  cnn_max_pooling2d(m, 2, 3, cnn_max_pooling2d_opts(.padding = CNN_PADDING_SAME));
  cnn_flatten(m, NULL);
  cnn_dense(m, 3, cnn_dense_opts(.name = "dense", .activation = CNN_ACTIVATION_SOFTMAX));
  ck_assert_msg(cnn__walk_new(&walk, m, "C source") == CNN_OK, "%s", cnn_error_text());
  ck_assert_str_eq(walk->name, "small");
  ck_assert_int_eq(walk->count, 6);
  ck_assert_int_eq(walk->output, 5);
  for (int32_t i = 0; i < walk->count; i++) {
    const cnn__op *op = &walk->ops[i];
    ck_assert_int_eq((int)op->kind, (int)kinds[i]);
    ck_assert_int_eq(op->input_count, i > 0);
    ck_assert_int_eq(op->readers, i < 5);
    if (i)
      ck_assert_int_eq(op->inputs[0], i - 1);
  }
  const cnn__op *conv = &walk->ops[1], *affine = &walk->ops[2], *pool = &walk->ops[3];
  ck_assert_int_eq(conv->activation, CNN_ACTIVATION_ELU);
  ck_assert(conv->parameter == 1.0f && conv->kernel && !conv->bias && conv->same);
  ck_assert_int_eq(conv->before[0], 1); /* 9 rows by strides of 2: 5 positions, 2 of padding */
  ck_assert_int_eq(conv->after[0], 1);
  ck_assert_int_eq(conv->before[1], 0); /* the odd one stands behind */
  ck_assert_int_eq(conv->after[1], 1);
  ck_assert_int_eq(conv->count, 5 * 8 * 4);
  for (int i = 0; i < 4; i++) {
    ck_assert(fabsf(affine->scale[i] - 0.894427191f) < 1e-7f); /* 1 / sqrt(1 + 1/4) */
    ck_assert(affine->shift[i] == 0.0f);
  }
  ck_assert_int_eq(pool->strides[1], 3);
  ck_assert_int_eq(pool->size[1], 3);
  ck_assert_int_eq(pool->shape[0], 3);
  ck_assert_int_eq(walk->ops[5].activation, CNN_ACTIVATION_SOFTMAX);
  cnn__walk_free(walk);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

START_TEST(branches) {
  cnn_context *context = begin();
  cnn_model *m = branches_tangle(context);
  cnn__walk *walk;
  ck_assert_msg(cnn__walk_new(&walk, m, "C source") == CNN_OK, "%s", cnn_error_text());
  int32_t sums = 0;
  for (int32_t i = 0; i < walk->count; i++) {
    const cnn__op *op = &walk->ops[i];
    for (int32_t k = 0; k < op->input_count; k++)
      ck_assert_int_lt(op->inputs[k], i);
    ck_assert_str_ne(cnn_layer_type(op->layer), "dropout");
    ck_assert(i == walk->output || op->readers > 0);
    sums += op->kind == CNN__OP_ADD;
  }
  ck_assert_int_gt(sums, 0);
  cnn__walk_free(walk);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

START_TEST(refused) {
  cnn_context *context = begin();
  cnn_model *m;
  cnn__walk *walk = NULL;
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  ck_assert_int_eq(cnn__walk_new(&walk, m, "C source"), CNN_ESTATE);
  ck_assert_int_eq(cnn_layer_type_register(context, &own_relu), CNN_OK);
  cnn_input(m, 1, (const int64_t[]){4}, NULL);
  cnn_dense(m, 2, cnn_dense_opts(.name = "dense"));
  cnn_layer_add(m, "own_relu", "name=mine");
  ck_assert_int_eq(cnn__walk_new(&walk, m, "C source"), CNN_EUNSUPPORTED);
  ck_assert_str_eq(cnn_error_text(), "layer 'mine' is of type 'own_relu', which C source has no form for: only the built-in types can be written");
  ck_assert_ptr_null(walk);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

int main(void) { return RUN_SUITE("walk", 0, list, branches, refused); }
