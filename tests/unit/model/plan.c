/* plan: no two buffers that live at once overlap, the worker's are used within one segment, segments cover all ops;
 * and the arrangement of memory changes no bit. */
#include "branches.h"
#include "notebook.h"
#include "compare.h"

#include "model/run_record.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static cnn_context *context;

/* Layers by themselves, where a test does not ask for fused ones. */
static void set_up(void) {
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 2)), CNN_OK);
  context->fuse = 0;
}

static void tear_down(void) { cnn_context_free(context); }

/* ---- models ---- */

static cnn_model *begin(void) {
  cnn_model *m;
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 3, (const int64_t[]){6, 5, 3}, NULL);
  return m;
}

static cnn_model *notebook(void) { return notebook_new(context, 1); }

static cnn_model *activations_in_a_row(void) {
  cnn_model *m = begin();
  cnn_activation(m, CNN_ACTIVATION_TANH, NULL);
  cnn_conv2d(m, 4, 3, 3, cnn_conv2d_opts(.activation = CNN_ACTIVATION_RELU));
  cnn_activation(m, CNN_ACTIVATION_SIGMOID, NULL);
  cnn_activation(m, CNN_ACTIVATION_TANH, NULL);
  cnn_dropout(m, 0.5f, NULL);
  cnn_flatten(m, NULL);
  cnn_activation(m, CNN_ACTIVATION_RELU, NULL);
  cnn_dense(m, 3, NULL);
  cnn_activation(m, CNN_ACTIVATION_SOFTMAX, NULL);
  return m;
}

static cnn_model *frozen_between(void) {
  cnn_model *m = begin();
  cnn_conv2d(m, 4, 2, 2, NULL);
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.frozen = 1));
  cnn_max_pooling2d(m, 2, 2, NULL);
  cnn_flatten(m, NULL);
  cnn_flatten(m, NULL);
  cnn_dense(m, 5, cnn_dense_opts(.activation = CNN_ACTIVATION_RELU));
  cnn_batch_normalization(m, NULL);
  cnn_dropout(m, 0.25f, NULL);
  cnn_dense(m, 3, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX));
  cnn_dropout(m, 0.0f, NULL);
  return m;
}

static cnn_model *nothing_to_learn(void) {
  cnn_model *m = begin();
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.frozen = 1));
  cnn_flatten(m, NULL);
  cnn_activation(m, CNN_ACTIVATION_SOFTMAX, NULL);
  return m;
}

static cnn_model *tangle(void) { return branches_tangle(context); }

static cnn_model *resnet(void) { return branches_resnet(context); }

static cnn_model *every_layer(void) {
  int32_t variants;
  return branches_every_layer(context, &variants);
}

typedef cnn_model *make_model(void);
static make_model *const models[] = {notebook, activations_in_a_row, frozen_between, nothing_to_learn, tangle, resnet,
                                     every_layer};
#define MODELS ((int)(sizeof models / sizeof *models))

static cnn_model *compiled(int which) {
  cnn_model *m = models[which]();
  ck_assert_msg(cnn_model_status(m) == CNN_OK, "%s", cnn_error_text());
  notebook_compile(m, "adam", NULL);
  return m;
}

static cnn__plan *plan_of(const cnn_model *m, int32_t mode) {
  cnn__plan *plan;
  ck_assert_int_eq(cnn__plan_new(&plan, m, mode, m->loss, 0), CNN_OK);
  return plan;
}

/* ---- invariants ---- */

typedef struct life {
  int32_t first_op, last_op, first, last;
} life;

static int32_t segment_of(const cnn__plan *plan, int32_t op) {
  int32_t s = 0;
  while (op >= plan->segments[s].first + plan->segments[s].count)
    s++;
  return s;
}

/* The life of a root and all its aliases, worked out from the ops alone. */
static life life_of(const cnn__plan *plan, int32_t root) {
  life l = {-1, -1, -1, -1};
  for (int32_t i = 0; i < plan->op_count; i++) {
    int32_t used[CNN__OP_BUFFERS], count = cnn__op_buffers(plan, &plan->ops[i], used);
    for (int32_t u = 0; u < count; u++) {
      if (used[u] != root && plan->buffers[used[u]].alias != root)
        continue;
      if (l.first_op < 0) {
        l.first_op = i;
        l.first = segment_of(plan, i);
      }
      l.last_op = i;
      l.last = segment_of(plan, i);
    }
  }
  return l;
}

static int64_t end_of(const cnn__buffer *b) { return b->offset + cnn__round_floats(b->floats * b->samples); }

static int32_t apart(const cnn__buffer *a, const cnn__buffer *b) { return end_of(a) <= b->offset || end_of(b) <= a->offset; }

