/* json: reading JSON that came from a file, with limits on depth and size. */
#ifndef CNN_IO_JSON_H
#define CNN_IO_JSON_H

#include "core/text.h"

#include <jansson.h>

enum {
  CNN__JSON_DEPTH = 8,       /* brackets within brackets; ours need five */
  CNN__JSON_VALUES = 1 << 17 /* commas and opening brackets: bounds the memory that the parsed form takes */
};

/* Parse an object from `length` bytes. NULL with CNN_EFORMAT or CNN_ENOMEM recorded; `what` names the text
 * ("header"). Names must be unique, strings hold no NUL. The caller drops it with json_decref. */
json_t *cnn__json_parse(const char *bytes, size_t length, const char *what);

/* CNN_OK, or CNN_EFORMAT with the limit that the text breaks. What is wrong in other ways is left to the parser. */
cnn_status cnn__json_scan(const char *bytes, size_t length, const char *what);

/* Where two values first differ, as a sentence into `out`: "layers[2].attributes.rate is 0.5 there, 0.25 here" (a there, b
 * here). Returns 0, and writes nothing, where they are equal. */
int32_t cnn__json_difference(char *out, size_t bytes, const json_t *a, const json_t *b);

/* Append a text without control characters as a JSON string. */
void cnn__json_add_quoted(cnn__text *out, const char *text);

/* Append as compact text. */
cnn_status cnn__json_append(cnn__text *out, const json_t *root);

/* 1 to CNN__FILE_NAME_BYTES bytes of UTF-8 without control characters: fit to be a name in a file, and to be
 * printed. */
enum { CNN__FILE_NAME_BYTES = 320 };
int32_t cnn__name_is_fit(const char *name);

/* Shortened and cleaned for an error text. */
enum { CNN__SHOWN_BYTES = 96 };
const char *cnn__shown(char buffer[CNN__SHOWN_BYTES], const char *name);

#endif
