/* locale_refused: numbers where the system makes no C locale. */
#include "suite.h"

#include "alloc.h"
#include "core/context_internal.h"
#include "core/locale.h"
#include "core/text.h"
#include "foreign.h"

#include <string.h>

/* The linker puts this in newlocale's place. */
locale_t __wrap_newlocale(int mask, const char *name, locale_t base);
locale_t __wrap_newlocale(int mask, const char *name, locale_t base) {
  (void)mask;
  (void)name;
  (void)base;
  return (locale_t)0;
}

static void check_numbers(void) {
  char text[64];
  double value = 0;
  ck_assert_int_eq(cnn__format(text, sizeof text, "%.2f, %g, (3, 5)", 1.5, 2.25), 18);
  ck_assert_str_eq(text, "1.50, 2.25, (3, 5)");
  ck_assert_str_eq(cnn__repr(text, 0.1), "0.1");
  ck_assert_str_eq(cnn__repr(text, 5.684341886080802e-14), "5.684341886080802e-14");
  ck_assert_int_eq(cnn__read_double("-2.5e3", &value), 0);
  ck_assert(value == -2500);
  ck_assert_int_eq(cnn__read_double("25", &value), 0);
  ck_assert(value == 25);
}

START_TEST(without_a_locale) {
  cnn__locale locale = cnn__locale_enter();
  ck_assert_int_eq(locale.entered, 0);
  cnn__locale_leave(locale);
  ck_assert_str_eq(cnn__locale_mark(), ".");
  check_numbers();
}
END_TEST

START_TEST(under_a_foreign_one) {
  if (!set_foreign_locale())
    return;
  char few[6];
  ck_assert_str_eq(cnn__locale_mark(), ",");
  check_numbers();
  cnn__format(few, sizeof few, "%.5f", 1.25);
  ck_assert_str_eq(few, "1.250");
}
END_TEST

/* A mark of several bytes makes texts shorter when it is put right. */
START_TEST(under_one_with_a_longer_mark) {
  char text[64] = "";
  if (!setlocale(LC_ALL, "ps_AF") || strlen(localeconv()->decimal_point) < 2) {
    fprintf(stderr, "SKIPPED: this system has no locale with a decimal mark of several bytes, such as ps_AF\n");
    return;
  }
  ck_assert_int_eq(cnn__format(text, sizeof text, "%.1f|%.1f|", 1.5, 2.5), 8);
  ck_assert_str_eq(text, "1.5|2.5|");
  check_numbers();
}
END_TEST

START_TEST(texts_that_grow) {
  cnn_context *context;
  if (!set_foreign_locale())
    return;
  ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK);
  cnn__text text = {.context = context};
  cnn__text_add(&text, "%.1f|", 1.5);
  cnn__text_add(&text, "%.1f", 2.5);
  ck_assert_str_eq(text.data, "1.5|2.5");
  ck_assert_uint_eq(text.length, 7);
  cnn__text_free(&text);
  cnn_context_free(context);
}
END_TEST

int main(void) {
  return RUN_SUITE("locale_refused", 0, without_a_locale, under_a_foreign_one, under_one_with_a_longer_mark, texts_that_grow);
}
