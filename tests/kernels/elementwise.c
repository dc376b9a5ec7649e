/* Sums, softmax and dropout: every level against the reference, and the reference against plain formulas. */
#include "map_check.h"

#include "core/random.h"

CASE(add) {
  EACH_LEVEL(add) {
    NOTE(add, 0);
    binary(reference()->add, t->add);
  }
}
END_CASE

CASE(scale) {
  static const float factors[] = {0.5f, -3.25f, 0.0f, 1e30f, NAN};
  EACH_LEVEL(scale) {
    for (int64_t i = 0; lengths(i) >= 0; i++) {
      const int64_t n = lengths(i);
      NOTE(scale, n);
      EACH_PLACEMENT(3000 + (uint64_t)i) {
        for (int kind = 0; kind < KINDS; kind++) {
          const float s = factors[(i + kind) % 5];
          const float *x = place_floats(0, n, kind);
          reference()->scale(n, x, s, place_output(1, n));
          t->scale(n, x, s, place_output(2, n));
          same_floats(2, 1);
          float *y = place_copy(2, 0);
          t->scale(n, y, s, y);
          same_floats(2, 1);
        }
      }
    }
  }
}
END_CASE

CASE(softmax) {
  EACH_LEVEL(softmax) {
    for (int64_t i = 0; lengths(i) >= 0; i++) {
      const int64_t n = lengths(i), rows = n < 100 ? 3 : 1;
      NOTE(softmax, rows, n);
      EACH_PLACEMENT(4000 + (uint64_t)i) {
        for (int kind = 0; kind < KINDS; kind++) {
          const float *x = place_floats(0, rows * n, kind);
          reference()->softmax(rows, n, x, place_output(1, rows * n));
          t->softmax(rows, n, x, place_output(2, rows * n));
          same_floats(2, 1);
          float *y = place_copy(2, 0);
          t->softmax(rows, n, y, y);
          same_floats(2, 1);
        }
      }
    }
  }
}
END_CASE

CASE(softmax_backward) {
  EACH_LEVEL(softmax_backward) {
    for (int64_t i = 0; lengths(i) >= 0; i++) {
      const int64_t n = lengths(i), rows = n < 100 ? 3 : 1;
      NOTE(softmax_backward, rows, n);
      EACH_PLACEMENT(5000 + (uint64_t)i) {
        for (int kind = 0; kind < KINDS; kind++) {
          const float *y = place_floats(0, rows * n, kind);
          const float *dy = place_floats(1, rows * n, kind);
          reference()->softmax_backward(rows, n, y, dy, place_output(2, rows * n));
          t->softmax_backward(rows, n, y, dy, place_output(3, rows * n));
          same_floats(3, 2);
          float *dx = place_copy(3, 1);
          t->softmax_backward(rows, n, y, dx, dx);
          same_floats(3, 2);
        }
      }
    }
  }
}
END_CASE

CASE(dropout) {
  static const uint32_t thresholds[2][6] = {{0, 1, 64, 128, 255, 256},
                                            {0, 1, 0x40000000u, 0x80000001u, 0xfffffffeu, 0xffffffffu}};
  EACH_LEVEL(dropout) {
    for (int64_t i = 0; lengths(i) >= 0; i++) {
      const int64_t n = lengths(i);
      EACH_PLACEMENT(6000 + (uint64_t)i) {
        for (int turn = 0; turn < 12; turn++) {
          const int32_t bits = turn % 2 == 0 ? 8 : 32;
          const uint32_t threshold = thresholds[turn % 2][turn / 2];
          NOTE(dropout, n, bits, threshold);
          const uint32_t key[2] = {(uint32_t)draw(), (uint32_t)draw()};
          /* The first coordinate also runs over its end. */
          const uint32_t first = turn < 6 ? 0u : 0xfffffff0u;
          const uint32_t counter[4] = {first, (uint32_t)draw(), (uint32_t)draw(), (uint32_t)draw()};
          const float *x = place_floats(0, n, turn % KINDS);
          reference()->dropout(n, x, threshold, bits, 1.25f, key, counter, place_output(1, n));
          t->dropout(n, x, threshold, bits, 1.25f, key, counter, place_output(2, n));
          same_floats(2, 1);
          float *y = place_copy(2, 0);
          t->dropout(n, y, threshold, bits, 1.25f, key, counter, y);
          same_floats(2, 1);
        }
      }
    }
  }
}
END_CASE

