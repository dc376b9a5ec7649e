/* Whole transforms against Keras's apply_transform: channel shift, flips, brightness, and all of them together; Keras's own
 * stream of random numbers through our transforms. */
#include <cnn/cnn.h>

#include "compare.h"
#include "numpy_stream.h"
#include "reference.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static cnn_context *context;
static const char *const files[] = {"transform_digit0", "transform_rgb"};

static void setup(void) { ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK); }
static void teardown(void) { cnn_context_free(context); }

static cnn_tensor *image_of(const reference_tensor *from, float scale) {
  cnn_tensor *image;
  ck_assert_int_eq(cnn_tensor_new(&image, context, CNN_F32, 3, from->shape, NULL), CNN_OK);
  float *x = cnn_tensor_data(image);
  reference_floats(from, x);
  for (int64_t i = 0; i < from->count; i++)
    x[i] *= scale;
  return image;
}

static void expect(const char *what, const cnn_tensor *image, const cnn_transform *given, const reference_tensor *expected,
                   double tolerance) {
  cnn_transform transform = *given;
  cnn_tensor *out;
  transform.size = sizeof transform;
  ck_assert_int_eq(cnn_image_transform(&out, image, &transform), CNN_OK);
  reference_compare(what, cnn_tensor_read(out), expected, tolerance);
  cnn_tensor_free(out);
}

static double number(const json_t *row, const char *key, double otherwise) {
  const json_t *value = json_object_get(row, key);
  return json_is_number(value) ? json_number_value(value) : otherwise;
}

START_TEST(channel_shift_and_flips) {
  static const double by[] = {0.0, 0.25, -0.4};
  for (int n = 0; n < 2; n++) {
    reference *r = reference_open("augmentation", files[n]);
    cnn_tensor *image = image_of(reference_get(r, "input"), 1.0f);
    for (int i = 0; i < 3; i++) {
      char key[32];
      snprintf(key, sizeof key, "channel_shift%d", i);
      expect(key, image, &(cnn_transform){.channel_shift = by[i]}, reference_get(r, key), 1e-7);
    }
    expect("rows", image, &(cnn_transform){.flip_vertical = 1}, reference_get(r, "flip_axis_rows"), 0);
    expect("columns", image, &(cnn_transform){.flip_horizontal = 1}, reference_get(r, "flip_axis_columns"), 0);
    cnn_tensor_free(image);
    reference_close(r);
  }
}
END_TEST

/* Keras stretches to 0..255 first where it is asked to. */
static cnn_tensor *stretched(const cnn_tensor *image) {
  cnn_tensor *out;
  ck_assert_int_eq(cnn_image_transform(&out, image, &(cnn_transform){.size = sizeof(cnn_transform)}), CNN_OK);
  float *x = cnn_tensor_data(out), least = x[0], most = x[0];
  for (int64_t i = 0; i < cnn_tensor_count(out); i++) {
    least = x[i] < least ? x[i] : least;
    most = x[i] > most ? x[i] : most;
  }
  for (int64_t i = 0; i < cnn_tensor_count(out); i++)
    x[i] = (x[i] - least) / (most - least) * 255.0f;
  return out;
}

/* Keras's 8-bit way to the number; ours stays within what the 8 bits lose. */
START_TEST(brightness) {
  static const double factors[] = {0.5, 1.5, 0.5, 1.5, (double)CNN_ZERO};
  for (int n = 0; n < 2; n++) {
    reference *r = reference_open("augmentation", files[n]);
    const reference_tensor *input = reference_get(r, "input");
    cnn_tensor *image = image_of(input, 1.0f), *of_255 = image_of(input, 255.0f), *wide = stretched(image);
    for (int i = 0; i < 5; i++) {
      char key[32], key_255[32];
      cnn_transform t = {.brightness = factors[i], .brightness_8bit = 1};
      snprintf(key, sizeof key, "brightness%d", i);
      snprintf(key_255, sizeof key_255, "brightness_of_255_%d", i);
      expect(key, i < 2 ? wide : image, &t, reference_get(r, key), 0);
      t.brightness_8bit = 0;
      t.brightness_white = 255;
      if (i < 2) {
        expect(key_255, wide, &t, reference_get(r, key_255), 2.6);
        continue;
      }
      expect(key_255, of_255, &t, reference_get(r, key_255), 2.6);
      t.brightness_8bit = 1;
      expect(key_255, of_255, &t, reference_get(r, key_255), 0);
    }
    cnn_tensor_free(wide);
    cnn_tensor_free(of_255);
    cnn_tensor_free(image);
    reference_close(r);
  }
}
END_TEST

