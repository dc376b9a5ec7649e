/* pieces: where a batch has fewer shards than there are workers, shards run in pieces: to the bits of one thread, on
 * every instruction set, fused or not. */
#include "compare.h"
#include "notebook.h"

#include "core/cpu.h"
#include "model/run_record.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define MOST_ROWS 19
#define MOST_PIXELS (40 * 40 * 3)
#define MOST_OUTPUTS 300

static cnn_model *begin(cnn_context *context, int64_t h, int64_t w, int64_t c) {
  cnn_model *m;
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 3, (const int64_t[]){h, w, c}, NULL);
  return m;
}

static cnn_model *notebook(cnn_context *context) { return notebook_new(context, 1); }

static cnn_model *plain(cnn_context *context) { /* neither pooling nor normalisation */
  cnn_model *m = begin(context, 23, 17, 3);
  cnn_conv2d(m, 40, 3, 3, cnn_conv2d_opts(.activation = CNN_ACTIVATION_TANH));
  cnn_conv2d(m, 18, 5, 2,
             cnn_conv2d_opts(.strides = {2, 3}, .padding = CNN_PADDING_SAME, .activation = CNN_ACTIVATION_SILU));
  cnn_conv2d(m, 36, 1, 1, cnn_conv2d_opts(.activation = CNN_ACTIVATION_SOFTMAX));
  cnn_conv2d(m, 32, 3, 3, cnn_conv2d_opts(.dilation_rate = {3, 2}, .padding = CNN_PADDING_SAME, .groups = 2));
  cnn_activation(m, CNN_ACTIVATION_LEAKY_RELU, NULL);
  cnn_flatten(m, NULL);
  cnn_dense(m, 300, cnn_dense_opts(.activation = CNN_ACTIVATION_RELU));
  return m;
}

static cnn_model *blocks(cnn_context *context) { /* windows of 3 in bands, no pooling in channels, odd extents */
  cnn_model *m = begin(context, 40, 39, 2);
  cnn_conv2d(m, 24, 3, 3, cnn_conv2d_opts(.padding = CNN_PADDING_SAME, .activation = CNN_ACTIVATION_RELU));
  cnn_batch_normalization(m, NULL);
  cnn_max_pooling2d(m, 3, 3, NULL);
  cnn_conv2d(m, 41, 3, 3, cnn_conv2d_opts(.padding = CNN_PADDING_SAME, .activation = CNN_ACTIVATION_SIGMOID));
  cnn_batch_normalization(m, NULL);
  cnn_conv2d(m, 72, 3, 3, cnn_conv2d_opts(.strides = {2, 2}, .no_bias = 1, .padding = CNN_PADDING_SAME));
  cnn_batch_normalization(m, NULL);
  cnn_conv2d(m, 48, 3, 3, cnn_conv2d_opts(.padding = CNN_PADDING_SAME, .activation = CNN_ACTIVATION_RELU));
  cnn_batch_normalization(m, NULL);
  cnn_max_pooling2d(m, 2, 2, NULL);
  cnn_flatten(m, NULL);
  cnn_dense(m, 150, cnn_dense_opts(.activation = CNN_ACTIVATION_SIGMOID));
  cnn_dense(m, 257, NULL);
  return m;
}

static cnn_model *wide(cnn_context *context) { /* weights that the whole batch reads at once */
  cnn_model *m = begin(context, 8, 8, 20);
  cnn_flatten(m, NULL);
  cnn_dense(m, 850, cnn_dense_opts(.activation = CNN_ACTIVATION_RELU));
  cnn_dense(m, 1300, NULL);
  cnn_dense(m, 70, cnn_dense_opts(.activation = CNN_ACTIVATION_TANH));
  return m;
}

static cnn_model *branches(cnn_context *context) { /* what only moves floats: sums, averages in bands over padding */
  cnn_model *m = begin(context, 40, 39, 2);
  cnn_conv2d(m, 48, 3, 3, cnn_conv2d_opts(.padding = CNN_PADDING_SAME, .name = "a"));
  cnn_conv2d(m, 48, 1, 1, cnn_conv2d_opts(.activation = CNN_ACTIVATION_TANH, .name = "b"));
  cnn_add(m, cnn_add_opts(.inputs = (const char *const[]){"a", "b", "a"}, .input_count = 3));
  cnn_average_pooling2d(m, 3, 3,
                        cnn_average_pooling2d_opts(.strides = {1, 1}, .padding = CNN_PADDING_SAME, .name = "c"));
  cnn_activation(m, CNN_ACTIVATION_RELU, NULL);
  cnn_max_pooling2d(m, 3, 5, cnn_max_pooling2d_opts(.strides = {1, 1}, .padding = CNN_PADDING_SAME));
  cnn_activation(m, CNN_ACTIVATION_SOFTMAX, NULL);
  cnn_average_pooling2d(m, 5, 4, cnn_average_pooling2d_opts(.strides = {2, 3}, .padding = CNN_PADDING_SAME));
  cnn_average_pooling2d(m, 2, 2, cnn_average_pooling2d_opts(.input = "c", .name = "d"));
  cnn_global_max_pooling2d(m, cnn_global_max_pooling2d_opts(.name = "e"));
  cnn_global_average_pooling2d(m, cnn_global_average_pooling2d_opts(.input = "average_pooling2d", .name = "f"));
  cnn_add(m, cnn_add_opts(.inputs = (const char *const[]){"e", "f"}, .input_count = 2));
  return m;
}

