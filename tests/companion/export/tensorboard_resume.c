/* tensorboard_resume: a training that is killed anywhere and goes on leaves the events of the one that was never stopped, each once; and what
 * is wrong with folders and options is said. */
#include "dying.h"
#include "events.h"
#include "fitting.h"
#include "suite.h"

#include <cnn/export.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EPOCHS 3
#define STEPS 5

static char folder[64];

static void open_folder(void) {
  strcpy(folder, "/tmp/cnn-tensorboard-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void close_folder(void) {
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  ck_assert_int_eq(system(command), 0);
}

static void train(death d) {
  fitting f;
  char path[128];
  cnn_callback *callbacks[3];
  snprintf(path, sizeof path, "%s/checkpoint", folder);
  fitting_open(&f, 2);
  ck_assert_int_eq(cnn_tensorboard_new(&callbacks[0], f.context, folder, cnn_tensorboard_opts(.update_freq = 1, .histogram_freq = 1)), CNN_OK);
  callbacks[1] = death_callback(f.context, &d);
  ck_assert_int_eq(cnn_checkpoint_new(&callbacks[2], f.context, path,
                                      cnn_checkpoint_opts(.every_steps = d.every_steps, .resume = 1, .foreground = 1)),
                   CNN_OK);
  cnn_status status = cnn_model_fit(f.model, f.data.labels, cnn_fit_opts(.epochs = EPOCHS, .batch_size = 12, .callbacks = callbacks,
                                                                         .callback_count = 3, .validation = f.other.labels));
  ck_assert_msg(status == CNN_OK, "%s", cnn_error_text());
  for (int i = 0; i < 3; i++)
    cnn_callback_free(callbacks[i]);
  fitting_close(&f);
}

static events read_run(const char *run) {
  char path[128];
  events all = {0};
  snprintf(path, sizeof path, "%s/%s", folder, run);
  events_of(&all, path);
  return all;
}

/* The same events, their times and the first one of each file apart; those of each tag in the same order. */
static void same(const events *all, const events *whole) {
  size_t values = 0;
  int64_t last = -1;
  for (size_t i = 0; i < whole->count; i++) {
    const event *e = &whole->list[i];
    if (!e->tag[0])
      continue;
    const event *ours = events_find(all, e->tag, e->step); /* fails where it stands there twice */
    ck_assert_msg(ours != NULL, "%s at step %d is missing", e->tag, (int)e->step);
    ck_assert(ours->number_bytes == e->number_bytes && !memcmp(ours->numbers, e->numbers, e->number_bytes));
  }
  for (size_t i = 0; i < all->count; i++) {
    values += all->list[i].tag[0] != 0;
    if (!strcmp(all->list[i].tag, "epoch_loss")) {
      ck_assert_int_gt(all->list[i].step, last);
      last = all->list[i].step;
    }
  }
  ck_assert_uint_eq(values, whole->count - 1);
}

START_TEST(no_event_twice) {
  const int64_t every[] = {0, 1, 3}, first[] = {STEPS + 1, 1, 3}; /* deaths behind the first checkpoint */
  open_folder();
  train((death){.after = -1});
  events train_run = read_run("train"), validation = read_run("validation");
  for (size_t k = 0; k < 3; k++)
    for (int64_t after = first[k]; after < EPOCHS * (STEPS + 1); after += 2 + (int64_t)k) {
      close_folder();
      open_folder();
      train_and_die(train, (death){.after = after, .every_steps = every[k]});
      train_and_die(train, (death){.after = 0, .every_steps = every[k]});
      train((death){.after = -1, .every_steps = every[k]});
      events again = read_run("train"), again_validation = read_run("validation");
      same(&again, &train_run);
      same(&again_validation, &validation);
      events_free(&again);
      events_free(&again_validation);
    }
  events_free(&train_run);
  events_free(&validation);
  close_folder();
}
END_TEST

/* A second training without a checkpoint is one of its own, as with Keras. */
START_TEST(a_training_of_its_own) {
  fitting f;
  cnn_callback *board;
  open_folder();
  fitting_open(&f, 1);
  ck_assert_int_eq(cnn_tensorboard_new(&board, f.context, folder, NULL), CNN_OK);
  for (int i = 0; i < 2; i++)
    fitting_fits(&f, f.data.labels, cnn_fit_opts(.callbacks = &board, .callback_count = 1));
  events all = read_run("train");
  ck_assert_int_eq(all.file_count, 2);
  ck_assert_uint_eq(all.count, 2 * 4);
  ck_assert_str_ne(all.list[0].writer, all.list[4].writer);
  events_free(&all);
  cnn_callback_free(board);
  fitting_close(&f);
  close_folder();
}
END_TEST

static void expect_failure(fitting *f, const char *log, const char *says) {
  cnn_callback *board;
  char hash[33], after[33];
  cnn_model_hash(f->model, hash);
  ck_assert_int_eq(cnn_tensorboard_new(&board, f->context, log, NULL), CNN_OK);
  cnn_status status = cnn_model_fit(f->model, f->data.labels, cnn_fit_opts(.callbacks = &board, .callback_count = 1));
  ck_assert_int_eq(status, CNN_EIO);
  ck_assert_msg(strstr(cnn_error_text(), says) && strstr(cnn_error_text(), "choose a folder"), "%s", cnn_error_text());
  ck_assert_str_eq(cnn_model_hash(f->model, after), hash); /* before any step */
  cnn_callback_free(board);
}

START_TEST(folders_that_cannot_be) {
  fitting f;
  char path[128], says[256];
  open_folder();
  fitting_open(&f, 1);
  snprintf(path, sizeof path, "%s/file", folder);
  fclose(fopen(path, "w"));
  snprintf(says, sizeof says, "tensorboard: '%s/train': cannot make the folder: Not a directory", path);
  expect_failure(&f, path, says);
  snprintf(path, sizeof path, "%s/file/log", folder);
  expect_failure(&f, path, "Not a directory");
  expect_failure(&f, "/proc/no such place", "cannot make the folder: No such file or directory");
  snprintf(path, sizeof path, "%s/train", folder);
  fclose(fopen(path, "w"));
  expect_failure(&f, folder, "cannot make the folder: Not a directory");
  fitting_close(&f);
  close_folder();
}
END_TEST

START_TEST(what_is_refused) {
  fitting f;
  cnn_tensor *images, *labels;
  cnn_callback *board = NULL;
  fitting_open(&f, 1);
  ck_assert_int_eq(cnn_tensor_new(&images, f.context, CNN_F32, 4, (const int64_t[]){2, 4, 4, 2}, NULL), CNN_OK);
  ck_assert_int_eq(cnn_tensor_new(&labels, f.context, CNN_F32, 1, (const int64_t[]){2}, NULL), CNN_OK);
  const struct {
    cnn_tensorboard_opts options;
    cnn_status status;
    const char *says;
  } bad[] = {{{.update_freq = -1}, CNN_EINVAL, "update_freq is -1, must be 0 or more"},
             {{.histogram_freq = -2}, CNN_EINVAL, "histogram_freq is -2, must be 0 or more"},
             {{.classes = 257}, CNN_EINVAL, "classes is 257, must be 0 to 256"},
             {{.class_names = (const char *const[]){"a"}}, CNN_EINVAL, "class_names is given, classes, their number, is 0"},
             {{.class_names = (const char *const[]){NULL}, .classes = 1}, CNN_EINVAL, "the name of class 0 is NULL"},
             {{.labels = labels}, CNN_EINVAL, "labels are given without images"},
             {{.images = images}, CNN_ESHAPE, "must be [N, H, W] or [N, H, W, 1 or 3]"},
             {{.images = labels}, CNN_ESHAPE, "must be [N, H, W] or [N, H, W, 1 or 3]"}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    cnn_tensorboard_opts options = bad[i].options;
    options.size = sizeof options;
    ck_assert_int_eq(cnn_tensorboard_new(&board, f.context, "log", &options), bad[i].status);
    ck_assert_msg(strstr(cnn_error_text(), bad[i].says) != NULL, "%s", cnn_error_text());
  }
  ck_assert_int_eq(cnn_tensorboard_new(NULL, f.context, "log", NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_tensorboard_new(&board, NULL, "log", NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_tensorboard_new(&board, f.context, NULL, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_tensorboard_new(&board, f.context, "", NULL), CNN_EINVAL);
  ck_assert_ptr_null(board);
  cnn_tensor_free(images);
  cnn_tensor_free(labels);
  fitting_close(&f);
}
END_TEST

int main(void) {
  return RUN_SUITE("tensorboard_resume", 120, no_event_twice, a_training_of_its_own, folders_that_cannot_be, what_is_refused);
}