static void check_buffers(const cnn__plan *plan) {
  life *lives = malloc((size_t)plan->buffer_count * sizeof *lives);
  for (int32_t i = 0; i < plan->buffer_count; i++)
    lives[i] = life_of(plan, i);
  for (int32_t i = 0; i < plan->buffer_count; i++) {
    const cnn__buffer *a = &plan->buffers[i];
    if (a->alias >= 0) {
      ck_assert_int_lt(plan->buffers[a->alias].alias, 0);
      ck_assert_int_eq(a->offset, plan->buffers[a->alias].offset);
      ck_assert_int_eq(a->local, plan->buffers[a->alias].local);
      continue;
    }
    life la = lives[i];
    if (la.first < 0)
      continue;
    ck_assert_int_eq(a->local, la.first == la.last && plan->segments[la.first].domain == CNN__SHARDS);
    ck_assert_int_eq(a->offset % 16, 0);
    ck_assert_int_le(end_of(a), a->local ? plan->local_floats : plan->arena_floats);
    for (int32_t j = i + 1; j < plan->buffer_count; j++) {
      const cnn__buffer *b = &plan->buffers[j];
      life lb = lives[j];
      if (b->alias >= 0 || lb.first < 0 || a->local != b->local)
        continue;
      int32_t together = a->local ? la.first_op <= lb.last_op && lb.first_op <= la.last_op
                                  : la.first <= lb.last && lb.first <= la.last;
      ck_assert_msg(!together || apart(a, b), "buffers %d and %d overlap", (int)i, (int)j);
    }
  }
  free(lives);
}

static void check_segments(const cnn__plan *plan) {
  int32_t next = 0;
  for (int32_t s = 0; s < plan->segment_count; s++) {
    const cnn__segment *segment = &plan->segments[s];
    int64_t items = 0;
    ck_assert_int_eq(segment->first, next);
    ck_assert_int_gt(segment->count, 0);
    for (int32_t i = segment->first; i < segment->first + segment->count; i++) {
      const cnn__op *op = &plan->ops[i];
      if (op->kind == CNN__OP_LAYER)
        ck_assert_int_eq(op->units ? CNN__PARTS : op->phase->domain, segment->domain);
      items += op->parts;
      if (segment->count > 1 && segment->domain == CNN__PARTS)
        ck_assert(op->beside || op->kind == CNN__OP_PACK || op->phase->late);
    }
    if (segment->domain == CNN__PARTS)
      ck_assert_int_eq(segment->items, items);
    next += segment->count;
  }
  ck_assert_int_eq(next, plan->scheduled);
}

START_TEST(memory_and_segments_are_sound) {
  context->fuse = _i % 2;
  cnn_model *m = compiled(_i / 2 / CNN__MODES);
  cnn__plan *plan = plan_of(m, _i / 2 % CNN__MODES);
  check_buffers(plan);
  check_segments(plan);
  cnn__plan_free(plan);
  cnn_model_free(m);
}
END_TEST

/* A plan whose buffers all lie apart, for the whole batch, and share memory only where a layer moves no data. */
static void spread(cnn__plan *plan) {
  int32_t layers = plan->layer_count;
  for (int32_t i = 0; i < plan->buffer_count; i++)
    plan->buffers[i].alias = -1;
  for (int32_t i = 1; i < layers; i++)
    if (cnn__plan_same(plan, plan->layers[i])) {
      int32_t from = cnn__plan_edge(plan, i, 0)->from;
      plan->buffers[i].alias = plan->buffers[from].alias < 0 ? from : plan->buffers[from].alias;
    }
  for (int32_t i = layers - 1; i > 0; i--)
    if (cnn__plan_same(plan, plan->layers[i]) && cnn__plan_edge(plan, i, 0)->dx >= 0) {
      int32_t after = plan->buffers[layers + i].alias < 0 ? layers + i : plan->buffers[layers + i].alias;
      plan->buffers[cnn__plan_edge(plan, i, 0)->dx].alias = after;
    }
  plan->arena_floats = plan->local_floats = 0;
  for (int32_t i = 0; i < plan->buffer_count; i++) {
    plan->buffers[i].local = 0;
    plan->buffers[i].offset = plan->arena_floats;
    plan->arena_floats += cnn__round_floats(plan->buffers[i].floats);
  }
  for (int32_t i = 0; i < plan->buffer_count; i++)
    if (plan->buffers[i].alias >= 0)
      plan->buffers[i].offset = plan->buffers[plan->buffers[i].alias].offset;
}

#define ROWS 21

static void train(cnn_model *m, const cnn__plan *plan, char hash[33]) {
  cnn__run *run;
  int64_t shape[CNN_MAX_RANK], row = 1;
  int32_t rank = cnn_model_input_shape(m, 0, shape);
  for (int32_t i = 0; i < rank; i++)
    row *= shape[i];
  int64_t columns = cnn__shape_count(&m->layers[m->layer_count - 1]->out);
  float *x = malloc(sizeof(float) * (size_t)(ROWS * row)), *targets = calloc((size_t)(ROWS * columns), sizeof(float));
  test_numbers(x, ROWS * row, 7, 1.0f);
  for (int64_t i = 0; i < ROWS; i++)
    targets[i * columns + i % columns] = 1.0f;
  test_batch batch;
  test_batch_set(&batch, x, row, targets, ROWS);
  ck_assert_int_eq(cnn__run_new(&run, m, plan, ROWS + 3), CNN_OK);
  for (uint32_t step = 0; step < 3; step++)
    cnn__run_train(run, m, &batch.feed, step);
  cnn_model_hash(m, hash);
  cnn__run_free(run);
  free(x);
  free(targets);
}

