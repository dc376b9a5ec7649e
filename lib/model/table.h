/* table: text in boxes, as Keras 3 lays its summary out (which it leaves to the rich library): cells wrapped at
 * blanks, words that are too long cut with an ellipsis, lines cut at the width of the terminal, colours on a terminal
 * only. */
#ifndef CNN_MODEL_TABLE_H
#define CNN_MODEL_TABLE_H

#include "core/text.h"

#define CNN__TABLE_COLUMNS 5
#define CNN__CELL_BYTES 1024
#define CNN__CELL_SPANS 64

/* A cell's text, and which bytes of it have a style ("1", "38;5;34": what stands in the escape sequence). */
typedef struct cnn__cell {
  char text[CNN__CELL_BYTES];
  int32_t length, span_count;
  struct {
    int32_t begin, end;
    const char *style;
  } spans[CNN__CELL_SPANS];
} cnn__cell;

enum { CNN__LEFT, CNN__RIGHT, CNN__CENTER };

typedef struct cnn__table {
  cnn__text *out;
  int32_t columns;
  int32_t width[CNN__TABLE_COLUMNS]; /* between the rules, with a blank at either side */
  int32_t align[CNN__TABLE_COLUMNS];
  int32_t crop;                      /* lines end here */
  int32_t color, ascii;
  int32_t left;                      /* columns left in the line in hand */
} cnn__table;

/* Add text to a cell; style NULL: plain. What does not fit is left out. */
void cnn__cell_add(cnn__cell *cell, const char *style, const char *format, ...) CNN__PRINTF(3, 4);

/* Widths of the columns of a table `length` wide whose inner edges stand at the fractions `positions`. Non-zero: too
 * narrow. */
int32_t cnn__table_widths(cnn__table *table, int32_t length, const double *positions);

void cnn__table_head(cnn__table *table, const cnn__cell *cells);
void cnn__table_row(cnn__table *table, const cnn__cell *cells, int32_t first); /* first: no rule above */
void cnn__table_end(cnn__table *table);

#endif
