/* json_reader: JSON text into jansson's values, by a parser of our own: jansson's takes a text for which it has no memory as a shorter one, writes
 * beyond it, or ends the program. It stands on jansson and libc alone, so that a companion library compiles it for itself. */
#ifndef CNN_IO_JSON_READER_H
#define CNN_IO_JSON_READER_H

#include <jansson.h>
#include <stdint.h>

typedef struct cnn__json_fault {
  const char *what; /* what is wrong with the text; NULL: it is memory that there is not */
  size_t at;        /* the byte */
} cnn__json_fault;

/* Bounds of a text that is not trusted, looked at before it is read, so that neither the reader's recursion nor the memory of its result is driven
 * beyond them: 0, or as which bound it does not keep; *at: the byte at which it is too deep. */
enum { CNN__JSON_BOUNDED, CNN__JSON_DEEP, CNN__JSON_MANY };
int32_t cnn__json_bounds(const char *bytes, size_t length, int64_t depth, int64_t values, size_t *at);

/* Any value from all of these bytes (RFC 8259): UTF-8, whole numbers of 64 bits, finite others, names that are unique in their object, no NUL in
 * strings. The caller bounds the depth, by which this recurs, and drops what is returned with json_decref. NULL: *fault says why. Threads: any. */
json_t *cnn__json_read(const char *bytes, size_t length, cnn__json_fault *fault);

/* The number that all of a text is, as JSON has it. Non-zero: it is none, and *out as it was. Nothing is allocated. */
int32_t cnn__json_number(double *out, const char *text);

#endif
