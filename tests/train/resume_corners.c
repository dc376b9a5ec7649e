/* resume_corners: what a training that goes on must not stumble over: a wish to stop in the middle of an epoch, optimizers that keep
 * more than weights, links, files in another folder, and checkpoints whose checksum is right and whose content is not. */
#include "fitting.h"
#include "sink.h"
#include "suite.h"

#include "core/checksum.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCH 12 /* 50 samples: 5 batches, the last of 2 */
#define MOST (1 << 21)

static char folder[] = "/tmp/cnn-corners-XXXXXX", path[96], previous[96], csv[96], link_path[96];

static void begin(void) {
  strcpy(folder + strlen(folder) - 6, "XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/run", folder);
  snprintf(previous, sizeof previous, "%s/run.prev", folder);
  snprintf(csv, sizeof csv, "%s/log.csv", folder);
  snprintf(link_path, sizeof link_path, "%s/link", folder);
}

static void end(void) {
  (void)unlink(link_path);
  (void)unlink(path);
  (void)unlink(previous);
  (void)unlink(csv);
  ck_assert_int_eq(rmdir(folder), 0);
}

/* ---- one run ---- */

typedef struct plan {
  const char *optimizer;   /* NULL: the model as it is; else SGD with these attributes */
  cnn_fit_opts options;
  const char *stops_at;    /* an event at which a callback wants to stop, in epoch 1 */
  int64_t stops_step;
  const char *dies_at;     /* an event at which it fails */
  int64_t dies_epoch, dies_step;
  const char *to;          /* the checkpoint's path; NULL: path */
} plan;

typedef struct outcome {
  char hash[33], figures[4096], log[16384];
  int64_t epochs;
  cnn_status status;
} outcome;

static void figures_of(char *text, size_t bytes, const cnn_history *history) {
  for (int64_t row = 0; row < cnn_history_count(history); row++)
    for (int32_t i = 0; i < cnn_history_name_count(history); i++) {
      char number[32];
      double value;
      size_t used = strlen(text);
      const char *name = cnn_history_name(history, i);
      if (cnn_history_value(history, row, name, &value) == CNN_OK)
        snprintf(text + used, bytes - used, "%d %s %s;", (int)cnn_history_epoch(history, row), name, cnn_format_shortest(number, value));
    }
}

static void compile(const fitting *f, const char *attributes) {
  cnn_optimizer *sgd;
  if (!attributes)
    return;
  ck_assert_msg(cnn_optimizer_new(&sgd, f->context, "sgd", attributes) == CNN_OK, "%s", cnn_error_text());
  ck_assert_int_eq(cnn_model_compile(f->model, sgd, 1, (const char *[]){"categorical_crossentropy"},
                                     cnn_compile_opts(.metrics = (const char *[]){"accuracy"}, .metric_count = 1)), CNN_OK);
  cnn_optimizer_free(sgd);
}

