/* status: codes and texts, one of each a thread. */
#include "suite.h"

#include "core/status.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

START_TEST(nothing_failed_yet) {
  ck_assert_str_eq(cnn_error_text(), "");
  ck_assert_int_eq(cnn__fail_code(), CNN_OK);
}
END_TEST

START_TEST(fail_records_code_and_text) {
  ck_assert_int_eq(cnn__fail(CNN_ESHAPE, "conv2d '%s': kernel %dx%d", "conv1", 5, 5), CNN_ESHAPE);
  ck_assert_str_eq(cnn_error_text(), "conv2d 'conv1': kernel 5x5");
  ck_assert_int_eq(cnn__fail_code(), CNN_ESHAPE);
  ck_assert_int_eq(cnn__fail(CNN_EIO, "other"), CNN_EIO);
  ck_assert_str_eq(cnn_error_text(), "other");
}
END_TEST

START_TEST(fail_never_succeeds) {
  ck_assert_int_eq(cnn__fail(CNN_OK, "not a failure"), CNN_EINTERNAL);
  ck_assert_int_eq(cnn__fail(CNN_STOP, "not a failure"), CNN_EINTERNAL);
}
END_TEST

START_TEST(text_is_one_clean_line) {
  cnn__fail(CNN_ENAME, "name 'a\nb\tc\x1b[31m\x7f\xff\xc2\x85\xc3\xa4'");
  ck_assert_str_eq(cnn_error_text(), "name 'a?b?c?[31m???\xc3\xa4'");
}
END_TEST

START_TEST(text_may_quote_the_text_before) {
  cnn__fail(CNN_EIO, "disk full");
  cnn__fail(CNN_ECALLBACK, "callback said: %s", cnn_error_text());
  ck_assert_str_eq(cnn_error_text(), "callback said: disk full");
}
END_TEST

START_TEST(long_text_is_cut_between_characters) {
  char name[3000];
  for (size_t i = 0; i + 2 < sizeof name; i += 2)
    memcpy(name + i, "\xc3\xa4", 3);
  for (int32_t shift = 0; shift < 2; shift++) {
    cnn__fail(CNN_ENAME, "%s%s", shift ? "x" : "", name);
    size_t length = strlen(cnn_error_text());
    ck_assert_uint_gt(length, 1000);
    ck_assert_uint_lt(length, 1024);
    ck_assert_str_eq(cnn_error_text() + length - 3, "...");
    ck_assert_uint_eq((length - 3 - (size_t)shift) % 2, 0);
  }
  cnn__fail(CNN_ENAME, "%.1023s", "short");
  ck_assert_str_eq(cnn_error_text(), "short");
}
END_TEST

START_TEST(fail_in_puts_a_name_before) {
  cnn__fail(CNN_EINVAL, "rate is 2");
  ck_assert_int_eq(cnn__fail_in("dropout '%s'", "d1"), CNN_EINVAL);
  ck_assert_str_eq(cnn_error_text(), "dropout 'd1': rate is 2");
  ck_assert_int_eq(cnn__fail_in("model"), CNN_EINVAL);
  ck_assert_str_eq(cnn_error_text(), "model: dropout 'd1': rate is 2");
}
END_TEST

START_TEST(fail_in_without_a_failure_is_one) {
  ck_assert_int_eq(cnn__fail_in("model"), CNN_EINTERNAL);
  ck_assert_str_eq(cnn_error_text(), "model: a failure left no text");
}
END_TEST

START_TEST(fail_in_over_and_over_stays_bounded) {
  cnn__fail(CNN_EINVAL, "at the bottom");
  for (int32_t i = 0; i < 500; i++)
    ck_assert_int_eq(cnn__fail_in("level %d", (int)i), CNN_EINVAL);
  ck_assert_uint_lt(strlen(cnn_error_text()), 1024);
  ck_assert_mem_eq(cnn_error_text(), "level 499: level 498", 20);
}
END_TEST

static cnn_status try(cnn_status status) {
  CNN__TRY(status);
  return CNN_OK;
}

