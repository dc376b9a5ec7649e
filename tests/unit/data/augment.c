/* What is drawn: ranges as Keras's, statistics, and the same for the same (seed, pass, sample). */
#include <cnn/cnn.h>

#include "alloc.h"
#include "compare.h"
#include "reference.h"

#include <check.h>
#include <fenv.h>
#include <math.h>
#include <string.h>

#define DRAWS 5000

/* Of seed 42, pass 1, sample 0, the notebook's ranges. */
#define KNOWN_THETA -4.9693398904348607
#define KNOWN_ZY 1.0277529890617734

static cnn_context *context;

static void setup(void) { ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.seed = 42)), CNN_OK); }
static void teardown(void) { cnn_context_free(context); }

static cnn_augmenter *notebook(cnn_context *in) {
  cnn_augmenter *augmenter;
  ck_assert_int_eq(cnn_augmenter_new(&augmenter, in,
                                     cnn_augmenter_opts(.rotation_range = 10, .zoom_range = 0.1f, .width_shift_range = 0.1f,
                                                        .height_shift_range = 0.1f)), CNN_OK);
  return augmenter;
}

static cnn_transform draw(const cnn_augmenter *augmenter, int64_t height, int64_t width, uint32_t pass, int64_t sample) {
  cnn_transform transform = {.size = sizeof transform};
  ck_assert_int_eq(cnn_augmenter_transform(augmenter, &transform, height, width, pass, sample), CNN_OK);
  ck_assert_uint_eq(transform.size, sizeof transform);
  return transform;
}

static float option(const json_t *config, const char *key) { return (float)json_number_value(json_object_get(config, key)); }

/* Least, largest, mean and standard deviation of 5000 draws against what Keras's 5000 draws gave. */
static void compare_statistics(const char *what, const double *values, const json_t *expected) {
  double least = values[0], most = values[0], sum = 0, squares = 0;
  for (int i = 0; i < DRAWS; i++) {
    least = values[i] < least ? values[i] : least;
    most = values[i] > most ? values[i] : most;
    sum += values[i];
  }
  for (int i = 0; i < DRAWS; i++)
    squares += (values[i] - sum / DRAWS) * (values[i] - sum / DRAWS);
  double deviation = json_number_value(json_object_get(expected, "std"));
  ck_assert_msg(fabs(least - json_number_value(json_object_get(expected, "min"))) <= 0.02 * deviation + 1e-12, "%s", what);
  ck_assert_msg(fabs(most - json_number_value(json_object_get(expected, "max"))) <= 0.02 * deviation + 1e-12, "%s", what);
  ck_assert_msg(fabs(sum / DRAWS - json_number_value(json_object_get(expected, "mean"))) <= 0.08 * deviation + 1e-12, "%s", what);
  ck_assert_msg(fabs(sqrt(squares / DRAWS) - deviation) <= 0.04 * deviation + 1e-12, "%s", what);
}

static double correlation(const double *a, const double *b) {
  double mean_a = 0, mean_b = 0, ab = 0, aa = 0, bb = 0;
  for (int i = 0; i < DRAWS; i++) {
    mean_a += a[i] / DRAWS;
    mean_b += b[i] / DRAWS;
  }
  for (int i = 0; i < DRAWS; i++) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return aa > 1e-9 && bb > 1e-9 ? ab / sqrt(aa * bb) : 0;
}

/* Keras's arguments as ours: a pair of zooms and of factors, whole numbers for shifts in pixels. */
static cnn_augmenter *augmenter_of(const json_t *config) {
  cnn_augmenter_opts o = {.size = sizeof o, .rotation_range = option(config, "rotation_range"), .shear_range = option(config, "shear_range"),
                          .width_shift_range = option(config, "width_shift_range"),
                          .height_shift_range = option(config, "height_shift_range"), .zoom_range = option(config, "zoom_range"),
                          .channel_shift_range = option(config, "channel_shift_range"),
                          .horizontal_flip = json_is_true(json_object_get(config, "horizontal_flip")),
                          .vertical_flip = json_is_true(json_object_get(config, "vertical_flip")),
                          .whole_shifts = json_is_integer(json_object_get(config, "width_shift_range"))};
  const json_t *zoom = json_object_get(config, "zoom_range"), *brightness = json_object_get(config, "brightness_range");
  cnn_augmenter *augmenter;
  if (json_is_array(zoom)) {
    o.zoom_lower = (float)json_number_value(json_array_get(zoom, 0));
    o.zoom_upper = (float)json_number_value(json_array_get(zoom, 1));
  }
  if (brightness) {
    o.brightness_lower = (float)json_number_value(json_array_get(brightness, 0));
    o.brightness_upper = (float)json_number_value(json_array_get(brightness, 1));
  }
  ck_assert_int_eq(cnn_augmenter_new(&augmenter, context, &o), CNN_OK);
  return augmenter;
}

