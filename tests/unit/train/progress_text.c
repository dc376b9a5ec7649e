/* progress_text: what Keras printed, drawn again from its numbers, byte for byte; and what we do where it has no
 * answer. */
#include "train/progress_text.h"

#include "reference.h"
#include "sink.h"
#include "suite.h"
#include "train/logs.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cnn_context *context;
static cnn_logs *logs;
static test_sink out;

static void open_all(void) {
  ck_assert_int_eq(cnn_context_new(&context, NULL), CNN_OK);
  ck_assert_int_eq(cnn__logs_new(&logs, context, 8), CNN_OK);
  test_sink_init(&out);
}

static void close_all(void) {
  test_sink_free(&out);
  cnn__logs_drop(logs);
  cnn_context_free(context);
}

/* ---- Keras's text ---- */

static char *read_text(const char *name) {
  char path[512], *text = calloc(1, 16384);
  snprintf(path, sizeof path, "%s/text/keras/pipe_80/%s.txt", REFERENCE_DIR, name);
  FILE *file = fopen(path, "rb");
  ck_assert_msg(file != NULL, "%s cannot be read", path);
  ck_assert_uint_lt(fread(text, 1, 16383, file), 16383);
  fclose(file);
  return text;
}

/* Seconds of "121ms", "2s", "7us". */
static double read_time(const char *text) {
  char *unit;
  double number = strtod(text, &unit);
  return *unit == 'm' ? number * 1e-3 : *unit == 'u' ? number * 1e-6 : number;
}

/* " - name: value - name: value" at the end of the drawing. */
static void read_figures(const char *text) {
  char name[64];
  double value;
  int used;
  cnn__logs_clear(logs);
  while (sscanf(text, " - %63[a-z_]: %lf%n", name, &value, &used) == 2) {
    ck_assert_int_eq(cnn_logs_set(logs, name, (double)(float)value), CNN_OK); /* figures are float32 */
    text += used;
  }
}

/* The numbers of a bar that Keras drew: text stands at its first escape sequence, or at a count of no known end. */
static cnn__progress_view read_bar(const char *text) {
  cnn__progress_view view = {.color = 1, .columns = 80};
  long long current, target = 0;
  int32_t known = sscanf(text, "\x1b[1m%lld/%lld", &current, &target) == 2;
  ck_assert(known || sscanf(text, "%lld/Unknown ", &current) == 1);
  view.current = current;
  view.target = target;
  const char *bold = strstr(known ? strstr(text, "\x1b[37m") : text, "\x1b[1m") + 4, *step = strstr(bold, "\x1b[0m ") + 5;
  view.elapsed = read_time(bold);
  view.per_step = read_time(step);
  read_figures(strstr(step, "/step") + strlen("/step"));
  double left = (double)(target - current);
  if (left > 0 && (int)(view.per_step * left) != (int)view.elapsed) /* "2s/step" was rounded, "4s" left was not */
    view.per_step = (view.elapsed + 0.6) / left;
  return view;
}

/* Every bar of a text, drawn again; what is printed between them is skipped. Returns how many there were. */
static int32_t draw_again(const char *name, int32_t last_is_finished) {
  char *text = read_text(name);
  int32_t count = 0, previous = 0;
  for (const char *at = text; *at;) {
    if (*at != '\b' && *at != '\r') {
      at++;
      continue;
    }
    size_t back = strspn(at, "\b");
    const char *bar = at + back + 1, *end = bar + strcspn(bar, "\b\r\n");
    cnn__progress_view view = read_bar(bar);
    view.previous = (int32_t)back;
    ck_assert_msg(!back || (int32_t)back == previous, "%s: %d backspaces after %d columns", name, (int)back, (int)previous);
    /* the last bar of an evaluation is drawn twice, the first time with its line left open */
    view.finished = last_is_finished ? *end == '\n' && view.current == view.target : view.current == view.target;
    test_sink_clear(&out);
    previous = cnn__progress_bar(&out.sink, &view, logs);
    size_t length = out.length - (view.finished && *end != '\n');
    ck_assert_msg(!strncmp(at, out.text, length), "%s, bar %d:\n%s\nnot\n%.*s", name, (int)count, out.text, (int)(end - at), at);
    at += length;
    ck_assert_msg(at[-1] == '\n' || strchr("\b\r\n", *at) != NULL, "%s, bar %d: Keras's goes on with \"%.20s\"", name, (int)count, at);
    count++;
  }
  free(text);
  return count;
}

START_TEST(bars_are_kerass) {
  open_all();
  ck_assert_int_eq(draw_again("fit_verbose_1", 1), 6);
  ck_assert_int_eq(draw_again("fit_1_epoch_no_validation", 1), 3);
  ck_assert_int_eq(draw_again("fit_with_notebook_callbacks", 1), 6);
  ck_assert_int_eq(draw_again("fit_generator_unknown_length", 1), 3);
  ck_assert_int_eq(draw_again("evaluate_verbose_1", 0), 3);
  ck_assert_int_eq(draw_again("predict_verbose_1", 1), 2);
  close_all();
}
END_TEST

