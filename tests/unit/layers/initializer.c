/* initializer: moments and limits against Keras's by shape, orthogonality, and that values depend on their coordinates alone. */
#include "reference.h"

#include "layers/initializer.h"

#include "core/cpu.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *rows, *orthogonals;
static cnn_context *context;

static void set_up(void) { ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 2)), CNN_OK); }
static void tear_down(void) { cnn_context_free(context); }

static cnn__form form_of(const char *text) {
  cnn__form form;
  ck_assert_msg(cnn__form_read(&cnn__initializers, &form, text) == CNN_OK, "%s", text);
  return form;
}

static void make(float *value, const cnn__shape *shape, const char *text, uint64_t seed, int32_t layer, int32_t weight) {
  cnn__form form = form_of(text);
  ck_assert_int_eq(cnn__initialize(context, value, shape, &form, seed, layer, weight), CNN_OK);
}

static cnn__shape shape_of(json_t *row) {
  json_t *extents = json_object_get(row, "shape");
  cnn__shape shape = {.rank = (int32_t)json_array_size(extents)};
  for (int32_t i = 0; i < shape.rank; i++)
    shape.extent[i] = json_integer_value(json_array_get(extents, (size_t)i));
  return shape;
}

/* A row's initializer as text, with its config. */
static void text_of(json_t *row, char *text, size_t bytes) {
  const char *key;
  json_t *value, *config = json_object_get(row, "config");
  size_t used = (size_t)snprintf(text, bytes, "%s", json_string_value(json_object_get(row, "initializer")));
  int first = 1;
  json_object_foreach(config, key, value) {
    used += (size_t)snprintf(text + used, bytes - used, "%s%s=%g", first ? "(" : ",", key, json_number_value(value));
    first = 0;
  }
  snprintf(text + used, bytes - used, "%s", first ? "" : ")");
}

typedef struct expected {
  double mean, sigma, least, most;
} expected;

#define CUT 0.87962566103423978 /* deviation of a normal distribution cut at two deviations */

static expected cut_normal(double mean, double stddev) {
  return (expected){mean, stddev * CUT, mean - 2 * stddev, mean + 2 * stddev};
}

static expected expectation(const char *name, json_t *row) {
  double in = json_number_value(json_object_get(row, "fan_in"));
  double out = json_number_value(json_object_get(row, "fan_out"));
  json_t *config = json_object_get(row, "config");
  double variance = !strncmp(name, "glorot", 6) ? 2 / (in + out) : (!strncmp(name, "he", 2) ? 2 : 1) / in;
  if (strstr(name, "random_uniform"))
    return (expected){0, 0.1 / sqrt(12), -0.05, 0.05};
  if (strstr(name, "_uniform"))
    return (expected){0, sqrt(variance), -sqrt(3 * variance), sqrt(3 * variance)};
  if (strstr(name, "random_normal"))
    return (expected){0, 0.05, -INFINITY, INFINITY};
  if (strstr(name, "truncated"))
    return json_object_size(config) ? cut_normal(1, 2) : cut_normal(0, 0.05);
  if (strstr(name, "_normal"))
    return cut_normal(0, sqrt(variance) / CUT);
  double value = !strcmp(name, "zeros") ? 0 : !strcmp(name, "ones") ? 1 : (double)0.3f;
  return (expected){value, 0, value, value};
}

typedef struct moments {
  double n, mean, sigma, least, most;
} moments;

/* Of as many arrays as make 200,000 values. */
static moments measure(const cnn__shape *shape, const char *text) {
  int64_t count = cnn__shape_count(shape), total = 0;
  float *values = malloc((size_t)count * sizeof *values);
  double sum = 0, squares = 0;
  moments m = {.least = INFINITY, .most = -INFINITY};
  for (int32_t layer = 0; total < 200000; layer++, total += count) {
    make(values, shape, text, 1, layer, 0);
    for (int64_t i = 0; i < count; i++) {
      sum += values[i];
      squares += (double)values[i] * values[i];
      m.least = fmin(m.least, values[i]);
      m.most = fmax(m.most, values[i]);
    }
  }
  free(values);
  m.n = (double)total;
  m.mean = sum / m.n;
  m.sigma = sqrt(fmax(0, squares / m.n - m.mean * m.mean));
  return m;
}

