/* number: numbers to text and back, as Python and Keras write them. */
#include "core/fp.h"
#include "core/locale.h"
#include "core/text.h"

#include <errno.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 400 /* of a text that is read as a number */

static int32_t is_digit(char c) { return c >= '0' && c <= '9'; }

static const char *skip_digits(const char *text) {
  while (is_digit(*text))
    text++;
  return text;
}

static const char *skip_sign(const char *text) { return text + (*text == '-' || *text == '+'); }

/* Whether text is a decimal number as C writes it: no blanks, no hexadecimal, at least one digit. */
static int32_t is_decimal(const char *text) {
  text = skip_sign(text);
  const char *end = skip_digits(text);
  ptrdiff_t digits = end - text;
  if (*end == '.') {
    text = end + 1;
    end = skip_digits(text);
    digits += end - text;
  }
  if (digits && (*end == 'e' || *end == 'E')) {
    text = skip_sign(end + 1);
    end = skip_digits(text);
    digits = end - text;
  }
  return digits > 0 && *end == 0;
}

/* strtod of a decimal number. Without a C locale the program's decimal mark takes the point's place. */
static double read_decimal(const char *text) {
  char marked[LONGEST + 33];
  cnn__fp environment = cnn__fp_enter();
  cnn__locale saved = cnn__locale_enter();
  if (!saved.entered) {
    const char *mark = cnn__locale_mark();
    size_t before = strcspn(text, "."), length = strlen(mark);
    if (text[before] && length <= 32) {
      memcpy(marked, text, before);
      memcpy(marked + before, mark, length);
      memcpy(marked + before + length, text + before + 1, strlen(text + before));
      text = marked;
    }
  }
  double value = strtod(text, NULL);
  cnn__locale_leave(saved);
  cnn__fp_leave(environment);
  return value;
}

/* Bits that say infinite or NaN, read without arithmetic: -ffast-math and traps of the program do not matter. */
static uint64_t bits_of(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}
#define EXPONENT UINT64_C(0x7ff0000000000000)
#define FRACTION UINT64_C(0x000fffffffffffff)

int32_t cnn__read_double(const char *text, double *out) {
  static const struct {
    const char *text;
    uint64_t bits;
  } special[] = {{"nan", EXPONENT | UINT64_C(0x0008000000000000)}, {"inf", EXPONENT}, {"-inf", EXPONENT | UINT64_C(1) << 63}};
  for (size_t i = 0; i < sizeof special / sizeof special[0]; i++)
    if (strcmp(text, special[i].text) == 0) {
      memcpy(out, &special[i].bits, sizeof *out);
      return 0;
    }
  if (!is_decimal(text) || strlen(text) > LONGEST)
    return 1;
  double value = read_decimal(text);
  if ((bits_of(value) & EXPONENT) == EXPONENT)
    return 1;
  *out = value;
  return 0;
}

/* The volatile ones keep the conversion between the two calls. */
float cnn__nearest_float(double value) {
  volatile double wide = value;
  cnn__fp saved = cnn__fp_enter();
  volatile float narrow = (float)wide;
  cnn__fp_leave(saved);
  return narrow;
}

int32_t cnn__read_int(const char *text, int64_t *out) {
  const char *digits = skip_sign(text), *end = skip_digits(digits);
  if (end == digits || *end)
    return 1;
  uint64_t limit = *text == '-' ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX, value = 0;
  for (; *digits; digits++) {
    uint64_t digit = (uint64_t)(*digits - '0');
    if (value > (limit - digit) / 10)
      return 1;
    value = value * 10 + digit;
  }
  *out = *text == '-' ? (int64_t)(0 - value) : (int64_t)value;
  return 0;
}

/* Digits and exponent of a number written as d.ddde+dd. */
typedef struct decimal {
  char digits[20];
  int32_t count, exponent, negative;
} decimal;

