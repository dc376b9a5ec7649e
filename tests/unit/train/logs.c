/* logs, history, state: named figures, kept in order. */
#include "train/logs.h"

#include "alloc.h"
#include "suite.h"
#include "train/history.h"

#include <math.h>
#include <string.h>

static test_alloc a;
static cnn_context *context;

static void open_context(void) {
  test_alloc_init(&a);
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.allocator = &a.allocator)), CNN_OK);
}

static void close_context(void) {
  cnn_context_free(context);
  test_alloc_check(&a);
}

static const char *const bad_names[] = {NULL, "", "tab\t", "new\nline", "\x7f", "\xff", "\xc3",
                                        "a name of sixty-four bytes is one byte longer than what is allowed"};

START_TEST(logs_keep_order) {
  cnn_logs *logs;
  double value = 7;
  open_context();
  ck_assert_int_eq(cnn__logs_new(&logs, context, 1), CNN_OK);
  ck_assert_int_eq(cnn_logs_set(logs, "loss", 1), CNN_OK);
  ck_assert_int_eq(cnn_logs_set(logs, "acc\xc3\xa9", 2), CNN_OK);
  ck_assert_int_eq(cnn_logs_set(logs, "loss", 3), CNN_OK);
  ck_assert_int_eq(cnn_logs_count(logs), 2);
  ck_assert_str_eq(cnn_logs_name(logs, 0), "loss");
  ck_assert_ptr_null(cnn_logs_name(logs, 2));
  ck_assert_ptr_null(cnn_logs_name(logs, -1));
  ck_assert_int_eq(cnn_logs_value(logs, "nothing", &value), CNN_ENAME);
  ck_assert_int_eq(cnn_logs_value(logs, NULL, &value), CNN_ENAME);
  ck_assert_double_eq(value, 7);
  ck_assert_int_eq(cnn_logs_value(logs, "loss", &value), CNN_OK);
  ck_assert_double_eq(value, 3);
  for (size_t i = 0; i < sizeof bad_names / sizeof bad_names[0]; i++)
    ck_assert_int_eq(cnn_logs_set(logs, bad_names[i], 1), CNN_EINVAL);
  ck_assert_int_eq(cnn_logs_count(logs), 2);
  cnn__logs_clear(logs);
  ck_assert_int_eq(cnn_logs_count(logs), 0);
  cnn_logs_free(logs);
  cnn_logs_free(NULL);
  ck_assert_int_eq(cnn_logs_count(NULL), 0);
  ck_assert_ptr_null(cnn_logs_name(NULL, 0));
  close_context();
}
END_TEST

START_TEST(logs_run_out_of_memory) {
  cnn_logs *logs;
  char name[2] = "a";
  open_context();
  ck_assert_int_eq(cnn__logs_new(&logs, context, 0), CNN_OK);
  test_alloc_fail(&a, 1, ALLOC_LATER);
  cnn_status status = CNN_OK;
  for (; name[0] <= 'z' && status == CNN_OK; name[0]++)
    status = cnn_logs_set(logs, name, name[0]);
  ck_assert_int_eq(status, CNN_ENOMEM);
  test_alloc_fail(&a, 0, ALLOC_ONCE);
  ck_assert_int_eq(cnn_logs_set(logs, "z", 1), CNN_OK);
  cnn_logs_free(logs);
  close_context();
}
END_TEST

