/* The maximum over all pixels of a channel: every level against the reference, and the reference on a case done by hand. */
#include "check.h"

static const int64_t pixels[] = {1, 2, 3, 16, 49, 100};
#define PIXELS ((int)(sizeof pixels / sizeof pixels[0]))
static const int64_t channels[] = {1, 2, 7, 15, 16, 17, 31, 32, 33, 64, 70};
#define CHANNELS ((int)(sizeof channels / sizeof channels[0]))

/* Inputs in steps of a quarter, so that many are equal, or any kind. */
static const float *place_image(int which, int64_t n, int turn) {
  float *x = place_floats(which, n, turn % KINDS);
  for (int64_t i = 0; turn >= KINDS && i < n; i++) {
    x[i] = (float)draw_below(5) * 0.25f;
  }
  return x;
}

CASE(channel_max) {
  EACH_LEVEL(channel_max) {
    for (int p = 0; p < PIXELS; p++) {
      for (int k = 0; k < CHANNELS; k++) {
        const int64_t c = channels[k];
        NOTE(channel_max, pixels[p], c);
        EACH_PLACEMENT(10 + (uint64_t)p) {
          for (int turn = 0; turn <= KINDS; turn++) {
            const float *x = place_image(0, pixels[p] * c, turn);
            reference()->channel_max(pixels[p], c, x, place_output(1, c));
            t->channel_max(pixels[p], c, x, place_output(2, c));
            same_floats(2, 1);
          }
        }
      }
    }
  }
}
END_CASE

CASE(channel_max_backward) {
  EACH_LEVEL(channel_max_backward) {
    for (int p = 0; p < PIXELS; p++) {
      for (int k = 0; k < CHANNELS; k++) {
        const int64_t c = channels[k], size = pixels[p] * c;
        NOTE(channel_max_backward, pixels[p], c);
        EACH_PLACEMENT(20 + (uint64_t)p) {
          for (int turn = 0; turn <= KINDS; turn++) {
            const float *x = place_image(0, size, turn);
            float *y = place_output(1, c);
            reference()->channel_max(pixels[p], c, x, y);
            const float *dy = place_image(2, c, turn);
            reference()->channel_max_backward(pixels[p], c, x, y, dy, place_output(3, size));
            t->channel_max_backward(pixels[p], c, x, y, dy, place_output(4, size));
            same_floats(4, 3);
          }
        }
      }
    }
  }
}
END_CASE

START_TEST(by_hand) {
  const float x[6] = {1, -2, 3, -1, 3, -1}, dy[2] = {10, 20};
  float y[2], dx[6];
  reference()->channel_max(3, 2, x, y);
  ck_assert(y[0] == 3.0f && y[1] == -1.0f);
  reference()->channel_max_backward(3, 2, x, y, dy, dx);
  const float want[6] = {0, 0, 5, 10, 5, 10};
  ck_assert_mem_eq(dx, want, sizeof want);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("kernels/maximum");
  TCase *tcase = tcase_create("maximum");
  tcase_set_timeout(tcase, 120);
  ADD_CASE(tcase, channel_max);
  ADD_CASE(tcase, channel_max_backward);
  tcase_add_test(tcase, by_hand);
  suite_add_tcase(suite, tcase);
  return run_suite(suite);
}
