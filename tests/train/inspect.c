/* inspect: what both calls of inspection promise: they change nothing, refuse with a sentence, leave nothing half-done, lose no
 * memory where there is none, and several threads may make them at once. */
#include "alloc.h"
#include "branches.h"
#include "inspecting.h"
#include "notebook.h"
#include "suite.h"

#include "cnn/extend.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#define ROWS 12

static cnn_context *context;
static cnn_model *model;
static cnn_tensor *x;

static cnn_model *plain(cnn_context *in) { return notebook_new(in, 1); }

static void setup(void) {
  context = inspecting_context(2, NULL);
  model = inspecting_trained(context, plain);
  x = inspecting_inputs(model, ROWS);
}

static void teardown(void) {
  cnn_tensor_free(x);
  cnn_model_free(model);
  cnn_context_free(context);
}

static cnn_status activations(cnn_tensor **out, const char *layer, const cnn_tensor *input, const cnn_activations_opts *options) {
  return cnn_model_activations(out, model, 1, &layer, &input, 1, options);
}

static cnn_status gradient(cnn_tensor **out, const cnn_tensor *input, const cnn_input_gradient_opts *options) {
  return cnn_model_input_gradient(out, 1, model, &input, 1, options);
}

/* ---- nothing changes ---- */

/* A step of training after looking is the step without. */
START_TEST(the_model_stays_as_it_is) {
  char before[33], after[33], plainly[33];
  cnn_tensor *y, *out;
  inspecting_ok(cnn_tensor_new(&y, context, CNN_F32, 2, (const int64_t[]){ROWS, NOTEBOOK_CLASSES}, NULL));
  cnn_model_hash(model, before);
  int64_t iterations = cnn_model_iterations(model);
  inspecting_ok(activations(&out, "bn1", x, NULL));
  cnn_tensor_free(out);
  inspecting_ok(gradient(&out, x, NULL));
  cnn_tensor_free(out);
  ck_assert_str_eq(cnn_model_hash(model, after), before);
  ck_assert_int_eq(cnn_model_iterations(model), iterations);
  inspecting_ok(cnn_model_train_on_batch(NULL, model, cnn_batch(.inputs = x, .targets = y)));
  cnn_model_hash(model, after);
  cnn_model *other = inspecting_trained(context, plain);
  inspecting_ok(cnn_model_train_on_batch(NULL, other, cnn_batch(.inputs = x, .targets = y)));
  ck_assert_str_eq(after, cnn_model_hash(other, plainly));
  cnn_model_free(other);
  cnn_tensor_free(y);
}
END_TEST

/* Nothing that a call made is left, but for the packed weights that any prediction leaves. */
START_TEST(what_a_call_needs_is_given_back) {
  test_alloc alloc;
  test_alloc_init(&alloc);
  cnn_context *counted;
  inspecting_ok(cnn_context_new(&counted, cnn_context_opts(.threads = 2, .allocator = &alloc.allocator)));
  cnn_model *m = notebook_new(counted, 1);
  cnn_tensor *input = inspecting_inputs(m, ROWS), *out;
  int64_t blocks = 0;
  for (int i = 0; i < 3; i++) {
    inspecting_ok(cnn_model_activations(&out, m, 1, (const char *[]){"dense1"}, (const cnn_tensor *[]){input}, 1, NULL));
    cnn_tensor_free(out);
    inspecting_ok(cnn_model_input_gradient(&out, 1, m, (const cnn_tensor *[]){input}, 1, NULL));
    cnn_tensor_free(out);
    ck_assert(!i || alloc.live_blocks == blocks);
    blocks = alloc.live_blocks;
  }
  cnn_tensor_free(input);
  cnn_model_free(m);
  cnn_context_free(counted);
  test_alloc_check(&alloc);
}
END_TEST

/* ---- inputs ---- */

