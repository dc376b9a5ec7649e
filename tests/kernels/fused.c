/* The passes of layers that were made into one: every level against the reference, and the reference against the
 * kernels that do one thing each. */
#include "check.h"

/* h, w, kh, kw, sh, sw, oh, ow: windows of all kinds, rests, rows longer than a chain of sums. */
static const int64_t geometries[][8] = {
    {4, 4, 2, 2, 2, 2, 2, 2}, {7, 7, 2, 2, 2, 2, 3, 3}, {5, 9, 2, 2, 2, 2, 2, 4}, {2, 2, 2, 2, 2, 2, 1, 1},
    {6, 5, 1, 1, 1, 1, 6, 5}, {7, 9, 3, 3, 3, 3, 2, 3}, {4, 70, 2, 2, 2, 2, 2, 35}, {3, 67, 1, 3, 1, 3, 3, 22},
    {6, 7, 3, 1, 3, 1, 2, 7}, {5, 6, 4, 5, 4, 5, 1, 1}, {16, 16, 16, 16, 16, 16, 1, 1}, {3, 33, 1, 1, 1, 1, 3, 33}};
#define GEOMETRIES ((int)(sizeof geometries / sizeof geometries[0]))
/* Of the pooling alone: windows that overlap or leave gaps. */
static const int64_t further[][8] = {{6, 6, 3, 3, 2, 2, 2, 2}, {5, 8, 2, 2, 3, 3, 2, 3}, {3, 4, 2, 2, 1, 1, 2, 3}};
#define FURTHER ((int)(sizeof further / sizeof further[0]))
static const int64_t channels[] = {1, 3, 8, 15, 16, 17, 31, 32, 33, 48, 64, 70};
#define CHANNELS ((int)(sizeof channels / sizeof channels[0]))

static cnn__pool geometry(int which, int64_t c) {
  const int64_t *v = which < GEOMETRIES ? geometries[which] : further[which - GEOMETRIES];
  return (cnn__pool){.h = v[0], .w = v[1], .c = c, .kh = v[2], .kw = v[3], .sh = v[4], .sw = v[5], .oh = v[6],
                     .ow = v[7]};
}

/* Inputs in steps of a quarter, so that many are equal, or any kind. */
static const float *place_image(int which, int64_t n, int turn) {
  float *x = place_floats(which, n, turn % KINDS);
  for (int64_t i = 0; turn >= KINDS && i < n; i++) {
    x[i] = (float)draw_below(5) * 0.25f - 0.5f;
  }
  return x;
}

/* Slopes of every sign, zero and NaN among them; of the last turn all above 0. */
static const float *place_slopes(int which, int64_t c, int turn) {
  static const float values[] = {1.0f, -1.0f, 0.0f, -0.0f, 0.5f, -1e-45f, NAN, 3e38f};
  float *s = place_floats(which, c, UNIFORM);
  for (int64_t q = 0; q < c; q++) {
    s[q] = turn == KINDS ? 1.0f : values[draw_below(8)];
  }
  return s;
}

CASE(maxpool_signed) {
  EACH_LEVEL(maxpool_signed) {
    for (int which = 0; which < GEOMETRIES + FURTHER; which++) {
      for (int k = 0; k < CHANNELS; k++) {
        const cnn__pool g = geometry(which, channels[k]);
        const int64_t n = 2, size = n * g.h * g.w * g.c, out = n * g.oh * g.ow * g.c;
        NOTE(maxpool_signed, which, g.c);
        EACH_PLACEMENT(10 + (uint64_t)which) {
          for (int turn = 0; turn <= KINDS; turn++) {
            const float *x = place_image(0, size, turn), *sign = place_slopes(5, g.c, turn);
            sign = turn == 0 ? NULL : sign;
            reference()->maxpool_signed(&g, n, x, sign, place_output(1, out), place(2, (size_t)out));
            t->maxpool_signed(&g, n, x, sign, place_output(3, out), place(4, (size_t)out));
            same_floats(3, 1);
            same_bytes(4, 2);
            t->maxpool_signed(&g, n, x, sign, place_output(3, out), NULL);
            same_floats(3, 1);
          }
        }
      }
    }
  }
}
END_CASE

