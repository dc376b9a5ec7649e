/* json: two spaces a level, one member a line. */
#include "json.h"

#include <cnn/cnn.h>
#include <math.h>
#include <string.h>

static void quote(FILE *stream, const char *text) {
  putc('"', stream);
  for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
    if (*c == '"' || *c == '\\')
      fprintf(stream, "\\%c", *c);
    else if (*c < 0x20)
      fprintf(stream, "\\u%04x", *c);
    else
      putc(*c, stream);
  }
  putc('"', stream);
}

static void member(json_writer *w, const char *key) {
  if (w->depth > 0) {
    fputs(w->first ? "\n" : ",\n", w->stream);
    fprintf(w->stream, "%*s", 2 * w->depth, "");
  }
  if (key) {
    quote(w->stream, key);
    fputs(": ", w->stream);
  }
  w->first = 0;
}

void json_open(json_writer *w, const char *key, char bracket) {
  member(w, key);
  putc(bracket, w->stream);
  w->depth++;
  w->first = 1;
}

void json_close(json_writer *w, char bracket) {
  w->depth--;
  if (!w->first)
    fprintf(w->stream, "\n%*s", 2 * w->depth, "");
  putc(bracket, w->stream);
  w->first = 0;
  if (w->depth == 0)
    putc('\n', w->stream);
}

void json_text(json_writer *w, const char *key, const char *value) {
  member(w, key);
  quote(w->stream, value);
}

void json_whole(json_writer *w, const char *key, int64_t value) {
  member(w, key);
  fprintf(w->stream, "%lld", (long long)value);
}

void json_unsigned(json_writer *w, const char *key, uint64_t value) {
  member(w, key);
  fprintf(w->stream, "%llu", (unsigned long long)value);
}

void json_number(json_writer *w, const char *key, double value) {
  char buffer[32];
  const char *text = cnn_format_shortest(buffer, value);
  member(w, key);
  if (isfinite(value))
    fputs(text, w->stream);
  else
    quote(w->stream, text);
}

void json_null(json_writer *w, const char *key) {
  member(w, key);
  fputs("null", w->stream);
}

void json_flag(json_writer *w, const char *key, int value) {
  member(w, key);
  fputs(value ? "true" : "false", w->stream);
}

void json_row(json_writer *w, const char *key, const int64_t *values, int64_t count) {
  member(w, key);
  for (int64_t i = 0; i < count; i++)
    fprintf(w->stream, "%s%lld", i ? ", " : "[", (long long)values[i]);
  fputs(count ? "]" : "[]", w->stream);
}
