/* Kernels too wide for F(4x4, 3x3) that go by F(2x2, 3x3): their gradient is still summed by the larger tiles, where a call
 * has enough of them. */
#include "conv_check.h"

/* Of 7 x 7 outputs: four tiles. */
static cnn__conv make(int64_t c, int64_t f, int64_t side) {
  return (cnn__conv){.h = side, .w = side, .c = c, .oh = side, .ow = side, .f = f, .kh = 3, .kw = 3, .sh = 1, .sw = 1, .dh = 1,
                     .dw = 1, .pt = 1, .pl = 1, .groups = 1, .algorithm = CNN__CONV_WINOGRAD};
}

START_TEST(calls_of_enough_tiles) {
  const cnn__conv g = make(257, 256, 7), narrow = make(256, 256, 7), small = make(257, 256, 6);
  ck_assert_int_eq(cnn__conv_algorithm(&g), CNN__CONV_WINOGRAD);
  ck_assert(!cnn__conv_large_weights(&g, 3));
  ck_assert(cnn__conv_large_weights(&g, 4));
  ck_assert(!cnn__conv_large_weights(&narrow, 100));
  ck_assert(!cnn__conv_large_weights(&small, 100));
  cnn__conv direct = g, large = narrow;
  direct.algorithm = CNN__CONV_DIRECT;
  large.algorithm = CNN__CONV_WINOGRAD4;
  ck_assert(!cnn__conv_large_weights(&direct, 100));
  ck_assert(cnn__conv_large_weights(&large, 1));
}
END_TEST

/* Direct sums, a group alone, and groups of which the last is smaller: the reference's bits, and the direct sums' numbers. */
START_TEST(every_level_has_the_same_gradient) {
  static const int64_t counts[] = {3, 4, 9};
  const cnn__conv g = make(257, 258, 7);
  cnn__conv direct = g;
  direct.algorithm = CNN__CONV_DIRECT;
  at.placement = 0;
  for (int i = 0; i < 3; i++) {
    const int64_t n = counts[i];
    draw_state = 40 + (uint64_t)i;
    const float *x = place_floats(0, n * x_floats(&g), UNIFORM), *dy = place_floats(1, n * y_floats(&g), UNIFORM);
    float *want = place_floats(2, w_floats(&g), UNIFORM), *other = place_copy(3, 2);
    place_copy(4, 2);
    reference()->conv_backward_weights(&g, n, x, dy, i > 0, want, scratch(&g));
    check_bands(15);
    reference()->conv_backward_weights(&direct, n, x, dy, i > 0, other, scratch(&g));
    for (int64_t e = 0; e < w_floats(&g); e++)
      ck_assert_msg(fabsf(want[e] - other[e]) <= (n > 3 ? 5e-5f : 0.0f), "%d images, %lld: %g, direct %g", (int)n, (long long)e,
                    (double)want[e], (double)other[e]);
    for (int32_t level = CNN__CPU_AVX2; level <= cnn__cpu_best(); level++) {
      at.level = table_of(level)->level;
      float *got = place_copy(5, 4);
      table_of(level)->conv_backward_weights(&g, n, x, dy, i > 0, got, scratch(&g));
      same_floats(5, 2);
      check_bands(15);
    }
  }
}
END_TEST

START_TEST(outputs_and_input_gradients_too) {
  const cnn__conv g = make(257, 258, 7);
  EACH_LEVEL(conv_forward) {
    at.placement = 0;
    forward_equals(t, &g, 1, UNIFORM);
    backward_data_equals(t, &g, 1, UNIFORM);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("kernels/winograd_wide");
  TCase *tcase = tcase_create("winograd_wide");
  tcase_set_timeout(tcase, 300);
  tcase_add_test(tcase, calls_of_enough_tiles);
  tcase_add_test(tcase, every_level_has_the_same_gradient);
  tcase_add_test(tcase, outputs_and_input_gradients_too);
  suite_add_tcase(suite, tcase);
  return run_suite(suite);
}