START_TEST(images_without_channel_axis_and_augmenters_are_as_in_predict) {
  cnn_tensor *flat, *same, *expected, *ready;
  cnn_augmenter *augmenter;
  inspecting_ok(cnn_tensor_new(&flat, context, CNN_F32, 3, (const int64_t[]){ROWS, 28, 28}, cnn_tensor_opts(.data = cnn_tensor_data(x))));
  inspecting_ok(cnn_augmenter_new(&augmenter, context, cnn_augmenter_opts(.samplewise_center = 1, .rotation_range = 30)));
  inspecting_ok(activations(&same, "output", flat, cnn_activations_opts(.augmenter = augmenter)));
  inspecting_ok(cnn_model_predict(&expected, 1, model, (const cnn_tensor *[]){x}, 1, cnn_predict_opts(.augmenter = augmenter)));
  inspecting_same("standardised", same, expected);
  cnn_tensor_free(same);
  cnn_tensor_free(expected);
  inspecting_ok(cnn_augmenter_standardize(&ready, augmenter, x));
  inspecting_ok(gradient(&expected, ready, NULL));
  inspecting_ok(gradient(&same, flat, cnn_input_gradient_opts(.augmenter = augmenter)));
  ck_assert_int_eq(cnn_tensor_rank(same), 4);
  inspecting_same("for standardised images", same, expected);
  cnn_tensor_free(ready);
  cnn_tensor_free(same);
  cnn_tensor_free(expected);
  cnn_tensor_free(flat);
  cnn_augmenter_free(augmenter);
}
END_TEST

START_TEST(no_samples_give_no_rows) {
  cnn_tensor *none, *out;
  inspecting_ok(cnn_tensor_new(&none, context, CNN_F32, 4, (const int64_t[]){0, 28, 28, 1}, NULL));
  inspecting_ok(activations(&out, "conv2", none, NULL));
  ck_assert_int_eq(cnn_tensor_count(out), 0);
  ck_assert_int_eq(cnn_tensor_shape(out)[3], 64);
  cnn_tensor_free(out);
  inspecting_ok(gradient(&out, none, NULL));
  ck_assert_int_eq(cnn_tensor_count(out), 0);
  cnn_tensor_free(out);
  cnn_tensor_free(none);
}
END_TEST

/* An output of several rows: classes count through all of its values. */
START_TEST(values_of_outputs_with_several_axes_are_numbered_through) {
  cnn_model *m;
  cnn_tensor *class, *out;
  inspecting_ok(cnn_model_new(&m, context, NULL));
  cnn_input(m, 2, (const int64_t[]){2, 3}, NULL);
  cnn_activation(m, CNN_ACTIVATION_LINEAR, NULL);
  inspecting_ok(cnn_model_status(m));
  cnn_tensor *input = inspecting_inputs(m, 1);
  inspecting_ok(cnn_tensor_new(&class, context, CNN_U8, 1, (const int64_t[]){1}, NULL));
  for (uint8_t v = 0; v < 6; v++) {
    *(uint8_t *)cnn_tensor_data(class) = v;
    inspecting_ok(cnn_model_input_gradient(&out, 1, m, (const cnn_tensor *[]){input}, 1, cnn_input_gradient_opts(.classes = class)));
    for (uint8_t i = 0; i < 6; i++)
      ck_assert_float_eq(((const float *)cnn_tensor_read(out))[i], i == v ? 1.0f : 0.0f);
    cnn_tensor_free(out);
  }
  cnn_tensor_free(class);
  cnn_tensor_free(input);
  cnn_model_free(m);
}
END_TEST

/* ---- refusals ---- */

static cnn_tensor *const untouched = (cnn_tensor *)(uintptr_t)64;

static void refused(cnn_status status, cnn_status expected, const char *text, const cnn_tensor *out) {
  ck_assert_msg(status == expected, "%s", cnn_error_text());
  ck_assert_str_eq(cnn_error_text(), text);
  ck_assert_ptr_eq(out, untouched);
}