/* Every level, the reference too, by the words of the contract: one block of Philox for each element. */
START_TEST(dropout_by_the_contract) {
  enum { N = 1000 };
  const uint32_t key[2] = {7, 11}, counter[4] = {32, 3, 5, 0x02000001u};
  float x[N], y[N];
  for (int e = 0; e < N; e++) {
    x[e] = (float)(e + 1);
  }
  for (int32_t level = 0; level <= cnn__cpu_best(); level++) {
    for (int bits = 8; bits <= 32; bits += 24) {
      const uint32_t threshold = bits == 8 ? 100u : 0x64000000u;
      cnn__kernels_for(level, CNN__GEMM_NATIVE)->dropout(N, x, threshold, bits, 2.0f, key, counter, y);
      for (uint32_t e = 0; e < N; e++) {
        const uint32_t group = bits == 8 ? e / 256 : e / 64, r = bits == 8 ? e % 256 : e % 64, lane = r % 16;
        const uint32_t block[4] = {counter[0] + group * 16 + lane, counter[1], counter[2], counter[3]};
        uint32_t words[4];
        cnn__philox(block, key, words);
        const uint32_t value = bits == 8 ? words[r / 64] >> (8 * (r % 64 / 16)) & 255 : words[r / 16];
        const float want = value >= threshold ? x[e] * 2.0f : 0.0f;
        ck_assert_msg(y[e] == want, "level %d, %d bits, element %u: %g, not %g", level, bits, e, (double)y[e],
                      (double)want);
      }
    }
  }
}
END_TEST

/* A quarter dropped: within four standard deviations on a million elements. */
START_TEST(dropout_keeps_its_rate) {
  enum { N = 1000000 };
  const uint32_t key[2] = {1, 2}, counter[4] = {0, 0, 0, 0x02000000u};
  float *x = malloc(N * sizeof *x);
  for (int bits = 8; bits <= 32; bits += 24) {
    int64_t kept = 0;
    for (int64_t i = 0; i < N; i++) {
      x[i] = 1.0f;
    }
    const cnn__kernels *t = cnn__kernels_for(cnn__cpu_best(), CNN__GEMM_NATIVE);
    t->dropout(N, x, bits == 8 ? 64u : 1u << 30, bits, 1.0f, key, counter, x);
    for (int64_t i = 0; i < N; i++) {
      kept += x[i] != 0.0f;
    }
    ck_assert_int_ge(kept, 750000 - 1732);
    ck_assert_int_le(kept, 750000 + 1732);
  }
  free(x);
}
END_TEST

START_TEST(softmax_sums_to_one) {
  float x[37], y[37];
  draw_state = 5;
  for (int i = 0; i < 37; i++) {
    x[i] = draw_float(NORMAL);
  }
  reference()->softmax(1, 37, x, y);
  double sum = 0.0, all = 0.0;
  for (int i = 0; i < 37; i++) {
    sum += (double)y[i];
    all += exp((double)x[i]);
  }
  ck_assert_double_eq_tol(sum, 1.0, 1e-6);
  for (int i = 0; i < 37; i++) {
    ck_assert_double_eq_tol((double)y[i], exp((double)x[i]) / all, 1e-6);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("kernels/elementwise");
  TCase *tcase = tcase_create("elementwise");
  tcase_set_timeout(tcase, 120);
  ADD_CASE(tcase, add);
  ADD_CASE(tcase, scale);
  ADD_CASE(tcase, softmax);
  ADD_CASE(tcase, softmax_backward);
  ADD_CASE(tcase, dropout);
  tcase_add_test(tcase, dropout_by_the_contract);
  tcase_add_test(tcase, dropout_keeps_its_rate);
  tcase_add_test(tcase, softmax_sums_to_one);
  suite_add_tcase(suite, tcase);
  return run_suite(suite);
}
