/* fusion: each rule beside the layers it takes. Forward the bits are the same: losses, moving statistics, predictions.
 * Gradients are the same up to the order of their sums and to ties that only rounding makes. */
#include "compare.h"
#include "notebook.h"

#include "core/cpu.h"
#include "layers/fused/fusion.h"
#include "model/run_record.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CLASSES 3
#define MOST_ROWS 128
#define MOST_PIXELS 1024

/* One model: [convolution] [activation] [normalisation] [activation] [pooling] [activation] [dropout], flattened, classified. */
typedef struct kind {
  const char *rule; /* that takes layers in training; NULL: none does */
  int32_t taken;
  int64_t h, w, c;
  int32_t filters, kernel, stride; /* filters 0: no convolution */
  int32_t padding, activation;
  int32_t no_bias, no_scale, no_center, frozen;
  int64_t pool_h, pool_w; /* 0: no pooling */
  float dropout;          /* below 0: no dropout layer */
  int32_t pools_behind;   /* a pooling follows that the rule does not take; its backward may run twice */
  int32_t act, before, pooled; /* of a layer behind the normalisation, of one before it, of one behind the pooling; 0: none */
  int32_t bare;           /* no normalisation */
} kind;

enum { LINEAR = CNN_ACTIVATION_LINEAR, RELU = CNN_ACTIVATION_RELU, TANH = CNN_ACTIVATION_TANH,
       SIGMOID = CNN_ACTIVATION_SIGMOID, LEAKY = CNN_ACTIVATION_LEAKY_RELU, ELU = CNN_ACTIVATION_ELU,
       GELU = CNN_ACTIVATION_GELU, SOFTPLUS = CNN_ACTIVATION_SOFTPLUS, SILU = CNN_ACTIVATION_SILU, SAME = CNN_PADDING_SAME, VALID = CNN_PADDING_VALID };

