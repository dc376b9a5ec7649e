/* Option structs of other versions: shorter ones are taken, longer ones too while what is beyond is zero, and refused with a code of their
 * own where it is not. Every options struct of the public headers stands in the table; layout.py says which one is missing. */
#include <cnn/cnn.h>

#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BEYOND = 64, LARGEST = 512 };

static char folder[] = "/tmp/cnn-options-XXXXXX", path[64];
static cnn_context *context;
static cnn_tensor *images, *labels;
static cnn_dataset *data;
static cnn_model *model;

static cnn_model *small_model(void) {
  cnn_model *m;
  cnn_optimizer *sgd;
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 3, (const int64_t[]){4, 4, 1}, NULL);
  cnn_flatten(m, NULL);
  cnn_dense(m, 2, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX));
  ck_assert_int_eq(cnn_sgd_new(&sgd, context, NULL), CNN_OK);
  ck_assert_int_eq(cnn_model_compile(m, sgd, 1, (const char *[]){"sparse_categorical_crossentropy"}, NULL), CNN_OK);
  cnn_optimizer_free(sgd);
  return m;
}

static void setup(void) {
  ck_assert_ptr_nonnull(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/model", folder);
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 1)), CNN_OK);
  ck_assert_int_eq(cnn_tensor_new(&images, context, CNN_U8, 3, (const int64_t[]){4, 4, 4}, NULL), CNN_OK);
  ck_assert_int_eq(cnn_tensor_new(&labels, context, CNN_U8, 1, (const int64_t[]){4}, NULL), CNN_OK);
  ((uint8_t *)cnn_tensor_data(labels))[1] = 1;
  ck_assert_int_eq(cnn_dataset_new(&data, context, 1, &images, 1, &labels, NULL), CNN_OK);
  model = small_model();
  ck_assert_int_eq(cnn_model_save(model, path, NULL), CNN_OK);
}

static void teardown(void) {
  char command[96];
  cnn_model_free(model);
  cnn_dataset_free(data);
  cnn_tensor_free(labels);
  cnn_tensor_free(images);
  cnn_context_free(context);
  snprintf(command, sizeof command, "rm -rf %s", folder);
  ck_assert_int_eq(system(command), 0);
}

/* ---- one call with given options each ---- */

#define LAYER(type, ...)                                                                                               \
  static cnn_status try_##type(const void *o) {                                                                       \
    cnn_model *m;                                                                                                      \
    cnn_status status = cnn_model_new(&m, context, NULL);                                                              \
    if (status < 0)                                                                                                    \
      return status;                                                                                                   \
    cnn_input(m, 3, (const int64_t[]){8, 8, 1}, cnn_input_opts(.name = "x"));                                          \
    cnn_##type(m, __VA_ARGS__ o);                                                                                      \
    status = cnn_model_status(m);                                                                                      \
    cnn_model_free(m);                                                                                                 \
    return status;                                                                                                     \
  }
#define NOTHING
LAYER(conv2d, 2, 3, 3, )
LAYER(batch_normalization, NOTHING)
LAYER(max_pooling2d, 2, 2, )
LAYER(average_pooling2d, 2, 2, )
LAYER(global_average_pooling2d, NOTHING)
LAYER(global_max_pooling2d, NOTHING)
LAYER(flatten, NOTHING)
LAYER(dense, 3, )
LAYER(dropout, 0.5f, )
LAYER(activation, CNN_ACTIVATION_RELU, )
LAYER(add, NOTHING)

static cnn_status try_input(const void *o) {
  cnn_model *m;
  cnn_status status = cnn_model_new(&m, context, NULL);
  if (status < 0)
    return status;
  cnn_input(m, 1, (const int64_t[]){3}, o);
  status = cnn_model_status(m);
  cnn_model_free(m);
  return status;
}

static double keep_rate(void *user, int64_t epoch, double rate) {
  (void)user, (void)epoch;
  return rate;
}

#define HANDLE(name, noun, ...)                                                                                        \
  static cnn_status try_##name(const void *o) {                                                                        \
    cnn_##noun *made = NULL;                                                                                           \
    cnn_status status = cnn_##name##_new(&made, context, __VA_ARGS__ o);                                               \
    cnn_##noun##_free(made);                                                                                           \
    return status;                                                                                                     \
  }
