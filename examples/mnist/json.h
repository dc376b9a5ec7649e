/* json: writing JSON text. NaN and infinities become the strings "nan", "inf", "-inf"; doubles are shortest round-trip. */
#ifndef MNIST_JSON_H
#define MNIST_JSON_H

#include <stdint.h>
#include <stdio.h>

typedef struct json_writer {
  FILE *stream;
  int depth;
  int first; /* nothing stands in the innermost object or array yet */
} json_writer;

/* key is NULL inside arrays and at the top. */
void json_open(json_writer *w, const char *key, char bracket); /* '{' or '[' */
void json_close(json_writer *w, char bracket);                 /* '}' or ']' */
void json_text(json_writer *w, const char *key, const char *value);
void json_whole(json_writer *w, const char *key, int64_t value);
void json_unsigned(json_writer *w, const char *key, uint64_t value);
void json_number(json_writer *w, const char *key, double value);
void json_flag(json_writer *w, const char *key, int value);
void json_null(json_writer *w, const char *key);
/* [1, 2, 3] on one line */
void json_row(json_writer *w, const char *key, const int64_t *values, int64_t count);

#endif
