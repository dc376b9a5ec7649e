/* fp: results do not follow the caller's floating-point environment, which is found as it was left. */
#include "suite.h"

#include "core/context_internal.h"
#include "core/fp.h"
#include "core/text.h"

#include <fenv.h>
#include <float.h>
#include <string.h>

static volatile float third = 3.0f, tiny = FLT_MIN;

static void divide(void *user, int64_t item, int32_t worker) {
  (void)worker;
  ((float *)user)[item] = item % 2 ? 1.0f / third : tiny / 4.0f;
}

/* fegetround looks at the x87 unit alone, which the C library's text functions follow. */
static unsigned environment(void) {
#if defined(__x86_64__)
  return _mm_getcsr() | (unsigned)fegetround() << 16;
#else
  return (unsigned)fegetround();
#endif
}

/* The environment of a hostile program. */
static unsigned set_hostile(void) {
  fesetround(FE_UPWARD);
#if defined(__x86_64__)
  _mm_setcsr(0x1f80u | 0x8000u | 0x0040u | 0x4000u | 0x0001u); /* flush to zero, denormals as zero, round up, a raised flag */
#endif
  return environment();
}

static void set_default(void) {
  fesetround(FE_TONEAREST);
#if defined(__x86_64__)
  _mm_setcsr(CNN__FP_DEFAULT);
#endif
}

static void run_under_hostile(int32_t threads) {
  enum { N = 4000 };
  static float ours[N], expected[N];
  cnn_context *context;
  for (int64_t i = 0; i < N; i++)
    divide(expected, i, 0);
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = threads)), CNN_OK);
  for (int32_t round = 0; round < 20; round++) {
    memset(ours, 0, sizeof ours);
    unsigned hostile = set_hostile();
    cnn__pool_run(context->pool, N, divide, ours);
    unsigned after = environment();
    set_default();
    ck_assert_uint_eq(after, hostile);
    ck_assert_mem_eq(ours, expected, sizeof ours);
  }
  cnn_context_free(context);
}

START_TEST(items_on_one_thread) { run_under_hostile(1); }
END_TEST

START_TEST(items_on_three_threads) { run_under_hostile(3); }
END_TEST

START_TEST(numbers_as_text) {
  char tenth[32], sum[32], smallest[32];
  double value = 0;
  unsigned hostile = set_hostile();
  cnn__repr(tenth, 0.1);
  cnn__repr(smallest, 5e-324);
  cnn__format(sum, sizeof sum, "%.3f", 0.30025);
  int32_t refused = cnn__read_double("0.1", &value);
  unsigned after = environment();
  set_default();
  ck_assert_uint_eq(after, hostile);
  ck_assert_str_eq(tenth, "0.1");
  ck_assert_str_eq(smallest, "5e-324");
  ck_assert_str_eq(sum, "0.300");
  ck_assert_int_eq(refused, 0);
  ck_assert(value == 0.1);
}
END_TEST

START_TEST(enter_and_leave) {
  unsigned hostile = set_hostile();
  cnn__fp saved = cnn__fp_enter();
  unsigned inside = environment();
  cnn__fp_leave(saved);
  unsigned after = environment();
  set_default();
  ck_assert_uint_ne(inside, hostile);
  ck_assert_uint_eq(inside, environment());
  ck_assert_uint_eq(after, hostile);
}
END_TEST

int main(void) {
  return RUN_SUITE("fp", 20, items_on_one_thread, items_on_three_threads, numbers_as_text, enter_and_leave);
}