static outcome run(const plan *p, int32_t threads, int32_t resume) {
  static training_log stops, dies;
  fitting f;
  cnn_callback *callbacks[5];
  cnn_history *history = NULL;
  outcome o = {0};
  fitting_open(&f, threads);
  compile(&f, p->optimizer);
  stops = (training_log){.act_at = p->stops_at, .act_epoch = 1, .act_step = p->stops_step, .returns = CNN_STOP};
  dies = (training_log){.act_at = p->dies_at, .act_epoch = p->dies_epoch, .act_step = p->dies_step, .returns = CNN_ECALLBACK};
  callbacks[0] = training_log_new(f.context, &stops);
  callbacks[1] = training_log_new(f.context, &dies);
  ck_assert_int_eq(cnn_model_checkpoint_new(&callbacks[2], f.context, "/dev/null/never", cnn_model_checkpoint_opts(.save_freq = 1000000)), CNN_OK);
  ck_assert_int_eq(cnn_csv_logger_new(&callbacks[3], f.context, csv, NULL), CNN_OK);
  ck_assert_int_eq(cnn_checkpoint_new(&callbacks[4], f.context, p->to ? p->to : path,
                                      cnn_checkpoint_opts(.every_steps = 1, .resume = resume)), CNN_OK);
  cnn_fit_opts options = p->options;
  options.size = sizeof options;
  options.batch_size = BATCH;
  options.epochs = options.epochs ? options.epochs : 4;
  options.validation = options.validation_split > 0 ? NULL : f.other.labels;
  options.callbacks = callbacks;
  options.callback_count = 5;
  options.history = &history;
  o.status = cnn_model_fit(f.model, f.data.labels, &options);
  cnn_model_hash(f.model, o.hash);
  figures_of(o.figures, sizeof o.figures, history);
  o.epochs = cnn_history_count(history);
  snprintf(o.log, sizeof o.log, "%s", stops.text);
  cnn_history_free(history);
  for (int i = 0; i < 5; i++)
    cnn_callback_free(callbacks[i]);
  fitting_close(&f);
  return o;
}

static void forget(void) {
  end();
  begin();
}

/* The plan without its death, then with it at every step of two epochs. */
static void ck_goes_on(plan p, int64_t steps) {
  begin();
  outcome whole = run(&p, 1, 0);
  ck_assert_msg(whole.status == CNN_OK, "%s", cnn_error_text());
  for (int64_t at = 1; at < 3 * steps; at++) {
    forget();
    p.dies_at = "batch_end";
    p.dies_epoch = at / steps;
    p.dies_step = at % steps;
    outcome o = run(&p, 2, 0);
    if (o.status == CNN_ECALLBACK) {
      p.dies_at = NULL;
      o = run(&p, 1, 1);
    }
    ck_assert_msg(o.status == CNN_OK, "%s", cnn_error_text());
    ck_assert_str_eq(o.figures, whole.figures);
    ck_assert_str_eq(o.hash, whole.hash);
  }
  end();
}

/* ---- what a training is made of ---- */

START_TEST(averages_and_accumulation) {
  ck_goes_on((plan){.optimizer = "learning_rate=0.05 momentum=0.9 nesterov=true use_ema=true ema_momentum=0.9 "
                                 "ema_overwrite_frequency=3 gradient_accumulation_steps=2"}, 5);
  ck_goes_on((plan){.optimizer = "learning_rate_schedule=exponential_decay(initial_learning_rate=0.1,decay_steps=5,decay_rate=0.5) "
                                 "gradient_accumulation_steps=3 clipnorm=0.5"}, 5);
}
END_TEST

START_TEST(splits_and_steps) {
  ck_goes_on((plan){.options = {.validation_split = 0.3, .validation_freq = 2}}, 3);
  ck_goes_on((plan){.options = {.validation_split = 0.3, .validation_epochs = (const int64_t[]){1, 3}, .validation_epoch_count = 2}}, 3);
  ck_goes_on((plan){.options = {.steps_per_epoch = 2, .no_shuffle = 1, .validation_steps = 1}}, 2);
  ck_goes_on((plan){.options = {.initial_epoch = 1, .class_weights = (float[]){0.5f, 1, 2}, .class_weight_count = 3}}, 5);
}
END_TEST

/* A callback wanted to stop; what is left of its epoch, validation and the end, still comes. */
START_TEST(a_wish_to_stop_is_carried_out) {
  static const char *const events[] = {"batch_end", "batch_begin", "epoch_begin"}, *const ends[] = {"test_begin", "test_end"};
  for (int i = 0; i < 6; i++) {
    plan p = {.stops_at = events[i / 2], .stops_step = i < 4 ? 2 : -1};
    begin();
    outcome whole = run(&p, 1, 0);
    ck_assert_int_eq(whole.epochs, 2);
    forget();
    p.dies_at = ends[i % 2];
    p.dies_epoch = 1;
    p.dies_step = -1;
    ck_assert_int_eq(run(&p, 2, 0).status, CNN_ECALLBACK);
    p.dies_at = p.stops_at = NULL;
    outcome o = run(&p, 1, 1);
    ck_assert_msg(o.status == CNN_OK, "%s", cnn_error_text());
    ck_assert_str_eq(o.figures, whole.figures);
    ck_assert_str_eq(o.hash, whole.hash);
    end();
  }
}
END_TEST