HANDLE(adam, optimizer, NOTHING)
HANDLE(adamw, optimizer, NOTHING)
HANDLE(sgd, optimizer, NOTHING)
HANDLE(rmsprop, optimizer, NOTHING)
HANDLE(categorical_crossentropy, loss, NOTHING)
HANDLE(sparse_categorical_crossentropy, loss, NOTHING)
HANDLE(binary_crossentropy, loss, NOTHING)
HANDLE(mean_squared_error, loss, NOTHING)
HANDLE(mean_absolute_error, loss, NOTHING)
HANDLE(huber, loss, NOTHING)
HANDLE(binary_accuracy, metric, NOTHING)
HANDLE(top_k_categorical_accuracy, metric, NOTHING)
HANDLE(sparse_top_k_categorical_accuracy, metric, NOTHING)
HANDLE(augmenter, augmenter, NOTHING)
HANDLE(early_stopping, callback, NOTHING)
HANDLE(reduce_lr_on_plateau, callback, NOTHING)
HANDLE(model_checkpoint, callback, "m", )
HANDLE(csv_logger, callback, "c", )
HANDLE(json_logger, callback, "c", )
HANDLE(checkpoint, callback, "r", )
HANDLE(progress, callback, NOTHING)
HANDLE(terminate_on_nan, callback, NOTHING)
HANDLE(learning_rate_scheduler, callback, keep_rate, )
HANDLE(exponential_decay, schedule, 0.1f, 10, 0.5f, )
HANDLE(inverse_time_decay, schedule, 0.1f, 10, 0.5f, )
HANDLE(polynomial_decay, schedule, 0.1f, 10, )
HANDLE(cosine_decay, schedule, 0.1f, 10, )
HANDLE(cosine_decay_restarts, schedule, 0.1f, 10, )
HANDLE(model, model, NOTHING)
HANDLE(tensor, tensor, CNN_F32, 1, (const int64_t[]){3}, )
HANDLE(dataset, dataset, 1, &images, 1, &labels, )
HANDLE(report, report, labels, labels, )

static cnn_status try_context(const void *o) {
  cnn_context *made = NULL;
  cnn_status status = cnn_context_new(&made, o);
  cnn_context_free(made);
  return status;
}

static cnn_status try_augmenter_fit(const void *o) {
  cnn_augmenter *augmenter;
  cnn_status status = cnn_augmenter_new(&augmenter, context, NULL);
  if (status < 0)
    return status;
  status = cnn_augmenter_fit(augmenter, data, o);
  cnn_augmenter_free(augmenter);
  return status;
}

static cnn_status try_compile(const void *o) {
  cnn_optimizer *sgd;
  cnn_status status = cnn_sgd_new(&sgd, context, NULL);
  if (status < 0)
    return status;
  status = cnn_model_compile(model, sgd, 1, (const char *[]){"sparse_categorical_crossentropy"}, o);
  cnn_optimizer_free(sgd);
  return status;
}

static cnn_status try_fit(const void *o) { return cnn_model_fit(model, data, o); }

static cnn_status try_evaluate(const void *o) {
  cnn_logs *logs = NULL;
  cnn_status status = cnn_model_evaluate(&logs, model, data, o);
  cnn_logs_free(logs);
  return status;
}

static cnn_status try_predict(const void *o) {
  cnn_tensor *outputs = NULL;
  cnn_status status = cnn_model_predict_dataset(&outputs, 1, model, data, o);
  cnn_tensor_free(outputs);
  return status;
}

static cnn_status try_activations(const void *o) {
  cnn_tensor *x, *outputs = NULL;
  cnn_status status = cnn_tensor_new(&x, context, CNN_F32, 3, (const int64_t[]){2, 4, 4}, NULL);
  if (status == CNN_OK)
    status = cnn_model_activations(&outputs, model, 1, (const char *[]){"flatten"}, (const cnn_tensor *[]){x}, 1, o);
  cnn_tensor_free(outputs);
  cnn_tensor_free(x);
  return status;
}

static cnn_status try_input_gradient(const void *o) {
  cnn_tensor *x, *gradient = NULL;
  cnn_status status = cnn_tensor_new(&x, context, CNN_F32, 3, (const int64_t[]){2, 4, 4}, NULL);
  if (status == CNN_OK)
    status = cnn_model_input_gradient(&gradient, 1, model, (const cnn_tensor *[]){x}, 1, o);
  cnn_tensor_free(gradient);
  cnn_tensor_free(x);
  return status;
}

static cnn_status try_summary(const void *o) { return cnn_model_summary(model, NULL, o); }
static cnn_status try_diagram(const void *o) { return cnn_model_diagram(model, NULL, o); }
static cnn_status try_save(const void *o) { return cnn_model_save(model, path, o); }

static cnn_status try_load(const void *o) {
  cnn_model *loaded = NULL;
  cnn_status status = cnn_model_load(&loaded, context, path, o);
  cnn_model_free(loaded);
  return status;
}

/* ---- the table ---- */

static const char *const twice[] = {"x", "x"};

