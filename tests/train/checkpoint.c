/* checkpoint: what is refused, what damage does, and that a save which fails takes nothing away. */
#include "fitting.h"
#include "sink.h"
#include "suite.h"

#include "io/atomic_file.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/cnn-checkpoint-XXXXXX", path[64], previous[64];
static fitting f;
static cnn_callback *callbacks[4];
static int32_t count;
static test_sink out;

static void begin(void) {
  strcpy(folder + strlen(folder) - 6, "XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/run", folder);
  snprintf(previous, sizeof previous, "%s/run.prev", folder);
  test_sink_init(&out);
  fitting_open(&f, 2);
}

static void end(void) {
  fitting_close(&f);
  test_sink_free(&out);
  (void)unlink(path);
  (void)unlink(previous);
  ck_assert_int_eq(rmdir(folder), 0);
}

static void add_checkpoint(cnn_checkpoint_opts o) {
  o.size = sizeof o;
  ck_assert_msg(cnn_checkpoint_new(&callbacks[count++], f.context, path, &o) == CNN_OK, "%s", cnn_error_text());
}

/* One epoch more than before, with the callbacks that there are, which then go. */
static cnn_status fit(cnn_fit_opts o) {
  o.size = sizeof o;
  o.batch_size = o.batch_size ? o.batch_size : 12;
  o.callbacks = callbacks;
  o.callback_count = count;
  o.sink = &out.sink;
  cnn_status status = cnn_model_fit(f.model, f.data.labels, &o);
  for (; count; count--)
    cnn_callback_free(callbacks[count - 1]);
  return status;
}

static cnn_status fit_checked(cnn_checkpoint_opts checkpoint, cnn_fit_opts o) {
  add_checkpoint(checkpoint);
  return fit(o);
}

static void ck_fails(cnn_status status, cnn_status code, const char *part) {
  ck_assert_msg(status == code && strstr(cnn_error_text(), part), "%d %s", (int)status, cnn_error_text());
}

static char *read_file(const char *name, size_t *bytes) {
  char *text = malloc(1 << 20);
  FILE *file = fopen(name, "rb");
  ck_assert_ptr_nonnull(file);
  *bytes = fread(text, 1, 1 << 20, file);
  fclose(file);
  return text;
}

static void write_file(const char *name, const char *bytes, size_t n) {
  FILE *file = fopen(name, "wb");
  ck_assert_ptr_nonnull(file);
  ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
  fclose(file);
}

/* ---- what is refused ---- */

START_TEST(options) {
  cnn_callback *c = NULL;
  begin();
  ck_fails(cnn_checkpoint_new(&c, f.context, NULL, NULL), CNN_EINVAL, "path is NULL");
  ck_fails(cnn_checkpoint_new(&c, f.context, "", NULL), CNN_EINVAL, "path is empty");
  ck_fails(cnn_checkpoint_new(&c, f.context, path, cnn_checkpoint_opts(.every_steps = -1)), CNN_EINVAL, "every_steps is -1");
  ck_fails(cnn_checkpoint_new(&c, f.context, path, cnn_checkpoint_opts(.every_seconds = -0.5)), CNN_EINVAL, "every_seconds is -0.5");
  char name[300] = "/tmp/";
  memset(name + 5, 'n', 251);
  ck_fails(cnn_checkpoint_new(&c, f.context, name, NULL), CNN_EINVAL, "has 251 bytes, with .prev it must have 250 or fewer");
  ck_assert_ptr_null(c);
  ck_assert_int_eq(cnn_checkpoint_resumed_epoch(NULL), -1);
  cnn_checkpoint_request(NULL, 1);
  add_checkpoint((cnn_checkpoint_opts){0});
  add_checkpoint((cnn_checkpoint_opts){0});
  ck_fails(fit((cnn_fit_opts){0}), CNN_EINVAL, "two checkpoints among the callbacks");
  ck_assert_int_eq(fitting_files(folder), 0);
  end();
}
END_TEST