static const kind kinds[] = {
    {"convolution_block", 4, 8, 8, 1, 16, 3, 1, SAME, RELU, 0, 0, 0, 0, 2, 2, 0.25f, 0, 0, 0, 0, 0},
    {"convolution_block", 4, 9, 7, 2, 5, 3, 1, SAME, RELU, 0, 0, 0, 0, 2, 2, 0.3f, 0, 0, 0, 0, 0},
    {"convolution_block", 3, 7, 9, 3, 17, 3, 1, VALID, RELU, 0, 0, 0, 0, 2, 2, -1, 0, 0, 0, 0, 0},
    {"convolution_block", 3, 11, 5, 1, 33, 2, 1, SAME, RELU, 0, 0, 0, 0, 3, 2, -1, 0, 0, 0, 0, 0},
    {"convolution_block", 4, 8, 8, 1, 16, 3, 1, SAME, LINEAR, 1, 1, 0, 0, 2, 2, 0.0f, 0, 0, 0, 0, 0},
    {"convolution_block", 4, 6, 6, 3, 8, 3, 2, SAME, TANH, 0, 0, 1, 0, 2, 2, 0.5f, 0, 0, 0, 0, 0},
    {"convolution_block", 3, 6, 6, 3, 20, 3, 1, VALID, SIGMOID, 0, 0, 0, 0, 2, 2, -1, 0, 0, 0, 0, 0},
    {"convolution_block", 3, 6, 6, 2, 4, 3, 1, SAME, TANH, 1, 0, 0, 0, 3, 3, -1, 0, 0, 0, 0, 0},
    {"convolution_block", 2, 6, 7, 3, 19, 3, 1, SAME, RELU, 0, 0, 0, 0, 0, 0, -1, 0, 0, 0, 0, 0},
    {"convolution_block", 3, 5, 5, 3, 16, 1, 1, SAME, RELU, 0, 1, 1, 0, 0, 0, 0.25f, 0, 0, 0, 0, 0},
    {"normalization_block", 3, 8, 7, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 0.25f, 0, 0, 0, 0, 0},
    {"normalization_block", 2, 5, 9, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3, -1, 0, 0, 0, 0, 0},
    {"convolution_block", 3, 8, 8, 3, 16, 3, 1, SAME, RELU, 0, 0, 0, 0, 0, 0, 0.25f, 1, 0, 0, 0, 0},
    {"convolution_block", 4, 8, 8, 3, 16, 3, 1, SAME, RELU, 0, 0, 0, 0, 2, 2, 0.25f, 1, 0, 0, 0, 0},
    {"convolution_block", 3, 8, 8, 3, 16, 3, 1, SAME, RELU, 0, 0, 0, 0, 2, 2, -1, 1, 0, 0, 0, 0},
    {"normalization_block", 3, 8, 9, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 0.25f, 1, 0, 0, 0, 0},
    {"convolution_block", 4, 8, 8, 1, 16, 3, 1, SAME, LEAKY, 0, 0, 0, 0, 2, 2, 0.25f, 0, 0, 0, 0, 0},
    {"convolution_block", 3, 6, 6, 3, 20, 3, 1, VALID, ELU, 0, 0, 0, 0, 2, 2, -1, 0, 0, 0, 0, 0},
    {"convolution_block", 3, 6, 6, 2, 4, 3, 1, SAME, SOFTPLUS, 1, 0, 0, 0, 3, 3, -1, 0, 0, 0, 0, 0},
    {"normalization_block", 2, 8, 7, 3, 16, 3, 1, SAME, GELU, 0, 0, 0, 0, 2, 2, -1, 0, 0, 0, 0, 0}, /* in inference the whole block */
    {"convolution_block", 5, 8, 8, 1, 16, 3, 1, SAME, LINEAR, 0, 0, 0, 0, 2, 2, 0.25f, 0, RELU, 0, 0, 0},
    {"convolution_block", 4, 9, 7, 2, 33, 3, 1, SAME, LINEAR, 1, 0, 0, 0, 2, 2, -1, 0, RELU, 0, 0, 0},
    {"convolution_block", 4, 7, 9, 3, 17, 3, 1, VALID, RELU, 0, 0, 0, 0, 2, 2, -1, 0, LEAKY, 0, 0, 0},
    {"convolution_block", 3, 11, 15, 3, 100, 3, 1, SAME, LINEAR, 1, 0, 0, 0, 0, 0, -1, 0, RELU, 0, 0, 0}, /* several strips */
    {"convolution_block", 4, 8, 8, 3, 16, 3, 1, SAME, LINEAR, 1, 0, 0, 0, 0, 0, 0.25f, 0, SILU, 0, 0, 0},
    {"convolution_block", 3, 6, 6, 2, 20, 1, 1, SAME, TANH, 0, 0, 0, 0, 0, 0, -1, 0, ELU, 0, 0, 0},
    {"convolution_block", 4, 6, 6, 2, 20, 3, 2, SAME, LINEAR, 1, 1, 0, 0, 0, 0, 0.3f, 1, GELU, 0, 0, 0},
    {"convolution_block", 3, 8, 8, 2, 16, 3, 1, SAME, LINEAR, 1, 0, 0, 0, 2, 2, -1, 0, TANH, 0, 0, 0}, /* not known to rise */
    {"convolution_block", 2, 8, 8, 2, 16, 3, 1, SAME, LINEAR, 1, 0, 0, 0, 0, 0, -1, 0, SIGMOID, 0, 0, 0}, /* the loss may take it */
    {"normalization_block", 2, 8, 7, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, 0, RELU, 0, 0, 0},
    {"normalization_block", 3, 8, 7, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.25f, 0, SOFTPLUS, 0, 0, 0},
    {"normalization_block", 4, 8, 7, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 0.25f, 0, RELU, 0, 0, 0},
    {"convolution_block", 5, 8, 8, 1, 16, 3, 1, SAME, LINEAR, 0, 0, 0, 0, 2, 2, 0.25f, 0, 0, 0, RELU, 0},
    {"convolution_block", 4, 7, 9, 5, 33, 3, 1, SAME, TANH, 1, 0, 0, 0, 3, 2, -1, 0, 0, 0, GELU, 0},
    {"convolution_block", 3, 8, 8, 3, 16, 3, 1, SAME, RELU, 0, 0, 0, 0, 2, 2, 0.25f, 0, ELU, 0, 0, 0}, /* before pooling: not known to rise */
    {"convolution_block", 4, 8, 8, 3, 16, 3, 1, SAME, RELU, 0, 0, 0, 0, 2, 2, 0.25f, 0, RELU, 0, TANH, 0}, /* two of them */
    {"normalization_block", 3, 8, 7, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, -1, 0, 0, 0, SILU, 0},
    {"pooling_block", 3, 8, 8, 1, 16, 3, 1, SAME, RELU, 0, 0, 0, 0, 2, 2, 0.25f, 0, 0, 0, 0, 1},
    {"pooling_block", 3, 9, 7, 2, 33, 3, 1, SAME, LINEAR, 1, 0, 0, 0, 2, 2, -1, 0, 0, RELU, 0, 1},
    {"pooling_block", 2, 11, 9, 3, 17, 3, 1, VALID, RELU, 0, 0, 0, 0, 3, 2, -1, 1, 0, 0, 0, 1},
    {"pooling_block", 4, 11, 9, 3, 20, 3, 2, SAME, LINEAR, 0, 0, 0, 0, 2, 2, 0.3f, 1, 0, RELU, 0, 1},
    {"pooling_block", 3, 8, 8, 5, 40, 5, 1, SAME, RELU, 0, 0, 0, 0, 4, 4, 0.0f, 0, 0, 0, 0, 1},
    {"pooling_block", 2, 6, 6, 2, 4, 1, 1, SAME, RELU, 0, 0, 0, 0, 2, 3, 0.5f, 0, 0, 0, TANH, 1},
    {"pooling_block", 3, 8, 8, 1, 16, 3, 1, SAME, RELU, 0, 0, 0, 0, 2, 2, 1.0f, 0, 0, 0, 0, 1}, /* all dropped */
    {NULL, 1, 8, 8, 3, 16, 3, 1, SAME, TANH, 0, 0, 0, 0, 2, 2, 0.25f, 0, 0, 0, 0, 1}, /* infers whole, as the next one */
    {NULL, 1, 8, 8, 3, 16, 3, 1, SAME, LINEAR, 0, 0, 0, 0, 2, 2, 0.25f, 0, 0, SILU, 0, 1},
    {NULL, 1, 9, 7, 3, 33, 3, 1, SAME, LINEAR, 0, 0, 0, 0, 0, 0, 0.25f, 0, 0, RELU, 0, 1}, /* so do these: there is no rule for training */
    {NULL, 1, 8, 8, 2, 16, 3, 2, SAME, LINEAR, 1, 0, 0, 0, 0, 0, -1, 0, 0, GELU, 0, 1},
    {NULL, 1, 1, 1, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, 0, RELU, 0, 0, 0}, /* one pixel, as behind a dense layer */
    {"convolution_block", 5, 8, 8, 1, 16, 3, 1, SAME, LINEAR, 0, 0, 0, 0, 2, 2, 0.25f, 0, 0, RELU, 0, 0},
    {"convolution_block", 5, 9, 7, 5, 33, 3, 1, SAME, LINEAR, 1, 0, 0, 0, 2, 2, 0.25f, 0, 0, RELU, 0, 0},
    {"convolution_block", 4, 7, 9, 3, 17, 3, 1, VALID, LINEAR, 0, 0, 0, 0, 2, 2, -1, 0, 0, LEAKY, 0, 0},
    {"convolution_block", 3, 6, 6, 2, 20, 1, 1, SAME, LINEAR, 0, 0, 0, 0, 0, 0, -1, 0, 0, ELU, 0, 0},
    {"convolution_block", 5, 8, 8, 3, 16, 3, 2, SAME, LINEAR, 0, 0, 0, 0, 2, 2, -1, 0, LEAKY, TANH, 0, 0},
    {"convolution_block", 6, 8, 8, 3, 16, 3, 1, SAME, LINEAR, 0, 0, 0, 0, 2, 2, 0.25f, 0, RELU, RELU, 0, 0}, /* all that a block has */
    {"convolution_block", 6, 9, 7, 3, 17, 3, 1, SAME, LINEAR, 1, 0, 0, 0, 2, 2, 0.25f, 0, 0, TANH, GELU, 0},
    {"normalization_block", 3, 8, 8, 3, 16, 3, 1, SAME, LINEAR, 0, 0, 0, 0, 2, 2, 0.25f, 0, 0, SILU, 0, 0}, /* infers whole */
    {"normalization_block", 3, 8, 8, 3, 16, 3, 1, SAME, RELU, 0, 0, 0, 0, 2, 2, 0.25f, 0, 0, RELU, 0, 0}, /* two activations before */
    {NULL, 1, 8, 8, 3, 16, 3, 1, SAME, LINEAR, 0, 0, 0, 1, 2, 2, 0.25f, 0, 0, RELU, 0, 0},
    {NULL, 1, 8, 8, 3, 16, 3, 1, SAME, LINEAR, 0, 0, 0, 1, 2, 2, 0.25f, 0, RELU, 0, 0, 0},
    {NULL, 1, 8, 8, 3, 16, 3, 1, SAME, SILU, 0, 0, 0, 0, 0, 0, 0.25f, 0, 0, 0, 0, 0},
    {NULL, 1, 8, 8, 3, 16, 3, 1, SAME, RELU, 0, 0, 0, 1, 2, 2, 0.25f, 0, 0, 0, 0, 0},
    {NULL, 1, 8, 8, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.25f, 0, 0, 0, 0, 0},
};
#define KINDS ((int)(sizeof kinds / sizeof *kinds))

