/* Bytes to floats and the affine warp: every level against the reference, the reference against bilinear in double. */
#include "check.h"

/* h, w, c */
static const int64_t images[][3] = {{1, 1, 1},  {1, 2, 1},   {2, 1, 1},   {1, 3, 1},  {2, 2, 1},  {3, 5, 1},
                                    {1, 40, 1}, {28, 28, 1}, {17, 16, 1}, {5, 33, 1}, {1, 1, 2},  {1, 1, 3},
                                    {9, 9, 3},  {7, 20, 3},  {4, 5, 4},   {6, 35, 2}, {3, 4, 17}, {64, 3, 1},
                                    {2, 700, 1}, {90, 61, 1}, {3, 530, 2}, {2, 3, 600}, {20, 19, 5}};
#define IMAGES ((int)(sizeof images / sizeof images[0]))

/* A turned, scaled and shifted image; some maps leave it altogether, some hold what is no number. */
static void draw_map(double m[6], int turn) {
  const double angle = (draw_unit() - 0.5) * (turn % 4 == 1 ? 6.0 : 0.4), zoom = 0.7 + draw_unit();
  m[0] = cos(angle) * zoom;
  m[1] = -sin(angle) * zoom;
  m[2] = (draw_unit() - 0.5) * 10.0;
  m[3] = sin(angle) * zoom;
  m[4] = cos(angle) * zoom;
  m[5] = (draw_unit() - 0.5) * 10.0;
  if (turn % 4 == 2) {
    m[2] *= 1e300;
    m[5] *= -1e9;
    m[1] *= turn % 8 == 2 ? 40.0 : 1e5;
    m[4] *= turn % 8 == 2 ? 3.0 : 1e8;
  }
  if (turn % 4 == 3) {
    static const double odd[4] = {NAN, INFINITY, -INFINITY, 1.7e308};
    m[draw_below(6)] = odd[draw_below(4)];
  }
  if (turn == 0) {
    memcpy(m, (double[6]){1, 0, 0, 0, 1, 0}, 6 * sizeof *m);
  }
}

static const uint8_t *place_u8(int which, int64_t n) {
  uint8_t *x = place(which, (size_t)n);
  for (int64_t i = 0; i < n; i++) {
    x[i] = (uint8_t)draw();
  }
  return x;
}

CASE(scale_u8) {
  at.kind = "bytes";
  EACH_LEVEL(scale_u8) {
    for (int64_t i = 0; lengths(i) >= 0; i++) {
      const int64_t n = lengths(i);
      NOTE(scale_u8, n);
      EACH_PLACEMENT(80 + (uint64_t)i) {
        const uint8_t *x = place_u8(0, n);
        const float divisor = i % 3 == 0 ? 1.0f : i % 3 == 1 ? 255.0f : 127.5f;
        reference()->scale_u8(n, x, divisor, place_output(1, n));
        t->scale_u8(n, x, divisor, place_output(2, n));
        same_floats(2, 1);
      }
    }
  }
}
END_CASE

CASE(warp_u8) {
  at.kind = "bytes";
  EACH_LEVEL(warp_u8) {
    for (int i = 0; i < IMAGES; i++) {
      const int64_t h = images[i][0], w = images[i][1], c = images[i][2], n = h * w * c;
      NOTE(warp_u8, h, w, c);
      EACH_PLACEMENT(90 + (uint64_t)i) {
        for (int turn = 0; turn < 16; turn++) {
          double m[6];
          draw_map(m, turn);
          const uint8_t *x = place_u8(0, n);
          reference()->warp_u8(h, w, c, x, m, 255.0f, place_output(1, n));
          t->warp_u8(h, w, c, x, m, 255.0f, place_output(2, n));
          same_floats(2, 1);
        }
      }
    }
  }
}
END_CASE

CASE(warp_f32) {
  EACH_LEVEL(warp_f32) {
    for (int i = 0; i < IMAGES; i++) {
      const int64_t h = images[i][0], w = images[i][1], c = images[i][2], n = h * w * c;
      NOTE(warp_f32, h, w, c);
      EACH_PLACEMENT(110 + (uint64_t)i) {
        for (int turn = 0; turn < 4 * KINDS; turn++) {
          double m[6];
          draw_map(m, turn);
          const float *x = place_floats(0, n, turn / 4);
          reference()->warp_f32(h, w, c, x, m, place_output(1, n));
          t->warp_f32(h, w, c, x, m, place_output(2, n));
          same_floats(2, 1);
        }
      }
    }
  }
}
END_CASE

