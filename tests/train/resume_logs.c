/* resume_logs: what csv_logger and json_logger have written of a training that is killed anywhere, also in the middle of a line, and goes
 * on, is what the training that was never stopped writes: no line twice, none missing, none torn. */
#include "dying.h"
#include "fitting.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EPOCHS 3
#define STEPS 5 /* of 12 samples, the last one of 2 */
#define TEXT 16384

static char folder[64];
static char paths[4][96]; /* CSV, JSON lines, checkpoint, the one before it */

static void open_folder(void) {
  static const char *const names[] = {"log.csv", "log.jsonl", "run", "run.prev"};
  strcpy(folder, "/tmp/cnn-resume-logs-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(folder));
  for (int i = 0; i < 4; i++)
    snprintf(paths[i], sizeof paths[i], "%s/%s", folder, names[i]);
}

static void close_folder(void) {
  for (int i = 0; i < 4; i++)
    (void)unlink(paths[i]);
  ck_assert_int_eq(rmdir(folder), 0);
}

/* ---- a training ---- */

static void train(death d) {
  fitting f;
  cnn_callback *callbacks[4];
  fitting_open(&f, 2);
  ck_assert_int_eq(cnn_csv_logger_new(&callbacks[0], f.context, paths[0], NULL), CNN_OK);
  ck_assert_int_eq(cnn_json_logger_new(&callbacks[1], f.context, paths[1], cnn_json_logger_opts(.every_batches = 2)), CNN_OK);
  callbacks[2] = death_callback(f.context, &d);
  ck_assert_int_eq(cnn_checkpoint_new(&callbacks[3], f.context, paths[2],
                                      cnn_checkpoint_opts(.every_steps = d.every_steps, .resume = 1, .foreground = 1)),
                   CNN_OK);
  cnn_status status = cnn_model_fit(f.model, f.data.labels, cnn_fit_opts(.epochs = EPOCHS, .batch_size = 12, .callbacks = callbacks,
                                                                         .callback_count = 4, .validation = f.other.labels));
  ck_assert_msg(status == CNN_OK, "%s", cnn_error_text());
  for (int i = 0; i < 4; i++)
    cnn_callback_free(callbacks[i]);
  fitting_close(&f);
}

/* ---- what it wrote ---- */

/* Both files behind each other, without the two times that end a line of JSON. */
static void read_logs(char text[TEXT]) {
  char line[1024];
  size_t used = 0;
  for (int i = 0; i < 2; i++) {
    FILE *file = fopen(paths[i], "rb");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file)) {
      char *times = strstr(line, ", \"seconds\": ");
      ck_assert(i == 0 || (times && strstr(times, ", \"time\": ") && !strcmp(line + strlen(line) - 2, "}\n")));
      if (times)
        strcpy(times, "}\n");
      ck_assert_uint_lt(used + strlen(line), TEXT);
      strcpy(text + used, line);
      used += strlen(line);
    }
    fclose(file);
  }
}

/* As if the kill had struck inside the system's own write: part of a line more. */
static void tear(size_t bytes) {
  static const char half[] = "2,0.3333333333333333,1.25,0.3333333333333333,1.5\r\n2,0.3";
  for (int i = 0; i < 2; i++) {
    FILE *file = fopen(paths[i], "ab");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(half, 1, bytes % sizeof half, file), bytes % sizeof half);
    ck_assert_int_eq(fclose(file), 0);
  }
}

START_TEST(no_line_twice) {
  char whole[TEXT], text[TEXT];
  const int64_t every[] = {0, 1, 3};
  open_folder();
  train((death){.after = -1});
  read_logs(whole);
  ck_assert_ptr_nonnull(strstr(whole, "{\"epoch\": 2, \"batch\": 3, \"accuracy\": "));
  close_folder();
  for (size_t k = 0; k < 3; k++)
    for (int64_t after = 0; after < EPOCHS * (STEPS + 1); after += 1 + (int64_t)k) {
      open_folder();
      train_and_die(train, (death){.after = after, .every_steps = every[k]});
      tear((size_t)after * 5 + k);
      train((death){.after = -1, .every_steps = every[k]});
      read_logs(text);
      ck_assert_msg(!strcmp(text, whole), "killed after %d events:\n%s\nnot\n%s", (int)after, text, whole);
      close_folder();
    }
}
END_TEST

START_TEST(killed_again_and_again) {
  char whole[TEXT], text[TEXT];
  open_folder();
  train((death){.after = -1});
  read_logs(whole);
  close_folder();
  open_folder();
  for (int64_t i = 0; i < 5; i++) {
    train_and_die(train, (death){.after = i == 3 ? 0 : 2, .every_steps = 1});
    tear((size_t)i * 11);
  }
  train((death){.after = -1, .every_steps = 1});
  read_logs(text);
  ck_assert_str_eq(text, whole);
  close_folder();
}
END_TEST

int main(void) { return RUN_SUITE("resume_logs", 120, no_line_twice, killed_again_and_again); }