static const int64_t batches[] = {1, 7, 8, 9, 128};
#define BATCHES ((int)(sizeof batches / sizeof *batches))

/* A context of an instruction set; NULL where this machine has no such. */
static cnn_context *context_of(const char *cpu, int32_t threads, int32_t fuse) {
  cnn_context *context;
  setenv("CNN_CPU", cpu, 1);
  cnn_status status = cnn_context_new(&context, cnn_context_opts(.threads = threads, .seed = 5));
  unsetenv("CNN_CPU");
  if (status == CNN_EINVAL)
    return NULL;
  ck_assert_msg(status == CNN_OK, "%s", cnn_error_text());
  context->fuse = fuse;
  return context;
}

/* Weights of all signs; every fifth gamma is 0, every third below. */
static void set_weights(cnn_model *m) {
  for (int32_t i = 0; i < m->parameter_count; i++) {
    cnn__weight *weight = cnn__model_weight(m, i);
    const char *name = strchr(weight->name, '/') + 1;
    for (int64_t e = 0; e < weight->count; e++) {
      float value = test_number(100 + (uint64_t)i, e);
      if (!strcmp(name, "gamma"))
        value = e % 5 == 3 ? 0.0f : e % 3 == 1 ? -0.5f - fabsf(value) : 0.5f + fabsf(value);
      else if (!strcmp(name, "moving_variance"))
        value = 0.5f + fabsf(value);
      weight->value[e] = value;
    }
  }
  cnn__model_touch(m);
}