static decimal split(const char *scientific) {
  decimal d = {.negative = *scientific == '-'};
  const char *at = skip_sign(scientific);
  for (; *at && *at != 'e'; at++)
    if (is_digit(*at))
      d.digits[d.count++] = *at;
  d.digits[d.count] = 0;
  if (*at == 'e')
    d.exponent = (int32_t)strtol(at + 1, NULL, 10);
  return d;
}

/* The text with its last digit one higher, as a number of the same count of digits. Not called for 9...9. */
static void step_up(char *scientific) {
  char *at = strchr(scientific, 'e');
  for (at--; *at == '9' || *at == '.'; at--)
    if (*at == '9')
      *at = '0';
  ++*at;
}

/* The fewest digits that read back as the same value, and of those the nearest. Below a power of two the doubles lie
 * twice as close, so that there the nearest text of some length may miss where the next higher one hits. */
static decimal shortest(double value) {
  char text[40];
  for (int32_t precision = 0;; precision++) {
    cnn__format(text, sizeof text, "%.*e", (int)precision, value);
    if (precision >= DBL_DECIMAL_DIG - 1 || bits_of(read_decimal(text)) == bits_of(value))
      break;
    if (bits_of(value) & FRACTION)
      continue;
    size_t nines = strspn(skip_sign(text), "9.");
    if (skip_sign(text)[nines] == 'e')
      continue;
    step_up(text);
    if (bits_of(read_decimal(text)) == bits_of(value))
      break;
  }
  return split(text);
}

/* Digits with the point after the first `before` ones, zeros filled in on either side. */
static void write_plain(char *out, const decimal *d) {
  size_t used = 0;
  int32_t before = d->exponent + 1;
  if (before <= 0)
    out[used++] = '0';
  for (int32_t i = 0; i < before; i++)
    out[used++] = i < d->count ? d->digits[i] : '0';
  out[used++] = '.';
  for (int32_t i = before; i < 0; i++)
    out[used++] = '0';
  for (int32_t i = before > 0 ? before : 0; i < d->count; i++)
    out[used++] = d->digits[i];
  if (before >= d->count)
    out[used++] = '0';
  out[used] = 0;
}

const char *cnn__repr(char buffer[32], double value) {
  uint64_t bits = bits_of(value);
  if ((bits & EXPONENT) == EXPONENT) {
    strcpy(buffer, bits & FRACTION ? "nan" : bits >> 63 ? "-inf" : "inf");
    return buffer;
  }
  decimal d = shortest(value);
  char *out = buffer;
  if (d.negative)
    *out++ = '-';
  if (d.exponent >= -4 && d.exponent < 16)
    write_plain(out, &d);
  else
    cnn__format(out, 31, "%c%s%se%+03d", d.digits[0], d.count > 1 ? "." : "", d.digits + 1, (int)d.exponent);
  return buffer;
}

const char *cnn_format_shortest(char *buffer, double value) {
  return buffer ? cnn__repr(buffer, value) : "";
}

const char *cnn__thousands(char buffer[32], int64_t value) {
  char digits[24];
  int32_t count = cnn__format(digits, sizeof digits, "%lld", (long long)value);
  int32_t first = digits[0] == '-';
  size_t used = 0;
  for (int32_t i = 0; i < count; i++) {
    if (i > first && (count - i) % 3 == 0)
      buffer[used++] = ',';
    buffer[used++] = digits[i];
  }
  buffer[used] = 0;
  return buffer;
}

const char *cnn__memory_size(char buffer[32], int64_t bytes) {
  static const char *const units[] = {"B", "KB", "MB", "GB", "TB"};
  size_t unit = 0;
  double size = (double)bytes;
  while (size >= 1024.0 && unit + 1 < sizeof units / sizeof units[0]) {
    size /= 1024.0;
    unit++;
  }
  cnn__format(buffer, 32, "%.2f %s", size, units[unit]);
  return buffer;
}