static const cnn_add_opts add_twice = {.inputs = twice, .input_count = 2};
static const unsigned char defaults[LARGEST];

#define OPTS_GIVEN(name, given) {"cnn_" #name "_opts", sizeof(cnn_##name##_opts), given, try_##name}
#define OPTS(name) OPTS_GIVEN(name, defaults)
static const struct {
  const char *name;
  size_t size;
  const void *options; /* that the call takes */
  cnn_status (*call)(const void *options);
} table[] = {OPTS(activation), OPTS(activations), OPTS(adam), OPTS(adamw), OPTS_GIVEN(add, &add_twice), OPTS(augmenter),
             OPTS(augmenter_fit), OPTS(average_pooling2d), OPTS(batch_normalization), OPTS(binary_accuracy),
             OPTS(binary_crossentropy), OPTS(categorical_crossentropy), OPTS(checkpoint), OPTS(compile), OPTS(context), OPTS(conv2d),
             OPTS(cosine_decay), OPTS(cosine_decay_restarts), OPTS(csv_logger), OPTS(dataset), OPTS(dense), OPTS(diagram),
             OPTS(dropout), OPTS(early_stopping), OPTS(evaluate), OPTS(exponential_decay), OPTS(fit), OPTS(flatten),
             OPTS(global_average_pooling2d), OPTS(global_max_pooling2d), OPTS(huber), OPTS(input), OPTS(input_gradient), OPTS(inverse_time_decay), OPTS(json_logger),
             OPTS(learning_rate_scheduler), OPTS(load), OPTS(max_pooling2d), OPTS(mean_absolute_error), OPTS(mean_squared_error), OPTS(model_checkpoint),
             OPTS(model), OPTS(polynomial_decay), OPTS(predict), OPTS(progress), OPTS(reduce_lr_on_plateau), OPTS(report),
             OPTS(rmsprop), OPTS(save), OPTS(sgd), OPTS(sparse_categorical_crossentropy),
             OPTS(sparse_top_k_categorical_accuracy), OPTS(summary), OPTS(tensor), OPTS(terminate_on_nan),
             OPTS(top_k_categorical_accuracy)};
enum { STRUCTS = sizeof table / sizeof table[0] };

/* The call's status with the struct said to have `size` bytes, of which one beyond those we know may be set. */
static cnn_status call(int i, size_t size, size_t set) {
  _Alignas(16) unsigned char bytes[LARGEST] = {0};
  ck_assert_uint_le(table[i].size + BEYOND, sizeof bytes);
  memcpy(bytes, table[i].options, table[i].size);
  memcpy(bytes, &size, sizeof size);
  if (set)
    bytes[set] = 1;
  return table[i].call(bytes);
}

/* From the first version's size on every size is taken, and none below. */
START_TEST(shorter_ones) {
  setup();
  int shorter = 0;
  for (int i = 0; i < STRUCTS; i++) {
    int taken = 0;
    for (size_t size = 0; size <= table[i].size; size++) {
      cnn_status status = call(i, size, 0);
      ck_assert_msg(status == CNN_OK ? 1 : !taken && status == CNN_EINVAL, "%s of %zu bytes: %s", table[i].name, size,
                    cnn_error_text());
      if (status < 0)
        ck_assert_msg(strstr(cnn_error_text(), table[i].name) && strstr(cnn_error_text(), "size is"), "%s", cnn_error_text());
      if (status == CNN_OK && !taken)
        shorter += size < table[i].size;
      taken |= status == CNN_OK;
    }
    ck_assert_msg(taken, "%s as it is: %s", table[i].name, cnn_error_text());
  }
  ck_assert_int_gt(shorter, 5); /* several have grown since they came */
  teardown();
}
END_TEST

START_TEST(longer_ones) {
  setup();
  for (int i = 0; i < STRUCTS; i++) {
    ck_assert_msg(call(i, table[i].size + BEYOND, 0) == CNN_OK, "%s: %s", table[i].name, cnn_error_text());
    for (size_t set = table[i].size; set < table[i].size + BEYOND; set += 7) {
      ck_assert_msg(call(i, table[i].size + BEYOND, set) == CNN_ETOONEW, "%s, byte %zu", table[i].name, set);
      ck_assert_ptr_nonnull(strstr(cnn_error_text(), "is set, but libcnn"));
      ck_assert_msg(call(i, set, set) == CNN_OK, "%s: a byte behind the end is none of it", table[i].name);
    }
    ck_assert_int_eq(call(i, (size_t)1 << 40, 0), CNN_EINVAL);
  }
  teardown();
}
END_TEST

int main(void) { return RUN_SUITE("options of other versions", 60, shorter_ones, longer_ones); }
