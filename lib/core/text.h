/* text: numbers and names as text, whatever the process's locale. */
#ifndef CNN_CORE_TEXT_H
#define CNN_CORE_TEXT_H

#include "cnn/context.h"
#include "core/status.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* snprintf and vsnprintf in the C locale. Return the length that was wanted. */
int32_t cnn__format(char *buffer, size_t bytes, const char *format, ...) CNN__PRINTF(3, 4);
int32_t cnn__vformat(char *buffer, size_t bytes, const char *format, va_list arguments);

/* Shortest text that reads back as the same double, as Python's repr writes it: "0.1", "1e-07", "1.0", "nan", "inf".
 * buffer of at least 32 bytes. */
const char *cnn__repr(char buffer[32], double value);

/* "422,026" */
const char *cnn__thousands(char buffer[32], int64_t value);

/* Keras's readable memory size: "1.61 MB", "768.00 B" (1024-based, two decimals; B, KB, MB, GB, TB). */
const char *cnn__memory_size(char buffer[32], int64_t bytes);

/* Read a double or int64 from the whole of text, C locale. Non-zero: not a number or out of range. */
int32_t cnn__read_double(const char *text, double *out);
int32_t cnn__read_int(const char *text, int64_t *out);

/* The float nearest to a double, however the caller rounds. */
float cnn__nearest_float(double value);

/* Copy a name that came from outside with control characters (and bytes that are not UTF-8) replaced by '?'; always ends with 0. */
void cnn__clean(char *out, size_t bytes, const char *text);

/* Non-zero: all of it is UTF-8. */
int32_t cnn__is_utf8(const char *text);

/* What an errno means, in English whatever the locale; static text, any thread. */
const char *cnn__errno_text(int32_t number);

/* Columns that UTF-8 text takes (one each code point; escape sequences \x1b[...m take none). */
int32_t cnn__columns(const char *text);

/* Text that grows. An error sticks in status: what is added after it is dropped. */
typedef struct cnn__text {
  cnn_context *context;
  char *data; /* ends with 0 once anything was added; NULL before */
  size_t length, capacity;
  cnn_status status;
} cnn__text;
void cnn__text_add(cnn__text *text, const char *format, ...) CNN__PRINTF(2, 3);
void cnn__text_add_bytes(cnn__text *text, const char *bytes, size_t length);
void cnn__text_free(cnn__text *text);

#endif
