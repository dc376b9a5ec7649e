/* table: text in boxes. A line is written piece by piece; a piece has one style and is cut where the line is full. */
#include "model/table.h"

#include <string.h>

void cnn__cell_add(cnn__cell *cell, const char *style, const char *format, ...) {
  va_list arguments;
  int32_t room = CNN__CELL_BYTES - cell->length, begin = cell->length;
  va_start(arguments, format);
  int32_t wanted = cnn__vformat(cell->text + begin, (size_t)room, format, arguments);
  va_end(arguments);
  cell->length += wanted < room ? wanted : room - 1;
  if (style && cell->span_count < CNN__CELL_SPANS) {
    cell->spans[cell->span_count].begin = begin;
    cell->spans[cell->span_count].end = cell->length;
    cell->spans[cell->span_count++].style = style;
  }
}

/* Columns are wanted at position * length, a blank at either side not counted; what they are too wide together is
 * taken off in equal parts. */
int32_t cnn__table_widths(cnn__table *table, int32_t length, const double *positions) {
  int32_t edge = 0, excess = 3 * table->columns + 1;
  for (int32_t i = 0; i < table->columns; i++) {
    int32_t wanted = (int32_t)(positions[i] * length) - edge;
    if (wanted < 4)
      return 1;
    edge += wanted;
    int32_t left = table->columns - i, cut = (2 * excess + left) / (2 * left);
    excess -= cut;
    table->width[i] = wanted + 2 - cut;
  }
  return 0;
}

/* ---- pieces of a line ---- */

/* Where the code point at `at` ends, in `length` bytes of text. */
static int32_t after_code_point(const char *text, int32_t at, int32_t length) {
  at++;
  while (at < length && ((unsigned char)text[at] & 0xc0) == 0x80)
    at++;
  return at;
}

static void put(cnn__table *table, const char *style, const char *text, int32_t length) {
  int32_t end = 0;
  while (end < length && table->left > 0) {
    end = after_code_point(text, end, length);
    table->left--;
  }
  if (!end)
    return;
  int32_t styled = style && table->color;
  if (styled)
    cnn__text_add(table->out, "\x1b[%sm", style);
  cnn__text_add_bytes(table->out, text, (size_t)end);
  if (styled)
    cnn__text_add(table->out, "\x1b[0m");
}

static void put_repeated(cnn__table *table, const char *text, int32_t times) {
  for (int32_t i = 0; i < times; i++)
    put(table, NULL, text, (int32_t)strlen(text));
}

static void end_line(cnn__table *table) {
  cnn__text_add(table->out, "\n");
  table->left = table->crop;
}

/* A rule: left corner, line, crossing, right corner. */
static void rule(cnn__table *table, const char *const part[4]) {
  static const char *const plain[4] = {"+", "-", "+", "+"};
  if (table->ascii)
    part = plain;
  for (int32_t i = 0; i < table->columns; i++) {
    put_repeated(table, part[i ? 2 : 0], 1);
    put_repeated(table, part[1], table->width[i]);
  }
  put_repeated(table, part[3], 1);
  end_line(table);
}

/* ---- the lines of a cell ---- */

/* Bytes [begin, end) of a cell's text, of which `columns` are shown, then an ellipsis where it was cut. */
typedef struct slice {
  int32_t begin, end, columns, cut;
} slice;

static int32_t columns_between(const cnn__cell *cell, int32_t begin, int32_t end) {
  int32_t columns = 0;
  for (int32_t i = begin; i < end; i = after_code_point(cell->text, i, end))
    columns++;
  return columns;
}

/* The next line from `begin` on: as many words as fit, at least one; *next is where the line after it starts. */
static slice take_line(const cnn__cell *cell, int32_t begin, int32_t width, int32_t *next) {
  const char *text = cell->text;
  int32_t at = begin, end = begin;
  for (;;) {
    int32_t word = at;
    while (word < cell->length && text[word] != ' ')
      word++;
    if (end > begin && columns_between(cell, begin, word) > width)
      break;
    end = at = word;
    while (at < cell->length && text[at] == ' ')
      at++;
    if (at >= cell->length)
      break;
  }
  *next = at;
  slice line = {begin, end, columns_between(cell, begin, end), 0};
  if (line.columns > width) {
    line.cut = 1;
    line.columns = width;
    line.end = begin;
    for (int32_t i = 1; i < width; i++)
      line.end = after_code_point(text, line.end, cell->length);
  }
  return line;
}

static const char *style_at(const cnn__cell *cell, int32_t at, int32_t *end) {
  for (int32_t i = 0; i < cell->span_count; i++) {
    if (at >= cell->spans[i].begin && at < cell->spans[i].end) {
      *end = cell->spans[i].end < *end ? cell->spans[i].end : *end;
      return cell->spans[i].style;
    }
    if (at < cell->spans[i].begin)
      *end = cell->spans[i].begin < *end ? cell->spans[i].begin : *end;
  }
  return NULL;
}

