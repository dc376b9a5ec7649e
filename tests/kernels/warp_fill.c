/* Sampling with fill modes and orders: every level against the reference, the reference against SciPy's rules in double. */
#include "check.h"

/* h, w, c */
static const int64_t images[][3] = {{1, 1, 1}, {1, 2, 1},  {2, 1, 1},   {1, 3, 3},  {2, 2, 1},   {3, 5, 1},
                                    {9, 9, 3}, {28, 28, 1}, {5, 33, 2}, {3, 130, 1}, {2, 300, 3}, {17, 16, 5}, {66, 63, 1}};
#define IMAGES ((int)(sizeof images / sizeof images[0]))
#define MODES 4
#define TURNS 12

static void draw_map(double m[6], int turn) {
  const double angle = (draw_unit() - 0.5) * 3.0, zoom = turn % 4 == 1 ? 5.0 : 0.7 + draw_unit();
  const double values[6] = {cos(angle) * zoom, -sin(angle) * zoom, (draw_unit() - 0.5) * 60.0,
                            sin(angle) * zoom, cos(angle) * zoom,  (draw_unit() - 0.5) * 60.0};
  static const double whole[6] = {1, 0, -3, 0, 1, 5}, odd[5] = {NAN, INFINITY, -INFINITY, 1.7e308, -1e12};
  memcpy(m, turn == 0 ? whole : values, sizeof values);
  if (turn % 4 == 3) {
    m[draw_below(6)] = odd[draw_below(5)];
  }
}

static const uint8_t *place_u8(int which, int64_t n) {
  uint8_t *x = place(which, (size_t)n);
  for (int64_t i = 0; i < n; i++) {
    x[i] = (uint8_t)draw();
  }
  return x;
}

CASE(warp_fill_u8) {
  at.kind = "bytes";
  EACH_LEVEL(warp_fill_u8) {
    for (int i = 0; i < IMAGES; i++) {
      const int64_t h = images[i][0], w = images[i][1], c = images[i][2], n = h * w * c;
      EACH_PLACEMENT(140 + (uint64_t)i) {
        for (int turn = 0; turn < TURNS * MODES * 2; turn++) {
          const cnn__fill fill = {turn % MODES, turn / MODES % 2, 0.3f};
          double m[6];
          NOTE(warp_fill_u8, h, w, c, turn);
          draw_map(m, turn / (2 * MODES));
          const uint8_t *x = place_u8(0, n);
          reference()->warp_fill_u8(h, w, c, x, m, &fill, 255.0f, place_output(1, n));
          t->warp_fill_u8(h, w, c, x, m, &fill, 255.0f, place_output(2, n));
          same_floats(2, 1);
        }
      }
    }
  }
}
END_CASE

CASE(warp_fill_f32) {
  EACH_LEVEL(warp_fill_f32) {
    for (int i = 0; i < IMAGES; i++) {
      const int64_t h = images[i][0], w = images[i][1], c = images[i][2], n = h * w * c;
      EACH_PLACEMENT(160 + (uint64_t)i) {
        for (int turn = 0; turn < TURNS * MODES * 2; turn++) {
          const cnn__fill fill = {turn % MODES, turn / MODES % 2, -7.5f};
          double m[6];
          NOTE(warp_fill_f32, h, w, c, turn);
          draw_map(m, turn / (2 * MODES));
          const float *x = place_floats(0, n, turn % KINDS);
          reference()->warp_fill_f32(h, w, c, x, m, &fill, place_output(1, n));
          t->warp_fill_f32(h, w, c, x, m, &fill, place_output(2, n));
          same_floats(2, 1);
        }
      }
    }
  }
}
END_CASE

/* ---- against the rules, pixel by pixel ---- */

/* The pixel that position i of an unending row shows; -1: none. */
static int64_t shown(int64_t i, int64_t n, int32_t mode) {
  if (mode == CNN__FILL_NEAREST) {
    return i < 0 ? 0 : i < n ? i : n - 1;
  }
  if (mode == CNN__FILL_REFLECT) {
    const int64_t rest = ((i % (2 * n)) + 2 * n) % (2 * n);
    return rest < n ? rest : 2 * n - 1 - rest;
  }
  if (mode == CNN__FILL_WRAP && n > 1) { /* between the positions of a copy the blend decides; here whole positions */
    return i >= 0 && i < n ? i : ((i % (n - 1)) + (n - 1)) % (n - 1);
  }
  return i >= 0 && i < n ? i : -1;
}

