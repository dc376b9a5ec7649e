#include "cnn/train.h"
#include "small_model.h"

#include "scratch.h"

#include <check.h>
#include <string.h>

cnn_model *small_model(cnn_context *context) {
  cnn_model *m;
  ck_assert_int_eq(cnn_model_new(&m, context, cnn_model_opts(.name = "kl\xc3\xa4" "in")), CNN_OK);
  cnn_input(m, 3, (const int64_t[]){8, 6, 1}, NULL);
  cnn_conv2d(m, 6, 3, 2, cnn_conv2d_opts(.padding = CNN_PADDING_SAME, .activation = CNN_ACTIVATION_RELU,
                                         .name = "conv1"));
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.momentum = 0.9f, .name = "bn1"));
  cnn_max_pooling2d(m, 2, 2, NULL);
  cnn_dropout(m, 0.25f, NULL);
  cnn_conv2d(m, 8, 2, 2, cnn_conv2d_opts(.no_bias = 1, .groups = 2, .kernel_initializer = CNN_INITIALIZER_HE_UNIFORM));
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.no_scale = 1, .frozen = 1, .epsilon = 0.1f));
  cnn_flatten(m, NULL);
  cnn_dense(m, 4, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX, .name = "output"));
  ck_assert_msg(cnn_model_status(m) == CNN_OK, "%s", cnn_error_text());
  return m;
}

void small_model_compile(cnn_model *model, const char *optimizer, const char *attributes) {
  cnn_optimizer *made;
  ck_assert_msg(cnn_optimizer_new(&made, model->context, optimizer, attributes) == CNN_OK, "%s", cnn_error_text());
  cnn_status status = cnn_model_compile(model, made, 1, (const char *const[]){"categorical_crossentropy"},
                                        cnn_compile_opts(.metrics = (const char *const[]){"accuracy"},
                                                         .metric_count = 1));
  ck_assert_msg(status == CNN_OK, "%s", cnn_error_text());
  cnn_optimizer_free(made);
}

static void fill(const void *user, int64_t first, int64_t count, float *x) {
  int64_t step = *(const int64_t *)user;
  for (int64_t i = 0; i < count * 48; i++) {
    uint32_t mixed = (uint32_t)(step * 1009 + first * 48 + i) * 2654435761u;
    x[i] = (float)(mixed >> 20) / 4096.0f;
  }
}

void small_model_train(cnn_model *model, int steps) {
  const cnn__plan *plan;
  cnn__run *run;
  int32_t labels[12];
  ck_assert_int_eq(cnn__model_plan(model, CNN__MODE_TRAIN, &plan), CNN_OK);
  ck_assert_int_eq(cnn__run_new(&run, model, plan, 12), CNN_OK);
  for (int step = 0; step < steps; step++) {
    int64_t at = model->iterations;
    for (int i = 0; i < 12; i++)
      labels[i] = (int32_t)((at + i * i) % 4);
    const cnn__feed feed = {.count = 12, .fill = fill, .user = &at, .labels = labels};
    cnn__run_train(run, model, &feed, model->pass);
  }
  model->pass++;
  cnn__run_free(run);
}

void small_model_predict(const cnn_model *model, float outputs[20]) {
  cnn__run *run;
  int64_t at = 99;
  const cnn__feed feed = {.count = 5, .fill = fill, .user = &at};
  ck_assert_int_eq(cnn__model_borrow_run(model, CNN__MODE_PREDICT, 5, &run), CNN_OK);
  cnn__run_predict(run, model, &feed, outputs);
  cnn__model_return_run(model, run);
}

static void ck_same_layer(const cnn_layer *a, const cnn_layer *b) {
  ck_assert_str_eq(a->name, b->name);
  ck_assert_ptr_eq((const void *)a->type, (const void *)b->type);
  ck_assert_int_eq(a->input_count, b->input_count);
  for (int32_t i = 0; i < a->input_count; i++)
    ck_assert_int_eq(a->inputs[i]->index, b->inputs[i]->index);
  for (const cnn__attribute *row = a->type->attributes; row->key; row++) {
    char text[2][256];
    ck_assert_int_eq(cnn_layer_attribute_text(a, row->key, text[0], sizeof text[0]), CNN_OK);
    ck_assert_int_eq(cnn_layer_attribute_text(b, row->key, text[1], sizeof text[1]), CNN_OK);
    ck_assert_str_eq(text[0], text[1]);
  }
}