static cnn_model *bare(cnn_context *context) { /* normalisation without a convolution, by pixels and by pooled rows */
  cnn_model *m = begin(context, 40, 39, 2);
  cnn_conv2d(m, 48, 3, 3, cnn_conv2d_opts(.padding = CNN_PADDING_SAME, .name = "a"));
  cnn_add(m, cnn_add_opts(.inputs = (const char *const[]){"a", "a"}, .input_count = 2));
  cnn_batch_normalization(m, NULL);
  cnn_activation(m, CNN_ACTIVATION_GELU, NULL);
  cnn_batch_normalization(m, NULL);
  cnn_max_pooling2d(m, 3, 2, NULL);
  cnn_activation(m, CNN_ACTIVATION_TANH, NULL);
  cnn_max_pooling2d(m, 5, 5, NULL);
  cnn_flatten(m, NULL);
  return m;
}

static cnn_model *pooled(cnn_context *context) { /* convolutions without normalisation, pooled by bands and by channels */
  cnn_model *m = begin(context, 40, 39, 2);
  cnn_conv2d(m, 24, 3, 3, cnn_conv2d_opts(.padding = CNN_PADDING_SAME, .activation = CNN_ACTIVATION_RELU));
  cnn_max_pooling2d(m, 3, 3, NULL);
  cnn_conv2d(m, 41, 3, 3, cnn_conv2d_opts(.padding = CNN_PADDING_SAME, .activation = CNN_ACTIVATION_SIGMOID));
  cnn_max_pooling2d(m, 2, 1, NULL);
  cnn_conv2d(m, 33, 5, 3, cnn_conv2d_opts(.padding = CNN_PADDING_SAME));
  cnn_activation(m, CNN_ACTIVATION_GELU, NULL);
  cnn_max_pooling2d(m, 2, 4, NULL);
  cnn_dropout(m, 0.5f, NULL);
  cnn_flatten(m, NULL);
  return m;
}

typedef cnn_model *make_model(cnn_context *context);
static make_model *const models[] = {notebook, plain, blocks, wide, branches, bare, pooled};
#define MODELS ((int)(sizeof models / sizeof *models))

static const int64_t batches[] = {1, 3, 8, 9, MOST_ROWS};
#define BATCHES ((int)(sizeof batches / sizeof *batches))

static float x[MOST_ROWS * MOST_PIXELS];

/* Predictions of all batches, one behind the other, of the model which context makes. Moving statistics are other than 0 and 1. */
static void predict(int which, const char *cpu, int32_t threads, int32_t fuse, float *outputs) {
  cnn_context *context;
  setenv("CNN_CPU", cpu, 1);
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = threads, .seed = 5)), CNN_OK);
  unsetenv("CNN_CPU");
  context->fuse = fuse;
  cnn_model *m = models[which](context);
  ck_assert_msg(cnn_model_status(m) == CNN_OK, "%s", cnn_error_text());
  for (int32_t i = 0; i < m->parameter_count; i++) {
    cnn__weight *weight = cnn__model_weight(m, i);
    for (int64_t e = 0; !weight->trainable && e < weight->count; e++)
      weight->value[e] += 0.5f + 0.4f * test_number(40 + (uint64_t)i, e);
  }
  int64_t row = cnn__shape_count(&m->layers[0]->out), columns = cnn__shape_count(&m->layers[m->layer_count - 1]->out);
  for (int b = 0; b < BATCHES; b++, outputs += MOST_ROWS * MOST_OUTPUTS) {
    cnn__run *run;
    test_batch batch;
    test_batch_set(&batch, x, row, NULL, batches[b]);
    ck_assert_int_le(columns, MOST_OUTPUTS);
    ck_assert_int_eq(cnn__model_borrow_run(m, CNN__MODE_PREDICT, batches[b], &run), CNN_OK);
    run->splits = 1; /* also with more threads than this machine has */
    cnn__run_predict(run, m, &batch.feed, outputs);
    cnn__model_return_run(m, run);
  }
  cnn_model_free(m);
  cnn_context_free(context);
}

#define OUTPUTS (BATCHES * MOST_ROWS * MOST_OUTPUTS)

START_TEST(pieces_have_the_bits_of_the_whole) {
  static const char *const levels[] = {"ref", "avx2", "avx512"};
  float *alone = calloc(OUTPUTS, sizeof(float)), *together = calloc(OUTPUTS, sizeof(float));
  test_numbers(x, MOST_ROWS * MOST_PIXELS, 3, 1.0f);
  predict(_i, "ref", 1, 0, alone);
  for (int level = 0; level < 3 && level <= cnn__cpu_best(); level++)
    for (int32_t threads = level ? 1 : 3; threads < 8; threads += level ? 1 : 20)
      for (int32_t fuse = 0; fuse < 2; fuse++) {
        predict(_i, levels[level], threads, fuse, together);
        ck_assert_msg(memcmp(alone, together, OUTPUTS * sizeof(float)) == 0, "%s, %d threads, fuse %d", levels[level],
                      (int)threads, (int)fuse);
      }
  free(alone);
  free(together);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("pieces");
  TCase *all = tcase_create("all");
  tcase_set_timeout(all, 120);
  tcase_add_loop_test(all, pieces_have_the_bits_of_the_whole, 0, MODELS);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
