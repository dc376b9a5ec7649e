/* screen: where the program's text goes. Everything said reaches the terminal or pipe (unless quiet) and, without
 * colours, the transcript that becomes report.txt. */
#ifndef MNIST_SCREEN_H
#define MNIST_SCREEN_H

#include <cnn/cnn.h>
#include <stdio.h>

typedef enum { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER } color_choice;

typedef struct screen {
  FILE *stream;     /* stdout, or stderr where stdout is kept for JSON */
  FILE *transcript; /* in memory; transcript_text after screen_close */
  char *transcript_text;
  size_t transcript_length;
  int quiet;
  int color;        /* escape sequences may be written */
  int utf8;         /* the locale shows UTF-8; else ASCII */
  int is_terminal;
  int columns;
} screen;

/* Look at the stream and the environment (NO_COLOR, TERM, the locale's codeset). 0, or -1 where memory ran out. */
int screen_open(screen *s, FILE *stream, color_choice color, int quiet);
void screen_close(screen *s); /* frees the transcript too */

/* printf to both. The program leaves LC_NUMERIC alone, so numbers have points. */
void say(screen *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A section's heading: bold where colours are on, with a rule under it. */
void say_heading(screen *s, const char *text);

/* Colour the stream's text until color_end; nothing is written where colours are off. SGR parameters: "1", "32" ... */
void color_begin(screen *s, const char *sgr);
void color_end(screen *s);

/* The sink for libcnn's text: progress and messages go to the stream alone ... */
cnn_sink screen_sink(screen *s);
/* ... summary, report and matrix to the transcript too. */
cnn_sink screen_copying_sink(screen *s);

#endif