START_TEST(statistics_as_keras) {
  enum { QUANTITIES = 10 };
  static const char *const cases[] = {"notebook",  "not_square", "everything", "shift_pixels_float",
                                      "shift_int", "zoom_pair",  "flips_only", "nothing"};
  static const char *const keys[QUANTITIES] = {"theta", "tx", "ty", "zx", "zy", "shear", "flip_horizontal", "flip_vertical",
                                               "channel_shift_intensity", "brightness"};
  static double values[QUANTITIES][DRAWS];
  json_t *all = reference_json("augmentation/random_parameters.json");
  for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
    json_t *row = json_object_get(all, cases[c]);
    json_t *shape = json_object_get(row, "image_shape"), *summary = json_object_get(row, "summary_of_5000_draws");
    cnn_augmenter *augmenter = augmenter_of(json_object_get(row, "config"));
    for (int i = 0; i < DRAWS; i++) {
      cnn_transform t = draw(augmenter, json_integer_value(json_array_get(shape, 0)), json_integer_value(json_array_get(shape, 1)),
                             (uint32_t)i % 7, i);
      const double drawn[QUANTITIES] = {t.theta, t.tx, t.ty, t.zx, t.zy, t.shear, t.flip_horizontal, t.flip_vertical, t.channel_shift,
                                        t.brightness};
      for (int k = 0; k < QUANTITIES; k++)
        values[k][i] = drawn[k];
    }
    for (int k = 0; k < QUANTITIES; k++) {
      char what[64];
      const json_t *expected = json_object_get(summary, keys[k]);
      cnn_format(what, sizeof what, "%s of %s", keys[k], cases[c]);
      if (expected)
        compare_statistics(what, values[k], expected);
      for (int i = 0; !expected && i < DRAWS; i++)
        ck_assert_msg(values[k][i] == 0, "%s", what); /* Keras draws none */
      for (int other = 0; other < k; other++)
        ck_assert_msg(fabs(correlation(values[k], values[other])) < 0.06, "%s and %s", what, keys[other]);
    }
    cnn_augmenter_free(augmenter);
  }
  json_decref(all);
}
END_TEST

/* Draws are part of what a seed means: ranges that came later leave these where they were. */
START_TEST(draws_of_a_seed) {
  cnn_augmenter *plain = notebook(context), *full;
  ck_assert_int_eq(cnn_augmenter_new(&full, context,
                                     cnn_augmenter_opts(.rotation_range = 10, .zoom_range = 0.1f, .width_shift_range = 0.1f,
                                                        .height_shift_range = 0.1f, .shear_range = 5, .horizontal_flip = 1,
                                                        .vertical_flip = 1, .channel_shift_range = 1, .brightness_upper = 2)), CNN_OK);
  for (int64_t sample = 0; sample < 50; sample++) {
    const cnn_transform a = draw(plain, 28, 28, 1, sample), b = draw(full, 28, 28, 1, sample);
    ck_assert_mem_eq(&a.theta, &b.theta, 5 * sizeof a.theta);
    ck_assert(b.shear != 0 && b.channel_shift != 0 && b.brightness >= 1 && b.brightness <= 2);
  }
  const cnn_transform known = draw(plain, 28, 28, 1, 0);
  ck_assert_double_eq_tol(known.theta, KNOWN_THETA, 1e-12);
  ck_assert_double_eq_tol(known.zy, KNOWN_ZY, 1e-12);
  cnn_augmenter_free(full);
  cnn_augmenter_free(plain);
}
END_TEST

