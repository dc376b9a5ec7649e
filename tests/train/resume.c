/* resume: a training that is stopped anywhere and goes on from its checkpoint ends as the one that never was: same weights, same
 * history, same decisions of callbacks, same files; with another number of threads, too. */
#include "fitting.h"
#include "sink.h"
#include "stream.h"
#include "suite.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EPOCHS 4
#define BATCH 12 /* 50 samples: 5 batches, the last of 2 */
#define STEPS 5

static char folder[] = "/tmp/cnn-resume-XXXXXX";
static char paths[3][64]; /* checkpoint, what comes of its name, CSV file */

static void open_folder(void) {
  strcpy(folder + strlen(folder) - 6, "XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(folder));
  snprintf(paths[0], sizeof paths[0], "%s/run", folder);
  snprintf(paths[1], sizeof paths[1], "%s/run.prev", folder);
  snprintf(paths[2], sizeof paths[2], "%s/log.csv", folder);
}

static void close_folder(void) {
  for (int i = 0; i < 3; i++)
    (void)unlink(paths[i]);
  ck_assert_int_eq(rmdir(folder), 0); /* nothing else is left there */
}

/* ---- a training with everything that has a state ---- */

typedef struct training {
  fitting f;
  training_log log;
  stream source;
  cnn_augmenter *augmenter;
  cnn_callback *callbacks[8];
  int32_t count;
  cnn_history *history;
  cnn_checkpoint_opts checkpoint;
  int32_t by_source;
} training;

typedef struct outcome {
  char hash[33], csv[2048], figures[2048];
  int64_t best, stopped;
} outcome;

static void open_training(training *t, int32_t threads) {
  *t = (training){.log = {.act_epoch = -1, .act_step = -1}, .checkpoint = {.size = sizeof t->checkpoint, .every_steps = 1, .foreground = 1}};
  fitting_open(&t->f, threads);
  ck_assert_int_eq(cnn_augmenter_new_text(&t->augmenter, t->f.context, "width_shift_range=0.2 zoom_range=0.1"), CNN_OK);
}

static void add(training *t, cnn_status made) {
  ck_assert_msg(made == CNN_OK, "%s", cnn_error_text());
  t->count++;
}

/* Plateau and stopping have patience to lose, so that what they count matters. */
static void add_callbacks(training *t) {
  cnn_context *c = t->f.context;
  t->callbacks[t->count++] = training_log_new(c, &t->log);
  add(t, cnn_early_stopping_new(&t->callbacks[t->count], c,
                                cnn_early_stopping_opts(.monitor = "val_accuracy", .patience = 2, .restore_best_weights = 1)));
  add(t, cnn_reduce_lr_on_plateau_new(&t->callbacks[t->count], c,
                                      cnn_reduce_lr_on_plateau_opts(.patience = 1, .min_delta = 0.2f, .factor = 0.5f)));
  add(t, cnn_csv_logger_new(&t->callbacks[t->count], c, paths[2], NULL));
  add(t, cnn_checkpoint_new(&t->callbacks[t->count], c, paths[0], &t->checkpoint));
}

static cnn_status fit(training *t) {
  cnn_fit_opts *o = &(cnn_fit_opts){.size = sizeof *o, .epochs = EPOCHS, .batch_size = BATCH, .validation = t->f.other.labels,
                                    .augmenter = t->augmenter, .callbacks = t->callbacks, .callback_count = t->count,
                                    .history = &t->history};
  return t->by_source ? cnn_model_fit_source(t->f.model, &t->source.source, o) : cnn_model_fit(t->f.model, t->f.data.labels, o);
}

static cnn_status train(training *t) {
  if (t->by_source)
    stream_open(&t->source, &t->f, t->f.data.labels, BATCH);
  add_callbacks(t);
  return fit(t);
}

static void close_training(training *t) {
  if (t->by_source)
    stream_close(&t->source);
  for (int32_t i = 0; i < t->count; i++)
    cnn_callback_free(t->callbacks[i]);
  cnn_history_free(t->history);
  cnn_augmenter_free(t->augmenter);
  fitting_close(&t->f);
}

static void read_text(const char *path, char *text, size_t bytes) {
  FILE *file = fopen(path, "rb");
  size_t n = file ? fread(text, 1, bytes - 1, file) : 0;
  text[n] = 0;
  if (file)
    fclose(file);
}

static outcome outcome_of(training *t) {
  outcome o = {.best = cnn_early_stopping_best_epoch(t->callbacks[1]), .stopped = cnn_early_stopping_stopped_epoch(t->callbacks[1])};
  cnn_model_hash(t->f.model, o.hash);
  read_text(paths[2], o.csv, sizeof o.csv);
  for (int64_t row = 0; row < cnn_history_count(t->history); row++)
    for (int32_t i = 0; i < cnn_history_name_count(t->history); i++) {
      double value = 0;
      char number[32];
      size_t used = strlen(o.figures);
      const char *name = cnn_history_name(t->history, i);
      ck_assert_int_eq(cnn_history_value(t->history, row, name, &value), CNN_OK);
      snprintf(o.figures + used, sizeof o.figures - used, "%d %s %s;", (int)cnn_history_epoch(t->history, row), name,
               cnn_format_shortest(number, value));
    }
  return o;
}

static void same(const outcome *x, const outcome *y) {
  ck_assert_str_eq(x->hash, y->hash);
  ck_assert_str_eq(x->figures, y->figures);
  ck_assert_str_eq(x->csv, y->csv);
  ck_assert_int_eq(x->best, y->best);
  ck_assert_int_eq(x->stopped, y->stopped);
}

static outcome never_stopped(int32_t by_source) {
  training t;
  open_training(&t, 1);
  t.by_source = by_source;
  ck_assert_msg(train(&t) == CNN_OK, "%s", cnn_error_text());
  ck_assert_int_eq(cnn_checkpoint_resumed_epoch(t.callbacks[4]), -1);
  outcome o = outcome_of(&t);
  close_training(&t);
  close_folder();
  open_folder();
  return o;
}

/* A training that ends with an error at an event, as a killed one does: what it leaves is its last checkpoint. */
static void stopped_at(const char *event, int64_t epoch, int64_t step, int64_t threads, int32_t by_source) {
  training t;
  open_training(&t, (int32_t)threads);
  t.by_source = by_source;
  t.checkpoint.resume = 1;
  t.log.act_at = event;
  t.log.act_epoch = epoch;
  t.log.act_step = step;
  t.log.returns = CNN_ECALLBACK;
  cnn_status status = train(&t);
  ck_assert_msg(status == CNN_ECALLBACK, "%d %s", (int)status, cnn_error_text());
  close_training(&t);
}

static outcome goes_on(int64_t threads, int32_t by_source, int64_t epoch) {
  training t;
  open_training(&t, (int32_t)threads);
  t.by_source = by_source;
  t.checkpoint.resume = 1;
  ck_assert_msg(train(&t) == CNN_OK, "%s", cnn_error_text());
  if (epoch >= 0)
    ck_assert_int_eq(cnn_checkpoint_resumed_epoch(t.callbacks[4]), epoch);
  outcome o = outcome_of(&t);
  close_training(&t);
  return o;
}

/* ---- tests ---- */

START_TEST(after_every_step) {
  open_folder();
  outcome whole = never_stopped(0);
  for (int64_t at = 1; at < 3 * STEPS; at++) {
    stopped_at("batch_end", at / STEPS, at % STEPS, 1 + at % 3, 0);
    outcome o = goes_on(1 + (at + 1) % 3, 0, at / STEPS);
    same(&whole, &o);
    close_folder();
    open_folder();
  }
  close_folder();
}
END_TEST

START_TEST(at_ends_of_epochs) {
  open_folder();
  outcome whole = never_stopped(0);
  for (int64_t epoch = 0; epoch < 3; epoch++) {
    stopped_at("epoch_end", epoch, -1, 2, 0);
    outcome o = goes_on(1, 0, epoch);
    same(&whole, &o);
    close_folder();
    open_folder();
  }
  close_folder();
}
END_TEST

/* Three runs make one; what is over goes on as over. */
START_TEST(several_times) {
  open_folder();
  outcome whole = never_stopped(0);
  stopped_at("batch_end", 0, 2, 1, 0);
  stopped_at("batch_begin", 1, 0, 2, 0);
  stopped_at("test_end", 1, -1, 3, 0);
  stopped_at("batch_end", 2, 4, 2, 0);
  for (int i = 0; i < 2; i++) {
    outcome o = goes_on(2, 0, -1);
    same(&whole, &o);
  }
  close_folder();
}
END_TEST

START_TEST(batches_of_a_function) {
  open_folder();
  outcome whole = never_stopped(1);
  for (int64_t at = 1; at < 2 * STEPS; at += 2) {
    stopped_at("batch_end", at / STEPS, at % STEPS, 2, 1);
    outcome o = goes_on(1, 1, at / STEPS);
    same(&whole, &o);
    close_folder();
    open_folder();
  }
  close_folder();
}
END_TEST

/* A request saves after the batch in hand and leaves the epoch there. */
static cnn_status asks(const cnn_event *event, void *user) {
  (void)event;
  cnn_checkpoint_request(((training *)user)->callbacks[4], 1);
  return CNN_OK;
}

START_TEST(asked_to_stop) {
  training t;
  open_folder();
  outcome whole = never_stopped(0);
  open_training(&t, 2);
  t.checkpoint = (cnn_checkpoint_opts){.size = sizeof t.checkpoint};
  t.log.act_at = "batch_end";
  t.log.act_epoch = 1;
  t.log.act_step = 2;
  t.log.act = asks;
  t.log.user = &t;
  ck_assert_msg(train(&t) == CNN_OK, "%s", cnn_error_text());
  ck_assert_int_eq(cnn_history_count(t.history), 1);
  ck_assert_ptr_null(strstr(t.log.text, "epoch_end 1"));
  ck_assert_ptr_nonnull(strstr(t.log.text, "train_end"));
  close_training(&t);
  outcome o = goes_on(1, 0, 1);
  same(&whole, &o);
  close_folder();
}
END_TEST

/* What a killed process was writing. */
static void remove_leftovers(void) {
  char command[128];
  snprintf(command, sizeof command, "rm -f %s/.run.*.tmp", folder);
  ck_assert_int_eq(system(command), 0);
}

/* Check reads what each assertion tells it from a file without a name that a child shares: a message that a kill cuts in two would spoil all that follow. */
static void tell_check_nothing(void) {
  struct stat about;
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  for (int fd = STDERR_FILENO + 1; fd < nowhere; fd++)
    if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && about.st_nlink == 0)
      (void)dup2(nowhere, fd);
}