START_TEST(activations_refuse) {
  cnn_tensor *out = untouched;
  const cnn_tensor *inputs[] = {x, x};
  const char *two[] = {"conv1", NULL};
  refused(activations(&out, "conv9", x, NULL), CNN_ENAME, "activations: unknown layer 'conv9'; did you mean 'conv1'?", out);
  refused(activations(&out, NULL, x, NULL), CNN_EINVAL, "activations: the name of layer 0 is NULL", out);
  refused(activations(&out, "conv1", NULL, NULL), CNN_EINVAL, "activations: input is NULL", out);
  refused(activations(NULL, "conv1", x, NULL), CNN_EINVAL, "activations: there is no room for results", out);
  refused(cnn_model_activations(&out, model, 1, NULL, inputs, 1, NULL), CNN_EINVAL, "activations: there is no room for results", out);
  refused(cnn_model_activations(&out, NULL, 1, two, inputs, 1, NULL), CNN_EINVAL, "model is NULL", out);
  refused(cnn_model_activations(&out, model, 0, two, inputs, 1, NULL), CNN_EINVAL,
          "activations: 1 inputs and 0 results, model 'sequential' has 1 input", out);
  refused(cnn_model_activations(&out, model, 1, two, inputs, 2, NULL), CNN_EINVAL,
          "activations: 2 inputs and 1 results, model 'sequential' has 1 input", out);
  refused(cnn_model_activations(&out, model, 2, two, inputs, 1, NULL), CNN_EINVAL, "activations: the name of layer 1 is NULL", out);
  refused(cnn_model_activations(&out, model, 2, two, inputs, 1, cnn_activations_opts(.before_activation = 1)), CNN_EINVAL,
          "activations: before_activation is for one layer at a time, got 2", out);
  refused(activations(&out, "conv1", x, cnn_activations_opts(.batch_size = -1)), CNN_EINVAL,
          "activations: batch_size is -1, must be 1 or more; 0 means 32", out);
  ((float *)cnn_tensor_data(x))[784 + 28] = NAN;
  refused(activations(&out, "conv1", x, NULL), CNN_EDATA, "activations: input: sample 1 at (1, 0, 0) is NaN", out);
}
END_TEST

START_TEST(gradients_refuse) {
  cnn_tensor *out = untouched, *classes, *column, *wide;
  const cnn_tensor *inputs[] = {x, x};
  inspecting_ok(cnn_tensor_new(&classes, context, CNN_I64, 1, (const int64_t[]){ROWS}, NULL));
  inspecting_ok(cnn_tensor_new(&column, context, CNN_I64, 2, (const int64_t[]){ROWS, 1}, NULL));
  inspecting_ok(cnn_tensor_new(&wide, context, CNN_F32, 4, (const int64_t[]){ROWS, 28, 29, 1}, NULL));
  refused(gradient(&out, wide, NULL), CNN_ESHAPE,
          "input gradient: input is float32 (12, 28, 29, 1), model 'sequential' takes float32 (None, 28, 28, 1)", out);
  refused(gradient(NULL, x, NULL), CNN_EINVAL, "input gradient: there is no room for results", out);
  refused(cnn_model_input_gradient(&out, 2, model, inputs, 1, NULL), CNN_EINVAL,
          "input gradient: 2 results, model 'sequential' has 1 input", out);
  refused(cnn_model_input_gradient(&out, 1, model, inputs, 2, NULL), CNN_EINVAL,
          "input gradient: 2 inputs and 1 results, model 'sequential' has 1 input", out);
  refused(gradient(&out, x, cnn_input_gradient_opts(.classes = column)), CNN_ESHAPE,
          "input gradient: classes are int64 (12, 1), must be integers (12,)", out);
  refused(gradient(&out, x, cnn_input_gradient_opts(.classes = x)), CNN_ESHAPE,
          "input gradient: classes are float32 (12, 28, 28, 1), must be integers (12,)", out);
  ((int64_t *)cnn_tensor_data(classes))[3] = 10;
  refused(gradient(&out, x, cnn_input_gradient_opts(.classes = classes)), CNN_EDATA,
          "input gradient: class 10 of sample 3 is not in [0, 10)", out);
  ((int64_t *)cnn_tensor_data(classes))[3] = -1;
  refused(gradient(&out, x, cnn_input_gradient_opts(.classes = classes)), CNN_EDATA,
          "input gradient: class -1 of sample 3 is not in [0, 10)", out);
  ((float *)cnn_tensor_data(x))[0] = INFINITY;
  refused(gradient(&out, x, NULL), CNN_EDATA, "input gradient: input: sample 0 at (0, 0, 0) is infinity", out);
  cnn_tensor_free(classes);
  cnn_tensor_free(column);
  cnn_tensor_free(wide);
}
END_TEST