/* Outside 0..255 Keras stretches the image for the while: its formula in double. */
START_TEST(brightness_beyond_8_bits) {
  const float x[4] = {-3, 0, 1, 5};
  const double stretch[4] = {0, 95, 127, 255}; /* cut from (x + 3) / 8 * 255 */
  cnn_tensor *image, *out;
  ck_assert_int_eq(cnn_tensor_new(&image, context, CNN_F32, 3, (const int64_t[]){2, 2, 1}, NULL), CNN_OK);
  memcpy(cnn_tensor_data(image), x, sizeof x);
  const cnn_transform t = {.size = sizeof t, .brightness = 0.5, .brightness_8bit = 1};
  ck_assert_int_eq(cnn_image_transform(&out, image, &t), CNN_OK);
  for (int i = 0; i < 4; i++)
    ck_assert_double_eq_tol((double)((const float *)cnn_tensor_read(out))[i], floor(stretch[i] * 0.5) / 255 * 8 - 3, 1e-6);
  cnn_tensor_free(out);
  const cnn_transform plain = {.size = sizeof plain, .brightness = 2, .brightness_white = 4};
  const float want[4] = {0, 0, 2, 4};
  ck_assert_int_eq(cnn_image_transform(&out, image, &plain), CNN_OK);
  compare_bits("brighter", cnn_tensor_read(out), want, 4, 0);
  cnn_tensor_free(out);
  cnn_tensor_free(image);
}
END_TEST

/* A range that no float holds is stretched like any other, and nothing that is no number is cut. */
START_TEST(brightness_of_the_widest_range) {
  const float x[4] = {-3e38f, 0, 1.1e38f, 3e38f};
  const double stretch[4] = {0, 127, 174, 255}; /* cut from (x + 3e38) / 6e38 * 255 */
  cnn_tensor *image, *out;
  ck_assert_int_eq(cnn_tensor_new(&image, context, CNN_F32, 3, (const int64_t[]){2, 2, 1}, NULL), CNN_OK);
  memcpy(cnn_tensor_data(image), x, sizeof x);
  const cnn_transform t = {.size = sizeof t, .brightness = 0.5, .brightness_8bit = 1};
  ck_assert_int_eq(cnn_image_transform(&out, image, &t), CNN_OK);
  for (int i = 0; i < 4; i++)
    ck_assert_double_eq_tol((double)((const float *)cnn_tensor_read(out))[i], floor(stretch[i] * 0.5) / 255 * 6e38 - 3e38, 1e33);
  cnn_tensor_free(out);
  cnn_tensor_free(image);
}
END_TEST

START_TEST(whole_transforms) {
  for (int n = 0; n < 2; n++) {
    reference *r = reference_open("augmentation", files[n]);
    cnn_tensor *image = image_of(reference_get(r, "input"), 1.0f);
    const json_t *rows = json_object_get(r->meta, "transforms"), *row;
    size_t index;
    json_array_foreach((json_t *)rows, index, row) {
      char key[32];
      const cnn_transform t = {.theta = number(row, "theta", 0), .tx = number(row, "tx", 0), .ty = number(row, "ty", 0),
                               .zx = number(row, "zx", 1), .zy = number(row, "zy", 1), .shear = number(row, "shear", 0),
                               .channel_shift = number(row, "channel_shift_intensity", 0),
                               .brightness = number(row, "brightness", 0), .brightness_8bit = 1,
                               .flip_horizontal = json_is_true(json_object_get(row, "flip_horizontal")),
                               .flip_vertical = json_is_true(json_object_get(row, "flip_vertical"))};
      snprintf(key, sizeof key, "transform%zu", index);
      expect(key, image, &t, reference_get(r, key), 1e-6);
    }
    ck_assert_uint_eq(json_array_size(rows), 8);
    cnn_tensor_free(image);
    reference_close(r);
  }
}
END_TEST