CASE(maxpool_bn_backward) {
  EACH_LEVEL(maxpool_bn_backward) {
    for (int which = 0; which < GEOMETRIES; which++) {
      for (int k = 0; k < CHANNELS; k++) {
        const cnn__pool g = geometry(which, channels[k]);
        const int64_t n = 2, size = n * g.h * g.w * g.c, out = n * g.oh * g.ow * g.c;
        const int32_t tags = g.kh * g.kw > 1;
        NOTE(maxpool_bn_backward, which, g.c);
        EACH_PLACEMENT(20 + (uint64_t)which) {
          for (int turn = 0; turn <= KINDS; turn++) {
            const float *x = place_image(0, size, turn), *dy = place_floats(1, out, turn % KINDS);
            uint8_t *winner = place(2, (size_t)out);
            reference()->maxpool_signed(&g, n, x, NULL, place_output(3, out), winner);
            winner = tags || turn % 2 ? winner : NULL;
            const float *f[4];
            for (int i = 0; i < 4; i++) {
              f[i] = place_floats(3 + i, g.c, turn % KINDS);
            }
            const int32_t relu = turn % 3 != 0;
            double *sums = place_doubles(8, g.c);
            reference()->maxpool_bn_backward(&g, n, x, f[0], f[1], f[2], f[3], dy, winner, relu, place_output(7, size), 0,
                                             sums);
            t->maxpool_bn_backward(&g, n, x, f[0], f[1], f[2], f[3], dy, winner, relu, place_output(9, size), 0,
                                   place_doubles(10, g.c));
            same_floats(9, 7);
            same_doubles(10, 8);
            t->maxpool_bn_backward(&g, n, x, f[0], f[1], f[2], f[3], dy, winner, relu, place_output(9, size), 0, NULL);
            same_floats(9, 7);
            float *in_place = place_copy(9, 0);
            t->maxpool_bn_backward(&g, n, in_place, f[0], f[1], f[2], f[3], dy, winner, relu, in_place, 0, NULL);
            same_floats(9, 7);
            if (winner == NULL && size == out) {
              in_place = place_copy(9, 1);
              t->maxpool_bn_backward(&g, n, x, f[0], f[1], f[2], f[3], in_place, NULL, relu, in_place, 0, NULL);
              same_floats(9, 7);
            }
            sums = place_doubles(10, g.c);
            float *dx = place_output(9, size);
            for (int64_t b = 0; b < n; b++) {
              t->maxpool_bn_backward(&g, 1, x + b * size / n, f[0], f[1], f[2], f[3], dy + b * out / n,
                                     winner == NULL ? NULL : winner + b * out / n, relu, dx + b * size / n, b > 0, sums);
            }
            same_floats(9, 7);
            same_doubles(10, 8);
          }
        }
      }
    }
  }
}
END_CASE

/* Pooling first and normalising after gives the bits of the other order, in whatever direction. */
START_TEST(pooling_commutes) {
  enum { C = 37 };
  const cnn__pool g = geometry(1, C);
  const int64_t n = 3, size = n * g.h * g.w * C, out = n * g.oh * g.ow * C;
  at.placement = 0;
  draw_state = 30;
  const float *x = place_floats(0, size, NORMAL), *mean = place_floats(1, C, UNIFORM), *scale = place_slopes(2, C, 0);
  float *slopes = place_copy(3, 2), *shift = place_floats(4, C, UNIFORM);
  for (int q = 0; q < C; q++) {
    slopes[q] = isnan(scale[q]) ? -0.7f : scale[q];
  }
  float *normal = place_output(5, size), *pooled = place_output(7, out);
  reference()->bn_normalize(n * g.h * g.w, C, x, mean, slopes, shift, normal);
  reference()->maxpool(&g, n, normal, place_output(6, out), NULL);
  reference()->maxpool_signed(&g, n, x, slopes, pooled, NULL);
  reference()->bn_normalize(n * g.oh * g.ow, C, pooled, mean, slopes, shift, pooled);
  same_floats(7, 6);
}
END_TEST

/* The gradient in one pass is that of its steps, up to the order of the sums. */
START_TEST(gradient_in_steps) {
  enum { C = 5 };
  const cnn__pool g = geometry(2, C);
  const int64_t n = 2, size = n * g.h * g.w * C, out = n * g.oh * g.ow * C;
  at.placement = 0;
  draw_state = 31;
  const float *x = place_floats(0, size, UNIFORM), *dy = place_floats(1, out, UNIFORM), *f[4];
  for (int i = 0; i < 4; i++) {
    f[i] = place_floats(2 + i, C, UNIFORM);
  }
  uint8_t *tags = place(6, (size_t)out);
  uint16_t winner[1000];
  double sums[C], expected[C];
  reference()->maxpool_signed(&g, n, x, NULL, place_output(7, out), tags);
  for (int64_t i = 0; i < out; i++) {
    winner[i] = tags[i];
  }
  float *dx = place_output(8, size);
  reference()->maxpool_backward(&g, n, dy, winner, dx);
  reference()->bn_backward_apply(n * g.h * g.w, C, x, f[0], f[1], f[2], f[3], dx, dx);
  reference()->relu_backward(size, x, dx, dx);
  reference()->channel_sums(n, g.h * g.w, C, dx, expected);
  reference()->maxpool_bn_backward(&g, n, x, f[0], f[1], f[2], f[3], dy, tags, 1, place_output(9, size), 0, sums);
  same_floats(9, 8);
  for (int q = 0; q < C; q++) {
    ck_assert_double_eq_tol(sums[q], expected[q], 1e-5);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("kernels/fused");
  TCase *tcase = tcase_create("fused");
  tcase_set_timeout(tcase, 120);
  ADD_CASE(tcase, maxpool_signed);
  ADD_CASE(tcase, maxpool_bn_backward);
  tcase_add_test(tcase, pooling_commutes);
  tcase_add_test(tcase, gradient_in_steps);
  suite_add_tcase(suite, tcase);
  return run_suite(suite);
}