START_TEST(history_keeps_epochs) {
  cnn_history *history;
  cnn_logs *logs;
  double value = 7;
  open_context();
  ck_assert_int_eq(cnn__history_new(&history, context), CNN_OK);
  ck_assert_int_eq(cnn__logs_new(&logs, context, 1), CNN_OK);
  for (int i = 0; i < 20; i++) {
    cnn__logs_clear(logs);
    ck_assert_int_eq(cnn_logs_set(logs, i % 2 ? "odd" : "even", i), CNN_OK);
    ck_assert_int_eq(cnn_logs_set(logs, "all", -i), CNN_OK);
    ck_assert_int_eq(cnn__history_add(history, 100 + i, 0.5 * i, logs), CNN_OK);
  }
  ck_assert_int_eq(cnn_history_count(history), 20);
  ck_assert_int_eq(cnn_history_name_count(history), 3);
  const char *names[] = {"even", "all", "odd"};
  for (int32_t i = 0; i < 3; i++)
    ck_assert_str_eq(cnn_history_name(history, i), names[i]);
  ck_assert_ptr_null(cnn_history_name(history, 3));
  ck_assert_int_eq(cnn_history_value(history, 3, "odd", &value), CNN_OK);
  ck_assert_double_eq(value, 3);
  ck_assert_int_eq(cnn_history_value(history, 3, "even", &value), CNN_ENAME);
  ck_assert_int_eq(cnn_history_value(history, 3, NULL, &value), CNN_ENAME);
  ck_assert_int_eq(cnn_history_value(history, 20, "all", &value), CNN_EINVAL);
  ck_assert_int_eq(cnn_history_value(history, -1, "all", &value), CNN_EINVAL);
  ck_assert_double_eq(value, 3);
  ck_assert_int_eq(cnn_history_epoch(history, 4), 104);
  ck_assert_int_eq(cnn_history_epoch(history, 20), -1);
  ck_assert_double_eq(cnn_history_seconds(history, 4), 2);
  ck_assert_double_eq(cnn_history_seconds(history, -1), 0);
  for (int64_t n = 1; n < 4; n++) { /* what cannot be added changes nothing */
    test_alloc_fail(&a, n, ALLOC_LATER);
    for (int i = 0; i < 40 && cnn__history_add(history, 0, 0, logs) == CNN_OK; i++)
      ck_assert_int_lt(i, 39);
    test_alloc_fail(&a, 0, ALLOC_ONCE);
    ck_assert_int_eq(cnn_history_value(history, cnn_history_count(history) - 1, "all", &value), CNN_OK);
    ck_assert_int_eq(cnn_history_name_count(history), 3);
  }
  cnn_logs_free(logs);
  cnn_history_free(history);
  cnn_history_free(NULL);
  ck_assert_int_eq(cnn_history_count(NULL) + cnn_history_name_count(NULL), 0);
  ck_assert_ptr_null(cnn_history_name(NULL, 0));
  ck_assert_int_eq(cnn_history_epoch(NULL, 0), -1);
  ck_assert(cnn_history_seconds(NULL, 0) == 0);
  close_context();
}
END_TEST