/* ---- layers of a program ---- */

static cnn_status eight_axes(cnn_layer_setup *setup) {
  setup->output = (cnn_shape){.rank = CNN_MAX_RANK, .extent = {setup->input.extent[0], 1, 1, 1, 1, 1, 1, 1}};
  return CNN_OK;
}

/* What backward is told: 1 + training, and whether it has what forward kept. */
static int told[2];

static cnn_status keeps(cnn_layer_setup *setup) {
  setup->kept_bytes = 8;
  return CNN_OK;
}

static void forward(const cnn_layer_work *work) {
  memcpy(work->y, work->x, (size_t)(work->count * work->input->extent[0]) * sizeof(float));
}

static void backward(const cnn_layer_work *work) {
  if (work->dx)
    memcpy(work->dx, work->dy, (size_t)(work->count * work->input->extent[0]) * sizeof(float));
  told[0] = 1 + work->training;
  told[1] = work->kept != NULL;
}

static cnn_model *ending_with(const char *type, cnn_status (*how)(cnn_layer_setup *setup)) {
  cnn_layer_descriptor descriptor = {.size = sizeof descriptor, .form = CNN_EXTEND_FORM, .type = type, .setup = how,
                                     .forward = forward, .backward = backward};
  cnn_model *m;
  inspecting_ok(cnn_layer_type_register(context, &descriptor));
  inspecting_ok(cnn_model_new(&m, context, NULL));
  cnn_input(m, 1, (const int64_t[]){3}, NULL);
  cnn_dense(m, 3, cnn_dense_opts(.name = "d"));
  ck_assert_msg(cnn_layer_add(m, type, NULL) != NULL, "%s", cnn_error_text());
  return m;
}

START_TEST(outputs_of_too_many_axes_are_refused) {
  cnn_model *m = ending_with("deep", eight_axes);
  cnn_tensor *input = inspecting_inputs(m, 2), *out[2] = {untouched, untouched};
  const cnn_tensor *inputs[] = {input};
  refused(cnn_model_activations(out, m, 2, (const char *[]){"d", "deep"}, inputs, 1, NULL), CNN_ESHAPE,
          "activations: outputs of 'deep' would have 9 axes, at most 8 are possible", out[0]);
  inspecting_ok(cnn_model_activations(out, m, 1, (const char *[]){"d"}, inputs, 1, NULL));
  cnn_tensor_free(out[0]);
  cnn_tensor_free(input);
  cnn_model_free(m);
}
END_TEST

START_TEST(backward_is_told_that_it_is_inference) {
  cnn_model *m = ending_with("same", keeps);
  cnn_tensor *input = inspecting_inputs(m, 2), *out;
  inspecting_ok(cnn_model_input_gradient(&out, 1, m, (const cnn_tensor *[]){input}, 1, NULL));
  ck_assert_int_eq(told[0], 1);
  ck_assert_int_eq(told[1], 1);
  cnn_tensor_free(out);
  cnn_tensor_free(input);
  cnn_model_free(m);
}
END_TEST

/* ---- memory ---- */

