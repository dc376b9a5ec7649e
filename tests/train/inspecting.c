/* inspecting: see inspecting.h. */
#include "inspecting.h"

#include "branches.h"
#include "compare.h"
#include "own_layers.h"

#include <check.h>
#include <stdlib.h>

void inspecting_ok(cnn_status status) { ck_assert_msg(status == CNN_OK, "%s", cnn_error_text()); }

cnn_context *inspecting_context(int32_t threads, const char *cpu) {
  const cnn_layer_descriptor *const own[] = {&own_noisy_scale, &own_relu, &own_sum, &own_product};
  cnn_context *context = NULL;
  if (cpu)
    setenv("CNN_CPU", cpu, 1);
  cnn_status status = cnn_context_new(&context, cnn_context_opts(.threads = threads, .seed = 42));
  unsetenv("CNN_CPU");
  if (cpu && status == CNN_EINVAL)
    return NULL;
  inspecting_ok(status);
  for (size_t i = 0; i < sizeof own / sizeof *own; i++)
    inspecting_ok(cnn_layer_type_register(context, own[i]));
  return context;
}

cnn_tensor *inspecting_inputs(const cnn_model *m, int64_t rows) {
  int64_t shape[CNN_MAX_RANK] = {rows};
  int32_t rank = cnn_model_input_shape(m, 0, shape + 1);
  cnn_tensor *x;
  inspecting_ok(cnn_tensor_new(&x, m->context, CNN_F32, rank + 1, shape, NULL));
  test_numbers(cnn_tensor_data(x), cnn_tensor_count(x), 77, 1);
  return x;
}

cnn_model *inspecting_trained(cnn_context *context, inspecting_make *make) {
  enum { ROWS = 9 };
  cnn_model *m = make(context);
  cnn_optimizer *sgd;
  cnn_tensor *x = inspecting_inputs(m, ROWS), *y;
  int64_t shape[CNN_MAX_RANK + 1] = {ROWS};
  inspecting_ok(cnn_sgd_new(&sgd, context, cnn_sgd_opts(.learning_rate = 0.05f)));
  inspecting_ok(cnn_model_compile(m, sgd, 1, (const char *[]){"mean_squared_error"}, NULL));
  int32_t rank = cnn_model_output_shape(m, 0, shape + 1);
  inspecting_ok(cnn_tensor_new(&y, context, CNN_F32, rank + 1, shape, NULL));
  inspecting_ok(cnn_model_train_on_batch(NULL, m, cnn_batch(.inputs = x, .targets = y)));
  cnn_tensor_free(x);
  cnn_tensor_free(y);
  cnn_optimizer_free(sgd);
  return m;
}

cnn_model *inspecting_own(cnn_context *context) {
  cnn_model *m;
  inspecting_ok(cnn_model_new(&m, context, NULL));
  cnn_input(m, 3, (const int64_t[]){8, 8, 4}, NULL);
  cnn_conv2d(m, 5, 3, 3, cnn_conv2d_opts(.name = "c"));
  cnn_layer_add(m, "noisy_scale", "name=s rate=0.5");
  cnn_layer_add(m, "own_sum", "name=sum inputs=c,s,s");
  cnn_layer_add(m, "own_relu", "name=r");
  cnn_layer_add(m, "own_product", "name=p inputs=r,sum");
  cnn_flatten(m, NULL);
  cnn_dense(m, 4, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX));
  inspecting_ok(cnn_model_status(m));
  return m;
}

cnn_model *inspecting_every_layer(cnn_context *context) {
  int32_t variants;
  cnn_model *m = branches_every_layer(context, &variants);
  ck_assert_int_ge(variants, 40);
  return m;
}

void inspecting_same(const char *what, const cnn_tensor *actual, const cnn_tensor *expected) {
  ck_assert_int_eq(cnn_tensor_rank(actual), cnn_tensor_rank(expected));
  for (int32_t i = 0; i < cnn_tensor_rank(actual); i++)
    ck_assert_int_eq(cnn_tensor_shape(actual)[i], cnn_tensor_shape(expected)[i]);
  compare_bits(what, cnn_tensor_read(actual), cnn_tensor_read(expected), cnn_tensor_count(actual), 0);
}
