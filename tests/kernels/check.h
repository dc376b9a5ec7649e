/* check: what the tests of kernels share. Each slot that a level fills is held against the reference, bit for bit, NaN
 * payloads aside, on arrays that lie against forbidden pages or between guard bands.
 *
 * A test is written as CASE(slot): the test in table.c wants one for every line of kernels.def. */
#ifndef CNN_TESTS_KERNELS_CHECK_H
#define CNN_TESTS_KERNELS_CHECK_H

#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/cpu.h"
#include "kernels/kernel.h"

#define CASE(slot) START_TEST(case_##slot)
#define END_CASE END_TEST
#define ADD_CASE(tcase, slot) tcase_add_test(tcase, case_##slot)

/* What is under way: printed when something differs. */
static struct {
  const char *level;
  const char *slot;
  const char *kind;
  int placement;
  uint64_t seed;
  int64_t extents[4];
} at;

#define NOTE(name, ...)                                              \
  do {                                                               \
    at.slot = #name;                                                 \
    memset(at.extents, 0, sizeof at.extents);                        \
    memcpy(at.extents, (int64_t[]){__VA_ARGS__}, sizeof((int64_t[]){__VA_ARGS__})); \
  } while (0)
#define WHERE "%s of %s, extents %lld %lld %lld %lld, inputs %s, placement %d, seed %llu: "
#define WHERE_VALUES                                                                                            \
  at.slot, at.level, (long long)at.extents[0], (long long)at.extents[1], (long long)at.extents[2],              \
      (long long)at.extents[3], at.kind, at.placement, (unsigned long long)at.seed

/* Numbers for the inputs: splitmix64 over at.seed. */
static uint64_t draw_state;
static inline uint64_t draw(void) {
  uint64_t z = draw_state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}
static inline double draw_unit(void) { return (double)(draw() >> 11) * (1.0 / 9007199254740992.0); }
static inline int64_t draw_below(int64_t n) { return (int64_t)(draw() % (uint64_t)n); }

/* Kinds of inputs. */
enum { UNIFORM, NORMAL, DENORMAL, HUGE_ONES, ZEROS, MIXED, KINDS };
static const char *const kind_names[KINDS] = {"uniform", "normal", "denormal", "huge", "zeros", "mixed"};

static inline float draw_float(int kind) {
  static const float special[] = {0.0f, -0.0f, NAN, INFINITY, -INFINITY, 1.0f, -1.0f, 3.4028235e38f, 1e-45f};
  switch (kind) {
  case NORMAL:
    return (float)(draw_unit() + draw_unit() + draw_unit() + draw_unit() - draw_unit() - draw_unit() - draw_unit() -
                   draw_unit()) * 4.0f;
  case DENORMAL:
    return (float)((draw_unit() * 2.0 - 1.0) * 1.2e-38);
  case HUGE_ONES:
    return (float)((draw_unit() * 2.0 - 1.0) * 3.4e38);
  case ZEROS:
    return special[draw_below(2)];
  case MIXED:
    return draw_below(3) == 0 ? special[draw_below(9)] : draw_float((int)draw_below(MIXED));
  default:
    return (float)(draw_unit() * 2.0 - 1.0);
  }
}

/* Areas: arrays that end at a forbidden page (placement 0), begin behind one (1), or lie unaligned in between (2). What
 * is left around them is filled with a pattern. */
#define AREAS 16
#define BAND 256
#define PATTERN 0xa5
static struct area {
  unsigned char *start; /* behind the first forbidden page */
  size_t capacity;
  unsigned char *data;
  size_t bytes;
} areas[AREAS];

static inline void area_reserve(struct area *a, size_t bytes) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  if (a->capacity >= bytes + 3 * BAND) {
    return;
  }
  if (a->start != NULL) {
    munmap(a->start - page, a->capacity + 2 * page);
  }
  a->capacity = (2 * bytes + 3 * BAND + page - 1) / page * page;
  unsigned char *map = mmap(NULL, a->capacity + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ck_assert_ptr_ne(map, MAP_FAILED);
  a->start = map + page;
  ck_assert_int_eq(mprotect(a->start, a->capacity, PROT_READ | PROT_WRITE), 0);
}

static inline size_t band_before(const struct area *a) {
  const size_t room = (size_t)(a->data - a->start);
  return room < BAND ? room : BAND;
}
static inline size_t band_behind(const struct area *a) {
  const size_t room = a->capacity - (size_t)(a->data - a->start) - a->bytes;
  return room < BAND ? room : BAND;
}

/* An array of `bytes` in area `which`, bands drawn around it, contents the pattern; aligned to `unit` at least. */
static inline void *place_on(int which, size_t bytes, size_t unit) {
  struct area *a = &areas[which];
  area_reserve(a, bytes);
  const size_t offset[3] = {a->capacity - bytes, 0, BAND + unit * (size_t)(1 + which % 7)};
  a->data = a->start + offset[at.placement];
  a->bytes = bytes;
  memset(a->data - band_before(a), PATTERN, band_before(a) + bytes + band_behind(a));
  return a->data;
}
static inline void *place(int which, size_t bytes) { return place_on(which, bytes, sizeof(float)); }
static inline double *place_doubles(int which, int64_t n) {
  return place_on(which, (size_t)n * sizeof(double), sizeof(double));
}

