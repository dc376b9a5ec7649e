/* model_checkpoint: Keras's own runs, replayed epoch by epoch: files, best value, text, warnings. */
#include "replay.h"

#include <ftw.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What our interface does not have. */
static int differs(const json_t *c) {
  return json_object_get(c, "constructor_error") || json_object_get(json_object_get(c, "arguments"), "save_freq") ||
         json_object_get(json_object_get(c, "arguments"), "initial_value_threshold") || !json_is_null(json_object_get(c, "error"));
}

static cnn_callback *make(const replay *r, const json_t *a) {
  cnn_callback *callback;
  ck_assert_int_eq(
      cnn_model_checkpoint_new(
          &callback, r->context, json_string_value(json_object_get(a, "filepath")),
          cnn_model_checkpoint_opts(.monitor = json_string_value(json_object_get(a, "monitor")), .verbose = 1,
                                    .mode = json_object_get(a, "mode") ? CNN_MODE_MAX : CNN_MODE_AUTO,
                                    .save_best_only = json_is_true(json_object_get(a, "save_best_only")),
                                    .save_weights_only = json_is_true(json_object_get(a, "save_weights_only")))),
      CNN_OK);
  return callback;
}

static int file_count;

static int count_file(const char *path, const struct stat *about, int kind, struct FTW *at) {
  (void)path, (void)about, (void)at;
  file_count += kind == FTW_F;
  return 0;
}

static void check_files(const json_t *files, const char *where) {
  size_t i;
  json_t *file;
  json_array_foreach(files, i, file)
      ck_assert_msg(access(json_string_value(file), R_OK) == 0, "%s: no file %s", where, json_string_value(file));
  file_count = 0;
  ck_assert_int_eq(nftw(".", count_file, 8, FTW_PHYS), 0);
  ck_assert_msg((size_t)file_count == json_array_size(files), "%s: %d files", where, file_count);
}

static void run_case(const json_t *c) {
  replay r;
  size_t i;
  json_t *epoch;
  char where[128];
  const char *name = json_string_value(json_object_get(c, "case"));
  const char *monitor = json_string_value(json_object_get(json_object_get(c, "arguments"), "monitor"));
  if (differs(c))
    return;
  ck_assert_int_eq(chdir(replay_folder()), 0);
  replay_open(&r);
  cnn_callback *callback = make(&r, json_object_get(c, "arguments"));
  ck_assert_int_eq(replay_tell(&r, callback, CNN__TRAIN_BEGIN), CNN_OK);
  json_array_foreach(json_object_get(c, "epochs"), i, epoch) {
    const json_t *best = json_object_get(epoch, "best");
    snprintf(where, sizeof where, "%s, epoch %zu", name, i);
    cnn_status status = replay_epoch(&r, callback, (int64_t)i, monitor ? monitor : "val_loss", json_object_get(epoch, "value"));
    ck_assert_msg(status == CNN_OK, "%s: %s", where, cnn_error_text());
    replay_expect(&r, where, json_string_value(json_object_get(epoch, "printed")), json_object_get(epoch, "warnings"));
    replay_state(&r, callback, where, "has_best", !json_is_null(best));
    if (!json_is_null(best))
      replay_state(&r, callback, where, "best", replay_number(best));
    check_files(json_object_get(epoch, "files"), where);
  }
  ck_assert_int_eq(replay_tell(&r, callback, CNN__TRAIN_END), CNN_OK);
  cnn_callback_free(callback);
  replay_close(&r);
  ck_assert_int_eq(chdir("/"), 0);
  replay_folder_remove();
}

START_TEST(does_as_keras) {
  size_t i;
  json_t *c, *cases = reference_json("callbacks/model_checkpoint.json");
  ck_assert_uint_eq(json_array_size(cases), 19);
  json_array_foreach(cases, i, c) run_case(c);
  json_decref(cases);
}
END_TEST

static cnn_status epoch(replay *r, cnn_callback *callback, int64_t index, double value) {
  json_t *number = json_real(value);
  replay_mark(r, index);
  cnn_status status = replay_epoch(r, callback, index, "val_loss", number);
  json_decref(number);
  return status;
}

/* The best value lives on from one training to the next, and goes over to another callback; the file holds the
 * best epoch. */
START_TEST(state_and_file) {
  replay r;
  char path[256];
  cnn_callback *first, *second;
  cnn_state *state;
  replay_open(&r);
  snprintf(path, sizeof path, "%s/a/b/best.cnn", replay_folder());
  const cnn_model_checkpoint_opts *o = cnn_model_checkpoint_opts(.save_best_only = 1);
  ck_assert_int_eq(cnn_model_checkpoint_new(&first, r.context, path, o), CNN_OK);
  ck_assert_int_eq(cnn_model_checkpoint_new(&second, r.context, path, o), CNN_OK);
  ck_assert_int_eq(replay_tell(&r, first, CNN__TRAIN_BEGIN), CNN_OK);
  ck_assert_int_eq(epoch(&r, first, 0, 0.5), CNN_OK);
  ck_assert_int_eq(replay_tell(&r, first, CNN__TRAIN_BEGIN), CNN_OK);
  ck_assert_int_eq(epoch(&r, first, 1, 0.7), CNN_OK);
  ck_assert_int_eq(cnn_state_new(&state, r.context), CNN_OK);
  ck_assert_int_eq(cnn_callback_save(first, state), CNN_OK);
  ck_assert_int_eq(cnn_callback_load(second, state), CNN_OK);
  ck_assert_int_eq(epoch(&r, second, 2, 0.6), CNN_OK);
  ck_assert_int_eq(cnn_model_load_weights(r.model, path, NULL), CNN_OK);
  ck_assert_float_eq(replay_weight(&r), 1);
  replay_expect(&r, "silent", "", NULL);
  cnn_state_free(state);
  cnn_callback_free(first);
  cnn_callback_free(second);
  replay_close(&r);
}
END_TEST

START_TEST(says_what_failed) {
  replay r;
  cnn_callback *callback = NULL;
  replay_open(&r);
  ck_assert_int_eq(cnn_model_checkpoint_new(&callback, r.context, NULL, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_checkpoint_new(&callback, r.context, "", NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_checkpoint_new(&callback, r.context, "{epoch", NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_checkpoint_new(&callback, r.context, "x", cnn_model_checkpoint_opts(.mode = 5)), CNN_EINVAL);
  ck_assert_ptr_null(callback);
  ck_assert_int_eq(cnn_model_checkpoint_new(&callback, r.context, "m-{nonsense}.cnn", NULL), CNN_OK);
  ck_assert_int_eq(epoch(&r, callback, 0, 1), CNN_ENAME);
  cnn_callback_free(callback);
  ck_assert_int_eq(cnn_model_checkpoint_new(&callback, r.context, "/dev/null/x/m.cnn", NULL), CNN_OK);
  ck_assert_int_eq(epoch(&r, callback, 0, 1), CNN_EIO);
  cnn_callback_free(callback);
  replay_close(&r);
}
END_TEST

static void add(TCase *tests) {
  tcase_add_test(tests, does_as_keras);
  tcase_add_test(tests, state_and_file);
  tcase_add_test(tests, says_what_failed);
}

int main(void) { return replay_run("model_checkpoint", add); }