static cnn_model *model_of(cnn_context *context, const kind *k, int32_t flat) {
  cnn_model *m;
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 3, (const int64_t[]){k->h, k->w, k->c}, NULL);
  /* something below that learns, so that the gradient of the input is asked for */
  cnn_conv2d(m, k->c, 1, 1, cnn_conv2d_opts(.activation = TANH));
  if (k->filters)
    cnn_conv2d(m, k->filters, k->kernel, k->kernel,
               cnn_conv2d_opts(.strides = {k->stride, k->stride}, .padding = k->padding, .activation = k->activation,
                               .no_bias = k->no_bias));
  else
    cnn_activation(m, SIGMOID, NULL);
  if (k->before)
    cnn_activation(m, k->before, NULL);
  if (!k->bare)
    cnn_batch_normalization(m, cnn_batch_normalization_opts(.no_scale = k->no_scale, .no_center = k->no_center,
                                                            .frozen = k->frozen));
  if (k->act)
    cnn_activation(m, k->act, NULL);
  if (k->pool_h)
    cnn_max_pooling2d(m, k->pool_h, k->pool_w, NULL);
  if (k->pooled)
    cnn_activation(m, k->pooled, NULL);
  if (k->dropout >= 0)
    cnn_dropout(m, k->dropout, NULL);
  if (k->pools_behind)
    cnn_max_pooling2d(m, 2, 2, NULL);
  if (flat)
    cnn_flatten(m, NULL);
  if (flat)
    cnn_dense(m, CLASSES, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX));
  ck_assert_msg(cnn_model_status(m) == CNN_OK, "%s", cnn_error_text());
  if (flat)
    notebook_compile(m, "sgd", NULL);
  set_weights(m);
  return m;
}

