/* Channel sums and batch-norm: every level against the reference, and the reference against sums in double. */
#include "check.h"

/* Samples, pixels, channels: pixels around the blocks of 32, channels around vectors and tiles. */
static const int64_t shapes[][3] = {
    {1, 1, 1},    {1, 31, 1},  {3, 32, 1},   {2, 33, 2},   {2, 64, 3},   {1, 97, 5},   {2, 128, 7},  {1, 160, 8},
    {2, 40, 15},  {1, 1, 16},  {3, 31, 16},  {2, 129, 16}, {1, 257, 16}, {2, 70, 17},  {1, 95, 20},  {2, 63, 31},
    {2, 64, 32},  {1, 196, 32}, {3, 49, 32}, {1, 127, 33}, {2, 65, 47},  {1, 64, 48},  {2, 33, 63},  {8, 49, 64},
    {1, 100, 64}, {1, 70, 65}, {2, 33, 96},  {1, 35, 100}, {1, 34, 128}, {1, 33, 130}, {1, 5, 200},  {0, 5, 20}};
#define SHAPES ((int)(sizeof shapes / sizeof shapes[0]))

#define EACH_SHAPE(slot)                                                                          \
  for (int s = 0; s < SHAPES; s++)                                                                \
    for (int64_t n = shapes[s][0], pixels = shapes[s][1], c = shapes[s][2], once_ = 1; once_; once_ = 0)

CASE(channel_sums) {
  EACH_LEVEL(channel_sums) {
    EACH_SHAPE(channel_sums) {
      NOTE(channel_sums, n, pixels, c);
      EACH_PLACEMENT(100 + (uint64_t)s) {
        for (int kind = 0; kind < KINDS; kind++) {
          const float *x = place_floats(0, n * pixels * c, kind);
          reference()->channel_sums(n, pixels, c, x, place_doubles(1, c));
          t->channel_sums(n, pixels, c, x, place_doubles(2, c));
          same_doubles(2, 1);
        }
      }
    }
  }
}
END_CASE

CASE(bn_moments) {
  EACH_LEVEL(bn_moments) {
    EACH_SHAPE(bn_moments) {
      NOTE(bn_moments, n, pixels, c);
      EACH_PLACEMENT(200 + (uint64_t)s) {
        for (int kind = 0; kind < KINDS; kind++) {
          const float *x = place_floats(0, n * pixels * c, kind);
          double *mean = place_doubles(1, c), *m2 = place_doubles(2, c);
          reference()->bn_moments(0, n, pixels, c, x, mean, m2);
          t->bn_moments(0, n, pixels, c, x, place_doubles(3, c), place_doubles(4, c));
          same_doubles(3, 1);
          same_doubles(4, 2);
          mean = place_doubles(3, c);
          m2 = place_doubles(4, c);
          for (int64_t b = 0; b < n; b++) {
            t->bn_moments(b, 1, pixels, c, x + b * pixels * c, mean, m2);
          }
          same_doubles(3, 1);
          same_doubles(4, 2);
        }
      }
    }
  }
}
END_CASE

CASE(bn_backward_sums) {
  EACH_LEVEL(bn_backward_sums) {
    EACH_SHAPE(bn_backward_sums) {
      NOTE(bn_backward_sums, n, pixels, c);
      EACH_PLACEMENT(300 + (uint64_t)s) {
        for (int kind = 0; kind < KINDS; kind++) {
          const float *x = place_floats(0, n * pixels * c, kind), *dy = place_floats(1, n * pixels * c, kind);
          const float *mean = place_floats(2, c, kind);
          reference()->bn_backward_sums(n, pixels, c, x, mean, dy, place_doubles(3, c), place_doubles(4, c));
          t->bn_backward_sums(n, pixels, c, x, mean, dy, place_doubles(5, c), place_doubles(6, c));
          same_doubles(5, 3);
          same_doubles(6, 4);
        }
      }
    }
  }
}
END_CASE

