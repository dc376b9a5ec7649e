/* plan_update: each trainable element is updated once and each pack made once, whatever follows what; and the order
 * changes no bit. */
#include "notebook.h"
#include "compare.h"

#include "model/model_internal.h"
#include "model/pack.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 21
#define CLASSES 10

static cnn_context *context;

static void set_up(void) { ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 2)), CNN_OK); }

static void tear_down(void) { cnn_context_free(context); }

/* ---- models ---- */

static cnn_model *notebook(void) { return notebook_new(context, 1); }

static cnn_model *frozen_between(void) {
  cnn_model *m;
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 3, (const int64_t[]){28, 28, 1}, NULL);
  cnn_conv2d(m, 4, 2, 2, cnn_conv2d_opts(.strides = {2, 2}, .no_bias = 1));
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.frozen = 1));
  cnn_flatten(m, NULL);
  cnn_dense(m, 37, cnn_dense_opts(.activation = CNN_ACTIVATION_RELU, .no_bias = 1));
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.no_center = 1));
  cnn_dense(m, CLASSES, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX));
  return m;
}

static cnn_model *nothing_to_learn(void) {
  cnn_model *m;
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 1, (const int64_t[]){CLASSES}, NULL);
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.no_center = 1, .no_scale = 1));
  cnn_activation(m, CNN_ACTIVATION_SOFTMAX, NULL);
  return m;
}

typedef cnn_model *make_model(void);
static make_model *const models[] = {notebook, frozen_between, nothing_to_learn};
#define MODELS ((int)(sizeof models / sizeof *models))

static cnn_model *compiled(int which, const char *optimizer) {
  const cnn__plan *made;
  cnn_model *m = models[which]();
  ck_assert_msg(cnn_model_status(m) == CNN_OK, "%s", cnn_error_text());
  notebook_compile(m, optimizer, NULL);
  ck_assert_int_eq(cnn__model_plan(m, CNN__MODE_TRAIN, &made), CNN_OK);
  return m;
}

static cnn__plan *plan_of(const cnn_model *m, int32_t whole) {
  cnn__plan *plan;
  ck_assert_int_eq(cnn__plan_new(&plan, m, CNN__MODE_TRAIN, m->loss, whole), CNN_OK);
  return plan;
}

/* ---- once ---- */

static void mark(int32_t **marks, const cnn__chunk *chunk) {
  for (int64_t i = chunk->first; i < chunk->first + chunk->count; i++)
    marks[chunk->parameter][i]++;
}

static int32_t **update_marks(const cnn_model *m, const cnn__plan *plan) {
  int32_t **marks = calloc((size_t)m->parameter_count, sizeof *marks);
  for (int32_t i = 0; i < m->parameter_count; i++)
    marks[i] = calloc((size_t)cnn__model_weight(m, i)->count, sizeof **marks);
  for (int32_t i = 0; i < plan->scheduled; i++) {
    const cnn__op *op = &plan->ops[i];
    for (int64_t part = 0; part < op->parts && op->first >= 0; part++)
      if (op->kind == CNN__OP_UPDATE) {
        if (op->stage == CNN__STAGE_ALL || op->stage == CNN__STAGE_CHANGE || op->stage == CNN__STAGE_MOVE)
          mark(marks, &plan->chunks[op->first + part]);
      } else if (plan->tails[op->first + part].chunk >= 0)
        mark(marks, &plan->chunks[plan->tails[op->first + part].chunk]);
  }
  return marks;
}

START_TEST(each_trainable_element_is_updated_once) {
  cnn_model *m = compiled(_i / 2, "adam");
  cnn__plan *plan = plan_of(m, _i % 2);
  int32_t **marks = update_marks(m, plan);
  for (int32_t i = 0; i < m->parameter_count; i++) {
    const cnn__weight *weight = cnn__model_weight(m, i);
    for (int64_t e = 0; e < weight->count; e++)
      ck_assert_int_eq(marks[i][e], weight->trainable);
    free(marks[i]);
  }
  free(marks);
  cnn__plan_free(plan);
  cnn_model_free(m);
}
END_TEST

static int64_t links_to(const cnn__plan *plan, int32_t op, int64_t part) {
  int64_t count = 0;
  for (int32_t i = 0; i < plan->scheduled; i++)
    for (int64_t p = 0; plan->ops[i].kind == CNN__OP_LAYER && plan->ops[i].first >= 0 && p < plan->ops[i].parts; p++) {
      const cnn__tail *tail = &plan->tails[plan->ops[i].first + p];
      for (int64_t l = tail->first; l < tail->first + tail->count; l++)
        count += plan->links[l].op == op && plan->links[l].part == part;
    }
  return count;
}