/* ---- files ---- */

static char *read_file(const char *name, size_t *bytes) {
  char *text = malloc(MOST);
  FILE *file = fopen(name, "rb");
  ck_assert_msg(file != NULL, "%s is not there", name);
  *bytes = fread(text, 1, MOST - 1, file);
  text[*bytes] = 0;
  fclose(file);
  return text;
}

static void write_file(const char *name, const char *bytes, size_t n) {
  FILE *file = fopen(name, "wb");
  ck_assert_ptr_nonnull(file);
  ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
  fclose(file);
}

/* The file before it stands beside the file, not beside the link that leads there. */
START_TEST(behind_a_link) {
  size_t bytes;
  plan p = {.options = {.epochs = 2}, .to = link_path};
  begin();
  ck_assert_int_eq(run(&p, 1, 0).status, CNN_OK);
  ck_assert_int_eq(rename(link_path, path), 0);
  ck_assert_int_eq(symlink("run", link_path), 0);
  char name[128];
  snprintf(name, sizeof name, "%s.prev", link_path);
  ck_assert_int_eq(unlink(name), 0);
  p.options.epochs = 3;
  outcome whole = run(&p, 1, 1);
  ck_assert_msg(whole.status == CNN_OK, "%s", cnn_error_text());
  char *text = read_file(path, &bytes);
  text[bytes - 40] ^= 4;
  write_file(path, text, bytes);
  free(text);
  outcome o = run(&p, 2, 1);
  ck_assert_msg(o.status == CNN_OK, "%s", cnn_error_text());
  ck_assert_str_eq(o.hash, whole.hash);
  end();
}
END_TEST

/* The table of a run that goes on in another folder has names for its columns, too. */
START_TEST(a_table_elsewhere) {
  size_t bytes;
  plan p = {.options = {.epochs = 2}};
  begin();
  ck_assert_int_eq(run(&p, 1, 0).status, CNN_OK);
  ck_assert_int_eq(unlink(csv), 0);
  p.options.epochs = 3;
  ck_assert_int_eq(run(&p, 1, 1).status, CNN_OK);
  char *text = read_file(csv, &bytes);
  ck_assert_msg(strncmp(text, "epoch,accuracy,loss,val_accuracy,val_loss\r\n2,", 45) == 0, "%s", text);
  free(text);
  end();
}
END_TEST

/* ---- what no training wrote ---- */

/* The file with one piece of its header replaced, its checksum right again. */
static void forge(const char *from, const char *to) {
  size_t bytes;
  uint64_t length = 0;
  unsigned char sum[CNN__CHECKSUM_BYTES];
  char *text = read_file(path, &bytes), *out = calloc(1, MOST);
  for (int i = 0; i < 8; i++)
    length |= (uint64_t)(unsigned char)text[i] << 8 * i;
  memcpy(out + 8, text + 8, length);
  char *at = strstr(out + 8, from);
  ck_assert_msg(at != NULL, "'%s' is not in %s", from, out + 8);
  memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
  memcpy(at, to, strlen(to));
  size_t made = strlen(out + 8);
  while ((made + 8) % 64)
    out[8 + made++] = ' ';
  for (int i = 0; i < 8; i++)
    out[i] = (char)((uint64_t)made >> 8 * i);
  memcpy(out + 8 + made, text + 8 + length, bytes - 8 - length);
  size_t whole = 8 + made + bytes - 8 - length;
  cnn__checksum all;
  cnn__checksum_begin(&all);
  cnn__checksum_add(&all, out, whole - sizeof sum);
  cnn__checksum_bytes(&all, sum);
  memcpy(out + whole - sizeof sum, sum, sizeof sum);
  write_file(path, out, whole);
  free(text);
  free(out);
}

