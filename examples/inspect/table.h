/* table: rows of text in columns as wide as their longest cell. */
#ifndef INSPECT_TABLE_H
#define INSPECT_TABLE_H

#include <stdio.h>

enum { MOST_COLUMNS = 10 };

typedef struct table {
  const char *heads[MOST_COLUMNS]; /* ended by NULL; a column whose head begins with '>' is flush right, without the '>' */
  char **cells;                    /* row by row */
  size_t count;
} table;

/* The next cell, in the order of the columns; printf. */
void table_add(table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Two spaces before each row, then forget the rows. */
void table_print(table *t, FILE *stream);

#endif