START_TEST(state_keeps_numbers_and_tensors) {
  cnn_state *state;
  cnn_tensor *tensor, *bytes;
  double value = 7;
  open_context();
  ck_assert_int_eq(cnn_state_new(NULL, context), CNN_EINVAL);
  ck_assert_ptr_null(cnn_state_tensor(NULL, "weight"));
  ck_assert_int_eq(cnn_state_new(&state, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_state_new(&state, context), CNN_OK);
  ck_assert_int_eq(cnn_tensor_new(&tensor, context, CNN_F32, 2, (const int64_t[]){2, 3}, NULL), CNN_OK);
  ck_assert_int_eq(cnn_tensor_new(&bytes, context, CNN_U8, 1, (const int64_t[]){2}, NULL), CNN_OK);
  float *values = cnn_tensor_data(tensor);
  values[5] = 42;
  ck_assert_int_eq(cnn_state_set(state, "wait", NAN), CNN_OK);
  ck_assert_int_eq(cnn_state_set_tensor(state, "weights/kernel", tensor), CNN_OK);
  ck_assert_int_eq(cnn_state_set_tensor(state, "x", NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_state_set_tensor(state, "x", bytes), CNN_EINVAL);
  values[5] = 0; /* the state has a copy */
  ck_assert_float_eq(((const float *)cnn_tensor_read(cnn_state_tensor(state, "weights/kernel")))[5], 42);
  ck_assert_int_eq(cnn_tensor_shape(cnn_state_tensor(state, "weights/kernel"))[1], 3);
  ck_assert_int_eq(cnn_state_count(state), 2);
  ck_assert_str_eq(cnn_state_name(state, 1), "weights/kernel");
  ck_assert_ptr_null(cnn_state_name(state, 2));
  ck_assert_int_eq(cnn_state_value(state, "weights/kernel", &value), CNN_ENAME);
  ck_assert_int_eq(cnn_state_value(state, "none", &value), CNN_ENAME);
  ck_assert_int_eq(cnn_state_value(state, NULL, &value), CNN_ENAME);
  ck_assert_double_eq(value, 7);
  ck_assert_int_eq(cnn_state_value(state, "wait", &value), CNN_OK);
  ck_assert(isnan(value));
  ck_assert_ptr_null(cnn_state_tensor(state, "wait"));
  ck_assert_ptr_null(cnn_state_tensor(state, NULL));
  ck_assert_int_eq(cnn_state_set_tensor(state, "wait", tensor), CNN_OK); /* a name may change its kind */
  ck_assert_int_eq(cnn_state_set(state, "weights/kernel", 1), CNN_OK);
  ck_assert_ptr_null(cnn_state_tensor(state, "weights/kernel"));
  ck_assert_int_eq(cnn_state_count(state), 2);
  for (size_t i = 0; i < sizeof bad_names / sizeof bad_names[0] - 1; i++)
    ck_assert_int_eq(cnn_state_set(state, bad_names[i], 1), CNN_EINVAL);
  test_alloc_fail(&a, 1, ALLOC_LATER);
  ck_assert_int_eq(cnn_state_set(state, "new", 1), CNN_ENOMEM);
  ck_assert_int_eq(cnn_state_set_tensor(state, "new", tensor), CNN_ENOMEM);
  test_alloc_fail(&a, 0, ALLOC_ONCE);
  ck_assert_int_eq(cnn_state_count(state), 2);
  cnn_tensor_free(tensor);
  cnn_tensor_free(bytes);
  cnn_state_free(state);
  cnn_state_free(NULL);
  ck_assert_int_eq(cnn_state_count(NULL), 0);
  ck_assert_ptr_null(cnn_state_name(NULL, 0));
  close_context();
}
END_TEST

/* A handle or a place for the answer that is missing is an argument like any other. */
START_TEST(refuse_null) {
  cnn_logs *logs;
  cnn_history *history;
  cnn_state *state;
  double value = 7;
  open_context();
  ck_assert_int_eq(cnn__logs_new(&logs, context, 1), CNN_OK);
  ck_assert_int_eq(cnn_logs_set(logs, "loss", 1), CNN_OK);
  ck_assert_int_eq(cnn__history_new(&history, context), CNN_OK);
  ck_assert_int_eq(cnn__history_add(history, 0, 0, logs), CNN_OK);
  ck_assert_int_eq(cnn_state_new(&state, context), CNN_OK);
  ck_assert_int_eq(cnn_state_set(state, "wait", 1), CNN_OK);
  ck_assert_int_eq(cnn_logs_value(NULL, "loss", &value), CNN_EINVAL);
  ck_assert_int_eq(cnn_logs_value(logs, "loss", NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_logs_set(NULL, "loss", 1), CNN_EINVAL);
  ck_assert_int_eq(cnn_history_value(NULL, 0, "loss", &value), CNN_EINVAL);
  ck_assert_int_eq(cnn_history_value(history, 0, "loss", NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_state_value(NULL, "wait", &value), CNN_EINVAL);
  ck_assert_int_eq(cnn_state_value(state, "wait", NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_state_set(NULL, "wait", 1), CNN_EINVAL);
  ck_assert_int_eq(cnn_state_set_tensor(NULL, "wait", NULL), CNN_EINVAL);
  ck_assert_ptr_nonnull(strstr(cnn_error_text(), "NULL"));
  ck_assert_double_eq(value, 7);
  cnn_state_free(state);
  cnn_history_free(history);
  cnn_logs_free(logs);
  close_context();
}
END_TEST

int main(void) {
  return RUN_SUITE("logs", 0, logs_keep_order, logs_run_out_of_memory, history_keeps_epochs, state_keeps_numbers_and_tensors,
                   refuse_null);
}
