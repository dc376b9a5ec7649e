/* source_text: see source_text.h. */
#include "companion/export/source_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for `more` bytes and a 0. */
static int32_t reserve(cnn__source_text *to, size_t more) {
  size_t wanted = to->length + more + 1;
  if (to->failed)
    return 0;
  if (wanted <= to->capacity)
    return 1;
  size_t capacity = wanted < 2 * to->capacity ? 2 * to->capacity : wanted;
  char *data = realloc(to->data, capacity);
  if (!data) {
    to->failed = 1;
    return 0;
  }
  to->data = data;
  to->capacity = capacity;
  return 1;
}

static void append(cnn__source_text *to, const char *text, size_t length) {
  if (!reserve(to, length))
    return;
  memcpy(to->data + to->length, text, length);
  to->length += length;
  to->data[to->length] = 0;
}

static const char *stands_for(const cnn__source_text *to, char mark) {
  return mark == '@' ? to->name : mark == '^' ? to->upper : to->weight;
}

/* The format with its marks replaced: the lengths of names are known, so that it can be done beforehand. */
static char *spelled(const cnn__source_text *to, const char *format) {
  size_t marks = 0;
  for (const char *p = format; *p; p++)
    marks += *p == '@' || *p == '^' || *p == '$';
  char *out = malloc(strlen(format) + marks * CNN__SOURCE_NAME + 1), *at = out;
  for (const char *p = format; out && *p;) {
    size_t plain = strcspn(p, "@^$");
    memcpy(at, p, plain);
    at += plain;
    p += plain;
    if (*p) {
      const char *word = stands_for(to, *p++);
      memcpy(at, word, strlen(word));
      at += strlen(word);
    }
  }
  if (out)
    *at = 0;
  return out;
}

void cnn__source_put(cnn__source_text *to, const char *format, ...) {
  char *text = spelled(to, format);
  va_list arguments;
  va_start(arguments, format);
  if (text) {
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, text, again); /* negative where it has no memory, which it takes for many arguments */
    va_end(again);
    if (length < 0)
      to->failed = 1;
    else if (reserve(to, (size_t)length) && vsnprintf(to->data + to->length, (size_t)length + 1, text, arguments) != length)
      to->failed = 1;
    else if (!to->failed)
      to->length += (size_t)length;
  } else {
    to->failed = 1;
  }
  va_end(arguments);
  free(text);
}

void cnn__source_put_float(cnn__source_text *to, float value) {
  char text[32];
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  uint32_t fraction = (bits & 0x7fffffu) << 1; /* six hexadecimal digits */
  int exponent = (int)(bits >> 23 & 0xffu), normal = exponent != 0, digits = 6;
  while (digits && !(fraction & 0xfu)) {
    fraction >>= 4;
    digits--;
  }
  int length = snprintf(text, sizeof text, "%s0x%d", bits >> 31 ? "-" : "", normal);
  if (digits)
    length += snprintf(text + length, sizeof text - (size_t)length, ".%0*x", digits, (unsigned)fraction);
  int power = normal ? exponent - 127 : digits ? -126 : 0;
  length += snprintf(text + length, sizeof text - (size_t)length, "p%df", power);
  append(to, text, (size_t)length);
}

/* ---- identifiers: of the letters of ASCII, whatever the locale ---- */

static int32_t is_digit(char c) { return c >= '0' && c <= '9'; }

static int32_t belongs(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c); }

void cnn__source_identifier(char out[CNN__SOURCE_NAME], const char *text, const char *otherwise) {
  size_t length = 0;
  if (is_digit(*text))
    length = (size_t)snprintf(out, CNN__SOURCE_NAME, "%s_", otherwise);
  for (const char *p = text; *p && length < CNN__SOURCE_NAME - 1; p++)
    if (belongs(*p))
      out[length++] = *p;
    else if (length && out[length - 1] != '_')
      out[length++] = '_';
  while (length && out[length - 1] == '_')
    length--;
  out[length] = 0;
  if (!length)
    snprintf(out, CNN__SOURCE_NAME, "%s", otherwise);
}

const char *cnn__source_comment(const char *text, const char *identifier) {
  for (const char *p = text; *p; p++)
    if (!belongs(*p) && !strchr("_ .:+-", *p))
      return identifier;
  return text;
}
