/* model_checkpoint: Keras's own runs, replayed epoch by epoch: files, best value, text, warnings. */
#include "replay.h"
#include "toy_format.h"

#include <ftw.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Our names end as they like; a figure that there is not fails in a test of its own. */
static int differs(const json_t *c) {
  return json_object_get(c, "constructor_error") || !json_is_null(json_object_get(c, "error"));
}

static cnn_callback *make(const replay *r, const json_t *a) {
  cnn_callback *callback;
  const json_t *threshold = json_object_get(a, "initial_value_threshold");
  ck_assert_int_eq(chdir(replay_folder()), 0);
  toy_register(r->context, "toy", ".h5 .keras");
  ck_assert_int_eq(
      cnn_model_checkpoint_new(
          &callback, r->context, json_string_value(json_object_get(a, "filepath")),
          cnn_model_checkpoint_opts(.monitor = json_string_value(json_object_get(a, "monitor")), .verbose = 1,
                                    .mode = replay_mode(a),
                                    .save_best_only = json_is_true(json_object_get(a, "save_best_only")),
                                    .save_weights_only = json_is_true(json_object_get(a, "save_weights_only")),
                                    .save_freq = json_integer_value(json_object_get(a, "save_freq")),
                                    .initial_value_threshold = (float)json_number_value(threshold),
                                    .has_initial_value_threshold = threshold != NULL)),
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

static void check_epoch(replay *r, const cnn_callback *callback, const json_t *epoch, cnn_status status, const char *where) {
  const json_t *best = json_object_get(epoch, "best");
  ck_assert_msg(status == CNN_OK, "%s: %s", where, cnn_error_text());
  replay_expect(r, where, json_string_value(json_object_get(epoch, "printed")), json_object_get(epoch, "warnings"));
  replay_state(r, callback, where, "has_best", !json_is_null(best));
  if (!json_is_null(best))
    replay_state(r, callback, where, "best", replay_number(best));
  check_files(json_object_get(epoch, "files"), where);
}

static void check_end(replay *r, const json_t *c, const char *name) {
  replay_expect(r, name, json_string_value(json_object_get(c, "printed_at_train_end")), NULL);
  ck_assert_int_eq(chdir("/"), 0);
  replay_folder_remove();
}

START_TEST(does_as_keras) {
  replay_all(&(replay_rules){"callbacks/model_checkpoint.json", 19, differs, make, check_epoch, check_end});
}
END_TEST

/* Every fifth batch of epochs of four; the count and the best value go over to another callback. */
START_TEST(saves_by_batches) {
  replay r;
  cnn_callback *first, *second;
  char path[256];
  replay_open(&r);
  snprintf(path, sizeof path, "%s/{epoch}-{batch:03d}.cnn", replay_folder());
  ck_assert_int_eq(chdir(replay_folder()), 0);
  const cnn_model_checkpoint_opts *o = cnn_model_checkpoint_opts(.save_freq = 5);
  ck_assert_int_eq(cnn_model_checkpoint_new(&first, r.context, path, o), CNN_OK);
  ck_assert_int_eq(cnn_model_checkpoint_new(&second, r.context, path, o), CNN_OK);
  ck_assert_int_eq(replay_value(&r, first, 0, 1), CNN_OK);
  ck_assert_int_eq(access("1-004.cnn", F_OK), -1);
  replay_hand_over(&r, first, second);
  for (int64_t epoch = 1; epoch < 5; epoch++)
    ck_assert_int_eq(replay_value(&r, second, epoch, 1), CNN_OK);
  file_count = 0;
  ck_assert_int_eq(nftw(".", count_file, 8, FTW_PHYS), 0);
  ck_assert_int_eq(file_count, 4); /* of 20 batches */
  const char *names[] = {"2-001.cnn", "3-002.cnn", "4-003.cnn", "5-004.cnn"};
  for (int i = 0; i < 4; i++)
    ck_assert_int_eq(access(names[i], R_OK), 0);
  ck_assert_int_eq(chdir("/"), 0);
  cnn_callback_free(first);
  cnn_callback_free(second);
  replay_close(&r);
}
END_TEST

/* The best value lives on from one training to the next, and goes over to another callback; the file holds the
 * best epoch. */
START_TEST(state_and_file) {
  replay r;
  char path[256];
  cnn_callback *first, *second;
  replay_open(&r);
  snprintf(path, sizeof path, "%s/a/b/best.cnn", replay_folder());
  const cnn_model_checkpoint_opts *o = cnn_model_checkpoint_opts(.save_best_only = 1);
  ck_assert_int_eq(cnn_model_checkpoint_new(&first, r.context, path, o), CNN_OK);
  ck_assert_int_eq(cnn_model_checkpoint_new(&second, r.context, path, o), CNN_OK);
  ck_assert_int_eq(replay_tell(&r, first, CNN__TRAIN_BEGIN), CNN_OK);
  ck_assert_int_eq(replay_value(&r, first, 0, 0.5), CNN_OK);
  ck_assert_int_eq(replay_tell(&r, first, CNN__TRAIN_BEGIN), CNN_OK);
  ck_assert_int_eq(replay_value(&r, first, 1, 0.7), CNN_OK);
  replay_hand_over(&r, first, second);
  ck_assert_int_eq(replay_value(&r, second, 2, 0.6), CNN_OK);
  ck_assert_int_eq(cnn_model_load_weights(r.model, path, NULL), CNN_OK);
  ck_assert_float_eq(replay_weight(&r), 1);
  replay_expect(&r, "silent", "", NULL);
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
  ck_assert_int_eq(cnn_model_checkpoint_new(&callback, r.context, "x", cnn_model_checkpoint_opts(.save_freq = -1)), CNN_EINVAL);
  const cnn_model_checkpoint_opts *no_number =
      cnn_model_checkpoint_opts(.initial_value_threshold = NAN, .has_initial_value_threshold = 1);
  ck_assert_int_eq(cnn_model_checkpoint_new(&callback, r.context, "x", no_number), CNN_EINVAL);
  ck_assert_ptr_null(callback);
  ck_assert_int_eq(cnn_model_checkpoint_new(&callback, r.context, "m-{batch}.cnn", NULL), CNN_OK); /* at the end of epochs */
  ck_assert_int_eq(replay_value(&r, callback, 0, 1), CNN_ENAME);
  cnn_callback_free(callback);
  ck_assert_int_eq(cnn_model_checkpoint_new(&callback, r.context, "m-{nonsense}.cnn", NULL), CNN_OK);
  ck_assert_int_eq(replay_value(&r, callback, 0, 1), CNN_ENAME);
  cnn_callback_free(callback);
  ck_assert_int_eq(cnn_model_checkpoint_new(&callback, r.context, "/dev/null/x/m.cnn", NULL), CNN_OK);
  ck_assert_int_eq(replay_value(&r, callback, 0, 1), CNN_EIO);
  cnn_callback_free(callback);
  replay_close(&r);
}
END_TEST

static void add(TCase *tests) {
  tcase_add_test(tests, does_as_keras);
  tcase_add_test(tests, saves_by_batches);
  tcase_add_test(tests, state_and_file);
  tcase_add_test(tests, says_what_failed);
}

int main(void) { return replay_run("model_checkpoint", add); }