static void line_again(const char *name, int32_t expected) {
  char *text = read_text(name);
  int32_t count = 0;
  for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
    cnn__progress_view view = {0};
    long long current, target;
    int used;
    char elapsed[32], per_step[32];
    if (sscanf(line, " %lld/%lld - %31[0-9s] - %31[0-9mus]/step%n", &current, &target, elapsed, per_step, &used) != 4)
      continue;
    view.current = current;
    view.target = target;
    view.elapsed = read_time(elapsed);
    view.per_step = read_time(per_step);
    read_figures(line + used);
    test_sink_clear(&out);
    cnn__progress_line(&out.sink, &view, logs);
    ck_assert_int_eq(out.text[out.length - 1], '\n');
    out.text[out.length - 1] = 0;
    ck_assert_str_eq(out.text, line);
    count++;
  }
  ck_assert_int_eq(count, expected);
  free(text);
}

START_TEST(lines_are_kerass) {
  open_all();
  line_again("fit_verbose_2", 2);
  line_again("evaluate_verbose_2", 1);
  line_again("predict_verbose_2", 1);
  close_all();
}
END_TEST

START_TEST(figures_are_kerass) {
  size_t i;
  json_t *row, *rows = reference_json("text/metric_formats.json");
  const cnn__progress_view view = {.current = 4, .target = 4};
  open_all();
  json_array_foreach(rows, i, row) {
    const json_t *value = json_object_get(row, "value");
    const char *text = json_string_value(value), *printed = json_string_value(json_object_get(row, "as_printed"));
    double number = !text ? json_number_value(value) : *text == 'n' ? -(double)NAN : (double)INFINITY;
    char expected[128];
    ck_assert_int_eq(cnn_logs_set(logs, "x", number), CNN_OK);
    test_sink_clear(&out);
    cnn__progress_line(&out.sink, &view, logs);
    snprintf(expected, sizeof expected, "4/4 - 0s - 0s/step - x: %s\n", printed);
    ck_assert_str_eq(out.text, expected);
    if (number < 0) /* a bar looks at the size */
      continue;
    test_sink_clear(&out);
    (void)cnn__progress_bar(&out.sink, &view, logs);
    snprintf(expected, sizeof expected, " - x: %s", printed);
    ck_assert_ptr_nonnull(strstr(out.text, expected));
  }
  ck_assert_int_eq(cnn_logs_set(logs, "x", -0.5), CNN_OK);
  test_sink_clear(&out);
  (void)cnn__progress_bar(&out.sink, &view, logs);
  ck_assert_ptr_nonnull(strstr(out.text, " - x: -0.5000"));
  json_decref(rows);
  close_all();
}
END_TEST

/* ---- ours ---- */

static void bar_is(const cnn__progress_view *view, const char *expected, int32_t columns) {
  test_sink_clear(&out);
  int32_t taken = cnn__progress_bar(&out.sink, view, logs);
  ck_assert_str_eq(out.text, expected);
  ck_assert_int_eq(taken, columns);
}

START_TEST(without_colours_and_utf8) {
  open_all();
  ck_assert_int_eq(cnn_logs_set(logs, "loss", 0.25), CNN_OK);
  cnn__progress_view view = {.current = 57, .target = 421, .per_step = 0.07, .ascii = 1};
  bar_is(&view, "\r 57/421 ##------------------ 25s 70ms/step - loss: 0.2500", 57);
  view.columns = 57; /* a line as long as the terminal is wide would be broken */
  bar_is(&view, "\r 57/421 ##------------------ 25s 70ms/step", 42);
  view.columns = 58;
  view.previous = 60;
  bar_is(&view,
         "\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b"
         "\r 57/421 ##------------------ 25s 70ms/step - loss: 0.2500   ", 57);
  view = (cnn__progress_view){.current = 421, .target = 421, .per_step = 0.07, .elapsed = 29.6, .finished = 1, .columns = 10};
  bar_is(&view,
         "\r421/421 \xe2\x94\x81\xe2\x94\x81\xe2\x94\x81\xe2\x94\x81\xe2\x94\x81\xe2\x94\x81\xe2\x94\x81\xe2\x94\x81\xe2\x94\x81"
         "\xe2\x94\x81\xe2\x94\x81\xe2\x94\x81\xe2\x94\x81\xe2\x94\x81\xe2\x94\x81\xe2\x94\x81\xe2\x94\x81\xe2\x94\x81\xe2\x94\x81"
         "\xe2\x94\x81 30s 70ms/step - loss: 0.2500\n",
         57);
  view = (cnn__progress_view){.current = 1, .target = 2, .per_step = 5e-6};
  cnn__logs_clear(logs);
  bar_is(&view,
         "\r1/2 \xe2\x94\x81\xe2\x94\x81\xe2\x94\x81\xe2\x94\x81\xe2\x94\x81\xe2\x94\x81\xe2\x94\x81\xe2\x94\x81\xe2\x94\x81"
         "\xe2\x94\x81\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80"
         "\xe2\x94\x80 0s 5us/step",
         36);
  close_all();
}
END_TEST