START_TEST(moments_and_limits) {
  char text[128];
  json_t *row = json_array_get(rows, (size_t)_i);
  cnn__shape shape = shape_of(row);
  text_of(row, text, sizeof text);
  expected e = expectation(json_string_value(json_object_get(row, "initializer")), row);
  moments m = measure(&shape, text);
  double keras_n = json_number_value(json_object_get(row, "samples")), width = e.most - e.least;
  ck_assert_msg(fabs(m.mean - e.mean) <= 5 * e.sigma / sqrt(m.n) + 1e-7 * fabs(e.mean), "%s: mean %g", text, m.mean);
  ck_assert_msg(fabs(m.mean - json_number_value(json_object_get(row, "mean"))) <=
                    5 * e.sigma * sqrt(1 / m.n + 1 / keras_n) + 1e-7 * fabs(e.mean), "%s: mean %g beside Keras's", text, m.mean);
  ck_assert_msg(fabs(m.sigma - e.sigma) <= 0.01 * e.sigma + 1e-6, "%s: deviation %g", text, m.sigma);
  ck_assert_msg(fabs(m.sigma - json_number_value(json_object_get(row, "std"))) <= 0.02 * e.sigma + 1e-6,
                "%s: deviation %g beside Keras's", text, m.sigma);
  if (isinf(e.most)) {
    ck_assert_msg(m.most > 4 * e.sigma && m.most < 6.8 * e.sigma && m.least < -4 * e.sigma && m.least > -6.8 * e.sigma,
                  "%s: %g to %g", text, m.least, m.most);
    return;
  }
  double rounding = 2e-7 * fmax(fabs(e.least), fabs(e.most));
  ck_assert_msg(m.least >= e.least - rounding && m.most <= e.most + rounding, "%s: %g to %g", text, m.least, m.most);
  ck_assert_msg(m.least <= e.least + 1e-3 * width + rounding && m.most >= e.most - 1e-3 * width - rounding, "%s: %g to %g",
                text, m.least, m.most);
}
END_TEST

/* Shares of a normal distribution between its quarters, within five deviations; the cut one against the same, cut. */
START_TEST(shares_are_normal) {
  enum { N = 200000 };
  static const char *const texts[] = {"random_normal(0,1)", "truncated_normal(0,1)"};
  float *values = malloc(N * sizeof *values);
  cnn__shape shape = {1, {N}};
  make(values, &shape, texts[_i], 3, 1, 0);
  double outside = _i ? 0.5 * erfc(sqrt(2.0)) : 0, inside = 1 - 2 * outside;
  for (double z = -1.75; z <= 1.75; z += 0.25) {
    double share = (0.5 * erfc(-z / sqrt(2.0)) - outside) / inside;
    int64_t below = 0;
    for (int i = 0; i < N; i++)
      below += values[i] < (float)z;
    ck_assert_msg(fabs((double)below / N - share) <= 5 * sqrt(share * (1 - share) / N), "%s below %g: %g, not %g",
                  texts[_i], z, (double)below / N, share);
  }
  free(values);
}
END_TEST

static void check_orthogonal(const cnn__shape *shape, double gain, int32_t by_columns) {
  char text[64];
  int64_t columns = shape->extent[shape->rank - 1], count = cnn__shape_count(shape), lines = count / columns;
  float *value = malloc((size_t)count * sizeof *value);
  snprintf(text, sizeof text, "orthogonal(gain=%g)", gain);
  make(value, shape, text, 7, 2, 0);
  int64_t vectors = by_columns ? columns : lines, length = by_columns ? lines : columns;
  int64_t step = by_columns ? 1 : columns, along = by_columns ? columns : 1;
  for (int64_t a = 0; a < vectors; a++)
    for (int64_t b = 0; b <= a; b++) {
      double sum = 0;
      for (int64_t i = 0; i < length; i++)
        sum += (double)value[a * step + i * along] * (double)value[b * step + i * along];
      ck_assert_msg(fabs(sum - (a == b ? gain * gain : 0)) <= 3e-7 * gain * gain, "%s: vectors %d and %d: %g", text, (int)a,
                    (int)b, sum);
    }
  free(value);
}