/* A process that trains for so long once it is made, from where the one before was; 1: it was killed before its end, by a signal that nothing can catch. */
static int32_t killed_after(unsigned microseconds, int32_t threads) {
  int status, begun[2];
  char byte;
  ck_assert_int_eq(pipe(begun), 0);
  pid_t child = fork();
  ck_assert_int_ge(child, 0);
  if (child == 0) {
    training t;
    tell_check_nothing();
    open_training(&t, threads);
    close(begun[1]);
    t.checkpoint = (cnn_checkpoint_opts){.size = sizeof t.checkpoint, .every_steps = 1, .resume = 1};
    _exit(train(&t) == CNN_OK ? 0 : 1);
  }
  close(begun[1]);
  ck_assert_int_eq(read(begun[0], &byte, 1), 0);
  close(begun[0]);
  usleep(microseconds);
  kill(child, SIGKILL);
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert_msg(WIFSIGNALED(status) || WEXITSTATUS(status) == 0, "what a killed process left is not gone on from");
  return WIFSIGNALED(status);
}

static unsigned microseconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (unsigned)now.tv_sec * 1000000u + (unsigned)(now.tv_nsec / 1000);
}

/* The process is killed, not the call, while the thread may be writing. A run that comes to its end makes room for the next one, so that each kill is one of a
 * training. */
START_TEST(killed) {
  open_folder();
  unsigned seed = 1, began = microseconds_now();
  outcome whole = never_stopped(0);
  const unsigned longest = (microseconds_now() - began) / 3; /* some live long enough for many steps, most do not */
  const char *wanted = getenv("CNN_TEST_KILLS"); /* more of them where there is time */
  const int kills = wanted ? atoi(wanted) : 20;
  int runs = 0;
  for (int i = 0; i < kills;) {
    seed = seed * 1103515245u + 12345u;
    if (killed_after(seed / 65536u % 1000 * (longest / 1000), 1 + i % 2)) {
      i++;
      continue;
    }
    outcome o = goes_on(2, 0, -1); /* at its end: what it left says how it ended */
    same(&whole, &o);
    remove_leftovers();
    close_folder();
    open_folder();
    runs++;
  }
  outcome o = goes_on(2, 0, -1);
  same(&whole, &o);
  printf("killed: %d times in %d runs, within %u us each\n", kills, runs + 1, longest);
  remove_leftovers();
  close_folder();
}
END_TEST

int main(void) {
  return RUN_SUITE("resume", 120, after_every_step, at_ends_of_epochs, several_times, batches_of_a_function, asked_to_stop, killed);
}
