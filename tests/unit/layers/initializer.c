/* initializer: limits and moments against Keras's by shape, and that values depend on their coordinates alone. */
#include "reference.h"

#include "layers/layer_internal.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static json_t *rows;

static int32_t initializer_of(const char *name) {
  for (int32_t i = 0; cnn__initializer_names[i]; i++)
    if (strcmp(cnn__initializer_names[i], name) == 0)
      return i + 1;
  ck_abort_msg("no initializer %s", name);
}

START_TEST(moments_and_limits) {
  json_t *row = json_array_get(rows, (size_t)_i), *extents = json_object_get(row, "shape");
  const char *name = json_string_value(json_object_get(row, "initializer"));
  double in = json_number_value(json_object_get(row, "fan_in"));
  double out = json_number_value(json_object_get(row, "fan_out"));
  double limit = sqrt(6 / (strcmp(name, "he_uniform") == 0 ? in : in + out));
  cnn__shape shape = {.rank = (int32_t)json_array_size(extents)};
  for (int32_t i = 0; i < shape.rank; i++)
    shape.extent[i] = json_integer_value(json_array_get(extents, (size_t)i));
  int64_t count = cnn__shape_count(&shape), total = 0;
  float *values = malloc((size_t)count * sizeof *values);
  double sum = 0, squares = 0, least = 1e9, most = -1e9;
  for (int32_t layer = 0; total < 200000; layer++, total += count) {
    cnn__initialize(values, &shape, initializer_of(name), 1, layer, 0);
    for (int64_t i = 0; i < count; i++) {
      sum += values[i];
      squares += (double)values[i] * values[i];
      least = fmin(least, values[i]);
      most = fmax(most, values[i]);
    }
  }
  double n = (double)total, mean = sum / n, deviation = sqrt(squares / n - mean * mean), sigma = limit / sqrt(3);
  ck_assert_msg(fabs(mean) < 5 * sigma / sqrt(n), "%s: mean %g", name, mean);
  ck_assert_double_eq_tol(deviation, sigma, 0.01 * sigma);
  ck_assert_double_eq_tol(deviation, json_number_value(json_object_get(row, "std")), 0.02 * sigma);
  ck_assert_msg(least >= -limit * (1 + 1e-6) && most <= limit * (1 + 1e-6), "%s: %g to %g", name, least, most);
  ck_assert_double_eq_tol(least, -limit, 1e-3 * limit);
  ck_assert_double_eq_tol(most, limit, 1e-3 * limit);
  free(values);
}
END_TEST

START_TEST(constants) {
  cnn__shape shape = {1, {5}};
  float values[5];
  cnn__initialize(values, &shape, CNN_INITIALIZER_ONES, 1, 0, 0);
  for (int i = 0; i < 5; i++)
    ck_assert(values[i] == 1);
  cnn__initialize(values, &shape, CNN_INITIALIZER_ZEROS, 1, 0, 0);
  for (int i = 0; i < 5; i++)
    ck_assert(values[i] == 0);
}
END_TEST

START_TEST(values_depend_on_their_coordinates) {
  cnn__shape shape = {2, {3, 7}};
  float a[21], b[21];
  cnn__initialize(a, &shape, CNN_INITIALIZER_GLOROT_UNIFORM, 1, 2, 0);
  cnn__initialize(b, &shape, CNN_INITIALIZER_GLOROT_UNIFORM, 1, 2, 0);
  ck_assert_mem_eq(a, b, sizeof a);
  static const uint64_t others[][3] = {{2, 2, 0}, {(uint64_t)1 << 32 | 1, 2, 0}, {1, 3, 0}, {1, 2, 1}};
  for (int i = 0; i < 4; i++) {
    cnn__initialize(b, &shape, CNN_INITIALIZER_GLOROT_UNIFORM, others[i][0], (int32_t)others[i][1],
                    (int32_t)others[i][2]);
    int equal = 0;
    for (int j = 0; j < 21; j++)
      equal += a[j] == b[j];
    ck_assert_int_le(equal, 1);
  }
}
END_TEST

int main(void) {
  json_t *file = reference_json("initializers/statistics.json");
  rows = json_object_get(file, "rows");
  Suite *suite = suite_create("initializer");
  TCase *tests = tcase_create("initializer");
  tcase_add_loop_test(tests, moments_and_limits, 0, (int)json_array_size(rows));
  tcase_add_test(tests, constants);
  tcase_add_test(tests, values_depend_on_their_coordinates);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  json_decref(file);
  return failed != 0;
}
