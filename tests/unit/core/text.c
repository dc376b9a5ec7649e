/* text: formatting, cleaning, counting columns, texts that grow. */
#include "suite.h"

#include "alloc.h"
#include "core/context_internal.h"
#include "core/text.h"

#include <errno.h>
#include <string.h>

START_TEST(format_is_snprintf) {
  char buffer[8];
  ck_assert_int_eq(cnn_format(buffer, sizeof buffer, "%d %s", 5, "x"), 3);
  ck_assert_str_eq(buffer, "5 x");
  ck_assert_int_eq(cnn_format(buffer, sizeof buffer, "%.3f %.3f", 0.5, 0.25), 11);
  ck_assert_str_eq(buffer, "0.500 0");
  ck_assert_int_eq(cnn__format(NULL, 0, "%s", "length only"), 11);
  ck_assert_int_eq(cnn__format(buffer, sizeof buffer, "%.2e", 1234.5), 8);
}
END_TEST

START_TEST(what_has_no_text_gives_an_empty_one) {
  char buffer[8] = "before";
  /* compilers refuse a format that is NULL where they see one */
  int32_t (*format)(char *, size_t, const char *, ...) = cnn_format;
  cnn_status (*set)(cnn_status, const char *, ...) = cnn_error_set;
  static const wchar_t beyond[] = {(wchar_t)0x20ac, 0}; /* the C locale cannot write it */
  ck_assert_int_eq(cnn__format(buffer, sizeof buffer, "%ls", beyond), 0);
  ck_assert_str_eq(buffer, "");
  ck_assert_int_eq(format(strcpy(buffer, "before"), sizeof buffer, NULL), 0);
  ck_assert_str_eq(buffer, "");
  ck_assert_int_eq(set(CNN_EDATA, NULL), CNN_EDATA);
  ck_assert_str_eq(cnn_error_text(), "");
}
END_TEST

START_TEST(errno_has_a_text_of_its_own) {
  ck_assert_str_eq(cnn__errno_text(ENOENT), "No such file or directory");
  ck_assert_str_eq(cnn__errno_text(123456), "unknown error");
}
END_TEST

static const char *clean(const char *text) {
  static char out[64];
  memset(out, 'z', sizeof out);
  cnn__clean(out, sizeof out, text);
  return out;
}

START_TEST(clean_keeps_utf8_and_drops_the_rest) {
  ck_assert_str_eq(clean("plain"), "plain");
  ck_assert_str_eq(clean("\xc3\xa4 \xe2\x96\x80 \xf0\x9f\x98\x80"), "\xc3\xa4 \xe2\x96\x80 \xf0\x9f\x98\x80");
  ck_assert_str_eq(clean("a\x01\n\r\t\x1b\x7f"), "a??????");
  ck_assert_str_eq(clean("\xc2\x9b" "31m"), "?31m");        /* a control character of the upper half */
  ck_assert_str_eq(clean("\xff\xfe\x80"), "???");            /* never in UTF-8 */
  ck_assert_str_eq(clean("\xc0\xaf"), "??");                 /* overlong */
  ck_assert_str_eq(clean("\xe0\x80\xaf"), "???");            /* overlong */
  ck_assert_str_eq(clean("\xed\xa0\x80"), "???");            /* a surrogate */
  ck_assert_str_eq(clean("\xf4\x90\x80\x80"), "????");       /* beyond Unicode */
  ck_assert_str_eq(clean("\xe2\x96"), "??");                 /* cut short */
  ck_assert_str_eq(clean("\xe2\x96" "A"), "??A");
  ck_assert_str_eq(clean(NULL), "");
}
END_TEST

START_TEST(clean_never_cuts_a_character) {
  char out[5];
  cnn__clean(out, sizeof out, "abc\xc3\xa4");
  ck_assert_str_eq(out, "abc");
  cnn__clean(out, sizeof out, "ab\xc3\xa4");
  ck_assert_str_eq(out, "ab\xc3\xa4");
  cnn__clean(out, 1, "abc");
  ck_assert_str_eq(out, "");
  out[0] = 'x';
  cnn__clean(out, 0, "abc");
  ck_assert_int_eq(out[0], 'x');
}
END_TEST

START_TEST(columns_are_code_points_without_escapes) {
  ck_assert_int_eq(cnn__columns(""), 0);
  ck_assert_int_eq(cnn__columns("abc"), 3);
  ck_assert_int_eq(cnn__columns("\xc3\xa4\xe2\x96\x80"), 2);
  ck_assert_int_eq(cnn__columns("\x1b[1;32mok\x1b[0m."), 3);
  ck_assert_int_eq(cnn__columns("\x1b["), 0);
  ck_assert_int_eq(cnn__columns("\x1b[31"), 0);
  ck_assert_int_eq(cnn__columns("\xff" "a"), 2);
}
END_TEST

static test_alloc counting;

static cnn_context *new_context(void) {
  cnn_context *context;
  test_alloc_init(&counting);
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 1, .allocator = &counting.allocator)), CNN_OK);
  return context;
}

START_TEST(texts_grow) {
  cnn_context *context = new_context();
  cnn__text text = {.context = context};
  cnn__text_add(&text, "%s", "");
  ck_assert_str_eq(text.data, "");
  for (int32_t i = 0; i < 1000; i++)
    cnn__text_add(&text, "%04d ", (int)i);
  cnn__text_add_bytes(&text, "a\0b", 3);
  cnn__text_add_bytes(&text, NULL, 0);
  ck_assert_int_eq(text.status, CNN_OK);
  ck_assert_uint_eq(text.length, 5003);
  ck_assert_mem_eq(text.data + 4995, "0999 a\0b", 9);
  cnn__text_free(&text);
  ck_assert_ptr_null(text.data);
  cnn__text_free(&text);
  cnn_context_free(context);
  test_alloc_check(&counting);
}
END_TEST

START_TEST(a_text_remembers_that_it_failed) {
  cnn_context *context = new_context();
  cnn__text text = {.context = context};
  cnn__text_add(&text, "kept");
  test_alloc_fail(&counting, 1, ALLOC_ONCE);
  cnn__text_add(&text, "%100d", 1);
  ck_assert_int_eq(text.status, CNN_ENOMEM);
  cnn__text_add(&text, "!");
  cnn__text_add_bytes(&text, "!", 1);
  ck_assert_str_eq(text.data, "kept");
  ck_assert_int_eq(text.status, CNN_ENOMEM);
  cnn__text_free(&text);
  text = (cnn__text){.context = context};
  cnn__text_add_bytes(&text, "x", SIZE_MAX);
  ck_assert_int_eq(text.status, CNN_ENOMEM);
  cnn_context_free(context);
  test_alloc_check(&counting);
}
END_TEST

int main(void) {
  return RUN_SUITE("text", 0, format_is_snprintf, what_has_no_text_gives_an_empty_one,
                   errno_has_a_text_of_its_own, clean_keeps_utf8_and_drops_the_rest,
                   clean_never_cuts_a_character, columns_are_code_points_without_escapes, texts_grow,
                   a_text_remembers_that_it_failed);
}
