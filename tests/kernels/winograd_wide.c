/* Kernels of many channels by F(4x4, 3x3): a part transformed at a time, with the bits of the whole; their gradient is summed by
 * these tiles where a call has enough of them. */
#include "conv_check.h"

#include "kernels/winograd4.h"

static cnn__conv make(int64_t c, int64_t f, int64_t side) {
  return (cnn__conv){.h = side, .w = side, .c = c, .oh = side, .ow = side, .f = f, .kh = 3, .kw = 3, .sh = 1, .sw = 1, .dh = 1,
                     .dw = 1, .pt = 1, .pl = 1, .groups = 1, .algorithm = CNN__CONV_WIDE4};
}

START_TEST(calls_of_enough_tiles) {
  const cnn__conv g = make(257, 256, 7);
  cnn__conv narrow = make(256, 256, 7), small = make(257, 256, 6);
  narrow.algorithm = cnn__conv_algorithm(&narrow), small.algorithm = cnn__conv_algorithm(&small);
  ck_assert_int_eq(cnn__conv_algorithm(&g), CNN__CONV_WIDE4);
  ck_assert(!cnn__conv_large_weights(&g, 3));
  ck_assert(cnn__conv_large_weights(&g, 4));
  ck_assert(cnn__conv_large_weights(&narrow, 1));
  ck_assert(!cnn__conv_large_weights(&small, 100));
  cnn__conv direct = g;
  direct.algorithm = CNN__CONV_DIRECT;
  ck_assert(!cnn__conv_large_weights(&direct, 100));
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

/* In memory there are the taps alone. */
START_TEST(kernels_stay_as_they_are) {
  const cnn__conv g = make(45, 37, 7);
  cnn__conv direct = g;
  direct.algorithm = CNN__CONV_DIRECT;
  at.placement = 0;
  const float *w = place_floats(0, w_floats(&g), UNIFORM);
  for (int transposed = 0; transposed < 2; transposed++) {
    const int64_t floats = transposed ? cnn__conv_packed_t_floats(&g) : cnn__conv_packed_floats(&g);
    ck_assert_int_eq(floats, transposed ? cnn__conv_packed_t_floats(&direct) : cnn__conv_packed_floats(&direct));
    float *want = malloc((size_t)floats * sizeof *want);
    ck_assert_ptr_nonnull(want);
    memcpy(want, packed(&direct, reference(), transposed, w), (size_t)floats * sizeof *want);
    ck_assert_mem_eq(packed(&g, reference(), transposed, w), want, (size_t)floats * sizeof *want);
    free(want);
  }
}
END_TEST

/* What a call writes into area 5, forward or backward, by one form of the kernel. */
static void run(const cnn__kernels *t, cnn__conv g, int32_t algorithm, int64_t n, int backward, int to) {
  g.algorithm = algorithm;
  draw_state = 60;
  const float *x = place_floats(0, n * x_floats(&g), UNIFORM), *w = place_floats(1, w_floats(&g), UNIFORM);
  const float *bias = place_floats(2, g.f, UNIFORM);
  float *y = place_output(to, n * y_floats(&g));
  const float *p = packed(&g, reference(), backward, w);
  if (backward)
    t->conv_backward_data(&g, n, x, p, y, scratch(&g));
  else
    t->conv_forward(&g, n, x, p, bias, 1, y, scratch(&g));
  check_bands(to), check_bands(15);
}

/* One tile to several groups of chunks, channels of one part, a whole number of them and some more, as many in as out. */
START_TEST(parts_have_the_bits_of_the_whole) {
  static const int64_t shapes[][3] = {{16, 4, 1},  {CNN__PART4, 7, 3}, {CNN__PART4 + 1, 9, 5}, {2 * CNN__PART4, 6, 2}, {3 * CNN__PART4 - 7, 13, 9},
                                      {33, 30, 3}, {47, 5, 40}};
  for (int32_t level = CNN__CPU_REF; level <= cnn__cpu_best(); level++)
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
      for (int backward = 0; backward < 2; backward++) {
        const cnn__conv g = make(shapes[i][0], shapes[i][0], shapes[i][1]);
        at.level = table_of(level)->level;
        at.placement = 0;
        memcpy(at.extents, (int64_t[]){(int64_t)i, g.c, g.ow, backward}, sizeof at.extents);
        run(table_of(level), g, CNN__CONV_WINOGRAD4, shapes[i][2], backward, 5);
        run(table_of(level), g, CNN__CONV_WIDE4, shapes[i][2], backward, 6);
        same_floats(6, 5);
      }
}
END_TEST

static const float *floats_of(int area) { return (const float *)(const void *)areas[area].data; }

/* 512 channels on both sides, as deep networks have them: the error against sums in double, of that of direct sums. */
START_TEST(many_channels_are_nearly_as_exact) {
  enum { CHANNELS = 512, SIDE = 7 };
  const cnn__conv g = make(CHANNELS, CHANNELS, SIDE);
  at.placement = 0;
  run(table_of(cnn__cpu_best()), g, CNN__CONV_WIDE4, 1, 0, 5);
  run(table_of(cnn__cpu_best()), g, CNN__CONV_DIRECT, 1, 0, 6);
  const float *x = floats_of(0), *w = floats_of(1), *bias = floats_of(2), *got = floats_of(5), *direct = floats_of(6);
  double squares[2] = {0, 0};
  for (int64_t to = 0; to < SIDE * SIDE; to += 3)
    for (int64_t q = 0; q < CHANNELS; q += 5) {
      double sum = bias[q];
      for (int64_t tap = 0; tap < 9; tap++) {
        const int64_t row = to / SIDE + tap / 3 - 1, column = to % SIDE + tap % 3 - 1;
        for (int64_t p = 0; p < CHANNELS && row >= 0 && row < SIDE && column >= 0 && column < SIDE; p++)
          sum += (double)x[(row * SIDE + column) * CHANNELS + p] * (double)w[(tap * CHANNELS + p) * CHANNELS + q];
      }
      sum = sum > 0 ? sum : 0;
      squares[0] += pow((double)got[to * CHANNELS + q] - sum, 2), squares[1] += pow((double)direct[to * CHANNELS + q] - sum, 2);
    }
  ck_assert(squares[1] > 0);
  ck_assert_msg(squares[0] <= 4 * squares[1], "squares of errors: %.3g, of direct sums %.3g", squares[0], squares[1]);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("kernels/winograd_wide");
  TCase *tcase = tcase_create("winograd_wide");
  tcase_set_timeout(tcase, 300);
  tcase_add_test(tcase, calls_of_enough_tiles);
  tcase_add_test(tcase, every_level_has_the_same_gradient);
  tcase_add_test(tcase, outputs_and_input_gradients_too);
  tcase_add_test(tcase, kernels_stay_as_they_are);
  tcase_add_test(tcase, parts_have_the_bits_of_the_whole);
  tcase_add_test(tcase, many_channels_are_nearly_as_exact);
  suite_add_tcase(suite, tcase);
  return run_suite(suite);
}
