/* An augmenter's options, the same as text, and what is refused. */
#include <cnn/cnn.h>

#include "compare.h"

#include <check.h>
#include <math.h>
#include <string.h>

static cnn_context *context;

static void setup(void) { ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK); }
static void teardown(void) { cnn_context_free(context); }

static cnn_transform drawn(const cnn_augmenter *augmenter, int64_t sample) {
  cnn_transform t = {.size = sizeof t};
  ck_assert_int_eq(cnn_augmenter_transform(augmenter, &t, 30, 20, 2, sample), CNN_OK);
  return t;
}

static void expect_text(const cnn_augmenter *augmenter, const char *key, const char *expected) {
  char text[64];
  ck_assert_int_eq(cnn_augmenter_attribute_text(augmenter, key, text, sizeof text), CNN_OK);
  ck_assert_str_eq(text, expected);
}

START_TEST(text_and_options_are_one) {
  cnn_augmenter *a, *b;
  ck_assert_int_eq(cnn_augmenter_new(&a, context,
                                     cnn_augmenter_opts(.rotation_range = 15, .width_shift_range = 3, .height_shift_range = 2,
                                                        .zoom_lower = 0.5f, .zoom_upper = 0.75f, .shear_range = 7,
                                                        .brightness_lower = CNN_ZERO, .brightness_upper = 2, .fill_mode = CNN_FILL_WRAP,
                                                        .interpolation_order = CNN_ZERO_INT, .horizontal_flip = 5, .whole_shifts = 1,
                                                        .channel_shift_range = 0.25f, .cval = -1, .brightness_8bit = 1)), CNN_OK);
  ck_assert_int_eq(cnn_augmenter_new_text(&b, context,
                                          "rotation_range=15 width_shift_range=3 height_shift_range=2 zoom_lower=0.5 zoom_upper=0.75 "
                                          "shear_range=7 brightness_lower=0 brightness_upper=2 fill_mode=wrap interpolation_order=0 "
                                          "horizontal_flip=true whole_shifts=true channel_shift_range=0.25 cval=-1 brightness_8bit=true"),
                   CNN_OK);
  for (int64_t sample = 0; sample < 100; sample++) {
    const cnn_transform first = drawn(a, sample), second = drawn(b, sample);
    ck_assert_mem_eq(&first, &second, sizeof first);
  }
  expect_text(a, "zoom_upper", "0.75");
  expect_text(a, "fill_mode", "wrap");
  expect_text(a, "interpolation_order", "0");
  expect_text(a, "horizontal_flip", "true");
  expect_text(a, "vertical_flip", "false");
  expect_text(a, "rescale", "1");
  cnn_augmenter_free(a);
  cnn_augmenter_free(b);
}
END_TEST

/* Every attribute's text makes the same attribute again. */
START_TEST(attributes_are_told) {
  cnn_augmenter *a, *b;
  char all[2048] = "", value[64];
  ck_assert_int_eq(cnn_augmenter_new_text(&a, context, "rotation_range=7.5 rescale=0.1 samplewise_center=true fill_mode=reflect"), CNN_OK);
  ck_assert_int_eq(cnn_augmenter_attribute_count(), 24);
  for (int32_t i = 0; i < cnn_augmenter_attribute_count(); i++) {
    cnn_attribute row = {.size = sizeof row};
    ck_assert_int_eq(cnn_augmenter_attribute_at(i, &row), CNN_OK);
    ck_assert(row.key[0] && row.help[0] && row.standard[0] && !row.required);
    ck_assert_int_eq(cnn_augmenter_attribute_text(a, row.key, value, sizeof value), CNN_OK);
    cnn_format(all + strlen(all), sizeof all - strlen(all), "%s=%s ", row.key, value);
  }
  ck_assert_int_eq(cnn_augmenter_new_text(&b, context, all), CNN_OK);
  for (int32_t i = 0; i < cnn_augmenter_attribute_count(); i++) {
    cnn_attribute row = {.size = sizeof row};
    ck_assert_int_eq(cnn_augmenter_attribute_at(i, &row), CNN_OK);
    ck_assert_int_eq(cnn_augmenter_attribute_text(a, row.key, value, sizeof value), CNN_OK);
    expect_text(b, row.key, value);
  }
  cnn_attribute row = {.size = sizeof row};
  ck_assert_int_eq(cnn_augmenter_attribute_at(-1, &row), CNN_EINVAL);
  ck_assert_int_eq(cnn_augmenter_attribute_at(24, &row), CNN_EINVAL);
  ck_assert_int_eq(cnn_augmenter_attribute_text(a, "rotation_rang", value, sizeof value), CNN_ENAME);
  ck_assert_ptr_nonnull(strstr(cnn_error_text(), "rotation_range"));
  ck_assert_int_eq(cnn_augmenter_attribute_text(a, "fill_mode", value, 7), CNN_EINVAL);
  ck_assert_int_eq(cnn_augmenter_attribute_text(a, NULL, value, 7), CNN_EINVAL);
  ck_assert_int_eq(cnn_augmenter_attribute_text(NULL, "cval", value, 7), CNN_EINVAL);
  cnn_augmenter_free(a);
  cnn_augmenter_free(b);
}
END_TEST

