/* json_reader: JSON text into jansson's values. Every allocation is asked for whole and looked at. */
#include "io/json_reader.h"

#include <float.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS = 400, EXPONENT = 100000 }; /* that a number may have */

typedef struct reader {
  const char *at, *end;
  const char *what; /* the first fault */
} reader;

static void *wrong(reader *r, const char *what) {
  r->what = what;
  return NULL;
}

/* The next byte that is no blank; 0: there is none, or it is one that JSON has nowhere. */
static char next(reader *r) {
  while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
    r->at++;
  return (char)(r->at < r->end ? *r->at : 0);
}

/* ---- strings ---- */

/* Bytes of the UTF-8 character here; 0: it is none (cut short, overlong, a surrogate). */
static size_t character(const unsigned char *at, size_t left) {
  static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
  const size_t length = at[0] < 0x80 ? 1 : at[0] < 0xc0 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf8 ? 4 : 0;
  if (length <= 1 || length > left)
    return length > left ? 0 : length;
  uint32_t code = at[0] & (0x7fu >> length);
  for (size_t i = 1; i < length; i++) {
    if ((at[i] & 0xc0) != 0x80)
      return 0;
    code = code << 6 | (at[i] & 0x3fu);
  }
  return code < least[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : length;
}

/* The four digits behind "\u"; 0: they are not there, or mean a NUL. */
static uint32_t four(const char *at, const char *end) {
  uint32_t code = 0;
  for (int32_t i = 0; i < 4; i++, at++) {
    if (at >= end)
      return 0;
    const char c = *at;
    const int32_t digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0)
      return 0;
    code = code << 4 | (uint32_t)digit;
  }
  return code;
}

static char *put(char *to, uint32_t code) {
  const int32_t more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  static const unsigned char heads[] = {0, 0xc0, 0xe0, 0xf0};
  *to++ = (char)(heads[more] | code >> 6 * more);
  for (int32_t i = more; i-- > 0;)
    *to++ = (char)(0x80 | (code >> 6 * i & 0x3f));
  return to;
}

/* What stands behind a backslash, which r->at is at. NULL: nothing that JSON has. */
static char *escape(reader *r, char *to) {
  static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
  const char name = (char)(r->at + 1 < r->end ? r->at[1] : 0);
  const char *found = name ? strchr(names, name) : NULL;
  if (found) {
    r->at += 2;
    *to = values[found - names];
    return to + 1;
  }
  uint32_t code = name == 'u' ? four(r->at + 2, r->end) : 0;
  int32_t bytes = 6;
  if (code >= 0xd800 && code < 0xdc00) {
    const char *behind = r->at + bytes;
    const uint32_t second = r->end - behind >= bytes && behind[0] == '\\' && behind[1] == 'u' ? four(behind + 2, r->end) : 0;
    code = second >= 0xdc00 && second < 0xe000 ? 0x10000 + ((code - 0xd800) << 10 | (second - 0xdc00)) : 0;
    bytes *= 2;
  }
  if (code == 0 || (code >= 0xdc00 && code < 0xe000))
    return NULL;
  r->at += bytes;
  return put(to, code);
}

/* The string whose first quote r->at is at, ended by 0, to be freed. NULL: as the reader says. */
static char *string(reader *r, size_t *length) {
  const char *first = r->at + 1, *last = first;
  while (last < r->end && *last != '"')
    last += *last == '\\' && last + 1 < r->end ? 2 : 1;
  char *made = malloc((size_t)(last - first) + 1), *to = made;
  if (!made)
    return NULL;
  for (r->at = first; r->at < last && !r->what;) {
    const size_t bytes = character((const unsigned char *)r->at, (size_t)(last - r->at));
    if ((unsigned char)*r->at < 0x20 || bytes == 0) {
      r->what = bytes ? "a control character in a string" : "a string that is not UTF-8";
    } else if (*r->at == '\\') {
      char *behind = escape(r, to);
      if (behind)
        to = behind;
      else
        r->what = "an escape in a string that is none, or a NUL";
    } else {
      memcpy(to, r->at, bytes);
      to += bytes;
      r->at += bytes;
    }
  }
  if (!r->what && last >= r->end)
    r->what = "the end of the text in a string";
  if (r->what) {
    free(made);
    return NULL;
  }
  r->at = last + 1;
  *to = 0;
  *length = (size_t)(to - made);
  return made;
}

static json_t *text(reader *r) {
  size_t length;
  char *made = string(r, &length);
  json_t *value = made ? json_stringn_nocheck(made, length) : NULL;
  free(made);
  return value;
}

/* ---- numbers ---- */

static const char *digits(const char *at, const char *end) {
  while (at < end && *at >= '0' && *at <= '9')
    at++;
  return at;
}

/* The value, whole or not. Non-zero: r->what says why there is none. */
typedef struct figure {
  int32_t is_whole;
  int64_t whole;
  double real;
} figure;

static int32_t whole(reader *r, figure *out, const char *first, const char *end) {
  const int32_t negative = *first == '-';
  const uint64_t most = (uint64_t)INT64_MAX + (uint64_t)negative;
  uint64_t value = 0;
  for (first += negative; first < end; first++) {
    const uint64_t digit = (uint64_t)(*first - '0');
    if (value > (most - digit) / 10)
      return !wrong(r, "a whole number that 64 bits do not hold");
    value = value * 10 + digit;
  }
  *out = (figure){1, negative ? (int64_t)(0 - value) : (int64_t)value, 0};
  return 0;
}