START_TEST(time_left) {
  const struct {
    double per_step;
    const char *text;
  } cases[] = {{0, " 0s 0s/step"},      {0.5, " 50s 500ms/step"},     {0.6, " 60s 600ms/step"},       {0.61, " 1:01 610ms/step"},
               {36, " 60:00 36s/step"}, {36.01, " 1:00:01 36s/step"}, {1000, " 27:46:40 1000s/step"}, {1e300, ":"}};
  open_all();
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const cnn__progress_view view = {.current = 0, .target = 100, .per_step = cases[i].per_step, .ascii = 1};
    test_sink_clear(&out);
    (void)cnn__progress_bar(&out.sink, &view, NULL);
    ck_assert_msg(strstr(out.text, cases[i].text) != NULL, "%s in %s", cases[i].text, out.text);
  }
  close_all();
}
END_TEST

/* Figures with long names, more than fit into one piece of text. */
START_TEST(long_lines) {
  char name[64];
  const cnn__progress_view view = {.current = 1, .target = 1, .finished = 1};
  open_all();
  for (int i = 0; i < 100; i++) {
    snprintf(name, sizeof name, "%060d", i);
    ck_assert_int_eq(cnn_logs_set(logs, name, i), CNN_OK);
  }
  cnn__progress_line(&out.sink, &view, logs);
  for (int i = 0; i < 100; i++) {
    snprintf(name, sizeof name, "%060d: ", i);
    ck_assert_ptr_nonnull(strstr(out.text, name));
  }
  close_all();
}
END_TEST

/* ---- in the making ---- */

static int32_t drawings(void) {
  int32_t count = 0;
  for (const char *at = out.text; *at; at++)
    count += *at == '\r';
  return count;
}

START_TEST(draws_now_and_then) {
  cnn__bar bar;
  open_all();
  out.sink.is_terminal = 1;
  cnn__bar_begin(&bar, &out.sink, 1, 0, 100000);
  double start = cnn__seconds();
  int64_t step = 0;
  while (cnn__seconds() < start + 0.5)
    cnn__bar_step(&bar, ++step, NULL);
  ck_assert_int_ge(drawings(), 2);
  ck_assert_int_le(drawings(), 11);
  cnn__bar_end(&bar, step, NULL);
  ck_assert_int_eq(out.text[out.length - 1], '\n');
  ck_assert_ptr_nonnull(strstr(out.text, "\x1b[1m"));
  close_all();
}
END_TEST

START_TEST(forms) {
  cnn__bar bar;
  open_all();
  for (int32_t terminal = 0; terminal < 2; terminal++)
    for (int32_t verbose = 0; verbose < 3; verbose++) {
      out.sink.is_terminal = terminal;
      test_sink_clear(&out);
      cnn__bar_begin(&bar, &out.sink, verbose, 0, 2);
      cnn__bar_step(&bar, 1, NULL);
      int32_t is_bar = verbose == 1 && terminal;
      ck_assert_int_eq(out.length > 0, is_bar);
      cnn__bar_end(&bar, 2, NULL);
      ck_assert_int_eq(out.length > 0, verbose > 0);
      ck_assert_int_eq(strchr(out.text, '\r') != NULL, is_bar);
      ck_assert_int_eq(strchr(out.text, 0x1b) != NULL, is_bar);
    }
  out.sink.is_terminal = 1;
  test_sink_clear(&out);
  cnn__bar_begin(&bar, &out.sink, 1, -1, 2);
  cnn__bar_step(&bar, 1, NULL);
  ck_assert_ptr_null(strchr(out.text, 0x1b));
  cnn__bar_leave(&bar); /* given up: the line is ended, once */
  cnn__bar_leave(&bar);
  ck_assert_int_eq(out.text[out.length - 1], '\n');
  ck_assert_int_ne(out.text[out.length - 2], '\n');
  cnn__bar_begin(&bar, NULL, 1, 0, 2);
  cnn__bar_step(&bar, 1, NULL);
  cnn__bar_end(&bar, 2, NULL);
  cnn__bar_leave(&bar);
  close_all();
}
END_TEST

int main(void) {
  return RUN_SUITE("progress_text", 30, bars_are_kerass, lines_are_kerass, figures_are_kerass, without_colours_and_utf8,
                   time_left, long_lines, draws_now_and_then, forms);
}