static void ck_same_objective(const cnn__objective *a, const cnn__objective *b) {
  ck_assert_ptr_eq((const void *)a->type, (const void *)b->type);
  ck_assert(memcmp(a->attributes, b->attributes, a->type->attributes_size) == 0);
  ck_assert_str_eq(a->name, b->name);
}

static void ck_same_optimizer(const cnn_model *a, const cnn_model *b) {
  ck_assert_int_eq(a->compiled, b->compiled);
  if (!a->compiled)
    return;
  const cnn__optimizer_type *type = a->optimizer->type;
  ck_assert_ptr_eq((const void *)type, (const void *)b->optimizer->type);
  for (const cnn__attribute *row = type->attributes; row->key; row++) {
    char text[2][CNN__ATTRIBUTE_TEXT_BYTES];
    ck_assert_int_eq(cnn_optimizer_attribute_text(a->optimizer, row->key, text[0], sizeof text[0]), CNN_OK);
    ck_assert_int_eq(cnn_optimizer_attribute_text(b->optimizer, row->key, text[1], sizeof text[1]), CNN_OK);
    ck_assert_str_eq(text[0], text[1]);
  }
  ck_same_objective(a->loss, b->loss);
  ck_assert_int_eq(a->metric_count, b->metric_count);
  for (int32_t i = 0; i < a->metric_count; i++) {
    ck_same_objective(a->metrics[i], b->metrics[i]);
    ck_assert_int_eq(a->weighted[i], b->weighted[i]);
    ck_assert_str_eq(a->metric_names[i], b->metric_names[i]);
  }
  ck_assert(memcmp(&a->rate, &b->rate, sizeof a->rate) == 0);
  ck_assert_int_eq(a->iterations, b->iterations);
  for (int32_t i = 0; i < a->parameter_count; i++)
    for (int32_t j = 0; j < CNN__MAX_SLOTS; j++) {
      const float *p = a->parameters[i].slots[j], *q = b->parameters[i].slots[j];
      ck_assert_int_eq(!p, !q);
      ck_assert(!p || memcmp(p, q, (size_t)cnn__model_weight(a, i)->count * sizeof *p) == 0);
    }
}

void ck_same_model(const cnn_model *a, const cnn_model *b) {
  char hash[2][33];
  ck_assert_str_eq(a->name, b->name);
  ck_assert_uint_eq(a->seed, b->seed);
  ck_assert_uint_eq(a->pass, b->pass);
  ck_assert_int_eq(a->layer_count, b->layer_count);
  for (int32_t i = 0; i < a->layer_count; i++)
    ck_same_layer(a->layers[i], b->layers[i]);
  ck_assert_str_eq(cnn_model_hash(a, hash[0]), cnn_model_hash(b, hash[1]));
  ck_same_optimizer(a, b);
}

cnn_model *small_model_load(cnn_context *context, const char *name, const cnn_load_opts *options) {
  cnn_model *m = NULL;
  ck_assert_msg(cnn_model_load(&m, context, scratch_path(name), options) == CNN_OK, "%s", cnn_error_text());
  return m;
}

void small_model_save(const cnn_model *model, const char *name, const cnn_save_opts *options) {
  ck_assert_msg(cnn_model_save(model, scratch_path(name), options) == CNN_OK, "%s", cnn_error_text());
}

cnn_model *dense_model(cnn_context *context, int64_t units, const char *name) {
  cnn_model *m;
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 1, (const int64_t[]){3}, NULL);
  cnn_dense(m, units, cnn_dense_opts(.name = "a"));
  if (name)
    cnn_dense(m, 2, cnn_dense_opts(.name = name));
  ck_assert_int_eq(cnn_model_status(m), CNN_OK);
  return m;
}
