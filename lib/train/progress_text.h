/* progress_text: the line that tells how far a pass over data is, as Keras writes it. */
#ifndef CNN_TRAIN_PROGRESS_TEXT_H
#define CNN_TRAIN_PROGRESS_TEXT_H

#include "cnn/callback.h"

typedef struct cnn__progress_view {
  int64_t current, target;  /* batches done and in all; 0: not known, and no bar can be drawn */
  double elapsed, per_step; /* seconds */
  int32_t finished;
  int32_t color;            /* escape sequences for bold and green */
  int32_t ascii;            /* # and - instead of line-drawing characters */
  int32_t columns;          /* of the terminal: a bar that still runs leaves out figures that do not fit */
  int32_t previous;         /* columns that the bar before this one took, which are written over */
} cnn__progress_view;

/* The bar, from the start of the terminal's line; a finished one ends it. Returns the columns it takes. logs NULL:
 * no figures. */
int32_t cnn__progress_bar(const cnn_sink *sink, const cnn__progress_view *view, const cnn_logs *logs);

/* One line for a whole pass. */
void cnn__progress_line(const cnn_sink *sink, const cnn__progress_view *view, const cnn_logs *logs);

/* A bar or line in the making: knows when it began and when it was drawn last. */
typedef struct cnn__bar {
  const cnn_sink *sink;
  int32_t form; /* 0 nothing, 1 bar, 2 line */
  int32_t open; /* drawn, and its line not yet ended */
  double start, first, drawn; /* seconds: of the begin, of the end of the first step (0: not yet), of the last drawing */
  cnn__progress_view view;
} cnn__bar;

/* sink may be NULL. target 0: not known until the end. verbose as in fit; color 0 where the sink is a terminal, 1 always, -1 never. */
void cnn__bar_begin(cnn__bar *bar, const cnn_sink *sink, int32_t verbose, int32_t color, int64_t target);
/* `current` steps are done. Draws at most twenty times a second. */
void cnn__bar_step(cnn__bar *bar, int64_t current, const cnn_logs *logs);
void cnn__bar_end(cnn__bar *bar, int64_t current, const cnn_logs *logs);
/* The pass was given up: end the line that is open. */
void cnn__bar_leave(cnn__bar *bar);

/* Seconds of a clock that only goes forward. */
double cnn__seconds(void);

#endif
