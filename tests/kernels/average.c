/* Average pooling: every level against the reference, and the reference on a case done by hand. */
#include "check.h"

/* Strides that leave the image: nothing is done for all the pixels between them. */
#define FAR ((int64_t)1 << 40)

/* h, w, kh, kw, sh, sw, pt, pl, oh, ow; the last ones have many windows over a pixel, and
 * one that lies wholly outside. */
static const int64_t geometries[][10] = {
    {4, 4, 2, 2, 2, 2, 0, 0, 2, 2},  {7, 7, 2, 2, 2, 2, 0, 0, 3, 3}, {5, 9, 2, 2, 2, 2, 0, 0, 2, 4},
    {7, 7, 2, 2, 2, 2, 0, 0, 4, 4},  {6, 6, 3, 3, 2, 2, 0, 0, 2, 2}, {7, 7, 3, 3, 2, 2, 1, 1, 4, 4},
    {5, 5, 3, 3, 1, 1, 1, 1, 5, 5},  {6, 5, 1, 1, 1, 1, 0, 0, 6, 5}, {6, 8, 2, 3, 3, 2, 0, 1, 2, 4},
    {5, 5, 5, 5, 5, 5, 0, 0, 1, 1},  {9, 2, 3, 1, 3, 1, 0, 0, 3, 2}, {1, 1, 3, 3, 1, 1, 1, 1, 1, 1},
    {4, 4, 2, 2, 3, 3, 2, 2, 2, 2},  {9, 3, 2, 1, 4, 2, 0, 0, 2, 2}, {12, 11, 9, 9, 1, 1, 4, 4, 12, 11},
    {9, 70, 1, 67, 1, 1, 0, 33, 9, 70}, {9, 7, 2, 3, FAR, FAR, 0, 0, 1, 1}, {9, 7, 2, 3, 3, FAR, 0, 1, 3, 1}};
#define GEOMETRIES ((int)(sizeof geometries / sizeof geometries[0]))
static const int64_t channels[] = {1, 3, 8, 15, 16, 17, 31, 32, 48, 70};
#define CHANNELS ((int)(sizeof channels / sizeof channels[0]))

static cnn__pool geometry(int which, int64_t c) {
  const int64_t *v = geometries[which];
  return (cnn__pool){.h = v[0], .w = v[1], .c = c, .kh = v[2], .kw = v[3], .sh = v[4], .sw = v[5], .pt = v[6],
                     .pl = v[7], .oh = v[8], .ow = v[9]};
}

CASE(avgpool) {
  EACH_LEVEL(avgpool) {
    for (int which = 0; which < GEOMETRIES; which++) {
      for (int k = 0; k < CHANNELS; k++) {
        const cnn__pool g = geometry(which, channels[k]);
        const int64_t n = 2, size = n * g.h * g.w * g.c, out = n * g.oh * g.ow * g.c;
        NOTE(avgpool, which, g.c);
        EACH_PLACEMENT(10 + (uint64_t)which) {
          for (int kind = 0; kind < KINDS; kind++) {
            const float *x = place_floats(0, size, kind);
            reference()->avgpool(&g, n, x, place_output(1, out));
            t->avgpool(&g, n, x, place_output(2, out));
            same_floats(2, 1);
          }
        }
      }
    }
  }
}
END_CASE

CASE(avgpool_backward) {
  EACH_LEVEL(avgpool_backward) {
    for (int which = 0; which < GEOMETRIES; which++) {
      for (int k = 0; k < CHANNELS; k++) {
        const cnn__pool g = geometry(which, channels[k]);
        const int64_t n = 2, size = n * g.h * g.w * g.c, out = n * g.oh * g.ow * g.c;
        NOTE(avgpool_backward, which, g.c);
        EACH_PLACEMENT(20 + (uint64_t)which) {
          for (int kind = 0; kind < KINDS; kind++) {
            const float *dy = place_floats(0, out, kind);
            reference()->avgpool_backward(&g, n, dy, place_output(1, size));
            t->avgpool_backward(&g, n, dy, place_output(2, size));
            same_floats(2, 1);
          }
        }
      }
    }
  }
}
END_CASE

/* Two columns of a window over three, the second window half outside: its one column counts as one. */
START_TEST(by_hand) {
  const cnn__pool g = {.h = 2, .w = 3, .c = 1, .oh = 1, .ow = 2, .kh = 2, .kw = 2, .sh = 2, .sw = 2};
  const float x[6] = {1, 5, 7, 2, 4, 9}, dy[2] = {8, 10};
  float y[2], dx[6];
  reference()->avgpool(&g, 1, x, y);
  ck_assert(y[0] == 3.0f && y[1] == 8.0f);
  reference()->avgpool_backward(&g, 1, dy, dx);
  const float want[6] = {2, 2, 5, 2, 2, 5};
  ck_assert_mem_eq(dx, want, sizeof want);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("kernels/average");
  TCase *tcase = tcase_create("average");
  tcase_set_timeout(tcase, 120);
  ADD_CASE(tcase, avgpool);
  ADD_CASE(tcase, avgpool_backward);
  tcase_add_test(tcase, by_hand);
  suite_add_tcase(suite, tcase);
  return run_suite(suite);
}
