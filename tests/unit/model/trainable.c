/* trainable: frozen weights stay and cost nothing, others learn as if nothing were frozen, and what the program asks for
 * holds from the next compile on. */
#include "alloc.h"
#include "compare.h"
#include "notebook.h"

#include "model/run_record.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 19
#define PIXELS (8 * 9 * 2)
#define CLASSES 3
#define MOST_WEIGHTS 32

static float x[ROWS * PIXELS], targets[ROWS * CLASSES];
static test_batch batch;

static cnn_context *context_of(const cnn_allocator *allocator, int32_t threads, int32_t fuse) {
  cnn_context *context;
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = threads, .seed = 5, .allocator = allocator)), CNN_OK);
  context->fuse = fuse;
  return context;
}

static cnn_model *model_of(cnn_context *context) {
  cnn_model *m;
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 3, (const int64_t[]){8, 9, 2}, NULL);
  cnn_conv2d(m, 5, 3, 3, cnn_conv2d_opts(.name = "a", .padding = CNN_PADDING_SAME, .activation = CNN_ACTIVATION_TANH));
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.name = "b"));
  cnn_max_pooling2d(m, 2, 2, NULL);
  cnn_conv2d(m, 4, 3, 3, cnn_conv2d_opts(.name = "c", .padding = CNN_PADDING_SAME, .activation = CNN_ACTIVATION_GELU));
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.name = "d"));
  cnn_flatten(m, NULL);
  cnn_dropout(m, 0.25f, cnn_dropout_opts(.name = "drop"));
  cnn_dense(m, 7, cnn_dense_opts(.name = "e", .activation = CNN_ACTIVATION_SILU));
  cnn_dense(m, CLASSES, cnn_dense_opts(.name = "f", .activation = CNN_ACTIVATION_SOFTMAX));
  ck_assert_msg(cnn_model_status(m) == CNN_OK, "%s", cnn_error_text());
  return m;
}

static void freeze(cnn_model *m, const char *names, int32_t trainable) {
  for (; *names; names++)
    ck_assert_int_eq(cnn_layer_set_trainable(cnn_model_layer(m, (const char[]){*names, 0}), trainable), CNN_OK);
}

static void make_batch(void) {
  test_numbers(x, ROWS * PIXELS, 3, 1.0f);
  for (int64_t i = 0; i < ROWS * CLASSES; i++)
    targets[i] = i % CLASSES == i / CLASSES * 7 % CLASSES ? 1.0f : 0.0f;
  test_batch_set(&batch, x, PIXELS, targets, ROWS);
}

static void train(cnn_model *m, int steps) {
  const cnn__plan *plan;
  cnn__run *run;
  ck_assert_int_eq(cnn__model_plan(m, CNN__MODE_TRAIN, &plan), CNN_OK);
  ck_assert_int_eq(cnn__run_new(&run, m, plan, ROWS), CNN_OK);
  while (steps--)
    cnn__run_train(run, m, &batch.feed, 1);
  cnn__run_free(run);
}

typedef struct values {
  float *of[MOST_WEIGHTS];
} values;

static values copy_of(const cnn_model *m) {
  values v = {{0}};
  ck_assert_int_le(m->parameter_count, MOST_WEIGHTS);
  for (int32_t i = 0; i < m->parameter_count; i++) {
    const cnn__weight *weight = cnn__model_weight(m, i);
    v.of[i] = malloc((size_t)weight->count * sizeof(float));
    memcpy(v.of[i], weight->value, (size_t)weight->count * sizeof(float));
  }
  return v;
}

static void forget(values *v) {
  for (int i = 0; i < MOST_WEIGHTS; i++)
    free(v->of[i]);
}

static int32_t same(const cnn_model *m, int32_t i, const values *v) {
  const cnn__weight *weight = cnn__model_weight(m, i);
  return memcmp(weight->value, v->of[i], (size_t)weight->count * sizeof(float)) == 0;
}

/* Weights of the layers whose one-letter names are among `frozen` are as before, all others are not. */
static void check_frozen(const cnn_model *m, const values *before, const char *frozen) {
  for (int32_t i = 0; i < m->parameter_count; i++)
    ck_assert_msg(same(m, i, before) == (strchr(frozen, cnn__model_weight(m, i)->name[0]) != NULL), "%s",
                  cnn__model_weight(m, i)->name);
}

