/* layer: what a layer says of itself, what its constructor refuses, and that no failing allocation is lost or
 * leaks. */
#include "alloc.h"

#include "layers/layer_internal.h"

#include <check.h>
#include <string.h>

static cnn_context *context;

static test_alloc memory;

static void setup(void) {
  test_alloc_init(&memory);
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.allocator = &memory.allocator)), CNN_OK);
}

static void teardown(void) {
  cnn_context_free(context);
  test_alloc_check(&memory);
}

static cnn_layer *make(const char *type, const char *attributes, const char *name, int32_t index, cnn_layer *input) {
  union {
    int64_t align;
    char bytes[256];
  } set;
  const cnn__layer_type *found = cnn__layer_type_find(type);
  ck_assert_msg(found != NULL, "%s", cnn_error_text());
  if (cnn__attributes_parse(found->attributes, &set, attributes, type, NULL, NULL) < 0)
    return NULL;
  return cnn__layer_new(context, found, &set, name, index, &input, input != NULL, 1);
}

START_TEST(windows) {
  static const int64_t cases[][7] = { /* n k s d padding extent before */
      {28, 3, 1, 1, 1, 28, 1}, {28, 3, 2, 1, 1, 14, 0}, {27, 3, 2, 1, 1, 14, 1}, {28, 5, 2, 1, 1, 14, 1},
      {28, 2, 1, 1, 1, 28, 0}, {28, 1, 2, 1, 1, 14, 0}, {28, 4, 1, 1, 1, 28, 1}, {28, 3, 1, 1, 0, 26, 0},
      {28, 3, 2, 1, 0, 13, 0}, {4, 5, 1, 1, 0, -1, 0},  {5, 3, 1, 2, 0, 1, 0},   {4, 3, 1, 2, 0, -1, 0},
      {7, 2, 2, 1, 0, 3, 0},   {7, 2, 2, 1, 1, 4, 0},   {1, 5, 1, 1, 1, 1, 2},   {2, 1, 5, 1, 1, 1, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const int64_t *c = cases[i];
    int64_t before = -1;
    ck_assert_int_eq(cnn__window_extent(c[0], c[1], c[2], c[3], (int32_t)c[4], &before), c[5]);
    ck_assert_int_eq(before, c[6]);
  }
}
END_TEST

START_TEST(a_convolution_tells_of_itself) {
  int64_t shape[CNN_MAX_RANK];
  char text[64];
  cnn_layer *input = make("input", "shape=14,14,32", "in", 0, NULL);
  cnn_layer *layer = make("conv2d", "filters=64 kernel_size=3 padding=same activation=relu", "conv2", 1, input);
  ck_assert_msg(layer != NULL, "%s", cnn_error_text());
  ck_assert_str_eq(cnn_layer_name(layer), "conv2");
  ck_assert_str_eq(cnn_layer_type(layer), "conv2d");
  ck_assert_int_eq(cnn_layer_output_shape(layer, shape), 3);
  ck_assert(shape[0] == 14 && shape[1] == 14 && shape[2] == 64);
  ck_assert_int_eq(cnn_layer_parameters(layer), 18496);
  ck_assert_int_eq(cnn_layer_trainable_parameters(layer), 18496);
  ck_assert_int_eq(cnn_layer_flops(layer), 7225344);
  ck_assert_str_eq(layer->weights[0].name, "conv2/kernel");
  ck_assert_str_eq(layer->weights[1].name, "conv2/bias");
  ck_assert_uint_eq((uintptr_t)layer->weights[0].value % 64, 0);
  ck_assert_int_eq(cnn_layer_attribute_text(layer, "kernel_size", text, sizeof text), CNN_OK);
  ck_assert_str_eq(text, "3,3");
  ck_assert_int_eq(cnn_layer_attribute_text(layer, "kernel_size", text, 3), CNN_EINVAL);
  ck_assert_str_eq(cnn_error_text(), "conv2d 'conv2': kernel_size needs a buffer of 4 bytes, got 3");
  ck_assert_int_eq(cnn_layer_attribute_text(layer, "kernel", text, sizeof text), CNN_ENAME);
  ck_assert_int_eq(cnn_layer_attribute_text(NULL, "kernel", text, sizeof text), CNN_EINVAL);
  cnn__layer_free(layer);
  cnn__layer_free(input);
}
END_TEST

START_TEST(batch_normalization_counts_its_moving_statistics) {
  cnn_layer *input = make("input", "shape=28,28,32", "in", 0, NULL);
  cnn_layer *layer = make("batch_normalization", "", "bn1", 1, input);
  ck_assert_int_eq(cnn_layer_parameters(layer), 128);
  ck_assert_int_eq(cnn_layer_trainable_parameters(layer), 64);
  ck_assert_str_eq(layer->weights[0].name, "bn1/gamma");
  ck_assert_str_eq(layer->weights[1].name, "bn1/beta");
  ck_assert_str_eq(layer->weights[2].name, "bn1/moving_mean");
  ck_assert_str_eq(layer->weights[3].name, "bn1/moving_variance");
  ck_assert(layer->weights[0].value[0] == 1 && layer->weights[3].value[31] == 1 && layer->weights[2].value[5] == 0);
  cnn__layer_free(layer);
  layer = make("batch_normalization", "scale=false trainable=false", "bn2", 2, input);
  ck_assert_int_eq(cnn_layer_parameters(layer), 96);
  ck_assert_int_eq(cnn_layer_trainable_parameters(layer), 0);
  ck_assert_str_eq(layer->weights[0].name, "bn2/beta");
  ck_assert_int_eq(layer->frozen, 1);
  cnn__layer_free(layer);
  cnn__layer_free(input);
}
END_TEST

START_TEST(the_strides_of_a_pool_are_its_size) {
  char text[64];
  cnn_layer *input = make("input", "shape=9,9,1", "in", 0, NULL);
  cnn_layer *layer = make("max_pooling2d", "pool_size=3,2", "pool", 1, input);
  ck_assert_int_eq(cnn_layer_attribute_text(layer, "strides", text, sizeof text), CNN_OK);
  ck_assert_str_eq(text, "3,2");
  cnn__layer_free(layer);
  cnn__layer_free(input);
}
END_TEST

START_TEST(bad_layers_are_refused) {
  static const struct {
    const char *shape, *type, *attributes;
    cnn_status status;
    const char *text;
  } cases[] = {
      {"shape=4,4,1", "conv2d", "filters=1 kernel_size=5", CNN_ESHAPE,
       "conv2d 'a': kernel 5x5 does not fit input 4x4 without padding"},
      {"shape=4,4,1", "conv2d", "filters=1 kernel_size=3 dilation_rate=2", CNN_ESHAPE,
       "conv2d 'a': kernel 3x3 dilated by 2x2 does not fit input 4x4 without padding"},
      {"shape=4,4", "conv2d", "filters=1 kernel_size=3", CNN_ESHAPE,
       "conv2d 'a': input (None, 4, 4) must be images (None, height, width, channels)"},
      {"shape=4,4,3", "conv2d", "filters=4 kernel_size=3 groups=2", CNN_EINVAL,
       "conv2d 'a': 2 groups must divide 3 input channels and 4 filters"},
      {"shape=9,9,3", "conv2d", "filters=4 kernel_size=3 strides=2 dilation_rate=1,2", CNN_EINVAL,
       "conv2d 'a': strides 2x2 and dilation_rate 1x2: one of them must be 1x1"},
      {"shape=4,4,3", "max_pooling2d", "pool_size=5", CNN_ESHAPE,
       "max_pooling2d 'a': window 5x5 does not fit input 4x4 without padding"},
      {"shape=4", "max_pooling2d", "", CNN_ESHAPE,
       "max_pooling2d 'a': input (None, 4) must be images (None, height, width, channels)"},
      {"shape=4,4,3", "max_pooling2d", "pool_size=300", CNN_EINVAL,
       "max_pooling2d 'a': pool_size 300x300 has more than 65536 positions"},
      {"shape=1048576,1048576", "dense", "units=16777216", CNN_ESHAPE, NULL},
      {"shape=16777216", "dense", "units=16777216", CNN_ESHAPE, NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    cnn_layer *input = make("input", cases[i].shape, "in", 0, NULL);
    ck_assert_msg(input != NULL, "%s", cnn_error_text());
    ck_assert_ptr_null(make(cases[i].type, cases[i].attributes, "a", 1, input));
    if (cases[i].text)
      ck_assert_str_eq(cnn_error_text(), cases[i].text);
    ck_assert_int_eq(cnn__fail_code(), cases[i].status);
    cnn__layer_free(input);
  }
  ck_assert_ptr_null(make("input", "shape=1,2,3,4,5", "in", 0, NULL));
  ck_assert_str_eq(cnn_error_text(), "input 'in': shape has rank 5, must be 1 to 4");
  ck_assert_ptr_null(make("input", "shape=1099511627776,2", "in", 0, NULL));
  ck_assert_int_eq(cnn__fail_code(), CNN_ESHAPE);
}
END_TEST

/* 2^40 positions of 2^22 taps: their bytes are 2^64. */
START_TEST(a_row_that_reads_too_much_is_refused) {
  cnn_layer *input = make("input", "shape=1,1099511627776,1", "in", 0, NULL);
  ck_assert_ptr_null(make("conv2d", "filters=1 kernel_size=2048 padding=same", "a", 1, input));
  ck_assert_int_eq(cnn__fail_code(), CNN_ESHAPE);
  ck_assert_str_eq(cnn_error_text(), "conv2d 'a': kernel 2048x2048 over 1099511627776 positions of 1 channels: too many values in a row");
  cnn__layer_free(input);
}
END_TEST

/* One convolution in a context of its own. */
static cnn_status make_and_free(const cnn_allocator *allocator, void *user) {
  (void)user;
  cnn_status status = cnn_context_new(&context, cnn_context_opts(.allocator = allocator));
  if (status < 0)
    return status;
  cnn_layer *input = make("input", "shape=5,5,4", "in", 0, NULL);
  cnn_layer *layer = input ? make("conv2d", "filters=4 kernel_size=3", "a", 1, input) : NULL;
  status = layer ? CNN_OK : cnn__fail_code();
  cnn__layer_free(layer);
  cnn__layer_free(input);
  cnn_context_free(context);
  return status;
}

START_TEST(memory_may_run_out_anywhere) { ck_assert_int_gt(test_alloc_fail_each(make_and_free, NULL), 10); }
END_TEST

START_TEST(no_layer_is_no_crash) {
  int64_t shape[CNN_MAX_RANK];
  ck_assert_str_eq(cnn_layer_name(NULL), "");
  ck_assert_str_eq(cnn_layer_type(NULL), "");
  ck_assert_int_eq(cnn_layer_output_shape(NULL, shape), 0);
  ck_assert_int_eq(cnn_layer_parameters(NULL), 0);
  ck_assert_int_eq(cnn_layer_flops(NULL), 0);
  cnn_layer *layer = make("input", "shape=4,5", "in", 0, NULL);
  ck_assert_int_eq(cnn_layer_output_shape(layer, NULL), 2);
  cnn__layer_free(layer);
  cnn__layer_free(NULL);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("layer");
  TCase *tests = tcase_create("layer");
  TCase *alone = tcase_create("without a context");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_test(tests, windows);
  tcase_add_test(tests, a_convolution_tells_of_itself);
  tcase_add_test(tests, batch_normalization_counts_its_moving_statistics);
  tcase_add_test(tests, the_strides_of_a_pool_are_its_size);
  tcase_add_test(tests, bad_layers_are_refused);
  tcase_add_test(tests, a_row_that_reads_too_much_is_refused);
  tcase_add_test(tests, no_layer_is_no_crash);
  tcase_add_test(alone, memory_may_run_out_anywhere);
  suite_add_tcase(suite, tests);
  suite_add_tcase(suite, alone);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