/* Each with its difference; the model stays as it is. */
static void ck_other(cnn_fit_opts o, const char *part) {
  char before[33], after[33];
  cnn_model_hash(f.model, before);
  ck_fails(fit_checked((cnn_checkpoint_opts){.resume = 1}, o), CNN_ESTATE, part);
  ck_assert_ptr_nonnull(strstr(cnn_error_text(), path));
  ck_assert_str_eq(cnn_model_hash(f.model, after), before);
}

START_TEST(other_trainings) {
  cnn_augmenter *augmenter;
  begin();
  ck_assert_int_eq(cnn_early_stopping_new(&callbacks[count++], f.context, cnn_early_stopping_opts(.monitor = "loss")), CNN_OK);
  ck_assert_int_eq(fit_checked((cnn_checkpoint_opts){0}, (cnn_fit_opts){0}), CNN_OK);
  ck_other((cnn_fit_opts){.epochs = 2}, "its callback 'early_stopping' is not among those of this one");
  fitting_anew(&f);
  ck_assert_int_eq(fit_checked((cnn_checkpoint_opts){0}, (cnn_fit_opts){0}), CNN_OK);
  ck_other((cnn_fit_opts){.batch_size = 10}, "is of another training: batch_size is 12 there, 10 here");
  ck_other((cnn_fit_opts){.validation_epochs = (const int64_t[]){2}, .validation_epoch_count = 1}, "is of another training: validation_epochs is missing there, [2] here");
  ck_other((cnn_fit_opts){.steps_per_epoch = 2}, "steps_per_epoch is 0 there, 2 here");
  ck_other((cnn_fit_opts){.no_shuffle = 1}, "shuffle is true there, false here");
  ck_other((cnn_fit_opts){.validation = f.other.labels}, "validation is null there, {");
  ck_other((cnn_fit_opts){.class_weights = (const float[]){1, 2, 3}, .class_weight_count = 3}, "class_weights[0] is missing there");
  ck_assert_int_eq(cnn_augmenter_new_text(&augmenter, f.context, "zoom_range=0.5"), CNN_OK);
  ck_other((cnn_fit_opts){.augmenter = augmenter}, "augmenter is null there");
  cnn_augmenter_free(augmenter);
  training_compile(f.model, f.context, 0.02f);
  ck_other((cnn_fit_opts){0}, "is of another compilation: optimizer.attributes.learning_rate is \"0.01\" there, \"0.02\" here");
  cnn_model_free(f.model);
  ck_assert_int_eq(cnn_model_new(&f.model, f.context, NULL), CNN_OK);
  cnn_input(f.model, 3, (const int64_t[]){4, 4, 1}, NULL);
  cnn_flatten(f.model, NULL);
  cnn_dense(f.model, 3, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX));
  training_compile(f.model, f.context, 0.01f);
  ck_other((cnn_fit_opts){0}, "is of another model: layers[1].");
  end();
}
END_TEST

/* Another seed is another context; other values are other data. */
START_TEST(other_seeds_and_data) {
  begin();
  ck_assert_int_eq(fit_checked((cnn_checkpoint_opts){0}, (cnn_fit_opts){0}), CNN_OK);
  fitting_anew(&f);
  training_data kept = f.data, other = training_data_new(f.context, FITTING_COUNT, 2);
  f.data = other;
  ck_other((cnn_fit_opts){0}, "is of another training: data.xxh3 is ");
  f.data = kept;
  training_data_free(&other);
  cnn_context *context;
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.seed = 8)), CNN_OK);
  cnn_model *model = f.model;
  f.model = training_model(context);
  ck_other((cnn_fit_opts){0}, "is of another seed: 7 there, 8 here");
  cnn_model_free(f.model);
  f.model = model;
  cnn_context_free(context);
  end();
}
END_TEST

