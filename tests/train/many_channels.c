/* many_channels: models whose 3x3 kernels are transformed in parts have the same bits for any number of threads and any instruction
 * set, and for an image alone, which threads share by bands of rows or by channels, as in a batch. */
#include "branches.h"
#include "compare.h"
#include "notebook.h"
#include "suite.h"

#include "kernels/kernel.h"
#include "model/run_record.h"

#include <stdlib.h>
#include <string.h>

#define ROWS 11 /* a whole shard and one of few tiles, whose kernel gradient goes by direct sums */
#define CLASSES 4

/* A CPU for each thread, whatever the machine: else an image alone is one thread's. */
int32_t __wrap_cnn__affinity(void);
int32_t __wrap_cnn__affinity(void) { return 1024; }

static const cnn__conv *geometry(const cnn_model *m, int32_t layer) { return m->layers[layer]->data; }

static cnn_model *make(cnn_context *context) {
  cnn_model *m;
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 3, (const int64_t[]){9, 7, 257}, NULL);
  cnn_conv2d(m, 256, 3, 3, cnn_conv2d_opts(.padding = CNN_PADDING_SAME, .activation = CNN_ACTIVATION_RELU));
  cnn_conv2d(m, 260, 3, 3, cnn_conv2d_opts(.padding = CNN_PADDING_SAME));
  cnn_batch_normalization(m, NULL);
  cnn_activation(m, CNN_ACTIVATION_RELU, NULL);
  cnn_max_pooling2d(m, 2, 2, NULL);
  cnn_flatten(m, NULL);
  cnn_dense(m, CLASSES, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX));
  notebook_compile(m, "sgd", NULL);
  for (int32_t layer = 1; layer <= 2; layer++)
    ck_assert_int_eq(geometry(m, layer)->algorithm, CNN__CONV_WIDE4);
  return m;
}

/* Of `count` rows from x on. */
static void predict(const cnn_model *m, const float *x, int64_t count, float *predictions) {
  cnn__run *run;
  test_batch batch;
  test_batch_set(&batch, x, 9 * 7 * 257, NULL, count);
  ck_assert_int_eq(cnn__model_borrow_run(m, CNN__MODE_PREDICT, count, &run), CNN_OK);
  cnn__run_predict(run, m, &batch.feed, predictions);
  cnn__model_return_run(m, run);
}

static void train(cnn_model *m, const float *x, const float *targets) {
  const cnn__plan *plan;
  cnn__run *run;
  test_batch batch;
  test_batch_set(&batch, x, 9 * 7 * 257, targets, ROWS);
  ck_assert_int_eq(cnn__model_plan(m, CNN__MODE_TRAIN, &plan), CNN_OK);
  ck_assert_int_eq(cnn__run_new(&run, m, plan, ROWS), CNN_OK);
  cnn__run_train(run, m, &batch.feed, 0);
  cnn__run_free(run);
}

/* After a step: the predictions of all rows together, and of the first ones alone, and the hash; 0 where there is no such instruction set. */
static int bits_of(int32_t threads, const char *cpu, float *together, float *alone, char hash[33]) {
  cnn_context *context;
  float *x, *targets;
  if (cpu)
    setenv("CNN_CPU", cpu, 1);
  cnn_status status = cnn_context_new(&context, cnn_context_opts(.threads = threads, .seed = 42));
  unsetenv("CNN_CPU");
  if (cpu && status == CNN_EINVAL)
    return 0;
  ck_assert_msg(status == CNN_OK, "%s", cnn_error_text());
  cnn_model *m = make(context);
  branches_data(ROWS, 9 * 7 * 257, CLASSES, &x, &targets);
  train(m, x, targets);
  predict(m, x, ROWS, together);
  for (int64_t row = 0; row < 2; row++)
    predict(m, x + row * 9 * 7 * 257, 1, alone + row * CLASSES);
  cnn_model_hash(m, hash);
  free(x);
  free(targets);
  cnn_model_free(m);
  cnn_context_free(context);
  return 1;
}

START_TEST(threads_and_instruction_sets_change_no_bit) {
  static const struct {
    int32_t threads;
    const char *cpu;
  } turns[] = {{2, NULL}, {3, NULL}, {4, NULL}, {9, NULL}, {1, "avx2"}, {3, "avx2"}, {3, "avx512"}, {3, "ref"}};
  float one[ROWS * CLASSES], together[ROWS * CLASSES], alone[2 * CLASSES];
  char hash[33], again[33];
  ck_assert_int_eq(bits_of(1, NULL, one, alone, hash), 1);
  compare_bits("rows alone", alone, one, 2 * CLASSES, 0);
  for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
    if (!bits_of(turns[i].threads, turns[i].cpu, together, alone, again))
      continue;
    compare_bits("rows together", together, one, ROWS * CLASSES, 0);
    compare_bits("rows alone", alone, one, 2 * CLASSES, 0);
    ck_assert_msg(!strcmp(hash, again), "1 thread: %s, %d threads, %s: %s", hash, (int)turns[i].threads,
                  turns[i].cpu ? turns[i].cpu : "the best instructions", again);
  }
}
END_TEST

int main(void) { return RUN_SUITE("many_channels", 300, threads_and_instruction_sets_change_no_bit); }
