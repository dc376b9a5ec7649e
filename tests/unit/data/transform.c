/* The geometry against Keras's own apply_affine_transform, case by case, and what is no transform at all. */
#include "data/transform.h"

#include <cnn/cnn.h>

#include "alloc.h"
#include "compare.h"
#include "reference.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cnn_context *context;

static void setup(void) { ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK); }
static void teardown(void) { cnn_context_free(context); }

static double number(const json_t *row, const char *key, double otherwise) {
  const json_t *value = json_object_get(row, key);
  return value ? json_number_value(value) : otherwise;
}

/* Rows with a shear, another fill mode or another interpolation are not what this version does. */
static int32_t is_ours(const json_t *row) {
  const json_t *mode = json_object_get(row, "fill_mode");
  return number(row, "shear", 0) == 0 && number(row, "order", 1) == 1 && (!mode || strcmp(json_string_value(mode), "nearest") == 0);
}

static cnn_tensor *image_of(const reference_tensor *input, int32_t batch) {
  cnn_tensor *image;
  int64_t shape[] = {1, input->shape[0], input->shape[1], input->shape[2]};
  ck_assert_int_eq(cnn_tensor_new(&image, context, CNN_F32, 3 + batch, shape + 1 - batch, NULL), CNN_OK);
  reference_floats(input, cnn_tensor_data(image));
  return image;
}

START_TEST(as_keras) {
  static const char *const names[] = {"affine_digit0", "affine_digit1", "affine_digit2", "affine_digit3",
                                      "affine_digit4", "affine_digit5", "affine_rgb"};
  int32_t compared = 0;
  for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
    reference *r = reference_open("augmentation", names[n]);
    cnn_tensor *image = image_of(reference_get(r, "input"), n % 2 != 0);
    const json_t *rows = json_object_get(r->meta, "rows"), *row;
    size_t index;
    json_array_foreach((json_t *)rows, index, row) {
      char key[32], what[64];
      cnn_tensor *out;
      if (!is_ours(row))
        continue;
      cnn_transform transform = {.size = sizeof transform, .theta = number(row, "theta", 0), .tx = number(row, "tx", 0),
                                 .ty = number(row, "ty", 0), .zx = number(row, "zx", 1), .zy = number(row, "zy", 1)};
      snprintf(key, sizeof key, "row%02zu", index);
      snprintf(what, sizeof what, "%s %s", names[n], key);
      ck_assert_int_eq(cnn_image_transform(&out, image, &transform), CNN_OK);
      reference_compare(what, cnn_tensor_read(out), reference_get(r, key), 1e-6);
      cnn_tensor_free(out);
      compared++;
    }
    cnn_tensor_free(image);
    reference_close(r);
  }
  ck_assert_int_eq(compared, 7 * 20);
}
END_TEST

START_TEST(matrix_by_hand) {
  const cnn_transform transform = {.size = sizeof transform, .theta = 10, .tx = 2.8, .ty = -1.4, .zx = 0.95, .zy = 1.05};
  const double expected[] = {1.0340481406628184,   0.1649657687835838, -3.579203734276117,
                             -0.18233058655027687, 0.9355673653615976, 6.331872643215053};
  double matrix[6];
  ck_assert_int_ne(cnn__transform_matrix(&transform, 28, 28, matrix), 0);
  for (int i = 0; i < 6; i++)
    ck_assert_double_eq_tol(matrix[i], expected[i], 4e-15);
}
END_TEST

START_TEST(none) {
  double matrix[6];
  ck_assert_int_eq(cnn__transform_matrix(&(cnn_transform){0}, 28, 28, matrix), 0);
  ck_assert_int_eq(cnn__transform_matrix(&(cnn_transform){.zx = 1, .zy = 1}, 28, 28, matrix), 0);
  ck_assert_int_ne(cnn__transform_matrix(&(cnn_transform){.zx = 1, .zy = 1.01}, 28, 28, matrix), 0);
  ck_assert_int_ne(cnn__transform_matrix(&(cnn_transform){.theta = 1e-9}, 28, 28, matrix), 0);
}
END_TEST