static const char *const choices[] = {"a", "b", "c", "d", "e", "f", "ab", "abcd", "ce", "cdf", "ef", "abcdef"};
#define CHOICES ((int)(sizeof choices / sizeof *choices))

/* Loop index: the choice, fused or not. */
START_TEST(frozen_weights_stay_and_others_move) {
  cnn_context *context = context_of(NULL, 2, _i % 2);
  cnn_model *m = model_of(context);
  freeze(m, choices[_i / 2], 0);
  notebook_compile(m, "adam", NULL);
  values before = copy_of(m);
  train(m, 2);
  check_frozen(m, &before, choices[_i / 2]);
  for (int32_t i = 0; i < m->parameter_count; i++) {
    int32_t learns = cnn__model_weight(m, i)->learns && !strchr(choices[_i / 2], cnn__model_weight(m, i)->name[0]);
    ck_assert(learns == (m->parameters[i].grad != NULL) && learns == (m->parameters[i].slots[0] != NULL));
  }
  forget(&before);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

/* What a frozen layer lets through, and the gradients of those above and below it, are those of one that learns: one step
 * moves the others to the same bits. Not so where a normalisation is frozen, which then is another function. */
START_TEST(others_learn_as_if_nothing_were_frozen) {
  static const char *const frozen[] = {"a", "c", "e", "f", "ce", "ef"};
  cnn_context *context = context_of(NULL, 1, 0);
  cnn_model *all = model_of(context), *some = model_of(context);
  freeze(some, frozen[_i], 0);
  notebook_compile(all, "sgd", NULL);
  notebook_compile(some, "sgd", NULL);
  train(all, 1);
  train(some, 1);
  for (int32_t i = 0; i < all->parameter_count; i++) {
    const cnn__weight *weight = cnn__model_weight(all, i);
    if (!strchr(frozen[_i], weight->name[0]))
      compare_bits(weight->name, cnn__model_weight(some, i)->value, weight->value, weight->count, 0);
  }
  cnn_model_free(all);
  cnn_model_free(some);
  cnn_context_free(context);
}
END_TEST

/* Loop index: the choice. */
START_TEST(fused_as_by_itself_and_on_any_threads) {
  cnn_context *contexts[3] = {context_of(NULL, 1, 0), context_of(NULL, 1, 1), context_of(NULL, 3, 1)};
  cnn_model *m[3];
  for (int i = 0; i < 3; i++) {
    m[i] = model_of(contexts[i]);
    freeze(m[i], choices[_i], 0);
    notebook_compile(m[i], "sgd", NULL);
    train(m[i], 3);
  }
  for (int32_t i = 0; i < m[0]->parameter_count; i++) {
    const cnn__weight *weight = cnn__model_weight(m[0], i);
    compare_close(weight->name, cnn__model_weight(m[1], i)->value, weight->value, weight->count, 2e-6, 2e-5);
    compare_bits(weight->name, cnn__model_weight(m[2], i)->value, cnn__model_weight(m[1], i)->value, weight->count, 0);
  }
  for (int i = 0; i < 3; i++) {
    cnn_model_free(m[i]);
    cnn_context_free(contexts[i]);
  }
}
END_TEST

/* Layers that have no op of a backward list, by name. */
static void check_backward(const cnn_model *m, const char *with) {
  const cnn__plan *plan;
  ck_assert_int_eq(cnn__model_plan(m, CNN__MODE_TRAIN, &plan), CNN_OK);
  int64_t slots = 0;
  for (int32_t i = 0; i < plan->layer_count; i++) {
    int32_t found = 0;
    for (int32_t op = 0; op < plan->op_count; op++)
      found |= plan->ops[op].kind == CNN__OP_LAYER && plan->ops[op].layer == i &&
               (plan->ops[op].list == CNN__PHASE_BACKWARD || plan->ops[op].list == CNN__PHASE_BACKWARD_FROZEN);
    if (plan->layers[i]->weight_count)
      ck_assert_msg(found == (strchr(with, plan->layers[i]->name[0]) != NULL), "%s", plan->layers[i]->name);
    slots += cnn__layer_learns(plan->layers[i]) ? cnn__round_floats(plan->layers[i]->slot_floats) : 0;
  }
  ck_assert_int_eq(plan->slot_floats, slots);
}

START_TEST(backward_ends_above_what_is_frozen) {
  static const char *const rows[][2] = {{"", "abcdef"}, {"ab", "cdef"}, {"abcd", "ef"}, {"c", "abcdef"}, {"abcdef", ""}};
  cnn_context *context = context_of(NULL, 1, 0);
  cnn_model *m = model_of(context);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    freeze(m, "abcdef", 1);
    freeze(m, rows[i][0], 0);
    notebook_compile(m, "sgd", NULL);
    check_backward(m, rows[i][1]);
  }
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

START_TEST(a_change_holds_from_the_next_compile) {
  cnn_context *context = context_of(NULL, 1, 1);
  cnn_model *m = model_of(context);
  int64_t all = cnn_model_parameters(m), trainable = cnn_model_trainable_parameters(m);
  ck_assert_int_eq(all - trainable, 2 * (5 + 4));
  ck_assert_int_eq(cnn_layer_trainable(cnn_model_layer(m, "a")), 1);
  notebook_compile(m, "sgd", NULL);
  freeze(m, "ab", 0);
  ck_assert_int_eq(cnn_layer_trainable(cnn_model_layer(m, "a")), 0);
  ck_assert_int_eq(trainable - cnn_model_trainable_parameters(m), 3 * 3 * 2 * 5 + 5 + 2 * 5);
  ck_assert_int_eq(cnn_layer_trainable_parameters(cnn_model_layer(m, "b")), 0);
  values before = copy_of(m);
  train(m, 1);
  check_frozen(m, &before, "");
  forget(&before);
  notebook_compile(m, "sgd", NULL);
  before = copy_of(m);
  train(m, 1);
  check_frozen(m, &before, "ab");
  freeze(m, "ab", 1);
  notebook_compile(m, "sgd", NULL);
  train(m, 1);
  check_frozen(m, &before, "");
  forget(&before);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

/* Loop index: the optimizer. Compiled again with its state between two steps, a model trains on as if it had not been; where
 * a layer is frozen then, the others make the step that they would have made. */
START_TEST(state_goes_on_over_a_compile) {
  static const char *const attributes[] = {"momentum=0.9", "use_ema=true", "gradient_accumulation_steps=2 momentum=0.5"};
  const char *loss = "categorical_crossentropy";
  cnn_context *context = context_of(NULL, 1, 1);
  cnn_model *m[2] = {model_of(context), model_of(context)};
  cnn_optimizer *optimizer;
  ck_assert_int_eq(cnn_optimizer_new(&optimizer, context, "sgd", attributes[_i]), CNN_OK);
  for (int i = 0; i < 2; i++)
    ck_assert_int_eq(cnn_model_compile(m[i], optimizer, 1, &loss, NULL), CNN_OK);
  train(m[0], 5);
  train(m[1], 3);
  ck_assert_int_eq(cnn_model_compile(m[1], optimizer, 1, &loss, cnn_compile_opts(.keep_state = 1)), CNN_OK);
  train(m[1], 2);
  ck_assert_int_eq(cnn_model_iterations(m[1]), cnn_model_iterations(m[0]));
  values reached = copy_of(m[0]);
  check_frozen(m[1], &reached, "abcdef");
  freeze(m[1], "e", 0);
  ck_assert_int_eq(cnn_model_compile(m[1], optimizer, 1, &loss, cnn_compile_opts(.keep_state = 1)), CNN_OK);
  train(m[0], 1);
  train(m[1], 1);
  for (int32_t i = 0; i < m[0]->parameter_count; i++)
    if (cnn__model_weight(m[0], i)->name[0] == 'e')
      ck_assert(same(m[1], i, &reached));
    else
      compare_bits("weight", cnn__model_weight(m[1], i)->value, cnn__model_weight(m[0], i)->value,
                   cnn__model_weight(m[0], i)->count, 0);
  forget(&reached);
  for (int i = 0; i < 2; i++)
    cnn_model_free(m[i]);
  cnn_optimizer_free(optimizer);
  cnn_context_free(context);
}
END_TEST

/* Each allocation of the second compile refused in turn: the model goes on as it was compiled first. */
START_TEST(a_compile_that_fails_changes_nothing) {
  test_alloc memory;
  test_alloc_init(&memory);
  cnn_context *context = context_of(&memory.allocator, 1, 1);
  cnn_model *m = model_of(context);
  cnn_optimizer *optimizer;
  const char *loss = "categorical_crossentropy";
  notebook_compile(m, "sgd", NULL);
  freeze(m, "abcd", 0);
  ck_assert_int_eq(cnn_optimizer_new(&optimizer, context, "sgd", NULL), CNN_OK);
  int64_t refused = 0;
  for (;; refused++) {
    test_alloc_fail(&memory, refused + 1, ALLOC_ONCE);
    cnn_status status = cnn_model_compile(m, optimizer, 1, &loss, NULL);
    test_alloc_fail(&memory, 0, ALLOC_ONCE);
    if (status == CNN_OK)
      break;
    ck_assert_int_eq(status, CNN_ENOMEM);
    ck_assert_int_eq(m->layers[1]->frozen, 0);
    ck_assert_int_eq(cnn__model_weight(m, 0)->trainable, 1);
  }
  ck_assert_int_gt(refused, 3);
  ck_assert_int_eq(m->layers[1]->frozen, 1);
  cnn_optimizer_free(optimizer);
  cnn_model_free(m);
  cnn_context_free(context);
  test_alloc_check(&memory);
}
END_TEST

START_TEST(options_and_text) {
  cnn_context *context = context_of(NULL, 1, 1);
  cnn_model *m;
  char text[16];
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 3, (const int64_t[]){8, 9, 2}, NULL);
  const cnn_layer *layers[] = {cnn_conv2d(m, 2, 1, 1, cnn_conv2d_opts(.frozen = 1)),
                               cnn_batch_normalization(m, cnn_batch_normalization_opts(.frozen = 1)),
                               cnn_layer_add(m, "conv2d", "filters=2 kernel_size=1 trainable=false"),
                               cnn_dense(m, 3, cnn_dense_opts(.frozen = 1))};
  for (int i = 0; i < 4; i++) {
    ck_assert_ptr_nonnull(layers[i]);
    ck_assert_int_eq(cnn_layer_trainable(layers[i]), 0);
    ck_assert_int_eq(cnn_layer_attribute_text(layers[i], "trainable", text, sizeof text), CNN_OK);
    ck_assert_str_eq(text, "false");
    ck_assert_int_eq(cnn_layer_set_trainable(m->layers[i + 1], 7), CNN_OK);
    ck_assert_int_eq(cnn_layer_attribute_text(layers[i], "trainable", text, sizeof text), CNN_OK);
    ck_assert_str_eq(text, "true");
    ck_assert_int_eq(cnn_layer_trainable(layers[i]), 1);
  }
  ck_assert_int_eq(cnn_layer_set_trainable(NULL, 1), CNN_EINVAL);
  ck_assert_int_eq(cnn_layer_trainable(NULL), 0);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

/* A dropout layer has nothing to freeze: it goes on dropping, as in Keras. */
START_TEST(a_layer_without_weights_is_as_it_was) {
  cnn_context *context = context_of(NULL, 1, 1);
  cnn_model *m[2] = {model_of(context), model_of(context)};
  ck_assert_int_eq(cnn_layer_set_trainable(cnn_model_layer(m[1], "drop"), 0), CNN_OK);
  for (int i = 0; i < 2; i++) {
    notebook_compile(m[i], "sgd", NULL);
    train(m[i], 1);
  }
  for (int32_t i = 0; i < m[0]->parameter_count; i++)
    compare_bits("weight", cnn__model_weight(m[1], i)->value, cnn__model_weight(m[0], i)->value,
                 cnn__model_weight(m[0], i)->count, 0);
  for (int i = 0; i < 2; i++)
    cnn_model_free(m[i]);
  cnn_context_free(context);
}
END_TEST

int main(void) {
  make_batch();
  Suite *suite = suite_create("trainable");
  TCase *tests = tcase_create("trainable");
  tcase_set_timeout(tests, 60);
  tcase_add_loop_test(tests, frozen_weights_stay_and_others_move, 0, 2 * CHOICES);
  tcase_add_loop_test(tests, others_learn_as_if_nothing_were_frozen, 0, 6);
  tcase_add_loop_test(tests, fused_as_by_itself_and_on_any_threads, 0, CHOICES);
  tcase_add_test(tests, backward_ends_above_what_is_frozen);
  tcase_add_test(tests, a_change_holds_from_the_next_compile);
  tcase_add_loop_test(tests, state_goes_on_over_a_compile, 0, 3);
  tcase_add_test(tests, a_compile_that_fails_changes_nothing);
  tcase_add_test(tests, options_and_text);
  tcase_add_test(tests, a_layer_without_weights_is_as_it_was);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