/* As digits and a power of ten, which mean the same whatever the program's locale is: 0.25 is 025e-2. */
static int32_t real(reader *r, figure *out, const char *first, const char *end) {
  char plain[DIGITS + 16];
  size_t used = 0;
  int64_t power = 0, behind = 0;
  for (; first < end && *first != 'e' && *first != 'E'; first++) {
    behind += behind ? 1 : *first == '.';
    if (*first != '.' && used < DIGITS)
      plain[used++] = *first;
    else if (*first != '.')
      return !wrong(r, "a number of more digits than are read");
  }
  if (first < end) {
    const int32_t negative = first[1] == '-';
    for (first += 1 + (first[1] == '-' || first[1] == '+'); first < end; first++)
      power = power < EXPONENT ? power * 10 + (*first - '0') : power;
    power = negative ? -power : power;
  }
  power -= behind ? behind - 1 : 0;
  plain[used++] = 'e';
  plain[used++] = power < 0 ? '-' : '+';
  for (int64_t left = power < 0 ? -power : power, unit = 10 * EXPONENT; unit; unit /= 10)
    plain[used++] = (char)('0' + left / unit % 10);
  plain[used] = 0;
  *out = (figure){0, 0, strtod(plain, NULL)};
  return out->real >= -DBL_MAX && out->real <= DBL_MAX ? 0 : !wrong(r, "a number that is too large");
}

static int32_t read_figure(reader *r, figure *out) {
  const char *first = r->at, *at = first + (first < r->end && *first == '-'), *end = digits(at, r->end);
  int32_t is_whole = 1, good = end > at && (*at != '0' || end == at + 1);
  if (good && end < r->end && *end == '.') {
    at = end + 1;
    end = digits(at, r->end);
    is_whole = 0;
    good = end > at;
  }
  if (good && end < r->end && (*end == 'e' || *end == 'E')) {
    at = end + 1;
    at += at < r->end && (*at == '-' || *at == '+');
    end = digits(at, r->end);
    is_whole = 0;
    good = end > at;
  }
  if (!good)
    return !wrong(r, "what is no value");
  const int32_t bad = is_whole ? whole(r, out, first, end) : real(r, out, first, end);
  r->at = bad ? first : end;
  return bad;
}

static json_t *number(reader *r) {
  figure value;
  if (read_figure(r, &value))
    return NULL;
  return value.is_whole ? json_integer(value.whole) : json_real(value.real);
}

int32_t cnn__json_number(double *out, const char *text) {
  reader r = {text, text + strlen(text), NULL};
  figure value;
  if (read_figure(&r, &value) || r.at < r.end)
    return 1;
  *out = value.is_whole ? (double)value.whole : value.real;
  return 0;
}

/* ---- values ---- */

int32_t cnn__json_bounds(const char *bytes, size_t length, int64_t depth, int64_t values, size_t *at) {
  int32_t in_string = 0;
  for (size_t i = 0; i < length; i++) {
    const char c = bytes[i];
    *at = i;
    if (in_string) {
      i += c == '\\';
      in_string = c != '"';
      continue;
    }
    in_string = c == '"';
    depth -= (c == '{' || c == '[') - (c == '}' || c == ']');
    values -= c == '{' || c == '[' || c == ',';
    if (depth < 0)
      return CNN__JSON_DEEP;
    if (values < 0)
      return CNN__JSON_MANY;
  }
  return CNN__JSON_BOUNDED;
}

static json_t *value(reader *r);

static json_t *word(reader *r) {
  static const char *const words[] = {"true", "false", "null"};
  const size_t left = (size_t)(r->end - r->at);
  for (int32_t i = 0; i < 3; i++) {
    const size_t length = strlen(words[i]);
    if (left >= length && memcmp(r->at, words[i], length) == 0) {
      r->at += length;
      return i == 2 ? json_null() : json_boolean(i == 0);
    }
  }
  return wrong(r, "what is no value");
}

static int32_t member(reader *r, json_t *object) {
  size_t length;
  if (next(r) != '"')
    return wrong(r, "no name of a member where one should be") != NULL;
  const char *here = r->at;
  char *key = string(r, &length);
  json_t *made = NULL;
  if (key && json_object_get(object, key)) {
    r->what = "duplicate object key";
    r->at = here;
  } else if (key && next(r) != ':') {
    r->what = "no ':' behind a name";
  } else if (key) {
    r->at++;
    made = value(r);
  }
  const int32_t done = made && json_object_set_new_nocheck(object, key, made) == 0;
  free(key);
  return done;
}

static int32_t item(reader *r, json_t *array) {
  json_t *made = value(r);
  return made && json_array_append_new(array, made) == 0;
}

/* An object or an array, whose bracket r->at is at. made: empty; it is given away. */
static json_t *several(reader *r, json_t *made, int32_t (*one)(reader *, json_t *), char close) {
  int32_t good = made != NULL;
  r->at++;
  if (good && next(r) == close) {
    r->at++;
    return made;
  }
  while (good) {
    good = one(r, made);
    const char behind = (char)(good ? next(r) : 0);
    r->at += behind == close || behind == ',';
    if (behind == close)
      return made;
    if (good && behind != ',')
      good = wrong(r, "no ',' and no closing bracket where one should be") != NULL;
  }
  json_decref(made);
  return NULL;
}

static json_t *value(reader *r) {
  const char first = next(r);
  if (first == '{')
    return several(r, json_object(), member, '}');
  if (first == '[')
    return several(r, json_array(), item, ']');
  return first == '"' ? text(r) : first == '-' || (first >= '0' && first <= '9') ? number(r) : word(r);
}

json_t *cnn__json_read(const char *bytes, size_t length, cnn__json_fault *fault) {
  reader r = {bytes, bytes + length, NULL};
  json_t *made = value(&r);
  if (made && (next(&r) || r.at < r.end)) {
    json_decref(made);
    made = wrong(&r, "more text behind the value");
  }
  *fault = (cnn__json_fault){r.what, (size_t)(r.at - bytes)};
  return made;
}