/* Compares first and lets Check speak only where something differs: an assertion of its own for each byte is slow. */
static inline void check_bands(int which) {
  const struct area *a = &areas[which];
  for (size_t i = 1; i <= band_before(a); i++) {
    if (a->data[-(ptrdiff_t)i] != PATTERN) {
      ck_abort_msg(WHERE "wrote %zu bytes before array %d", WHERE_VALUES, i, which);
    }
  }
  for (size_t i = 0; i < band_behind(a); i++) {
    if (a->data[a->bytes + i] != PATTERN) {
      ck_abort_msg(WHERE "wrote %zu bytes behind array %d", WHERE_VALUES, i, which);
    }
  }
}

/* n floats of a kind in an area. */
static inline float *place_floats(int which, int64_t n, int kind) {
  float *x = place(which, (size_t)n * sizeof *x);
  for (int64_t i = 0; i < n; i++) {
    x[i] = draw_float(kind);
  }
  at.kind = kind_names[kind];
  return x;
}
static inline float *place_output(int which, int64_t n) { return place(which, (size_t)n * sizeof(float)); }

/* Packed kernels and scratch are aligned: they end at the forbidden page or begin behind one. */
static inline void *place_aligned(int which, size_t bytes) {
  const int placement = at.placement;
  at.placement = placement == 1;
  void *p = place(which, (bytes + 63) / 64 * 64);
  at.placement = placement;
  return p;
}

/* A copy of another area's array. */
static inline float *place_copy(int which, int from) {
  void *copy = place(which, areas[from].bytes);
  return memcpy(copy, areas[from].data, areas[from].bytes);
}

/* The array in area `got` equals the one in area `want`, and the bands of the first are whole. */
static inline void same_floats(int got, int want) {
  const float *a = (const float *)(const void *)areas[got].data, *b = (const float *)(const void *)areas[want].data;
  const size_t n = areas[want].bytes / sizeof *a;
  check_bands(got);
  for (size_t i = 0; i < n; i++) {
    if (memcmp(&a[i], &b[i], sizeof *a) != 0 && !(isnan(a[i]) && isnan(b[i]))) {
      ck_abort_msg(WHERE "element %zu is %a, not %a", WHERE_VALUES, i, (double)a[i], (double)b[i]);
    }
  }
}
static inline void same_doubles(int got, int want) {
  const double *a = (const double *)(const void *)areas[got].data, *b = (const double *)(const void *)areas[want].data;
  const size_t n = areas[want].bytes / sizeof *a;
  check_bands(got);
  for (size_t i = 0; i < n; i++) {
    if (memcmp(&a[i], &b[i], sizeof *a) != 0 && !(isnan(a[i]) && isnan(b[i]))) {
      ck_abort_msg(WHERE "element %zu is %a, not %a", WHERE_VALUES, i, a[i], b[i]);
    }
  }
}
static inline void same_bytes(int got, int want) {
  check_bands(got);
  for (size_t i = 0; i < areas[want].bytes; i++) {
    if (areas[got].data[i] != areas[want].data[i]) {
      ck_abort_msg(WHERE "byte %zu is %d, not %d", WHERE_VALUES, i, areas[got].data[i], areas[want].data[i]);
    }
  }
}

/* The lengths that every kernel of one length is tried with: 0..70, then powers of two and primes with their
 * neighbours. lengths(i) is -1 behind the last. */
static inline int64_t lengths(int64_t i) {
  static const int64_t centres[] = {97, 128, 191, 256, 389, 512, 733, 1024, 1409, 2048, 2267};
  if (i <= 70) {
    return i;
  }
  i -= 71;
  return i < 33 ? centres[i / 3] + i % 3 - 1 : -1;
}

static inline const cnn__kernels *reference(void) { return cnn__kernels_for(CNN__CPU_REF, CNN__GEMM_REF); }

/* The reference as compiled for CPUs without FMA; where this one has it, reference() is another build of the source. */
#define FAMILY(init) void cnn__ref_##init(cnn__kernels *t);
CNN__FAMILIES(FAMILY)
#undef FAMILY
static inline const cnn__kernels *portable(void) {
  static cnn__kernels t = {.level = "ref without fma", .provider = "ref"};
#define FAMILY(init) cnn__ref_##init(&t);
  CNN__FAMILIES(FAMILY)
#undef FAMILY
  return &t;
}

static inline const cnn__kernels *table_of(int32_t level) {
  return level == CNN__CPU_REF ? portable() : cnn__kernels_for(level, CNN__GEMM_NATIVE);
}

/* For each level of this CPU whose slot is not the reference's: t is that level's table. */
#define EACH_LEVEL(slot)                                                                 \
  for (int32_t level_ = CNN__CPU_REF; level_ <= cnn__cpu_best(); level_++)               \
    for (const cnn__kernels *t = table_of(level_);                                       \
         t != NULL && t->slot != reference()->slot && (at.level = t->level) != NULL; t = NULL)

/* For each placement, each with numbers of its own that follow from `seed_`. */
#define EACH_PLACEMENT(seed_)                                                            \
  for (at.placement = 0, at.seed = draw_state = (seed_); at.placement < 3; at.placement++)

/* Runs a suite of one test case; the main of every file here. */
static inline int run_suite(Suite *suite) {
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  const int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