CASE(bn_normalize) {
  EACH_LEVEL(bn_normalize) {
    EACH_SHAPE(bn_normalize) {
      const int64_t all = n * pixels;
      NOTE(bn_normalize, all, c);
      EACH_PLACEMENT(400 + (uint64_t)s) {
        for (int kind = 0; kind < KINDS; kind++) {
          const float *x = place_floats(0, all * c, kind), *mean = place_floats(1, c, kind);
          const float *scale = place_floats(2, c, kind), *shift = place_floats(3, c, kind);
          reference()->bn_normalize(all, c, x, mean, scale, shift, place_output(4, all * c));
          t->bn_normalize(all, c, x, mean, scale, shift, place_output(5, all * c));
          same_floats(5, 4);
          float *y = place_copy(5, 0);
          t->bn_normalize(all, c, y, mean, scale, shift, y);
          same_floats(5, 4);
        }
      }
    }
  }
}
END_CASE

CASE(bn_backward_apply) {
  EACH_LEVEL(bn_backward_apply) {
    EACH_SHAPE(bn_backward_apply) {
      const int64_t all = n * pixels;
      NOTE(bn_backward_apply, all, c);
      EACH_PLACEMENT(500 + (uint64_t)s) {
        for (int kind = 0; kind < KINDS; kind++) {
          const float *x = place_floats(0, all * c, kind), *dy = place_floats(1, all * c, kind);
          const float *mean = place_floats(2, c, kind), *a = place_floats(3, c, kind);
          const float *b = place_floats(4, c, kind), *d = place_floats(5, c, kind);
          reference()->bn_backward_apply(all, c, x, mean, a, b, d, dy, place_output(6, all * c));
          t->bn_backward_apply(all, c, x, mean, a, b, d, dy, place_output(7, all * c));
          same_floats(7, 6);
          float *dx = place_copy(7, 1);
          t->bn_backward_apply(all, c, x, mean, a, b, d, dx, dx);
          same_floats(7, 6);
        }
      }
    }
  }
}
END_CASE

/* Numbers far from 0 with a small spread: what a float sum of squares would lose. */
START_TEST(moments_are_exact) {
  enum { PIXELS = 784, C = 3 };
  static float x[2 * PIXELS * C];
  draw_state = 9;
  for (int i = 0; i < 2 * PIXELS * C; i++) {
    x[i] = 100.0f + draw_float(UNIFORM);
  }
  double mean[C], m2[C], sum_dy[C], sum_dy_xc[C];
  reference()->bn_moments(0, 2, PIXELS, C, x, mean, m2);
  const float zero[C] = {0};
  reference()->bn_backward_sums(2, PIXELS, C, x, zero, x, sum_dy, sum_dy_xc);
  for (int q = 0; q < C; q++) {
    double sum = 0.0, squares = 0.0, products = 0.0;
    for (int i = 0; i < 2 * PIXELS; i++) {
      sum += (double)x[i * C + q];
      products += (double)x[i * C + q] * (double)x[i * C + q];
    }
    for (int i = 0; i < 2 * PIXELS; i++) {
      const double d = (double)x[i * C + q] - sum / (2 * PIXELS);
      squares += d * d;
    }
    ck_assert_double_eq_tol(mean[q], sum / (2 * PIXELS), 1e-5);
    ck_assert_double_eq_tol(m2[q], squares, squares * 1e-6);
    ck_assert_double_eq_tol(sum_dy[q], sum, sum * 1e-6);
    ck_assert_double_eq_tol(sum_dy_xc[q], products, products * 1e-6);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("kernels/norm");
  TCase *tcase = tcase_create("norm");
  tcase_set_timeout(tcase, 120);
  ADD_CASE(tcase, channel_sums);
  ADD_CASE(tcase, bn_moments);
  ADD_CASE(tcase, bn_backward_sums);
  ADD_CASE(tcase, bn_normalize);
  ADD_CASE(tcase, bn_backward_apply);
  tcase_add_test(tcase, moments_are_exact);
  suite_add_tcase(suite, tcase);
  return run_suite(suite);
}