static float x[MOST_ROWS * MOST_PIXELS], targets[MOST_ROWS * CLASSES];

static void batch_of(test_batch *batch, const kind *k, int64_t rows) {
  ck_assert_int_le(k->h * k->w * k->c, MOST_PIXELS);
  test_numbers(x, rows * k->h * k->w * k->c, 3, 1.0f);
  for (int64_t i = 0; i < rows * CLASSES; i++)
    targets[i] = i % CLASSES == i / CLASSES * 7 % CLASSES ? 1.0f : 0.0f;
  test_batch_set(batch, x, k->h * k->w * k->c, targets, rows);
}

static cnn__run *run_of(const cnn_model *m, int32_t mode, int64_t rows) {
  const cnn__plan *plan;
  cnn__run *run;
  ck_assert_int_eq(cnn__model_plan(m, mode, &plan), CNN_OK);
  ck_assert_int_eq(cnn__run_new(&run, m, plan, rows), CNN_OK);
  return run;
}

static cnn__run *gradients_of(cnn_model *m, const kind *k, int64_t rows) {
  test_batch batch;
  batch_of(&batch, k, rows);
  cnn__run *run = run_of(m, CNN__MODE_TRAIN, rows);
  cnn__run_gradients(run, m, &batch.feed, 1);
  return run;
}

static double largest(const float *values, int64_t count) {
  double most = 0;
  for (int64_t i = 0; i < count; i++)
    most = fmax(most, fabs((double)values[i]));
  return most;
}

/* Weights that no training changes are equal to the bit, gradients within a few millionths of the largest. A bias before
 * a normalisation, whose gradient is a sum of what cancels, is measured by the kernel's too. */
static void compare_parameters(const cnn_model *fused, const cnn_model *apart) {
  double before = 0;
  for (int32_t i = 0; i < apart->parameter_count; i++) {
    const cnn__weight *weight = cnn__model_weight(apart, i);
    const float *gradient = apart->parameters[i].grad;
    if (!gradient) {
      compare_bits(weight->name, cnn__model_weight(fused, i)->value, weight->value, weight->count, 0);
      continue;
    }
    double most = largest(gradient, weight->count);
    compare_close(weight->name, fused->parameters[i].grad, gradient, weight->count, 5e-6 * fmax(most, before), 0);
    before = most;
  }
}

static const cnn_layer *fused_layer(const cnn__plan *plan) {
  for (int32_t i = 0; i < plan->layer_count; i++)
    if (plan->layers[i]->member_count)
      return plan->layers[i];
  return NULL;
}

START_TEST(training_is_that_of_the_layers) {
  const kind *k = &kinds[_i / BATCHES];
  int64_t rows = batches[_i % BATCHES];
  for (int32_t level = 0; level < CNN__CPU_COUNT; level++) {
    cnn_context *contexts[2];
    cnn_model *models[2];
    cnn__run *runs[2];
    for (int32_t fuse = 0; fuse < 2; fuse++)
      contexts[fuse] = context_of(cnn__cpu_name(level), 1, fuse);
    if (!contexts[0])
      continue;
    for (int32_t fuse = 0; fuse < 2; fuse++) {
      models[fuse] = model_of(contexts[fuse], k, 1);
      runs[fuse] = gradients_of(models[fuse], k, rows);
    }
    const cnn_layer *fused = fused_layer(runs[1]->plan);
    ck_assert_ptr_null(fused_layer(runs[0]->plan));
    ck_assert_int_eq(fused != NULL, k->rule != NULL);
    if (fused) {
      ck_assert_str_eq(fused->type->name, k->rule);
      ck_assert_int_eq(fused->member_count, k->taken);
    }
    ck_assert_int_eq(runs[0]->plan->layer_count, runs[1]->plan->layer_count + k->taken - 1);
    for (int64_t i = 0; i < rows; i++)
      ck_assert(runs[0]->losses[i] == runs[1]->losses[i]);
    compare_parameters(models[1], models[0]);
    for (int32_t fuse = 0; fuse < 2; fuse++) {
      cnn__run_free(runs[fuse]);
      cnn_model_free(models[fuse]);
      cnn_context_free(contexts[fuse]);
    }
  }
}
END_TEST