START_TEST(arrangement_changes_no_bit) {
  char tight[33], wide[33];
  context->fuse = _i % 2;
  for (int32_t spread_out = 0; spread_out < 2; spread_out++) {
    cnn_model *m = compiled(_i / 2);
    const cnn__plan *made;
    ck_assert_int_eq(cnn__model_plan(m, CNN__MODE_TRAIN, &made), CNN_OK);
    cnn__plan *plan = plan_of(m, CNN__MODE_TRAIN);
    if (spread_out)
      spread(plan);
    train(m, plan, spread_out ? wide : tight);
    cnn__plan_free(plan);
    cnn_model_free(m);
  }
  ck_assert_str_eq(tight, wide);
}
END_TEST

/* The notebook's large gradients of pooling are made twice, in the worker's memory, not kept: to the same bits. */
START_TEST(making_a_gradient_again_changes_no_bit) {
  char again[33], kept[33];
  for (int32_t keep = 0; keep < 2; keep++) {
    cnn_model *m = notebook();
    int32_t bn1 = cnn_model_layer(m, "bn1")->index, twice = 2 * m->layer_count + 1 + bn1;
    for (int32_t i = 0; keep && i < m->layer_count; i++)
      m->layers[i]->needs &= ~CNN__BACKWARD_AGAIN;
    notebook_compile(m, "adam", NULL);
    const cnn__plan *plan;
    ck_assert_int_eq(cnn__model_plan(m, CNN__MODE_TRAIN, &plan), CNN_OK);
    ck_assert_int_eq(plan->buffers[m->layer_count + bn1].local, !keep);
    ck_assert_int_eq(plan->buffers[twice].local, !keep);
    ck_assert_int_eq(plan->buffers[m->layer_count + bn1 - 1].alias, keep ? m->layer_count + bn1 : twice);
    train(m, plan, keep ? kept : again);
    cnn_model_free(m);
  }
  ck_assert_str_eq(again, kept);
}
END_TEST

START_TEST(prediction_is_one_segment_in_the_workers_memory) {
  context->fuse = _i % 2;
  cnn_model *m = compiled(_i / 2);
  cnn__plan *plan = plan_of(m, CNN__MODE_PREDICT);
  ck_assert_int_eq(plan->segment_count, 1);
  ck_assert_int_eq(plan->arena_floats, 0);
  ck_assert_int_eq(plan->kept_bytes + plan->slot_floats + plan->sum_doubles + plan->state_floats, 0);
  cnn__plan_free(plan);
  cnn_model_free(m);
}
END_TEST

START_TEST(the_notebooks_training_keeps_what_it_must) {
  cnn_model *m = compiled(0);
  cnn__plan *plan = plan_of(m, CNN__MODE_TRAIN);
  int32_t bn1 = cnn_model_layer(m, "bn1")->index, pool1 = cnn_model_layer(m, "pool1")->index,
          dropout1 = cnn_model_layer(m, "dropout1")->index, flatten = cnn_model_layer(m, "flatten")->index;
  ck_assert_int_eq(plan->buffers[bn1].local, 1);             /* normalised, pooled, gone */
  ck_assert_int_eq(plan->buffers[dropout1].alias, pool1);    /* in place */
  ck_assert_int_eq(plan->buffers[pool1].local, 0);           /* conv2 reads it in backward */
  ck_assert_int_eq(plan->buffers[flatten].alias, plan->buffers[flatten - 1].alias); /* no data move */
  ck_assert_int_eq(plan->taken, m->layer_count - 1);
  ck_assert_int_ne(plan->probabilities, plan->output);
  ck_assert_int_eq(plan->ops[0].kind, CNN__OP_FEED);
  ck_assert_int_eq(plan->ops[plan->scheduled - 1].kind, CNN__OP_PACK);
  for (int32_t i = 0; i < plan->op_count; i++)
    if (plan->ops[i].kind == CNN__OP_LAYER && plan->ops[i].layer == 1)
      ck_assert_int_lt(plan->ops[i].dx, 0); /* nobody wants the images' gradient */
  cnn__plan_free(plan);
  cnn_model_free(m);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("plan");
  TCase *all = tcase_create("all");
  tcase_add_checked_fixture(all, set_up, tear_down);
  tcase_set_timeout(all, 60);
  tcase_add_loop_test(all, memory_and_segments_are_sound, 0, 2 * MODELS * CNN__MODES);
  tcase_add_loop_test(all, arrangement_changes_no_bit, 0, 2 * MODELS);
  tcase_add_test(all, making_a_gradient_again_changes_no_bit);
  tcase_add_loop_test(all, prediction_is_one_segment_in_the_workers_memory, 0, 2 * MODELS);
  tcase_add_test(all, the_notebooks_training_keeps_what_it_must);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