#define Q "\\\""

START_TEST(forged) {
  static const struct {
    const char *from, *to;
  } edits[] = {{Q "step" Q ":3", Q "step" Q ":-3"},
               {Q "step" Q ":3", Q "step" Q ":4"}, /* the samples are of three */
               {Q "step" Q ":3", Q "step" Q ":0"},
               {Q "step" Q ":3", Q "step" Q ":3000000000"},
               {Q "step" Q ":3", Q "step" Q ":3.0"},
               {Q "step" Q ":3", Q "step" Q ":true"},
               {Q "samples" Q ":36", Q "samples" Q ":50"},
               {Q "samples" Q ":36", Q "samples" Q ":0"},
               {Q "samples" Q ":36", Q "samples" Q ":-1"},
               {"{" Q "epoch" Q ":1," Q "step", "{" Q "epoch" Q ":9223372036854775807," Q "step"},
               {"{" Q "epoch" Q ":1," Q "step", "{" Q "epoch" Q ":9223372036854775808," Q "step"},
               {Q "counted" Q ":36", Q "counted" Q ":-36"},
               {Q "steps" Q ":5," Q "seconds", Q "steps" Q ":4," Q "seconds"},
               {Q "stop" Q ":false", Q "stop" Q ":0"},
               {Q "sums" Q ":[", Q "sums" Q ":[" Q "1" Q ","},
               {Q "sums" Q ":[", Q "sums" Q ":[1,"},
               {Q "seconds" Q ":" Q, Q "seconds" Q ":" Q "x"},
               {Q "batches" Q ":", Q "bottles" Q ":"},
               {Q "batches" Q ":" Q, Q "batches" Q ":" Q "-"},
               {Q "batches" Q ":" Q, Q "" Q ":" Q "1" Q "," Q "batches" Q ":" Q},
               {Q "bytes" Q ":" Q, Q "bytes" Q ":" Q "0.5"},
               {Q "tensors" Q ":[]", Q "tensors" Q ":[" Q "batches" Q "]"},
               {Q "tensors" Q ":[]", Q "tensors" Q ":[7]"},
               {Q "tensors" Q ":[]", Q "tensors" Q ":{}"},
               {Q "kind" Q ":" Q "model_checkpoint" Q, Q "kind" Q ":7"}};
  size_t bytes;
  char kept[33], text[512];
  plan p = {.dies_at = "batch_end", .dies_epoch = 1, .dies_step = 3};
  begin();
  ck_assert_int_eq(run(&p, 1, 0).status, CNN_ECALLBACK);
  ck_assert_int_eq(unlink(previous), 0);
  char *whole = read_file(path, &bytes);
  fitting f;
  fitting_open(&f, 1);
  cnn_model_hash(f.model, kept);
  fitting_close(&f);
  p.dies_at = NULL;
  for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
    write_file(path, whole, bytes);
    forge(edits[i].from, edits[i].to);
    outcome o = run(&p, 1, 1);
    snprintf(text, sizeof text, "%s", cnn_error_text());
    ck_assert_msg(o.status == CNN_EFORMAT, "%s -> %s: %d %s", edits[i].from, edits[i].to, (int)o.status, text);
    ck_assert_msg(strcmp(o.hash, kept) == 0, "%s -> %s: the model is another", edits[i].from, edits[i].to);
  }
  free(whole);
  end();
}
END_TEST

int main(void) {
  return RUN_SUITE("resume_corners", 120, averages_and_accumulation, splits_and_steps, a_wish_to_stop_is_carried_out, behind_a_link,
                   a_table_elsewhere, forged);
}