/* The text of a line with its styles, the ellipsis in the style of what it replaces. */
static void put_slice(cnn__table *table, const cnn__cell *cell, slice line) {
  const char *ellipsis = table->ascii ? "." : "\xe2\x80\xa6";
  char piece[CNN__CELL_BYTES + 4];
  int32_t total = line.end + (line.cut ? 1 : 0);
  for (int32_t at = line.begin, end; at < total; at = end) {
    end = total;
    const char *style = style_at(cell, at, &end);
    int32_t stop = end < line.end ? end : line.end, length = stop - at;
    memcpy(piece, cell->text + at, (size_t)length);
    if (end > line.end) {
      memcpy(piece + length, ellipsis, strlen(ellipsis));
      length += (int32_t)strlen(ellipsis);
    }
    put(table, style, piece, length);
  }
}

static void pads(const cnn__table *table, int32_t column, int32_t columns, int32_t *before, int32_t *after) {
  int32_t room = table->width[column] - 2 - columns;
  *before = table->align[column] == CNN__LEFT ? 0 : table->align[column] == CNN__RIGHT ? room : room / 2;
  *after = room - *before;
}

static void put_body(cnn__table *table, int32_t column, const cnn__cell *cell, slice line) {
  int32_t before, after;
  pads(table, column, line.columns, &before, &after);
  put_repeated(table, " ", 1 + before);
  put_slice(table, cell, line);
  put_repeated(table, " ", after + 1);
}

/* A heading is bold with its padding, in three pieces. */
static void put_heading(cnn__table *table, int32_t column, const cnn__cell *cell, slice line) {
  int32_t before, after;
  cnn__cell padded = {.length = 0};
  pads(table, column, line.columns, &before, &after);
  cnn__cell_add(&padded, NULL, "%*s%.*s%s%*s", (int)before, "", (int)(line.end - line.begin), cell->text + line.begin,
                !line.cut ? "" : table->ascii ? "." : "\xe2\x80\xa6", (int)after, "");
  put(table, "1", " ", 1);
  put(table, "1", padded.text, padded.length);
  put(table, "1", " ", 1);
}

static void put_blank(cnn__table *table, int32_t column, const char *style) {
  char blanks[CNN__CELL_BYTES];
  int32_t width = table->width[column] < CNN__CELL_BYTES ? table->width[column] : CNN__CELL_BYTES;
  memset(blanks, ' ', (size_t)width);
  put(table, style, blanks, width);
}

/* As many lines as the tallest cell needs. */
static void put_cells(cnn__table *table, const cnn__cell *cells, int32_t heading) {
  const char *bar = table->ascii ? "|" : heading ? "\xe2\x94\x83" : "\xe2\x94\x82";
  int32_t next[CNN__TABLE_COLUMNS] = {0}, more = 1;
  while (more) {
    more = 0;
    for (int32_t i = 0; i < table->columns; i++) {
      put_repeated(table, bar, 1);
      if (next[i] >= cells[i].length) {
        put_blank(table, i, heading ? "1" : NULL);
        continue;
      }
      slice line = take_line(&cells[i], next[i], table->width[i] - 2, &next[i]);
      (heading ? put_heading : put_body)(table, i, &cells[i], line);
      more |= next[i] < cells[i].length;
    }
    put_repeated(table, bar, 1);
    end_line(table);
  }
}

/* ---- the table ---- */

void cnn__table_head(cnn__table *table, const cnn__cell *cells) {
  static const char *const top[4] = {"\xe2\x94\x8f", "\xe2\x94\x81", "\xe2\x94\xb3", "\xe2\x94\x93"};
  static const char *const below[4] = {"\xe2\x94\xa1", "\xe2\x94\x81", "\xe2\x95\x87", "\xe2\x94\xa9"};
  table->left = table->crop;
  rule(table, top);
  put_cells(table, cells, 1);
  rule(table, below);
}

void cnn__table_row(cnn__table *table, const cnn__cell *cells, int32_t first) {
  static const char *const between[4] = {"\xe2\x94\x9c", "\xe2\x94\x80", "\xe2\x94\xbc", "\xe2\x94\xa4"};
  if (!first)
    rule(table, between);
  put_cells(table, cells, 0);
}

void cnn__table_end(cnn__table *table) {
  static const char *const bottom[4] = {"\xe2\x94\x94", "\xe2\x94\x80", "\xe2\x94\xb4", "\xe2\x94\x98"};
  rule(table, bottom);
}