/* Epochs, added callbacks, verbosity: no part of what a training is. */
START_TEST(what_may_differ) {
  begin();
  ck_assert_int_eq(fit_checked((cnn_checkpoint_opts){0}, (cnn_fit_opts){0}), CNN_OK);
  fitting_anew(&f);
  ck_assert_int_eq(cnn_early_stopping_new(&callbacks[count++], f.context, cnn_early_stopping_opts(.monitor = "loss")), CNN_OK);
  ck_assert_msg(fit_checked((cnn_checkpoint_opts){.resume = 1}, (cnn_fit_opts){.epochs = 3, .verbose = 2}) == CNN_OK, "%s",
                cnn_error_text());
  ck_assert_ptr_nonnull(strstr(out.text, "Resuming from "));
  ck_assert_ptr_nonnull(strstr(out.text, "epoch 2, step 0"));
  ck_assert_ptr_null(strstr(out.text, "Epoch 1/3"));
  ck_assert_ptr_nonnull(strstr(out.text, "Epoch 2/3"));
  ck_assert_int_eq(cnn_model_iterations(f.model), 15);
  end();
}
END_TEST

/* ---- damage ---- */

static void spoil(const char *name) {
  size_t bytes;
  char *text = read_file(name, &bytes);
  text[bytes - 40] ^= 4;
  write_file(name, text, bytes);
  free(text);
}

START_TEST(the_one_before_serves) {
  char hash[33], other[33];
  begin();
  ck_assert_int_eq(fit_checked((cnn_checkpoint_opts){0}, (cnn_fit_opts){.epochs = 3}), CNN_OK);
  cnn_model_hash(f.model, hash);
  spoil(path);
  fitting_anew(&f);
  ck_assert_msg(fit_checked((cnn_checkpoint_opts){.resume = 1}, (cnn_fit_opts){.epochs = 3}) == CNN_OK, "%s", cnn_error_text());
  ck_assert_str_eq(cnn_model_hash(f.model, other), hash);
  ck_assert_msg(strstr(out.text, "its checksum does not match") != NULL, "%s", out.text);
  ck_assert_ptr_nonnull(strstr(out.text, "Going on from the checkpoint before it: "));
  /* the damaged file did not take the place of the good one before it */
  spoil(path);
  fitting_anew(&f);
  ck_assert_msg(fit_checked((cnn_checkpoint_opts){.resume = 1}, (cnn_fit_opts){.epochs = 3}) == CNN_OK, "%s", cnn_error_text());
  ck_assert_str_eq(cnn_model_hash(f.model, other), hash);
  /* one that is gone is as one that is damaged */
  ck_assert_int_eq(unlink(path), 0);
  fitting_anew(&f);
  ck_assert_msg(fit_checked((cnn_checkpoint_opts){.resume = 1}, (cnn_fit_opts){.epochs = 3}) == CNN_OK, "%s", cnn_error_text());
  ck_assert_str_eq(cnn_model_hash(f.model, other), hash);
  end();
}
END_TEST

START_TEST(both_damaged) {
  char before[33], after[33];
  size_t bytes, same;
  begin();
  ck_assert_int_eq(fit_checked((cnn_checkpoint_opts){0}, (cnn_fit_opts){.epochs = 2}), CNN_OK);
  spoil(path);
  spoil(previous);
  char *kept = read_file(path, &bytes);
  fitting_anew(&f);
  cnn_model_hash(f.model, before);
  ck_fails(fit_checked((cnn_checkpoint_opts){.resume = 1}, (cnn_fit_opts){.epochs = 3}), CNN_EFORMAT, "nor can the one before it be used");
  ck_assert_str_eq(cnn_model_hash(f.model, after), before);
  ck_assert_int_eq(cnn_model_iterations(f.model), 0);
  char *now = read_file(path, &same);
  ck_assert(same == bytes && !memcmp(now, kept, bytes));
  free(kept);
  free(now);
  end();
}
END_TEST

static int32_t loads(const char *bytes, size_t n) {
  cnn_model *model = NULL;
  cnn_status status = cnn_model_load_memory(&model, f.context, bytes, n, NULL);
  cnn_model_free(model);
  return status == CNN_OK;
}