/* Whole shifts show pixels as they are, both orders alike, however far they go. */
START_TEST(whole_shifts) {
  enum { H = 7, W = 11 };
  float x[H * W], y[H * W];
  uint8_t bytes[H * W];
  draw_state = 5;
  for (int i = 0; i < H * W; i++) {
    bytes[i] = (uint8_t)draw();
    x[i] = (float)bytes[i];
  }
  for (int turn = 0; turn < 4000; turn++) {
    const cnn__fill fill = {turn % MODES, turn / MODES % 2, 1000.0f};
    const int64_t down = draw_below(61) - 30, right = draw_below(61) - 30;
    const double m[6] = {1, 0, (double)down, 0, 1, (double)right};
    if (turn % 3) {
      reference()->warp_fill_f32(H, W, 1, x, m, &fill, y);
    } else {
      reference()->warp_fill_u8(H, W, 1, bytes, m, &fill, 1.0f, y);
    }
    for (int64_t r = 0; r < H; r++) {
      for (int64_t q = 0; q < W; q++) {
        const int64_t row = shown(r + down, H, fill.mode), column = shown(q + right, W, fill.mode);
        const int64_t end_row = fill.mode == CNN__FILL_WRAP && r + down < 0 && row == 0 ? H - 1 : row;
        const int64_t end_column = fill.mode == CNN__FILL_WRAP && q + right < 0 && column == 0 ? W - 1 : column;
        const float want = row < 0 || column < 0 ? 1000.0f : x[end_row * W + end_column];
        ck_assert_msg(y[r * W + q] == want, "mode %d, shift %d %d, pixel %d %d: %g, not %g", (int)fill.mode, (int)down,
                      (int)right, (int)r, (int)q, (double)y[r * W + q], (double)want);
      }
    }
  }
}
END_TEST

/* The function of one axis between its pixels, in double: blended by reading `shown` on both sides. */
static double line(const double *x, int64_t n, double place, int32_t mode, double value) {
  if (mode == CNN__FILL_CONSTANT && (place < 0 || place > (double)(n - 1))) {
    return value;
  }
  if (mode == CNN__FILL_WRAP) {
    place -= floor(place / (double)(n - 1)) * (double)(n - 1);
  }
  const double first = floor(place), part = place - first;
  const int64_t left = shown((int64_t)first, n, mode), right = shown((int64_t)first + 1, n, mode);
  return x[left] * (1 - part) + (part > 0 ? x[right] * part : 0);
}

START_TEST(between_pixels) {
  enum { W = 19 };
  float x[W], y[W];
  double exact[W];
  draw_state = 9;
  for (int i = 0; i < W; i++) {
    exact[i] = (double)(x[i] = (float)draw_unit());
  }
  for (int turn = 0; turn < 2000; turn++) {
    const cnn__fill fill = {turn % MODES, 1, 3.0f};
    const double slope = (draw_unit() - 0.5) * 6.0, origin = (draw_unit() - 0.5) * 200.0;
    const double m[6] = {1, 0, 0, 0, slope, origin};
    reference()->warp_fill_f32(1, W, 1, x, m, &fill, y);
    for (int q = 0; q < W; q++) {
      ck_assert_double_eq_tol((double)y[q], line(exact, W, origin + slope * q, fill.mode, 3.0), 1e-6);
    }
  }
}
END_TEST

/* Order 0 takes the pixel whose middle is nearest, the later one of two. */
START_TEST(nearest_pixel) {
  const float x[4] = {1, 2, 3, 4}, want[4] = {2, 2, 3, 3};
  const cnn__fill fill = {CNN__FILL_NEAREST, 0, 0};
  float y[4];
  reference()->warp_fill_f32(1, 4, 1, x, (double[6]){1, 0, 0, 0, 0.5, 0.5}, &fill, y);
  for (int i = 0; i < 4; i++) {
    ck_assert_float_eq(y[i], want[i]);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("kernels/warp_fill");
  TCase *tcase = tcase_create("warp_fill");
  tcase_set_timeout(tcase, 120);
  ADD_CASE(tcase, warp_fill_u8);
  ADD_CASE(tcase, warp_fill_f32);
  tcase_add_test(tcase, whole_shifts);
  tcase_add_test(tcase, between_pixels);
  tcase_add_test(tcase, nearest_pixel);
  suite_add_tcase(suite, tcase);
  return run_suite(suite);
}
