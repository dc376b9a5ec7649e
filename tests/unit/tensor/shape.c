/* shape: products, comparison, text. */
#include "suite.h"

#include "tensor/shape.h"

#include <string.h>

START_TEST(counts) {
  ck_assert_int_eq(cnn__shape_count(&(cnn__shape){0, {0}}), 1);
  ck_assert_int_eq(cnn__shape_count(&(cnn__shape){3, {28, 28, 3}}), 2352);
  ck_assert_int_eq(cnn__shape_count(&(cnn__shape){2, {5, 0}}), 0);
  ck_assert_int_eq(cnn__shape_count(&(cnn__shape){3, {INT64_MAX, INT64_MAX, 0}}), 0);
  ck_assert_int_eq(cnn__shape_count(&(cnn__shape){1, {INT64_MAX}}), INT64_MAX);
  ck_assert_int_eq(cnn__shape_count(&(cnn__shape){2, {INT64_MAX, 2}}), -1);
  ck_assert_int_eq(cnn__shape_count(&(cnn__shape){3, {INT64_C(1) << 42, INT64_C(1) << 22, 1}}), -1);
  ck_assert_int_eq(cnn__shape_count(&(cnn__shape){2, {-1, 5}}), -1);
}
END_TEST

START_TEST(equality) {
  const cnn__shape a = {2, {3, 4, 99}}, b = {2, {3, 4, 1}}, c = {2, {3, 5}}, d = {3, {3, 4, 1}}, scalar = {0, {7}};
  ck_assert_int_ne(cnn__shape_equal(&a, &b), 0);
  ck_assert_int_eq(cnn__shape_equal(&a, &c), 0);
  ck_assert_int_eq(cnn__shape_equal(&b, &d), 0);
  ck_assert_int_ne(cnn__shape_equal(&scalar, &(cnn__shape){0, {8}}), 0);
}
END_TEST

START_TEST(text_is_python_s) {
  char text[160];
  ck_assert_str_eq(cnn__shape_text(text, &(cnn__shape){3, {28, 28, 1}}, 0), "(28, 28, 1)");
  ck_assert_str_eq(cnn__shape_text(text, &(cnn__shape){3, {28, 28, 1}}, 1), "(None, 28, 28, 1)");
  ck_assert_str_eq(cnn__shape_text(text, &(cnn__shape){1, {10}}, 0), "(10,)");
  ck_assert_str_eq(cnn__shape_text(text, &(cnn__shape){1, {10}}, 1), "(None, 10)");
  ck_assert_str_eq(cnn__shape_text(text, &(cnn__shape){0, {0}}, 0), "()");
  ck_assert_str_eq(cnn__shape_text(text, &(cnn__shape){0, {0}}, 1), "(None,)");
  ck_assert_str_eq(cnn__shape_text(text, &(cnn__shape){2, {-3, 0}}, 0), "(-3, 0)");
}
END_TEST

START_TEST(text_fits) {
  char text[160 + 8];
  cnn__shape shape = {CNN_MAX_RANK, {0}};
  memset(text, 'z', sizeof text);
  for (int32_t i = 0; i < CNN_MAX_RANK; i++)
    shape.extent[i] = INT64_MIN;
  cnn__shape_text(text, &shape, 1);
  ck_assert_uint_lt(strlen(text), 160);
  ck_assert_str_eq(text + strlen(text) - 6, ", ...)");
  ck_assert_int_eq(text[160], 'z');
}
END_TEST

int main(void) { return RUN_SUITE("shape", 0, counts, equality, text_is_python_s, text_fits); }