START_TEST(bytes_are_divided) {
  uint8_t bytes[6 * 5 * 2];
  float floats[6 * 5 * 2];
  cnn_tensor *image, *scaled, *a, *b;
  for (int i = 0; i < 60; i++) {
    bytes[i] = (uint8_t)(i * 37);
    floats[i] = (float)bytes[i] / 255.0f;
  }
  const int64_t shape[] = {6, 5, 2};
  ck_assert_int_eq(cnn_tensor_new(&image, context, CNN_U8, 3, shape, cnn_tensor_opts(.data = bytes)), CNN_OK);
  ck_assert_int_eq(cnn_tensor_new(&scaled, context, CNN_F32, 3, shape, cnn_tensor_opts(.data = floats)), CNN_OK);
  cnn_transform transform = {.size = sizeof transform, .theta = 33, .tx = 1.5, .zx = 0.7};
  ck_assert_int_eq(cnn_image_transform(&a, image, &transform), CNN_OK);
  ck_assert_int_eq(cnn_image_transform(&b, scaled, &transform), CNN_OK);
  compare_close("turned bytes", cnn_tensor_read(a), cnn_tensor_read(b), 60, 1e-6, 0);
  cnn_tensor_free(a);
  cnn_tensor_free(b);
  ck_assert_int_eq(cnn_image_transform(&a, image, &(cnn_transform){.size = sizeof transform}), CNN_OK);
  compare_bits("bytes as they are", cnn_tensor_read(a), floats, 60, 0);
  cnn_tensor_free(a);
  cnn_tensor_free(image);
  cnn_tensor_free(scaled);
}
END_TEST

START_TEST(what_is_refused) {
  float values[12] = {0};
  cnn_tensor *image, *out;
  const int64_t shape[] = {3, 4, 1}, two[] = {2, 3, 2, 1}, flat[] = {3, 0, 1};
  ck_assert_int_eq(cnn_tensor_new(&image, context, CNN_F32, 3, shape, cnn_tensor_opts(.data = values)), CNN_OK);
  const cnn_transform bad[] = {{.theta = NAN}, {.tx = INFINITY}, {.ty = -INFINITY}, {.zx = NAN}, {.zy = NAN}, {.theta = 1.1e6}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    cnn_transform transform = bad[i];
    transform.size = sizeof transform;
    ck_assert_int_eq(cnn_image_transform(&out, image, &transform), CNN_EINVAL);
    ck_assert_ptr_null(out);
  }
  const cnn_transform good = {.size = sizeof good, .theta = -1e6, .tx = 1e300, .ty = -1e300, .zx = 1e300, .zy = -5};
  ck_assert_int_eq(cnn_image_transform(&out, image, &(cnn_transform){.theta = 1}), CNN_EINVAL); /* no size */
  ck_assert_int_eq(cnn_image_transform(&out, image, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_image_transform(&out, NULL, &good), CNN_EINVAL);
  ck_assert_int_eq(cnn_image_transform(&out, image, &good), CNN_OK); /* far outside: nothing but edges */
  cnn_tensor_free(out);
  values[7] = NAN;
  ck_assert_int_eq(cnn_image_transform(&out, image, &good), CNN_EDATA);
  cnn_tensor_free(image);
  ck_assert_int_eq(cnn_tensor_new(&image, context, CNN_F32, 4, two, NULL), CNN_OK);
  ck_assert_int_eq(cnn_image_transform(&out, image, &good), CNN_ESHAPE);
  cnn_tensor_free(image);
  ck_assert_int_eq(cnn_tensor_new(&image, context, CNN_F32, 2, shape, NULL), CNN_OK);
  ck_assert_int_eq(cnn_image_transform(&out, image, &good), CNN_ESHAPE);
  cnn_tensor_free(image);
  ck_assert_int_eq(cnn_tensor_new(&image, context, CNN_F32, 3, flat, NULL), CNN_OK);
  ck_assert_int_eq(cnn_image_transform(&out, image, &good), CNN_ESHAPE);
  cnn_tensor_free(image);
  ck_assert_int_eq(cnn_tensor_new(&image, context, CNN_I32, 3, shape, NULL), CNN_OK);
  ck_assert_int_eq(cnn_image_transform(&out, image, &good), CNN_ESHAPE);
  cnn_tensor_free(image);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("transform");
  TCase *tests = tcase_create("transform");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_test(tests, as_keras);
  tcase_add_test(tests, matrix_by_hand);
  tcase_add_test(tests, none);
  tcase_add_test(tests, bytes_are_divided);
  tcase_add_test(tests, what_is_refused);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