static double bilinear(const uint8_t *x, int64_t h, int64_t w, double row, double column) {
  row = fmin(fmax(row, 0.0), (double)(h - 1));
  column = fmin(fmax(column, 0.0), (double)(w - 1));
  const int64_t r = (int64_t)floor(row), q = (int64_t)floor(column), r1 = r + 1 < h ? r + 1 : r,
                q1 = q + 1 < w ? q + 1 : q;
  const double fy = row - (double)r, fx = column - (double)q;
  return (1 - fy) * ((1 - fx) * x[r * w + q] + fx * x[r * w + q1]) +
         fy * ((1 - fx) * x[r1 * w + q] + fx * x[r1 * w + q1]);
}

/* Maps of whole numbers move pixels and change none: shifts, both mirrors, a turn by a quarter, a long way outside. */
START_TEST(whole_numbers) {
  enum { H = 40, W = 70 };
  static const double maps[][6] = {{1, 0, 0, 0, 1, 0},   {1, 0, 3, 0, 1, -5},     {-1, 0, H - 1, 0, 1, 0},
                                   {1, 0, 0, 0, -1, W - 1}, {0, 1, 2, -1, 0, H - 1}, {1, 0, 1e9, 0, 1, -1e9}};
  static uint8_t x[H * W];
  static float bytes[H * W], y[H * W], z[H * W];
  draw_state = 23;
  for (int i = 0; i < H * W; i++) {
    x[i] = (uint8_t)draw();
    bytes[i] = draw_float(NORMAL);
  }
  for (size_t turn = 0; turn < sizeof maps / sizeof *maps; turn++) {
    const double *m = maps[turn];
    reference()->warp_u8(H, W, 1, x, m, 1.0f, y);
    reference()->warp_f32(H, W, 1, bytes, m, z);
    for (int r = 0; r < H; r++) {
      for (int q = 0; q < W; q++) {
        const int64_t row = (int64_t)fmin(fmax(m[0] * r + m[1] * q + m[2], 0.0), H - 1);
        const int64_t column = (int64_t)fmin(fmax(m[3] * r + m[4] * q + m[5], 0.0), W - 1);
        ck_assert_float_eq(y[r * W + q], (float)x[row * W + column]);
        ck_assert_float_eq(z[r * W + q], bytes[row * W + column]);
      }
    }
  }
}
END_TEST

/* Steep maps on a large image: right to the bound that affine.h states, on a slope that shows the coordinate itself. */
START_TEST(coordinates) {
  enum { H = 3, W = 3000 };
  static float ramp[H * W], y[H * W];
  for (int i = 0; i < H * W; i++) {
    ramp[i] = (float)(i % W) * 0x1p-12f;
  }
  for (double slope = 0.001; slope < 900.0; slope *= 1.7) {
    for (int sign = -1; sign <= 1; sign += 2) {
      const double m[6] = {1, 0, 0, 0.3, sign * slope, sign < 0 ? W - 1.25 : 0.625};
      reference()->warp_f32(H, W, 1, ramp, m, y);
      for (int i = 0; i < H * W; i++) {
        const double want = fmin(fmax(m[3] * (i / W) + m[4] * (i % W) + m[5], 0.0), W - 1);
        const double bound = fmax((32.0 * slope + 2.0) * 0x1p-28, 0x1p-23);
        ck_assert_double_eq_tol((double)y[i] * 4096.0, want, bound + want * 0x1p-23);
      }
    }
  }
}
END_TEST

START_TEST(bilinear_in_double) {
  enum { H = 28, W = 31 };
  uint8_t x[H * W];
  float bytes[H * W], y[H * W], z[H * W];
  draw_state = 17;
  for (int turn = 0; turn < 100; turn += 4) {
    double m[6];
    draw_map(m, turn);
    for (int i = 0; i < H * W; i++) {
      x[i] = (uint8_t)draw();
      bytes[i] = (float)x[i] / 255.0f;
    }
    reference()->warp_u8(H, W, 1, x, m, 255.0f, y);
    reference()->warp_f32(H, W, 1, bytes, m, z);
    for (int r = 0; r < H; r++) {
      for (int q = 0; q < W; q++) {
        const double want = bilinear(x, H, W, m[0] * r + m[1] * q + m[2], m[3] * r + m[4] * q + m[5]) / 255.0;
        ck_assert_double_eq_tol((double)y[r * W + q], want, 1e-6);
        ck_assert_double_eq_tol((double)z[r * W + q], want, 1e-6);
      }
    }
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("kernels/warp");
  TCase *tcase = tcase_create("warp");
  tcase_set_timeout(tcase, 120);
  ADD_CASE(tcase, scale_u8);
  ADD_CASE(tcase, warp_u8);
  ADD_CASE(tcase, warp_f32);
  tcase_add_test(tcase, whole_numbers);
  tcase_add_test(tcase, coordinates);
  tcase_add_test(tcase, bilinear_in_double);
  suite_add_tcase(suite, tcase);
  return run_suite(suite);
}