START_TEST(text_that_is_refused) {
  static const struct {
    const char *text;
    cnn_status status;
  } cases[] = {{"rotation_range=181", CNN_EINVAL},      {"rotation_range=-1", CNN_EINVAL},
               {"rotation_range=nan", CNN_EINVAL},      {"shear_range=91", CNN_EINVAL},
               {"zoom_range=1", CNN_EINVAL},            {"zoom_lower=0", CNN_EINVAL},
               {"zoom_lower=2", CNN_EINVAL},            {"zoom_upper=0.5", CNN_EINVAL},
               {"zoom_range=0.1 zoom_upper=2", CNN_EINVAL}, {"brightness_upper=0.5", CNN_EINVAL},
               {"brightness_lower=-1", CNN_EINVAL},     {"brightness_white=0", CNN_EINVAL},
               {"cval=inf", CNN_EINVAL},                {"rescale=nan", CNN_EINVAL},
               {"whole_shifts=true width_shift_range=1.5", CNN_EINVAL},
               {"fill_mode=mirror", CNN_ENAME},         {"interpolation_order=6", CNN_EINVAL},
               {"interpolation_order=-1", CNN_EINVAL},  {"interpolation_order=3", CNN_EUNSUPPORTED},
               {"zca_whitening=true", CNN_EUNSUPPORTED}, {"horizontal_flips=true", CNN_ENAME},
               {"horizontal_flip", CNN_EINVAL},         {"cval=1 cval=2", CNN_EINVAL}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    cnn_augmenter *augmenter;
    ck_assert_msg(cnn_augmenter_new_text(&augmenter, context, cases[i].text) == cases[i].status, "%s: %s", cases[i].text, cnn_error_text());
    ck_assert_ptr_null(augmenter);
    ck_assert_ptr_nonnull(strstr(cnn_error_text(), "augmenter"));
  }
  cnn_augmenter *augmenter;
  ck_assert_int_eq(cnn_augmenter_new_text(&augmenter, NULL, ""), CNN_EINVAL);
  ck_assert_int_eq(cnn_augmenter_new_text(NULL, context, ""), CNN_EINVAL);
}
END_TEST

START_TEST(options_that_are_refused) {
  cnn_augmenter *augmenter;
  const cnn_augmenter_opts bad[] = {{.fill_mode = 4},         {.fill_mode = -1},       {.interpolation_order = 6},
                                    {.interpolation_order = -2}, {.shear_range = NAN}, {.shear_range = -1},
                                    {.zoom_lower = -0.5f},    {.zoom_lower = CNN_ZERO}, {.channel_shift_range = -1},
                                    {.channel_shift_range = INFINITY}, {.brightness_white = -1}, {.rescale = INFINITY},
                                    {.width_shift_range = 2e9f}, {.whole_shifts = 1, .height_shift_range = 0.5f}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    cnn_augmenter_opts options = bad[i];
    options.size = sizeof options;
    ck_assert_msg(cnn_augmenter_new(&augmenter, context, &options) == CNN_EINVAL, "case %zu", i);
    ck_assert_ptr_null(augmenter);
  }
  ck_assert_int_eq(cnn_augmenter_new(&augmenter, context, cnn_augmenter_opts(.interpolation_order = 2)), CNN_EUNSUPPORTED);
  ck_assert_int_eq(cnn_augmenter_new(&augmenter, context, cnn_augmenter_opts(.zca_whitening = 1)), CNN_EUNSUPPORTED);
  ck_assert_ptr_nonnull(strstr(cnn_error_text(), "zca_whitening"));
}
END_TEST

/* Structs of a program that was built against the first release. */
START_TEST(first_release) {
  struct {
    size_t size;
    float ranges[4];
  } options = {24, {10, 0.1f, 0.1f, 0.1f}};
  struct {
    size_t size;
    double values[5];
    char behind[64];
  } old = {48, {0}, "untouched"};
  cnn_augmenter *augmenter, *now;
  ck_assert_int_eq(cnn_augmenter_new(&augmenter, context, (const cnn_augmenter_opts *)(const void *)&options), CNN_OK);
  ck_assert_int_eq(cnn_augmenter_new(&now, context, cnn_augmenter_opts(.rotation_range = 10, .zoom_range = 0.1f, .width_shift_range = 0.1f,
                                                                       .height_shift_range = 0.1f)), CNN_OK);
  const cnn_transform full = drawn(now, 4);
  ck_assert_int_eq(cnn_augmenter_transform(augmenter, (cnn_transform *)(void *)&old, 30, 20, 2, 4), CNN_OK);
  ck_assert_mem_eq(old.values, &full.theta, sizeof old.values);
  ck_assert_uint_eq(old.size, 48);
  ck_assert_str_eq(old.behind, "untouched");
  cnn_augmenter_free(augmenter);
  cnn_augmenter_free(now);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("augment_settings");
  TCase *tests = tcase_create("augment_settings");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_test(tests, text_and_options_are_one);
  tcase_add_test(tests, attributes_are_told);
  tcase_add_test(tests, text_that_is_refused);
  tcase_add_test(tests, options_that_are_refused);
  tcase_add_test(tests, first_release);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