START_TEST(same_for_the_same_and_else_other) {
  cnn_context *other_seed, *same_seed;
  ck_assert_int_eq(cnn_context_new(&other_seed, cnn_context_opts(.seed = 43)), CNN_OK);
  ck_assert_int_eq(cnn_context_new(&same_seed, cnn_context_opts(.seed = 42, .threads = 3)), CNN_OK);
  cnn_augmenter *a = notebook(context), *b = notebook(same_seed), *c = notebook(other_seed);
  for (int64_t sample = 0; sample < 200; sample++) {
    cnn_transform first = draw(a, 28, 28, 3, sample), again = draw(b, 28, 28, 3, sample);
    ck_assert_mem_eq(&first, &again, sizeof first);
    const cnn_transform others[] = {draw(c, 28, 28, 3, sample), draw(a, 28, 28, 4, sample), draw(a, 28, 28, 3, sample + 1)};
    for (int i = 0; i < 3; i++)
      ck_assert(others[i].theta != first.theta && others[i].tx != first.tx && others[i].ty != first.ty &&
                others[i].zx != first.zx && others[i].zy != first.zy);
  }
  /* One range being 0 leaves the other draws alone. */
  cnn_augmenter *turning;
  ck_assert_int_eq(cnn_augmenter_new(&turning, context, cnn_augmenter_opts(.zoom_range = 0.1f)), CNN_OK);
  cnn_transform zoomed = draw(turning, 28, 28, 3, 5), full = draw(a, 28, 28, 3, 5);
  ck_assert(zoomed.theta == 0 && zoomed.tx == 0 && zoomed.ty == 0 && zoomed.zx == full.zx && zoomed.zy == full.zy);
  cnn_augmenter_free(turning);
  cnn_augmenter_free(a);
  cnn_context_free(same_seed); /* the augmenter keeps it alive */
  draw(b, 28, 28, 0, 0);
  cnn_augmenter_free(b);
  cnn_augmenter_free(c);
  cnn_context_free(other_seed);
}
END_TEST

START_TEST(apply_is_the_drawn_transform) {
  cnn_augmenter *augmenter = notebook(context), *nothing;
  cnn_tensor *image, *augmented, *transformed;
  ck_assert_int_eq(cnn_tensor_new(&image, context, CNN_F32, 3, (const int64_t[]){28, 28, 1}, NULL), CNN_OK);
  test_numbers(cnn_tensor_data(image), 784, 7, 1.0f);
  for (uint32_t pass = 0; pass < 9; pass++) {
    cnn_transform transform = draw(augmenter, 28, 28, pass, 11);
    ck_assert_int_eq(cnn_augmenter_apply(&augmented, augmenter, image, pass, 11), CNN_OK);
    ck_assert_int_eq(cnn_image_transform(&transformed, image, &transform), CNN_OK);
    compare_bits("augmented", cnn_tensor_read(augmented), cnn_tensor_read(transformed), 784, 0);
    ck_assert_int_ne(memcmp(cnn_tensor_read(augmented), cnn_tensor_read(image), 784 * sizeof(float)), 0);
    cnn_tensor_free(augmented);
    cnn_tensor_free(transformed);
  }
  ck_assert_int_eq(cnn_augmenter_new(&nothing, context, NULL), CNN_OK);
  ck_assert_int_eq(cnn_augmenter_apply(&augmented, nothing, image, 0, 0), CNN_OK);
  compare_bits("untouched", cnn_tensor_read(augmented), cnn_tensor_read(image), 784, 0);
  cnn_tensor_free(augmented);
  cnn_tensor_free(image);
  cnn_augmenter_free(nothing);
  cnn_augmenter_free(augmenter);
}
END_TEST

START_TEST(the_callers_floating_point_changes_nothing) {
  cnn_augmenter *augmenter = notebook(context);
  cnn_tensor *image, *plain, *other;
  ck_assert_int_eq(cnn_tensor_new(&image, context, CNN_F32, 3, (const int64_t[]){28, 28, 1}, NULL), CNN_OK);
  test_numbers(cnn_tensor_data(image), 784, 7, 1.0f);
  for (int64_t sample = 0; sample < 20; sample++) {
    cnn_transform transform = draw(augmenter, 28, 28, 0, sample);
    ck_assert_int_eq(cnn_augmenter_apply(&plain, augmenter, image, 0, sample), CNN_OK);
    ck_assert_int_eq(fesetround(FE_DOWNWARD), 0);
    cnn_transform again = {.size = sizeof again};
    cnn_status drawn = cnn_augmenter_transform(augmenter, &again, 28, 28, 0, sample);
    cnn_status applied = cnn_augmenter_apply(&other, augmenter, image, 0, sample);
    fesetround(FE_TONEAREST);
    ck_assert(drawn == CNN_OK && applied == CNN_OK);
    ck_assert_mem_eq(&transform, &again, sizeof again);
    compare_bits("augmented", cnn_tensor_read(other), cnn_tensor_read(plain), 784, 0);
    cnn_tensor_free(plain);
    cnn_tensor_free(other);
  }
  cnn_tensor_free(image);
  cnn_augmenter_free(augmenter);
}
END_TEST

