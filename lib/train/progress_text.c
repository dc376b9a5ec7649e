/* progress_text: the line that tells how far a pass over data is, as Keras writes it. Allocates nothing: text is
 * gathered in a small buffer and handed to the sink as a whole. */
#include "train/progress_text.h"

#include "core/text.h"

#include <math.h>
#include <string.h>
#include <time.h>

#define BAR_COLUMNS 20
#define INTERVAL 0.05 /* seconds between two drawings */

typedef struct writer {
  const cnn_sink *sink;
  size_t used;
  int32_t columns; /* of all that was written but backspaces */
  char bytes[2048];
} writer;

static void flush(writer *w) {
  if (w->used)
    w->sink->write(w->sink->user, w->bytes, w->used);
  w->used = 0;
}

static void put(writer *w, const char *text) {
  size_t length = strlen(text);
  if (length > sizeof w->bytes - w->used)
    flush(w);
  if (length <= sizeof w->bytes) {
    memcpy(w->bytes + w->used, text, length);
    w->used += length;
    w->columns += cnn__columns(text);
  }
}

static void put_times(writer *w, const char *text, int32_t times) {
  while (times-- > 0)
    put(w, text);
}

static void put_bold(writer *w, int32_t color, const char *text) {
  put(w, color ? "\x1b[1m" : "");
  put(w, text);
  put(w, color ? "\x1b[0m" : "");
}

/* ---- pieces ---- */

static void put_count(writer *w, const cnn__progress_view *view, int32_t color) {
  char text[64], target[32];
  if (!view->target) {
    cnn__format(text, sizeof text, "%7lld/Unknown", (long long)view->current);
    put(w, text);
    return;
  }
  int32_t digits = cnn__format(target, sizeof target, "%lld", (long long)view->target);
  cnn__format(text, sizeof text, "%*lld/%s", (int)digits, (long long)view->current, target);
  put_bold(w, color, text);
}

/* Where no colour tells what is done from what is not, the shape does. */
static void put_bar(writer *w, const cnn__progress_view *view) {
  int32_t done = (int32_t)(BAR_COLUMNS * ((double)view->current / (double)view->target));
  done = done > BAR_COLUMNS ? BAR_COLUMNS : done;
  const char *full = view->ascii ? "#" : "\xe2\x94\x81";
  const char *rest = view->ascii ? "-" : view->color ? "\xe2\x94\x81" : "\xe2\x94\x80";
  put(w, view->color && done ? "\x1b[32m" : "");
  put_times(w, full, done);
  put(w, view->color && done ? "\x1b[0m" : "");
  put(w, view->color ? "\x1b[37m" : "");
  put_times(w, rest, BAR_COLUMNS - done);
  put(w, view->color ? "\x1b[0m" : "");
}

/* Seconds that the rest will take, cut to whole ones. */
static void format_left(char *text, size_t bytes, double seconds) {
  long long s = seconds < 1e15 ? (long long)seconds : 999999999999999;
  if (seconds > 3600)
    cnn__format(text, bytes, "%lld:%02lld:%02lld", s / 3600, s % 3600 / 60, s % 60);
  else if (seconds > 60)
    cnn__format(text, bytes, "%lld:%02lld", s / 60, s % 60);
  else
    cnn__format(text, bytes, "%llds", s);
}

static void put_per_step(writer *w, double seconds) {
  char text[64];
  if (seconds >= 1 || seconds == 0)
    cnn__format(text, sizeof text, " %.0fs/step", seconds);
  else if (seconds >= 1e-3)
    cnn__format(text, sizeof text, " %.0fms/step", seconds * 1e3);
  else
    cnn__format(text, sizeof text, " %.0fus/step", seconds * 1e6);
  put(w, text);
}

/* Keras looks at the size in a bar and at the value in a line, where negative figures so get an exponent. */
static void put_figures(writer *w, const cnn_logs *logs, int32_t by_size, int32_t most_columns) {
  char text[512];
  double value;
  for (int32_t i = 0; logs && i < cnn_logs_count(logs); i++) {
    const char *name = cnn_logs_name(logs, i);
    if (cnn_logs_value(logs, name, &value) < 0)
      return;
    if (isnan(value))
      value = (double)NAN; /* its sign would be written too */
    cnn__format(text, sizeof text, (by_size ? fabs(value) : value) > 1e-3 ? " - %s: %.4f" : " - %s: %.4e", name, value);
    if (w->columns + cnn__columns(text) <= most_columns)
      put(w, text);
  }
}

