/* The trees over slots: every level against the loop of the contract. */
#include "check.h"

static const int64_t sizes[] = {0, 1, 2, 7, 15, 16, 17, 31, 33, 63, 64, 65, 100, 127, 128, 130, 257, 1000};
#define SIZES ((int)(sizeof sizes / sizeof sizes[0]))

static void copy_to(void *to, const void *from, size_t bytes) {
  if (bytes > 0) {
    memcpy(to, from, bytes);
  }
}

CASE(tree_sum) {
  EACH_LEVEL(tree_sum) {
    for (int i = 0; i < SIZES; i++) {
      for (int64_t count = 1; count <= 34; count++) {
        const int64_t n = sizes[i], stride = n + count % 3 * 5, all = n == 0 ? 0 : (count - 1) * stride + n;
        NOTE(tree_sum, n, count, stride);
        EACH_PLACEMENT(30 + (uint64_t)count) {
          const int kind = (int)(count + i) % KINDS;
          place_floats(0, all, kind);
          reference()->tree_sum(n, count, stride, place_copy(1, 0), place_output(2, n));
          t->tree_sum(n, count, stride, place_copy(3, 0), place_output(4, n));
          same_floats(4, 2);
          check_bands(3);
          float *slots = place_copy(3, 0);
          t->tree_sum(n, count, stride, slots, slots);
          copy_to(place_output(4, n), slots, (size_t)n * sizeof *slots);
          same_floats(4, 2);
        }
      }
    }
  }
}
END_CASE

static void tree_f64(const cnn__kernels *t, int64_t n, int64_t count) {
  double slots[34 * 9], want[34 * 9], out[9];
  for (int64_t i = 0; i < count * n; i++) {
    want[i] = slots[i] = draw_unit() * 2.0 - 1.0;
  }
  for (int64_t d = 1; d < count; d *= 2) {
    for (int64_t s = 0; s + d < count; s += 2 * d) {
      for (int64_t e = 0; e < n; e++) {
        want[s * n + e] += want[(s + d) * n + e];
      }
    }
  }
  t->tree_sum_f64(n, count, n, slots, out);
  ck_assert_mem_eq(out, want, (size_t)n * sizeof *out);
}

CASE(tree_sum_f64) {
  draw_state = 3;
  for (int32_t level = 0; level <= cnn__cpu_best(); level++) {
    for (int64_t count = 1; count <= 34; count++) {
      for (int64_t n = 1; n <= 9; n++) {
        tree_f64(cnn__kernels_for(level, CNN__GEMM_NATIVE), n, count);
      }
    }
  }
}
END_CASE

/* Numbers whose sum tells its order: the reference is the written loop. */
START_TEST(written_loop) {
  draw_state = 4;
  for (int64_t count = 1; count <= 34; count++) {
    float slots[34], want[34], out;
    for (int64_t s = 0; s < count; s++) {
      want[s] = slots[s] = draw_float(UNIFORM);
    }
    for (int64_t d = 1; d < count; d *= 2) {
      for (int64_t s = 0; s + d < count; s += 2 * d) {
        want[s] += want[s + d];
      }
    }
    reference()->tree_sum(1, count, 1, slots, &out);
    ck_assert_mem_eq(&out, want, sizeof out);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("kernels/reduce");
  TCase *tcase = tcase_create("reduce");
  tcase_set_timeout(tcase, 120);
  ADD_CASE(tcase, tree_sum);
  ADD_CASE(tcase, tree_sum_f64);
  tcase_add_test(tcase, written_loop);
  suite_add_tcase(suite, tcase);
  return run_suite(suite);
}
