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

static int32_t fill_mode(const json_t *row) {
  static const char *const names[] = {"nearest", "constant", "reflect", "wrap"};
  const json_t *given = json_object_get(row, "fill_mode");
  for (int32_t i = 0; given && i < 4; i++)
    if (strcmp(json_string_value(given), names[i]) == 0)
      return i;
  return CNN_FILL_NEAREST;
}

static cnn_transform transform_of(const json_t *row) {
  return (cnn_transform){.size = sizeof(cnn_transform), .theta = number(row, "theta", 0), .tx = number(row, "tx", 0),
                         .ty = number(row, "ty", 0), .zx = number(row, "zx", 1), .zy = number(row, "zy", 1),
                         .shear = number(row, "shear", 0), .cval = (float)number(row, "cval", 0), .fill_mode = fill_mode(row),
                         .interpolation_order = number(row, "order", 1) == 0 ? CNN_ZERO_INT : (int32_t)number(row, "order", 1)};
}

/* How far a coordinate is from where another pixel begins to count: an edge, for the nearest pixel also half way between two. */
static double distance(double at, int64_t extent, const cnn_transform *t) {
  const double last = (double)(extent - 1);
  const double edge = t->fill_mode == CNN_FILL_WRAP ? fabs(at / last - round(at / last)) * last : fmin(fabs(at), fabs(at - last));
  return t->interpolation_order == CNN_ZERO_INT ? fmin(edge, fabs(at - floor(at) - 0.5)) : edge;
}

/* Keras's pixels, but for those on an edge of constant, wrap or the nearest pixel, which may fall either way. Returns how
 * many those were. */
static int32_t compare_pixels(const char *what, const float *actual, const reference_tensor *expected, const cnn_transform *t) {
  const int64_t h = expected->shape[0], w = expected->shape[1], c = expected->shape[2];
  double m[6];
  int32_t either = 0;
  if (!cnn__transform_matrix(t, h, w, m))
    memcpy(m, (double[6]){1, 0, 0, 0, 1, 0}, sizeof m);
  for (int64_t i = 0; i < expected->count; i++) {
    const double r = (double)(i / (w * c)), q = (double)(i / c % w), error = fabs((double)actual[i] - expected->values[i]);
    const double edge = fmin(distance(m[0] * r + m[1] * q + m[2], h, t), distance(m[3] * r + m[4] * q + m[5], w, t));
    if (error <= 1e-6)
      continue;
    ck_assert_msg(edge < 1e-9, "%s: value %lld is %g, Keras has %g", what, (long long)i, (double)actual[i], expected->values[i]);
    either++;
  }
  return either;
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
  int32_t compared = 0, refused = 0, either = 0;
  for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
    reference *r = reference_open("augmentation", names[n]);
    cnn_tensor *image = image_of(reference_get(r, "input"), n % 2 != 0);
    const json_t *rows = json_object_get(r->meta, "rows"), *row;
    size_t index;
    json_array_foreach((json_t *)rows, index, row) {
      char key[32], what[64];
      cnn_tensor *out;
      cnn_transform transform = transform_of(row);
      snprintf(key, sizeof key, "row%02zu", index);
      snprintf(what, sizeof what, "%s %s", names[n], key);
      if (transform.interpolation_order > 1) {
        ck_assert_int_eq(cnn_image_transform(&out, image, &transform), CNN_EUNSUPPORTED);
        refused++;
        continue;
      }
      ck_assert_int_eq(cnn_image_transform(&out, image, &transform), CNN_OK);
      either += compare_pixels(what, cnn_tensor_read(out), reference_get(r, key), &transform);
      cnn_tensor_free(out);
      compared++;
    }
    cnn_tensor_free(image);
    reference_close(r);
  }
  ck_assert_int_eq(compared, 7 * 24 + 2 * 12);
  ck_assert_int_eq(refused, 2 * 5);
  ck_assert_int_le(either, 150);
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
  ck_assert_int_ne(cnn__transform_matrix(&(cnn_transform){.shear = 1e-9}, 28, 28, matrix), 0);
  ck_assert_int_ne(cnn__transform_matrix(&(cnn_transform){.flip_vertical = 1}, 28, 28, matrix), 0);
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
  const cnn_transform bad[] = {{.theta = NAN}, {.tx = INFINITY}, {.ty = -INFINITY}, {.zx = NAN}, {.zy = NAN}, {.theta = 1.1e6},
                               {.shear = -1.1e6}, {.shear = NAN}, {.channel_shift = INFINITY}, {.brightness = -1}, {.brightness = NAN},
                               {.brightness_white = -1}, {.cval = NAN}, {.fill_mode = 4}, {.fill_mode = -1},
                               {.interpolation_order = -1}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    cnn_transform transform = bad[i];
    transform.size = sizeof transform;
    ck_assert_int_eq(cnn_image_transform(&out, image, &transform), CNN_EINVAL);
    ck_assert_ptr_null(out);
  }
  const cnn_transform reserved = {.size = sizeof reserved, .reserved = 1};
  ck_assert_int_eq(cnn_image_transform(&out, image, &reserved), CNN_ETOONEW);
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
