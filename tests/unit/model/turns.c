/* turns: in inference the samples of a shard go through layers of large tensors a few at a time, and shards are as large as
 * the batch and the workers want: to the bits of whole shards on one thread, on every instruction set. */
#include "compare.h"
#include "notebook.h"

#include "core/cpu.h"
#include "model/run_record.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define SAME CNN_PADDING_SAME
#define RELU CNN_ACTIVATION_RELU
#define PIXELS (64 * 72 * 3)
#define MOST_ROWS 11
#define OUTPUTS 10

static void sum(cnn_model *m, const char *a, const char *b) {
  cnn_add(m, cnn_add_opts(.inputs = (const char *const[]){a, b}, .input_count = 2));
}

/* Turns of one sample and of several, and whole shards; tensors that live through some of them, or through a
 * turn and what is behind it; blocks, with pooling and without, whose images are normalised in strips. */
static cnn_model *chain(cnn_context *context) {
  cnn_model *m;
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 3, (const int64_t[]){64, 72, 3}, NULL);
  cnn_conv2d(m, 16, 3, 3, cnn_conv2d_opts(.padding = SAME, .activation = RELU));
  cnn_batch_normalization(m, NULL);
  cnn_activation(m, RELU, cnn_activation_opts(.name = "a"));
  cnn_conv2d(m, 16, 3, 3, cnn_conv2d_opts(.padding = SAME, .groups = 16, .no_bias = 1));
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.name = "b"));
  sum(m, "a", "b");
  cnn_activation(m, RELU, NULL);
  cnn_conv2d(m, 24, 3, 3, cnn_conv2d_opts(.padding = SAME, .activation = CNN_ACTIVATION_TANH));
  cnn_batch_normalization(m, NULL);
  cnn_max_pooling2d(m, 3, 3, NULL);
  cnn_conv2d(m, 40, 3, 3, cnn_conv2d_opts(.padding = SAME));
  cnn_conv2d(m, 64, 3, 3, cnn_conv2d_opts(.padding = SAME, .activation = RELU, .name = "c"));
  cnn_conv2d(m, 128, 3, 3, cnn_conv2d_opts(.padding = SAME));
  cnn_batch_normalization(m, NULL);
  cnn_conv2d(m, 64, 1, 1, cnn_conv2d_opts(.name = "d"));
  sum(m, "c", "d");
  cnn_global_average_pooling2d(m, NULL);
  cnn_dense(m, OUTPUTS, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX));
  ck_assert_msg(cnn_model_status(m) == CNN_OK, "%s", cnn_error_text());
  return m;
}

static cnn_context *context_of(const char *cpu, int32_t threads, int32_t fuse) {
  cnn_context *context;
  setenv("CNN_CPU", cpu, 1);
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = threads, .seed = 5)), CNN_OK);
  unsetenv("CNN_CPU");
  context->fuse = fuse;
  return context;
}

static float x[MOST_ROWS * PIXELS];

/* The prediction of `batch` rows from `first` on; how many shards they were. */
static int64_t predict(const cnn_model *m, int64_t first, int64_t batch, float *outputs) {
  cnn__run *run;
  test_batch rows;
  test_batch_set(&rows, x + first * PIXELS, PIXELS, NULL, batch);
  ck_assert_int_eq(cnn__model_borrow_run(m, CNN__MODE_PREDICT, batch, &run), CNN_OK);
  run->splits = 1; /* also with more threads than this machine has */
  cnn__run_predict(run, m, &rows.feed, outputs);
  int64_t items = run->items;
  cnn__model_return_run(m, run);
  return items;
}

static const cnn__plan *plan_of(const cnn_model *m, int32_t mode) {
  const cnn__plan *plan;
  ck_assert_int_eq(cnn__model_plan(m, mode, &plan), CNN_OK);
  return plan;
}

/* ---- the bits ---- */

/* Against each image by itself. */
static void compare(const char *cpu, int32_t threads, int32_t fuse, const float *alone) {
  static const int64_t batches[] = {1, 3, 8, MOST_ROWS};
  float together[MOST_ROWS * OUTPUTS];
  cnn_context *context = context_of(cpu, threads, fuse);
  cnn_model *m = chain(context);
  for (size_t b = 0; b < sizeof batches / sizeof *batches; b++) {
    predict(m, 0, batches[b], together);
    ck_assert_msg(memcmp(alone, together, (size_t)batches[b] * OUTPUTS * sizeof(float)) == 0, "%s, %d threads, fuse %d, batch %d",
                  cpu, (int)threads, (int)fuse, (int)batches[b]);
  }
  cnn_model_free(m);
  cnn_context_free(context);
}