static cnn_status failing(const cnn_allocator *allocator, void *user) {
  (void)user;
  cnn_context *ctx = NULL;
  cnn_model *m = NULL;
  cnn_tensor *input = NULL, *out[2] = {NULL, NULL}, *slopes = NULL;
  cnn_status s = cnn_context_new(&ctx, cnn_context_opts(.threads = 1, .allocator = allocator));
  if (s == CNN_OK)
    s = cnn_tensor_new(&input, ctx, CNN_F32, 4, (const int64_t[]){3, 4, 4, 1}, NULL);
  if (s == CNN_OK)
    s = cnn_model_new(&m, ctx, NULL);
  if (s == CNN_OK) {
    cnn_input(m, 3, (const int64_t[]){4, 4, 1}, NULL);
    cnn_conv2d(m, 2, 3, 3, cnn_conv2d_opts(.name = "c", .activation = CNN_ACTIVATION_RELU));
    cnn_batch_normalization(m, NULL);
    cnn_flatten(m, NULL);
    cnn_dense(m, 2, cnn_dense_opts(.name = "d", .activation = CNN_ACTIVATION_SOFTMAX));
    s = cnn_model_activations(out, m, 2, (const char *[]){"c", "d"}, (const cnn_tensor *[]){input}, 1, NULL);
  }
  if (s == CNN_OK)
    s = cnn_model_input_gradient(&slopes, 1, m, (const cnn_tensor *[]){input}, 1, NULL);
  cnn_tensor_free(out[0]);
  cnn_tensor_free(out[1]);
  cnn_tensor_free(slopes);
  cnn_tensor_free(input);
  cnn_model_free(m);
  cnn_context_free(ctx);
  return s;
}

START_TEST(every_allocation_may_fail) { ck_assert_int_gt(test_alloc_fail_each(failing, NULL), 60); }
END_TEST

/* ---- several threads ---- */

#define READERS 4

typedef struct reader {
  cnn_status status;
  cnn_tensor *maps, *slopes, *outputs;
} reader;

static void *read(void *user) {
  reader *r = user;
  const cnn_tensor *inputs[] = {x};
  r->status = activations(&r->maps, "pool2", x, NULL);
  if (r->status == CNN_OK)
    r->status = gradient(&r->slopes, x, cnn_input_gradient_opts(.batch_size = 5));
  if (r->status == CNN_OK)
    r->status = cnn_model_predict(&r->outputs, 1, model, inputs, 1, NULL);
  return NULL;
}

static void release(reader *r) {
  cnn_tensor_free(r->maps);
  cnn_tensor_free(r->slopes);
  cnn_tensor_free(r->outputs);
}

START_TEST(several_threads_inspect_one_model) {
  pthread_t threads[READERS];
  reader readers[READERS] = {{0}}, alone = {0};
  for (int i = 0; i < READERS; i++)
    ck_assert_int_eq(pthread_create(&threads[i], NULL, read, &readers[i]), 0);
  for (int i = 0; i < READERS; i++)
    pthread_join(threads[i], NULL);
  read(&alone);
  for (int i = 0; i < READERS; i++) {
    ck_assert_int_eq(readers[i].status, CNN_OK);
    inspecting_same("activations", readers[i].maps, alone.maps);
    inspecting_same("gradient", readers[i].slopes, alone.slopes);
    inspecting_same("predictions", readers[i].outputs, alone.outputs);
    release(&readers[i]);
  }
  release(&alone);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("inspect");
  TCase *all = tcase_create("all");
  tcase_set_timeout(all, 120);
  tcase_add_checked_fixture(all, setup, teardown);
  tcase_add_test(all, the_model_stays_as_it_is);
  tcase_add_test(all, what_a_call_needs_is_given_back);
  tcase_add_test(all, images_without_channel_axis_and_augmenters_are_as_in_predict);
  tcase_add_test(all, no_samples_give_no_rows);
  tcase_add_test(all, values_of_outputs_with_several_axes_are_numbered_through);
  tcase_add_test(all, activations_refuse);
  tcase_add_test(all, gradients_refuse);
  tcase_add_test(all, outputs_of_too_many_axes_are_refused);
  tcase_add_test(all, backward_is_told_that_it_is_inference);
  tcase_add_test(all, every_allocation_may_fail);
  tcase_add_test(all, several_threads_inspect_one_model);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