START_TEST(try_passes_failures_up) {
  ck_assert_int_eq(try(CNN_OK), CNN_OK);
  ck_assert_int_eq(try(CNN_STOP), CNN_OK);
  ck_assert_int_eq(try(CNN_EDATA), CNN_EDATA);
}
END_TEST

static void *fail_in_a_thread(void *argument) {
  int64_t number = *(int64_t *)argument;
  if (cnn_error_text()[0])
    return "a new thread has a text";
  for (int32_t i = 0; i < 2000; i++) {
    char expected[64];
    snprintf(expected, sizeof expected, "thread %lld turn %d", (long long)number, (int)i);
    cnn__fail((cnn_status)(-1 - number), "thread %lld turn %d", (long long)number, (int)i);
    if (strcmp(cnn_error_text(), expected) != 0 || cnn__fail_code() != (cnn_status)(-1 - number))
      return "threads share a text";
  }
  return NULL;
}

START_TEST(each_thread_has_its_own) {
  pthread_t threads[4];
  int64_t numbers[4];
  void *wrong;
  cnn__fail(CNN_EFORMAT, "of the first thread");
  for (int64_t i = 0; i < 4; i++) {
    numbers[i] = i;
    ck_assert_int_eq(pthread_create(&threads[i], NULL, fail_in_a_thread, &numbers[i]), 0);
  }
  for (int64_t i = 0; i < 4; i++) {
    pthread_join(threads[i], &wrong);
    ck_assert_msg(wrong == NULL, "%s", (const char *)wrong);
  }
  ck_assert_str_eq(cnn_error_text(), "of the first thread");
}
END_TEST

START_TEST(statuses_have_names_and_texts) {
#define ROW(status, value, meaning)                                                                                    \
  ck_assert_int_eq(status, value);                                                                                     \
  ck_assert_str_eq(cnn_status_name(value), #status);                                                                   \
  ck_assert_str_eq(cnn_status_text(value), meaning);
  CNN_STATUS_LIST(ROW)
#undef ROW
  ck_assert_str_eq(cnn_status_name(77), "unknown status");
  ck_assert_str_eq(cnn_status_text(INT32_MIN), "unknown status");
}
END_TEST

static const char *const known[] = {"conv2d", "dense", "dropout", NULL, "flatten", "max_pooling2d"};
static const char *nearest(const char *name) { return cnn__nearest(name, known, 6); }

START_TEST(nearest_finds_what_was_meant) {
  ck_assert_str_eq(nearest("con2d"), "conv2d");
  ck_assert_str_eq(nearest("conv2dd"), "conv2d");
  ck_assert_str_eq(nearest("ocnv2d"), "conv2d");
  ck_assert_str_eq(nearest("Dense"), "dense");
  ck_assert_str_eq(nearest("flaten"), "flatten");
  ck_assert_str_eq(nearest("maxpooling2d"), "max_pooling2d");
  ck_assert_str_eq(nearest("dense"), "dense");
}
END_TEST

START_TEST(nearest_does_not_guess_wildly) {
  char longest[200];
  memset(longest, 'x', sizeof longest);
  longest[199] = 0;
  ck_assert_ptr_null(nearest("lstm_cell"));
  ck_assert_ptr_null(nearest(""));
  ck_assert_ptr_null(nearest(NULL));
  ck_assert_ptr_null(nearest(longest));
  ck_assert_ptr_null(cnn__nearest("abc", (const char *const[]){"xyz"}, 1)); /* three edits of three letters */
  ck_assert_ptr_null(cnn__nearest("dense", known, 0));
  ck_assert_ptr_null(cnn__nearest("xx", (const char *const[]){longest}, 1));
}
END_TEST

int main(void) {
  return RUN_SUITE("status", 20, nothing_failed_yet, fail_records_code_and_text, fail_never_succeeds, text_is_one_clean_line,
                   text_may_quote_the_text_before, long_text_is_cut_between_characters, fail_in_puts_a_name_before,
                   fail_in_without_a_failure_is_one, fail_in_over_and_over_stays_bounded, try_passes_failures_up,
                   each_thread_has_its_own, statuses_have_names_and_texts, nearest_finds_what_was_meant,
                   nearest_does_not_guess_wildly);
}
