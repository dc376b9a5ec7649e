/* context: options, defaults, what is refused, who keeps it alive. */
#include "suite.h"

#include "alloc.h"
#include "core/context_internal.h"
#include "core/cpu.h"
#include "core/quota.h"

#include <stdlib.h>
#include <string.h>

static void refuse(const cnn_context_opts *options, cnn_status status, const char *text) {
  cnn_context *context = (cnn_context *)(uintptr_t)64;
  ck_assert_int_eq(cnn_context_new(&context, options), status);
  ck_assert_ptr_null(context);
  ck_assert_msg(strstr(cnn_error_text(), text) != NULL, "the text is '%s'", cnn_error_text());
}

START_TEST(defaults) {
  cnn_context *context;
  unsetenv("CNN_NUM_THREADS");
  ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK);
  ck_assert_int_eq(cnn_context_threads(context), cnn__threads_default());
  ck_assert_uint_eq(cnn_context_seed(context), 0);
  ck_assert_str_eq(cnn_context_cpu(context), cnn__cpu_name(cnn__cpu_choose()));
  ck_assert_str_eq(cnn_context_gemm(context), cnn__gemm_name(cnn__gemm_choose(cnn__cpu_choose())));
  ck_assert(!context->logger.write && !context->sink.write);
  cnn_context_free(context);
  cnn_context_free(NULL);
  ck_assert_int_eq(cnn_context_threads(NULL), 0);
  ck_assert_uint_eq(cnn_context_seed(NULL), 0);
  ck_assert_str_eq(cnn_context_cpu(NULL), "");
  ck_assert_str_eq(cnn_context_gemm(NULL), "");
}
END_TEST

START_TEST(options_are_taken_and_copied) {
  cnn_context *context;
  test_alloc counting;
  test_alloc_init(&counting);
  cnn_logger logger = {.size = sizeof logger, .level = CNN_LOG_DEBUG};
  cnn_sink sink = {.size = sizeof sink, .columns = 120, .is_terminal = 1};
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.seed = UINT64_MAX, .threads = 3, .allocator = &counting.allocator,
                                                              .logger = &logger, .sink = &sink)),
                   CNN_OK);
  cnn_allocator kept = counting.allocator;
  memset(&logger, 0, sizeof logger);
  memset(&sink, 0, sizeof sink);
  memset(&counting.allocator, 0, sizeof counting.allocator);
  ck_assert_uint_eq(cnn_context_seed(context), UINT64_MAX);
  ck_assert_int_eq(cnn_context_threads(context), 3);
  ck_assert_int_eq(context->logger.level, CNN_LOG_DEBUG);
  ck_assert_int_eq(context->sink.columns, 120);
  ck_assert(context->allocator.alloc == kept.alloc);
  cnn_context_free(context);
  test_alloc_check(&counting);
}
END_TEST

START_TEST(zeros_in_logger_and_sink_are_defaults) {
  cnn_context *context;
  cnn_logger logger = {.size = sizeof logger};
  cnn_sink sink = {.size = sizeof sink};
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.logger = &logger, .sink = &sink)), CNN_OK);
  ck_assert_int_eq(context->logger.level, CNN_LOG_WARNING);
  ck_assert_int_eq(context->sink.columns, 80);
  cnn_context_free(context);
}
END_TEST

START_TEST(bad_options_are_refused) {
  test_alloc counting;
  test_alloc_init(&counting);
  cnn_allocator no_free = counting.allocator, no_alloc = counting.allocator, no_size = counting.allocator;
  no_free.free = NULL;
  no_alloc.alloc = NULL;
  no_size.size = 0;
  cnn_logger bad_level = {.size = sizeof bad_level, .level = 5}, newer_logger = {.size = sizeof newer_logger, .reserved = 1};
  cnn_sink bad_columns = {.size = sizeof bad_columns, .columns = -1}, newer_sink = {.size = sizeof newer_sink, .reserved = 1};
  refuse(cnn_context_opts(.threads = -1), CNN_EINVAL, "threads is -1");
  refuse(cnn_context_opts(.threads = 1025), CNN_EINVAL, "threads is 1025");
  refuse(cnn_context_opts(.reserved = 1), CNN_ETOONEW, "reserved is 1");
  refuse(cnn_context_opts(.allocator = &no_free), CNN_EINVAL, "free is NULL");
  refuse(cnn_context_opts(.allocator = &no_alloc), CNN_EINVAL, "alloc is NULL");
  refuse(cnn_context_opts(.allocator = &no_size), CNN_EINVAL, "cnn_allocator: size is 0");
  refuse(cnn_context_opts(.logger = &bad_level), CNN_EINVAL, "level is 5");
  refuse(cnn_context_opts(.logger = &newer_logger), CNN_ETOONEW, "cnn_logger: reserved");
  refuse(cnn_context_opts(.sink = &bad_columns), CNN_EINVAL, "columns is -1");
  refuse(cnn_context_opts(.sink = &newer_sink), CNN_ETOONEW, "cnn_sink: reserved");
  refuse(&(cnn_context_opts){.size = 3}, CNN_EINVAL, "cnn_context_opts: size is 3");
  ck_assert_int_eq(cnn_context_new(NULL, NULL), CNN_EINVAL);
  ck_assert_int_eq(counting.calls, 0);
}
END_TEST