START_TEST(what_is_refused) {
  cnn_augmenter *augmenter;
  const float bad[] = {-0.1f, NAN, INFINITY, -INFINITY, 1e30f};
  for (int i = 0; i < 5; i++) {
    ck_assert_int_eq(cnn_augmenter_new(&augmenter, context, cnn_augmenter_opts(.rotation_range = bad[i])), CNN_EINVAL);
    ck_assert_ptr_null(augmenter);
    ck_assert_int_eq(cnn_augmenter_new(&augmenter, context, cnn_augmenter_opts(.zoom_range = bad[i])), CNN_EINVAL);
    if (i < 4) {
      ck_assert_int_eq(cnn_augmenter_new(&augmenter, context, cnn_augmenter_opts(.width_shift_range = bad[i])), CNN_EINVAL);
      ck_assert_int_eq(cnn_augmenter_new(&augmenter, context, cnn_augmenter_opts(.height_shift_range = bad[i])), CNN_EINVAL);
    }
  }
  ck_assert_int_eq(cnn_augmenter_new(&augmenter, context, cnn_augmenter_opts(.zoom_range = 1)), CNN_EINVAL);
  ck_assert_int_eq(cnn_augmenter_new(&augmenter, context, cnn_augmenter_opts(.rotation_range = 180.5f)), CNN_EINVAL);
  ck_assert_int_eq(cnn_augmenter_new(&augmenter, context, &(cnn_augmenter_opts){.rotation_range = 1}), CNN_EINVAL);
  ck_assert_int_eq(cnn_augmenter_new(&augmenter, NULL, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_augmenter_new(NULL, context, NULL), CNN_EINVAL);
  augmenter = notebook(context);
  cnn_transform transform = {.size = sizeof transform};
  ck_assert_int_eq(cnn_augmenter_transform(augmenter, &transform, 28, 28, 0, -1), CNN_EINVAL);
  ck_assert_int_eq(cnn_augmenter_transform(augmenter, &transform, 28, 28, 0, 4294967296), CNN_EINVAL);
  ck_assert_int_eq(cnn_augmenter_transform(augmenter, &transform, 0, 28, 0, 0), CNN_EINVAL);
  transform.size = 8;
  ck_assert_int_eq(cnn_augmenter_transform(augmenter, &transform, 28, 28, 0, 0), CNN_EINVAL);
  cnn_augmenter_free(augmenter);
  cnn_augmenter_free(NULL);
}
END_TEST

static cnn_status scenario(const cnn_allocator *allocator, void *user) {
  (void)user;
  cnn_context *made = NULL;
  cnn_augmenter *augmenter = NULL;
  cnn_tensor *image = NULL, *out = NULL;
  cnn_status status = cnn_context_new(&made, cnn_context_opts(.allocator = allocator));
  if (status >= 0)
    status = cnn_augmenter_new(&augmenter, made, cnn_augmenter_opts(.rotation_range = 10));
  if (status >= 0)
    status = cnn_tensor_new(&image, made, CNN_U8, 3, (const int64_t[]){5, 5, 1}, NULL);
  if (status >= 0)
    status = cnn_augmenter_apply(&out, augmenter, image, 0, 0);
  cnn_augmenter_free(augmenter);
  cnn_tensor_free(image);
  cnn_tensor_free(out);
  cnn_context_free(made);
  return status;
}

START_TEST(memory_runs_out) { ck_assert_int_ge(test_alloc_fail_each(scenario, NULL), 5); }
END_TEST

int main(void) {
  Suite *suite = suite_create("augment");
  TCase *tests = tcase_create("augment");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_test(tests, statistics_as_keras);
  tcase_add_test(tests, draws_of_a_seed);
  tcase_add_test(tests, same_for_the_same_and_else_other);
  tcase_add_test(tests, apply_is_the_drawn_transform);
  tcase_add_test(tests, the_callers_floating_point_changes_nothing);
  tcase_add_test(tests, what_is_refused);
  tcase_add_test(tests, memory_runs_out);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
