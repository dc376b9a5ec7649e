/* table: cells are kept as text until all are known. */
#include "table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void out_of_memory(void) {
  fputs("cnn-inspect: out of memory\n", stderr);
  exit(1);
}

void table_add(table *t, const char *format, ...) {
  char *cell = NULL;
  size_t bytes = 0;
  va_list arguments;
  FILE *stream = open_memstream(&cell, &bytes);
  char **cells = realloc(t->cells, (t->count + 1) * sizeof *cells);
  if (!stream || !cells)
    out_of_memory();
  va_start(arguments, format);
  vfprintf(stream, format, arguments);
  va_end(arguments);
  if (fclose(stream) != 0)
    out_of_memory();
  t->cells = cells;
  t->cells[t->count++] = cell;
}

/* Columns that UTF-8 takes, one each character. */
static int width(const char *text) {
  int count = 0;
  for (; *text; text++)
    count += (*text & 0xc0) != 0x80;
  return count;
}

static void print_cell(FILE *stream, const char *text, int right, int wide, int last) {
  int gap = wide - width(text);
  if (last && !right && !*text)
    return;
  fprintf(stream, "  %*s%s%*s", right ? gap : 0, "", text, right || last ? 0 : gap, "");
}

void table_print(table *t, FILE *stream) {
  int widths[MOST_COLUMNS] = {0}, columns = 0;
  for (; columns < MOST_COLUMNS && t->heads[columns]; columns++)
    widths[columns] = width(t->heads[columns] + (t->heads[columns][0] == '>'));
  for (size_t i = 0; i < t->count; i++) {
    int *wide = &widths[i % (size_t)columns], own = width(t->cells[i]);
    *wide = *wide > own ? *wide : own;
  }
  for (int c = 0; c < columns; c++) {
    int right = t->heads[c][0] == '>';
    print_cell(stream, t->heads[c] + right, right, widths[c], c == columns - 1);
  }
  putc('\n', stream);
  for (size_t i = 0; i < t->count; i++) {
    size_t c = i % (size_t)columns;
    print_cell(stream, t->cells[i], t->heads[c][0] == '>', widths[c], (int)c == columns - 1);
    if ((int)c == columns - 1)
      putc('\n', stream);
    free(t->cells[i]);
  }
  free(t->cells);
  t->cells = NULL;
  t->count = 0;
}