START_TEST(each_pack_is_made_once) {
  cnn_model *m = compiled(_i / 2, "adam");
  cnn__plan *plan = plan_of(m, _i % 2);
  int32_t phases = 0, wanted = 0;
  for (int32_t i = 0; i < plan->op_count; i++) {
    phases += plan->ops[i].kind == CNN__OP_PACK;
    for (int64_t part = 0; plan->ops[i].kind == CNN__OP_PACK && part < plan->ops[i].parts; part++)
      ck_assert_int_eq(links_to(plan, i, part), i >= plan->scheduled);
  }
  for (int32_t i = 0; i < m->layer_count; i++)
    for (const cnn__phase *p = m->layers[i]->type->phases[CNN__PHASE_PACK]; p && p->run; p++)
      wanted += !m->layers[i]->frozen;
  ck_assert_int_eq(phases, wanted);
  cnn__plan_free(plan);
  cnn_model_free(m);
}
END_TEST

START_TEST(a_dense_layer_is_updated_and_packed_part_by_part) {
  cnn_model *m = compiled(0, "adam");
  cnn__plan *plan = plan_of(m, 0);
  const cnn_layer *dense = cnn_model_layer(m, "dense1");
  int32_t found = 0;
  for (int32_t i = 0; i < plan->scheduled; i++) {
    const cnn__op *op = &plan->ops[i];
    if (op->kind != CNN__OP_LAYER || !op->phase->late || plan->layers[op->layer] != dense)
      continue;
    for (int64_t part = 0; part < op->parts; part++, found++) {
      ck_assert_int_ge(plan->tails[op->first + part].chunk, 0);
      ck_assert_int_eq(plan->tails[op->first + part].count, part + 1 < op->parts); /* the last is the bias */
    }
  }
  ck_assert_int_gt(found, 1);
  cnn__plan_free(plan);
  cnn_model_free(m);
}
END_TEST

/* ---- the same bits ---- */

static void train(cnn_model *m, const cnn__plan *plan) {
  static float x[ROWS * NOTEBOOK_PIXELS], targets[ROWS * CLASSES];
  cnn__run *run;
  test_batch batch;
  int64_t row = cnn__shape_count(&m->layers[0]->out);
  test_numbers(x, ROWS * row, 7, 1.0f);
  for (int64_t i = 0; i < ROWS; i++)
    targets[i * CLASSES + i % CLASSES] = 1.0f;
  test_batch_set(&batch, x, row, targets, ROWS);
  ck_assert_int_eq(cnn__run_new(&run, m, plan, ROWS), CNN_OK);
  for (uint32_t step = 0; step < 3; step++)
    cnn__run_train(run, m, &batch.feed, step);
  cnn__run_free(run);
}

/* The packs that training left are those of the weights. */
static void check_packs(cnn_model *m) {
  for (int32_t i = 0; i < m->layer_count; i++)
    for (int32_t p = 0; p < m->layers[i]->pack_count; p++) {
      size_t bytes = (size_t)m->layers[i]->pack_floats[p] * sizeof(float);
      float *left = malloc(bytes);
      memcpy(left, m->arrays[i].packs[p], bytes);
      cnn__model_touch(m);
      cnn__model_pack(m);
      ck_assert_msg(memcmp(left, m->arrays[i].packs[p], bytes) == 0, "pack %d of '%s'", (int)p, m->layers[i]->name);
      free(left);
    }
}

START_TEST(the_order_of_updates_changes_no_bit) {
  static const char *const optimizers[] = {"adam", "sgd"};
  char hashes[2][33];
  for (int32_t whole = 0; whole < 2; whole++) {
    cnn_model *m = compiled(_i / 2, optimizers[_i % 2]);
    cnn__plan *plan = plan_of(m, whole);
    train(m, plan);
    check_packs(m);
    cnn_model_hash(m, hashes[whole]);
    cnn__plan_free(plan);
    cnn_model_free(m);
  }
  ck_assert_str_eq(hashes[0], hashes[1]);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("plan_update");
  TCase *all = tcase_create("all");
  tcase_add_checked_fixture(all, set_up, tear_down);
  tcase_set_timeout(all, 60);
  tcase_add_loop_test(all, each_trainable_element_is_updated_once, 0, 2 * MODELS);
  tcase_add_loop_test(all, each_pack_is_made_once, 0, 2 * MODELS);
  tcase_add_test(all, a_dense_layer_is_updated_and_packed_part_by_part);
  tcase_add_loop_test(all, the_order_of_updates_changes_no_bit, 0, 2 * MODELS);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
