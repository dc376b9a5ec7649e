/* Max-pooling: every level against the reference, and the reference on a case done by hand. */
#include "check.h"

/* Strides that leave the image: nothing is done for all the pixels between them. */
#define FAR ((int64_t)1 << 40)

/* h, w, kh, kw, sh, sw, pt, pl, oh, ow */
static const int64_t geometries[][10] = {
    {4, 4, 2, 2, 2, 2, 0, 0, 2, 2}, {7, 7, 2, 2, 2, 2, 0, 0, 3, 3}, {5, 9, 2, 2, 2, 2, 0, 0, 2, 4},
    {2, 2, 2, 2, 2, 2, 0, 0, 1, 1}, {7, 7, 2, 2, 2, 2, 0, 0, 4, 4}, {6, 6, 3, 3, 2, 2, 0, 0, 2, 2},
    {7, 7, 3, 3, 2, 2, 1, 1, 4, 4}, {5, 5, 3, 3, 1, 1, 1, 1, 5, 5}, {6, 5, 1, 1, 1, 1, 0, 0, 6, 5},
    {6, 8, 2, 3, 3, 2, 0, 1, 2, 4}, {5, 5, 5, 5, 5, 5, 0, 0, 1, 1}, {3, 3, 2, 2, 1, 1, 0, 0, 2, 2},
    {4, 4, 2, 2, 3, 3, 2, 2, 2, 2}, {9, 2, 3, 1, 3, 1, 0, 0, 3, 2}, {1, 1, 3, 3, 1, 1, 1, 1, 1, 1},
    {9, 7, 2, 3, FAR, FAR, 0, 0, 1, 1}, {9, 7, 2, 3, 3, FAR, 0, 1, 3, 1}};
#define GEOMETRIES ((int)(sizeof geometries / sizeof geometries[0]))
static const int64_t channels[] = {1, 2, 3, 7, 8, 15, 16, 17, 24, 31, 32, 33, 48, 64, 70};
#define CHANNELS ((int)(sizeof channels / sizeof channels[0]))

static cnn__pool geometry(int which, int64_t c) {
  const int64_t *v = geometries[which];
  return (cnn__pool){.h = v[0], .w = v[1], .c = c, .kh = v[2], .kw = v[3], .sh = v[4], .sw = v[5], .pt = v[6],
                     .pl = v[7], .oh = v[8], .ow = v[9]};
}

static uint16_t *place_tags(int which, int64_t n) { return place(which, (size_t)n * sizeof(uint16_t)); }

/* Inputs in steps of a quarter, so that many are equal, or any kind. */
static const float *place_image(int which, int64_t n, int turn) {
  float *x = place_floats(which, n, turn % KINDS);
  for (int64_t i = 0; turn >= KINDS && i < n; i++) {
    x[i] = (float)draw_below(5) * 0.25f;
  }
  return x;
}

CASE(maxpool) {
  EACH_LEVEL(maxpool) {
    for (int which = 0; which < GEOMETRIES; which++) {
      for (int k = 0; k < CHANNELS; k++) {
        const cnn__pool g = geometry(which, channels[k]);
        const int64_t n = 2, size = n * g.h * g.w * g.c, out = n * g.oh * g.ow * g.c;
        NOTE(maxpool, which, g.c);
        EACH_PLACEMENT(10 + (uint64_t)which) {
          for (int turn = 0; turn <= KINDS; turn++) {
            const float *x = place_image(0, size, turn);
            reference()->maxpool(&g, n, x, place_output(1, out), place_tags(2, out));
            t->maxpool(&g, n, x, place_output(3, out), place_tags(4, out));
            same_floats(3, 1);
            same_bytes(4, 2);
            t->maxpool(&g, n, x, place_output(3, out), NULL);
            same_floats(3, 1);
          }
        }
      }
    }
  }
}
END_CASE

CASE(maxpool_backward) {
  EACH_LEVEL(maxpool_backward) {
    for (int which = 0; which < GEOMETRIES; which++) {
      for (int k = 0; k < CHANNELS; k++) {
        const cnn__pool g = geometry(which, channels[k]);
        const int64_t n = 2, size = n * g.h * g.w * g.c, out = n * g.oh * g.ow * g.c;
        NOTE(maxpool_backward, which, g.c);
        EACH_PLACEMENT(20 + (uint64_t)which) {
          for (int turn = 0; turn <= KINDS; turn++) {
            const float *x = place_image(0, size, turn);
            uint16_t *winner = place_tags(1, out);
            reference()->maxpool(&g, n, x, place_output(2, out), winner);
            const float *dy = place_image(2, out, turn);
            reference()->maxpool_backward(&g, n, dy, winner, place_output(3, size));
            t->maxpool_backward(&g, n, dy, winner, place_output(4, size));
            same_floats(4, 3);
          }
        }
      }
    }
  }
}
END_CASE

START_TEST(by_hand) {
  const cnn__pool g = {.h = 2, .w = 3, .c = 1, .oh = 1, .ow = 2, .kh = 2, .kw = 2, .sh = 1, .sw = 1};
  const float x[6] = {1, 5, 5, 2, 5, 0}, dy[2] = {10, 20};
  float y[2], dx[6];
  uint16_t winner[2];
  reference()->maxpool(&g, 1, x, y, winner);
  ck_assert(y[0] == 5.0f && y[1] == 5.0f);
  ck_assert_uint_eq(winner[0], 1);
  ck_assert_uint_eq(winner[1], 0);
  reference()->maxpool_backward(&g, 1, dy, winner, dx);
  const float want[6] = {0, 30, 0, 0, 0, 0};
  ck_assert_mem_eq(dx, want, sizeof want);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("kernels/pool");
  TCase *tcase = tcase_create("pool");
  tcase_set_timeout(tcase, 120);
  ADD_CASE(tcase, maxpool);
  ADD_CASE(tcase, maxpool_backward);
  tcase_add_test(tcase, by_hand);
  suite_add_tcase(suite, tcase);
  return run_suite(suite);
}
