/* The table itself: no slot is empty, on any level and for any provider; the reference's are the reference's; and each
 * line of kernels.def has a case in one of the files of this folder. */
#include "check.h"

#include <dirent.h>
#include <stdio.h>

static const char *const names[] = {
#define KERNEL(name, args) #name,
#include "kernels/kernels.def"
#undef KERNEL
};
#define SLOTS ((int)(sizeof names / sizeof names[0]))

START_TEST(no_slot_is_empty) {
  for (int32_t level = 0; level < CNN__CPU_COUNT; level++) {
    for (int32_t provider = 0; provider < CNN__GEMM_COUNT; provider++) {
      const cnn__kernels *t = cnn__kernels_for(level, provider);
      ck_assert_ptr_nonnull(t);
      ck_assert_ptr_eq(t, cnn__kernels_for(level, provider));
#define KERNEL(name, args) ck_assert_msg(t->name != NULL, #name " of level %d, provider %d is empty", level, provider);
#include "kernels/kernels.def"
#undef KERNEL
    }
  }
}
END_TEST

START_TEST(tables_say_what_they_hold) {
  for (int32_t level = 0; level <= cnn__cpu_best(); level++) {
    const cnn__kernels *native = cnn__kernels_for(level, CNN__GEMM_NATIVE);
    const cnn__kernels *plain = cnn__kernels_for(level, CNN__GEMM_REF);
    ck_assert_str_eq(native->level, cnn__cpu_name(level));
    ck_assert_str_eq(plain->level, cnn__cpu_name(level));
    ck_assert_str_eq(native->provider, level == CNN__CPU_REF ? "ref" : "native");
    ck_assert_str_eq(plain->provider, "ref");
    ck_assert(plain->gemm == reference()->gemm && plain->conv_forward == reference()->conv_forward);
    ck_assert(plain->relu == native->relu);
    ck_assert((native->relu == reference()->relu) == (level == CNN__CPU_REF));
  }
}
END_TEST

/* A level or provider that is not there is taken for the nearest one that is. */
START_TEST(unknown_levels) {
  ck_assert_ptr_eq(cnn__kernels_for(-1, CNN__GEMM_NATIVE), cnn__kernels_for(CNN__CPU_REF, CNN__GEMM_NATIVE));
  ck_assert_ptr_eq(cnn__kernels_for(99, CNN__GEMM_REF), cnn__kernels_for(cnn__cpu_best(), CNN__GEMM_REF));
  ck_assert_ptr_eq(cnn__kernels_for(CNN__CPU_REF, 99), cnn__kernels_for(CNN__CPU_REF, CNN__GEMM_NATIVE));
}
END_TEST

static int found[SLOTS];

static void look_into(const char *path) {
  static char text[1 << 20];
  FILE *file = fopen(path, "rb");
  ck_assert_msg(file != NULL, "%s cannot be opened", path);
  const size_t size = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[size] = '\0';
  for (int i = 0; i < SLOTS; i++) {
    char words[80];
    snprintf(words, sizeof words, "ADD_CASE(tcase, %s)", names[i]);
    found[i] |= strstr(text, words) != NULL;
  }
}

START_TEST(every_slot_has_a_case) {
  DIR *folder = opendir(KERNEL_TESTS);
  ck_assert_ptr_nonnull(folder);
  for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
    const size_t length = strlen(entry->d_name);
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", KERNEL_TESTS, entry->d_name);
    if (length > 2 && strcmp(entry->d_name + length - 2, ".c") == 0) {
      look_into(path);
    }
  }
  closedir(folder);
  for (int i = 0; i < SLOTS; i++) {
    ck_assert_msg(found[i], "no file of tests/kernels holds ADD_CASE(tcase, %s)", names[i]);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("kernels/table");
  TCase *tcase = tcase_create("table");
  tcase_add_test(tcase, no_slot_is_empty);
  tcase_add_test(tcase, tables_say_what_they_hold);
  tcase_add_test(tcase, unknown_levels);
  tcase_add_test(tcase, every_slot_has_a_case);
  suite_add_tcase(suite, tcase);
  return run_suite(suite);
}