START_TEST(every_damage_is_found) {
  size_t bytes;
  uint64_t random = 1;
  begin();
  ck_assert_int_eq(fit_checked((cnn_checkpoint_opts){0}, (cnn_fit_opts){0}), CNN_OK);
  char *whole = read_file(path, &bytes);
  ck_assert(loads(whole, bytes));
  for (size_t n = 0; n < bytes; n += 512)
    ck_assert_msg(!loads(whole, n), "cut at %zu of %zu", n, bytes);
  ck_assert(!loads(whole, bytes - 1));
  for (int i = 0; i < 10000; i++) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    size_t at = (size_t)(random >> 11) % bytes;
    char bit = (char)(1 << (random >> 5) % 8);
    whole[at] ^= bit;
    ck_assert_msg(!loads(whole, bytes), "bit of byte %zu", at);
    whole[at] ^= bit;
  }
  ck_assert(loads(whole, bytes));
  free(whole);
  end();
}
END_TEST

/* ---- saves that fail ---- */

static int left;

static ssize_t full(int file, const void *data, size_t bytes) {
  if (left-- > 0)
    return write(file, data, bytes);
  errno = ENOSPC;
  return -1;
}

START_TEST(a_full_disk) {
  const cnn__file_calls whole = cnn__file_ops;
  for (int foreground = 0; foreground < 2; foreground++) {
    begin();
    size_t bytes, after;
    ck_assert_int_eq(fit_checked((cnn_checkpoint_opts){0}, (cnn_fit_opts){0}), CNN_OK);
    char *kept = read_file(path, &bytes);
    cnn__file_ops.write = full;
    left = 1;
    cnn_status status = fit_checked((cnn_checkpoint_opts){.every_steps = 1, .foreground = foreground}, (cnn_fit_opts){.epochs = 3});
    cnn__file_ops = whole;
    ck_fails(status, CNN_EIO, "cannot write: No space left on device");
    ck_assert_int_eq(fitting_files(folder), 2);
    free(kept);
    fitting_anew(&f);
    ck_assert_msg(fit_checked((cnn_checkpoint_opts){.resume = 1}, (cnn_fit_opts){.epochs = 2}) == CNN_OK, "%s", cnn_error_text());
    kept = read_file(path, &after);
    ck_assert(loads(kept, after));
    free(kept);
    end();
  }
}
END_TEST

START_TEST(no_such_folder) {
  begin();
  snprintf(path, sizeof path, "%s/none/run", folder);
  ck_fails(fit_checked((cnn_checkpoint_opts){0}, (cnn_fit_opts){0}), CNN_EIO, "No such file or directory");
  end();
}
END_TEST

/* ---- somebody who reads meanwhile ---- */

static _Atomic int over;

static void *reads(void *user) {
  int64_t *seen = user;
  while (!over) {
    cnn_model *model = NULL;
    if (access(path, F_OK) < 0) {
      *seen = *seen ? -1000000 : 0; /* once it is there it stays */
      continue;
    }
    if (cnn_model_load(&model, f.context, path, NULL) < 0)
      *seen = -1000000;
    ++*seen;
    cnn_model_free(model);
  }
  return NULL;
}

START_TEST(a_reader_sees_whole_files) {
  pthread_t thread;
  int64_t seen = 0;
  begin();
  over = 0;
  ck_assert_int_eq(pthread_create(&thread, NULL, reads, &seen), 0);
  ck_assert_msg(fit_checked((cnn_checkpoint_opts){.every_steps = 1}, (cnn_fit_opts){.epochs = 20}) == CNN_OK, "%s", cnn_error_text());
  over = 1;
  pthread_join(thread, NULL);
  ck_assert_int_gt(seen, 0);
  end();
}
END_TEST

int main(void) {
  return RUN_SUITE("checkpoint", 120, options, other_trainings, other_seeds_and_data, what_may_differ, the_one_before_serves,
                   both_damaged, every_damage_is_found, a_full_disk, no_such_folder, a_reader_sees_whole_files);
}