START_TEST(a_bad_environment_is_refused) {
  setenv("CNN_NUM_THREADS", "none", 1);
  refuse(NULL, CNN_EINVAL, "CNN_NUM_THREADS is 'none'");
  cnn_context *context;
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 1)), CNN_OK); /* not asked */
  cnn_context_free(context);
  unsetenv("CNN_NUM_THREADS");
  setenv("CNN_CPU", "pentium", 1);
  refuse(NULL, CNN_EINVAL, "CNN_CPU is 'pentium'");
  unsetenv("CNN_CPU");
  setenv("CNN_GEMM", "mkl", 1);
  refuse(NULL, CNN_EINVAL, "CNN_GEMM is 'mkl'");
  unsetenv("CNN_GEMM");
  setenv("CNN_WINOGRAD", "2", 1);
  refuse(NULL, CNN_EINVAL, "CNN_WINOGRAD is '2'");
  unsetenv("CNN_WINOGRAD");
  setenv("CNN_FUSE", "off", 1);
  refuse(NULL, CNN_EINVAL, "CNN_FUSE is 'off'; known are 0, 1");
  unsetenv("CNN_FUSE");
}
END_TEST

static cnn_status make_and_free(const cnn_allocator *allocator, void *user) {
  cnn_context *context;
  cnn_status status = cnn_context_new(&context, cnn_context_opts(.threads = 4, .allocator = allocator));
  (void)user;
  ck_assert((status == CNN_OK) == (context != NULL));
  cnn_context_free(context);
  return status;
}

START_TEST(no_memory) { ck_assert_int_eq(test_alloc_fail_each(make_and_free, NULL), 5); }
END_TEST

START_TEST(owners_keep_it_alive) {
  cnn_context *context;
  test_alloc counting;
  test_alloc_init(&counting);
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.seed = 9, .allocator = &counting.allocator)), CNN_OK);
  ck_assert_ptr_eq(cnn__context_hold(context), context);
  cnn_context_free(context);
  ck_assert_uint_eq(cnn_context_seed(context), 9);
  ck_assert_int_gt(counting.live_blocks, 0);
  cnn__context_drop(context);
  test_alloc_check(&counting);
}
END_TEST

static char lines[8][1024];
static int32_t levels[8], line_count;
static void keep_line(void *user, int32_t level, const char *line) {
  ck_assert_ptr_eq(user, lines);
  levels[line_count] = level;
  strncpy(lines[line_count++], line, 1023);
}

START_TEST(the_log_gets_whole_lines_of_its_level) {
  char longest[3000];
  cnn_context *context;
  cnn_logger logger = {.size = sizeof logger, .user = lines, .write = keep_line, .level = CNN_LOG_INFO};
  memset(longest, 'x', sizeof longest);
  longest[sizeof longest - 1] = 0;
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.logger = &logger)), CNN_OK);
  cnn__log(context, CNN_LOG_DEBUG, "not wanted");
  cnn__log(context, CNN_LOG_INFO, "rate %.1f", 0.5);
  cnn__log(context, CNN_LOG_ERROR, "two\nlines");
  cnn__log(context, CNN_LOG_WARNING, "%s", longest);
  ck_assert_int_eq(line_count, 3);
  ck_assert_str_eq(lines[0], "rate 0.5");
  ck_assert_int_eq(levels[0], CNN_LOG_INFO);
  ck_assert_str_eq(lines[1], "two?lines");
  ck_assert_int_eq(levels[1], CNN_LOG_ERROR);
  ck_assert_uint_eq(strlen(lines[2]), 1023);
  cnn_context_free(context);
  ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK);
  cnn__log(context, CNN_LOG_ERROR, "into the void");
  cnn_context_free(context);
}
END_TEST

int main(void) {
  return RUN_SUITE("context", 20, defaults, options_are_taken_and_copied, zeros_in_logger_and_sink_are_defaults,
                   bad_options_are_refused, a_bad_environment_is_refused, no_memory, owners_keep_it_alive,
                   the_log_gets_whole_lines_of_its_level);
}