/* ---- Keras's random numbers ---- */

static cnn_dataset *digits(void) {
  cnn_dataset *dataset;
  ck_assert_int_eq(cnn_dataset_load_idx(&dataset, context, DATA_DIR "/train-images-idx3-ubyte.gz",
                                        DATA_DIR "/train-labels-idx1-ubyte.gz", NULL), CNN_OK);
  return dataset;
}

static void expect_digit(const char *what, const cnn_dataset *from, int64_t sample, numpy_stream *stream, const double *expected) {
  double shift[2], zoom[2];
  cnn_transform t = {.size = sizeof t, .theta = numpy_uniform(stream, -10, 10)};
  for (int i = 0; i < 2; i++)
    shift[i] = numpy_uniform(stream, -0.1, 0.1) * 28;
  for (int i = 0; i < 2; i++)
    zoom[i] = numpy_uniform(stream, 0.9, 1.1);
  numpy_double(stream); /* flips that nobody asked for are drawn too */
  numpy_double(stream);
  t.tx = shift[0];
  t.ty = shift[1];
  t.zx = zoom[0];
  t.zy = zoom[1];
  cnn_tensor *image, *out;
  ck_assert_int_eq(cnn_dataset_inputs(&image, from, sample, 1), CNN_OK);
  ck_assert_int_eq(cnn_image_transform(&out, image, &t), CNN_OK);
  if (expected)
    reference_compare_values(what, cnn_tensor_read(out), expected, 784, 2e-6);
  cnn_tensor_free(out);
  cnn_tensor_free(image);
}

START_TEST(the_notebooks_images) {
  reference *r = reference_open("augmentation", "flow");
  cnn_dataset *from = digits();
  numpy_stream stream;
  numpy_seed(&stream, 42);
  for (int i = 0; i < 4; i++) {
    char key[16];
    snprintf(key, sizeof key, "notebook%d", i);
    expect_digit(key, from, 0, &stream, reference_get(r, key)->values);
  }
  cnn_dataset_free(from);
  reference_close(r);
}
END_TEST

/* flow: seeded anew before each batch; the first batch of a pass draws the order as well. */
START_TEST(the_flow) {
  reference *r = reference_open("augmentation", "flow");
  cnn_dataset *from = digits();
  numpy_stream stream;
  int64_t order[10];
  for (int batch = 0; batch < 6; batch++) {
    char key[16], labels[16];
    const int first = batch % 3 * 4, count = batch % 3 == 2 ? 2 : 4;
    numpy_seed(&stream, (uint32_t)(6 + batch));
    if (first == 0)
      numpy_permutation(&stream, 10, order);
    snprintf(key, sizeof key, "flow%d.x", batch);
    snprintf(labels, sizeof labels, "flow%d.y", batch);
    for (int i = 0; i < count; i++) {
      ck_assert_double_eq(reference_get(r, labels)->values[i], (double)order[first + i]);
      expect_digit(key, from, order[first + i], &stream, i < 2 ? reference_get(r, key)->values + 784 * i : NULL);
    }
  }
  cnn_dataset_free(from);
  reference_close(r);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("image");
  TCase *tests = tcase_create("image");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_test(tests, channel_shift_and_flips);
  tcase_add_test(tests, brightness);
  tcase_add_test(tests, brightness_beyond_8_bits);
  tcase_add_test(tests, brightness_of_the_widest_range);
  tcase_add_test(tests, whole_transforms);
  tcase_add_test(tests, the_notebooks_images);
  tcase_add_test(tests, the_flow);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
