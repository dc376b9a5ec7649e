/* locale: the program's locale changes no text and is found as it was. */
#include "suite.h"

#include "core/status.h"
#include "core/text.h"
#include "foreign.h"

#include <pthread.h>
#include <string.h>

static void check_numbers(void) {
  char text[64];
  double value = 0;
  cnn__format(text, sizeof text, "%.2f %d %g", 1.5, 1234567, 2.25);
  ck_assert_str_eq(text, "1.50 1234567 2.25");
  ck_assert_str_eq(cnn__repr(text, 0.1), "0.1");
  ck_assert_str_eq(cnn__repr(text, 5.684341886080802e-14), "5.684341886080802e-14");
  ck_assert_str_eq(cnn__memory_size(text, 1688104), "1.61 MB");
  ck_assert_int_eq(cnn__read_double("2.5", &value), 0);
  ck_assert(value == 2.5);
  ck_assert_int_ne(cnn__read_double("2,5", &value), 0);
  cnn__fail(CNN_EINVAL, "rate is %g", 1.5);
  ck_assert_str_eq(cnn_error_text(), "rate is 1.5");
}

static void check_program_s_locale(void) {
  char text[64];
  snprintf(text, sizeof text, "%.1f", 1.5);
  ck_assert_str_eq(text, "1,5");
}

START_TEST(without_a_locale) { check_numbers(); }
END_TEST

START_TEST(under_the_process_s) {
  if (!set_foreign_locale())
    return;
  check_program_s_locale();
  check_numbers();
  check_program_s_locale();
}
END_TEST

START_TEST(under_the_thread_s) {
  if (!set_foreign_locale())
    return;
  locale_t own = newlocale(LC_ALL_MASK, setlocale(LC_ALL, NULL), (locale_t)0);
  setlocale(LC_ALL, "C");
  uselocale(own);
  check_numbers();
  check_program_s_locale();
  ck_assert(uselocale((locale_t)0) == own);
  uselocale(LC_GLOBAL_LOCALE);
  freelocale(own);
}
END_TEST

static void *format_often(void *unused) {
  (void)unused;
  for (int32_t i = 0; i < 2000; i++) {
    char text[32];
    if (strcmp(cnn__repr(text, 1.5), "1.5") != 0)
      return "wrong";
  }
  return NULL;
}

START_TEST(by_several_threads_at_once) {
  pthread_t threads[4];
  void *wrong;
  if (!set_foreign_locale())
    return;
  for (size_t i = 0; i < 4; i++)
    ck_assert_int_eq(pthread_create(&threads[i], NULL, format_often, NULL), 0);
  for (size_t i = 0; i < 4; i++) {
    pthread_join(threads[i], &wrong);
    ck_assert_ptr_null(wrong);
  }
}
END_TEST

int main(void) {
  return RUN_SUITE("locale", 20, without_a_locale, under_the_process_s, under_the_thread_s, by_several_threads_at_once);
}
