/* terminate_on_nan: which losses end training, and with which text. */
#include "replay.h"

#include <stdlib.h>

START_TEST(does_as_keras) {
  replay r;
  size_t i;
  json_t *row, *others = reference_json("callbacks/others.json");
  cnn_callback *callback;
  replay_open(&r);
  ck_assert_int_eq(cnn_terminate_on_nan_new(&callback, r.context), CNN_OK);
  json_array_foreach(json_object_get(others, "TerminateOnNaN"), i, row) {
    if (json_is_true(json_object_get(row, "raise_error")))
      continue;
    r.event.step = json_integer_value(json_object_get(row, "batch"));
    ck_assert_int_eq(cnn_logs_set(r.logs, "loss", replay_number(json_object_get(row, "loss"))), CNN_OK);
    ck_assert_int_eq(replay_tell(&r, callback, CNN__BATCH_END),
                     json_is_true(json_object_get(row, "stop")) ? CNN_STOP : CNN_OK);
    replay_expect(&r, "loss", json_string_value(json_object_get(row, "printed")), NULL);
  }
  cnn__logs_clear(r.logs);
  ck_assert_int_eq(replay_tell(&r, callback, CNN__BATCH_END), CNN_OK); /* no loss: nothing to look at */
  cnn_callback_free(callback);
  json_decref(others);
  replay_close(&r);
}
END_TEST

static void add(TCase *tests) { tcase_add_test(tests, does_as_keras); }

int main(void) { return replay_run("terminate_on_nan", add); }