/* ---- the two forms ---- */

int32_t cnn__progress_bar(const cnn_sink *sink, const cnn__progress_view *view, const cnn_logs *logs) {
  writer w = {.sink = sink};
  char text[64];
  put_times(&w, "\b", view->previous);
  put(&w, "\r");
  w.columns = 0;
  put_count(&w, view, view->color);
  put(&w, " ");
  if (view->target) {
    put_bar(&w, view);
    put(&w, " ");
  }
  if (view->finished || !view->target)
    cnn__format(text, sizeof text, "%.0fs", view->elapsed);
  else
    format_left(text, sizeof text, view->per_step * (double)(view->target - view->current));
  put_bold(&w, view->color, text);
  put_per_step(&w, view->per_step);
  put_figures(&w, logs, 1, view->finished || !view->columns ? INT32_MAX : view->columns - 1);
  int32_t columns = w.columns;
  put_times(&w, " ", view->previous - columns);
  put(&w, view->finished ? "\n" : "");
  flush(&w);
  return columns;
}

void cnn__progress_line(const cnn_sink *sink, const cnn__progress_view *view, const cnn_logs *logs) {
  writer w = {.sink = sink};
  char text[64];
  put_count(&w, view, 0);
  cnn__format(text, sizeof text, " - %.0fs -", view->elapsed);
  put(&w, text);
  put_per_step(&w, view->per_step);
  put_figures(&w, logs, 0, INT32_MAX);
  put(&w, "\n");
  flush(&w);
}

/* ---- in the making ---- */

double cnn__seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

void cnn__bar_begin(cnn__bar *bar, const cnn_sink *sink, int32_t verbose, int32_t color, int64_t target) {
  int32_t terminal = sink && sink->is_terminal;
  *bar = (cnn__bar){.sink = sink, .form = !sink || !verbose ? 0 : verbose == 1 && terminal ? 1 : 2};
  bar->start = cnn__seconds();
  bar->view.target = target;
  bar->view.color = color ? color > 0 : terminal;
  bar->view.ascii = sink && sink->ascii;
  bar->view.columns = sink ? (sink->columns ? sink->columns : 80) : 0;
}

/* The first step is left out of the time a step takes: it pays for what later ones find ready. */
static void measure(cnn__bar *bar, int64_t current, double now) {
  cnn__progress_view *view = &bar->view;
  view->current = current;
  view->elapsed = now - bar->start;
  view->per_step = 0;
  if (current > 1 && bar->first > 0)
    view->per_step = (now - bar->first) / (double)(current - 1);
  else if (current > 0)
    view->per_step = view->elapsed / (double)current;
  if (current == 1)
    bar->first = now;
}

void cnn__bar_step(cnn__bar *bar, int64_t current, const cnn_logs *logs) {
  double now = cnn__seconds();
  measure(bar, current, now);
  if (bar->form != 1 || now - bar->drawn < INTERVAL)
    return;
  bar->view.previous = cnn__progress_bar(bar->sink, &bar->view, logs);
  bar->drawn = now;
  bar->open = 1;
}

void cnn__bar_end(cnn__bar *bar, int64_t current, const cnn_logs *logs) {
  measure(bar, current, cnn__seconds());
  bar->view.finished = 1;
  bar->view.target = bar->view.target ? bar->view.target : current;
  if (bar->form == 1)
    (void)cnn__progress_bar(bar->sink, &bar->view, logs);
  else if (bar->form == 2)
    cnn__progress_line(bar->sink, &bar->view, logs);
  bar->open = 0;
  bar->form = 0;
}

void cnn__bar_leave(cnn__bar *bar) {
  if (bar->open)
    bar->sink->write(bar->sink->user, "\n", 1);
  bar->open = 0;
  bar->form = 0;
}
