/* terminate_on_nan: which losses end training, and with which text. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

START_TEST(does_as_keras) {
  replay r;
  size_t i;
  json_t *row, *others = reference_json("callbacks/others.json");
  cnn_callback *callback, *raising;
  replay_open(&r);
  ck_assert_int_eq(cnn_terminate_on_nan_new(&callback, r.context, NULL), CNN_OK);
  const cnn_terminate_on_nan_opts *o = cnn_terminate_on_nan_opts(.raise_error = 1);
  ck_assert_int_eq(cnn_terminate_on_nan_new(&raising, r.context, o), CNN_OK);
  json_array_foreach(json_object_get(others, "TerminateOnNaN"), i, row) {
    int raises = json_is_true(json_object_get(row, "raise_error")), fails = !json_is_null(json_object_get(row, "error"));
    r.event.step = json_integer_value(json_object_get(row, "batch"));
    ck_assert_int_eq(cnn_logs_set(r.logs, "loss", replay_number(json_object_get(row, "loss"))), CNN_OK);
    ck_assert_int_eq(replay_tell(&r, raises ? raising : callback, CNN__BATCH_END),
                     fails ? CNN_EDATA : json_is_true(json_object_get(row, "stop")) ? CNN_STOP : CNN_OK);
    if (fails)
      ck_assert_ptr_nonnull(strstr(cnn_error_text(), " at batch 7 of epoch 0: training ends"));
    replay_expect(&r, "loss", json_string_value(json_object_get(row, "printed")), NULL);
  }
  cnn__logs_clear(r.logs);
  ck_assert_int_eq(replay_tell(&r, callback, CNN__BATCH_END), CNN_OK); /* no loss: nothing to look at */
  cnn_callback_free(callback);
  cnn_callback_free(raising);
  json_decref(others);
  replay_close(&r);
}
END_TEST

static void add(TCase *tests) { tcase_add_test(tests, does_as_keras); }

int main(void) { return replay_run("terminate_on_nan", add); }