/* Gradients of a fused model: of any thread count and instruction set the same bits. */
START_TEST(levels_and_threads_change_no_bit) {
  const kind *k = &kinds[_i];
  cnn_context *first = context_of("ref", 1, 1);
  cnn_model *reference = model_of(first, k, 1);
  cnn__run_free(gradients_of(reference, k, 29));
  for (int32_t turn = 0; turn < 2 * CNN__CPU_COUNT; turn++) {
    cnn_context *context = context_of(cnn__cpu_name(turn / 2), turn % 2 ? 3 : 1, 1);
    if (!context)
      continue;
    cnn_model *m = model_of(context, k, 1);
    cnn__run_free(gradients_of(m, k, 29));
    for (int32_t i = 0; i < m->parameter_count; i++) {
      const cnn__weight *weight = cnn__model_weight(m, i);
      compare_bits(weight->name, weight->value, cnn__model_weight(reference, i)->value, weight->count, 0);
      if (m->parameters[i].grad)
        compare_bits(weight->name, m->parameters[i].grad, reference->parameters[i].grad, weight->count, 0);
    }
    cnn_model_free(m);
    cnn_context_free(context);
  }
  cnn_model_free(reference);
  cnn_context_free(first);
}
END_TEST

/* Predictions, of the fused layer itself where `flat` is 0. */
static void predict(const char *cpu, const kind *k, int32_t fuse, int32_t flat, int64_t rows, float *out,
                    int64_t *columns) {
  cnn_context *context = context_of(cpu, 1, fuse);
  *columns = 0;
  if (!context)
    return;
  cnn_model *m = model_of(context, k, flat);
  test_batch batch;
  batch_of(&batch, k, rows);
  cnn__run *run = run_of(m, CNN__MODE_PREDICT, rows);
  ck_assert_int_eq(fused_layer(run->plan) != NULL, fuse && (k->filters || k->pool_h || (k->act && k->h > 1)));
  *columns = cnn__shape_count(&m->layers[m->layer_count - 1]->out);
  cnn__run_predict(run, m, &batch.feed, out);
  cnn__run_free(run);
  cnn_model_free(m);
  cnn_context_free(context);
}

START_TEST(inference_has_the_same_bits) {
  static float apart[9 * 40 * MOST_PIXELS], fused[9 * 40 * MOST_PIXELS];
  const kind *k = &kinds[_i];
  for (int32_t level = 0; level < CNN__CPU_COUNT; level++)
    for (int64_t rows = 1; rows <= 9; rows += 8)
      for (int32_t flat = 0; flat < 2; flat++) {
        int64_t columns;
        predict(cnn__cpu_name(level), k, 0, flat, rows, apart, &columns);
        predict(cnn__cpu_name(level), k, 1, flat, rows, fused, &columns);
        ck_assert_int_le(columns, 40 * MOST_PIXELS);
        compare_bits("predictions", fused, apart, rows * columns, 0);
      }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("fusion");
  TCase *all = tcase_create("all");
  tcase_set_timeout(all, 60);
  tcase_add_loop_test(all, training_is_that_of_the_layers, 0, KINDS * BATCHES);
  tcase_add_loop_test(all, levels_and_threads_change_no_bit, 0, KINDS);
  tcase_add_loop_test(all, inference_has_the_same_bits, 0, KINDS);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