START_TEST(orthogonal) {
  json_t *row = json_array_get(orthogonals, (size_t)_i);
  cnn__shape shape = shape_of(row);
  check_orthogonal(&shape, json_number_value(json_object_get(row, "gain")),
                   json_string_value(json_object_get(row, "property"))[1] == 't');
}
END_TEST

START_TEST(orthogonal_of_a_large_array) {
  cnn__shape tall = {2, {700, 60}}, wide = {4, {3, 3, 5, 300}};
  check_orthogonal(&tall, 1, 1);
  check_orthogonal(&wide, 0.5, 0);
}
END_TEST

START_TEST(constants) {
  cnn__shape shape = {1, {5}};
  float values[5];
  static const char *const texts[] = {"ones", "zeros", "constant", "constant(-2.5)", "constant(value=1e-3)"};
  static const float wanted[] = {1, 0, 0, -2.5f, 1e-3f};
  for (int t = 0; t < 5; t++) {
    make(values, &shape, texts[t], 1, 0, 0);
    for (int i = 0; i < 5; i++)
      ck_assert(values[i] == wanted[t]);
  }
}
END_TEST

START_TEST(values_depend_on_their_coordinates) {
  cnn__shape shape = {2, {3, 7}};
  float a[21], b[21];
  static const char *const texts[] = {"glorot_uniform", "he_normal", "random_normal", "random_uniform", "orthogonal"};
  make(a, &shape, texts[_i], 1, 2, 0);
  make(b, &shape, texts[_i], 1, 2, 0);
  ck_assert_mem_eq(a, b, sizeof a);
  static const uint64_t others[][3] = {{2, 2, 0}, {(uint64_t)1 << 32 | 1, 2, 0}, {1, 3, 0}, {1, 2, 1}};
  for (int i = 0; i < 4; i++) {
    make(b, &shape, texts[_i], others[i][0], (int32_t)others[i][1], (int32_t)others[i][2]);
    int equal = 0;
    for (int j = 0; j < 21; j++)
      equal += a[j] == b[j];
    ck_assert_int_le(equal, 1);
  }
}
END_TEST

/* Large enough to be cut in parts: the same bits on one thread and on three, on the reference and the best level. */
START_TEST(the_same_bits_everywhere) {
  static const char *const texts[] = {"glorot_uniform", "he_normal", "random_normal", "random_uniform(0,1)", "orthogonal"};
  cnn__shape shape = {2, {500, 130}};
  enum { N = 500 * 130 };
  float *values[3];
  for (int i = 0; i < 3; i++) {
    cnn_context *own;
    cnn__form form = form_of(texts[_i]);
    setenv("CNN_CPU", i == 1 ? "ref" : cnn__cpu_name(cnn__cpu_best()), 1);
    ck_assert_int_eq(cnn_context_new(&own, cnn_context_opts(.threads = i == 2 ? 1 : 3)), CNN_OK);
    values[i] = malloc(N * sizeof(float));
    ck_assert_int_eq(cnn__initialize(own, values[i], &shape, &form, 42, 1, 0), CNN_OK);
    cnn_context_free(own);
    ck_assert_mem_eq(values[i], values[0], N * sizeof(float));
  }
  for (int i = 0; i < 3; i++)
    free(values[i]);
}
END_TEST

int main(void) {
  json_t *file = reference_json("initializers/statistics.json");
  rows = json_object_get(file, "rows");
  orthogonals = json_object_get(file, "orthogonal");
  if (json_array_size(rows) < 30 || json_array_size(orthogonals) < 5)
    return 1; /* an empty list would test nothing and pass */
  Suite *suite = suite_create("initializer");
  TCase *tests = tcase_create("initializer");
  tcase_add_checked_fixture(tests, set_up, tear_down);
  tcase_add_loop_test(tests, moments_and_limits, 0, (int)json_array_size(rows));
  tcase_add_loop_test(tests, shares_are_normal, 0, 2);
  tcase_add_loop_test(tests, orthogonal, 0, (int)json_array_size(orthogonals));
  tcase_add_test(tests, orthogonal_of_a_large_array);
  tcase_add_test(tests, constants);
  tcase_add_loop_test(tests, values_depend_on_their_coordinates, 0, 5);
  tcase_add_loop_test(tests, the_same_bits_everywhere, 0, 5);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  json_decref(file);
  return failed != 0;
}