START_TEST(turns_have_the_bits_of_one_image) {
  static const char *const levels[] = {"ref", "avx2", "avx512"};
  float alone[MOST_ROWS * OUTPUTS];
  cnn_context *context = context_of("ref", 1, 0);
  cnn_model *m = chain(context);
  test_numbers(x, MOST_ROWS * PIXELS, 3, 1.0f);
  for (int64_t i = 0; i < MOST_ROWS; i++)
    predict(m, i, 1, alone + i * OUTPUTS);
  cnn_model_free(m);
  cnn_context_free(context);
  for (int level = 0; level < 3 && level <= cnn__cpu_best(); level++)
    for (int32_t threads = level ? 1 : 2; threads < 5; threads += level ? 1 : 5)
      for (int32_t fuse = 0; fuse < 2; fuse++)
        compare(levels[level], threads, fuse, alone);
}
END_TEST

/* ---- the plan ---- */

/* How many ops of shard segments have turns of so many samples. */
static int32_t count_turns(const cnn__plan *plan, int32_t turn) {
  int32_t count = 0;
  for (int32_t s = 0; s < plan->segment_count; s++)
    for (int32_t i = 0; i < plan->segments[s].count; i++)
      count += plan->segments[s].domain == CNN__SHARDS && plan->ops[plan->segments[s].first + i].turn == turn;
  return count;
}

START_TEST(large_tensors_go_by_turns) {
  int64_t local[2];
  for (int32_t many = 0; many < 2; many++) {
    cnn_context *context = context_of("ref", many ? 7 : 1, 1);
    cnn_model *m = chain(context);
    const cnn__plan *plan = plan_of(m, CNN__MODE_PREDICT);
    int64_t first = 64 * 72 * 16; /* floats of the first layers' outputs, two of which live at once */
    ck_assert_int_gt(count_turns(plan, 1), 1);
    ck_assert_int_gt(count_turns(plan, 2) + count_turns(plan, 4), 1);
    ck_assert_int_gt(count_turns(plan, CNN__SHARD), 1);
    ck_assert_int_lt(plan->local_floats, 2 * CNN__SHARD * first);
    local[many] = plan->local_floats;
    cnn_model_free(m);
    cnn_context_free(context);
  }
  ck_assert_int_eq(local[0], local[1]);
}
END_TEST

/* Sums over the batch are made of whole shards. */
START_TEST(training_goes_by_shards) {
  cnn_context *context = context_of("ref", 1, _i);
  cnn_model *m = chain(context);
  notebook_compile(m, "adam", NULL);
  const cnn__plan *plan = plan_of(m, CNN__MODE_TRAIN);
  for (int32_t turn = 1; turn < CNN__SHARD; turn *= 2)
    ck_assert_int_eq(count_turns(plan, turn), 0);
  ck_assert_int_gt(count_turns(plan_of(m, CNN__MODE_TEST), 1), 1);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

/* ---- shards ---- */

START_TEST(shards_are_as_many_for_each_worker) {
  static const struct {
    int64_t batch;
    int32_t threads;
    int64_t shards;
  } cases[] = {{1, 1, 1}, {9, 1, 2}, {1, 2, 1}, {2, 2, 1}, {3, 2, 1}, {4, 2, 2}, {8, 2, 2}, {9, 2, 2}, {11, 2, 2}, {11, 3, 3}, {5, 4, 1}};
  float outputs[MOST_ROWS * OUTPUTS];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    cnn_context *context = context_of("ref", cases[i].threads, 1);
    cnn_model *m;
    ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
    cnn_input(m, 3, (const int64_t[]){64, 72, 3}, NULL);
    cnn_global_max_pooling2d(m, NULL);
    cnn_dense(m, OUTPUTS, NULL);
    ck_assert_int_eq(predict(m, 0, cases[i].batch, outputs), cases[i].shards);
    cnn_model_free(m);
    cnn_context_free(context);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("turns");
  TCase *all = tcase_create("all");
  tcase_set_timeout(all, 120);
  tcase_add_test(all, turns_have_the_bits_of_one_image);
  tcase_add_test(all, large_tensors_go_by_turns);
  tcase_add_loop_test(all, training_goes_by_shards, 0, 2);
  tcase_add_test(all, shards_are_as_many_for_each_worker);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
