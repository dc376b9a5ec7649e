/* file_name: names of files with figures in them, "model-{epoch:02d}-{val_loss:.4f}", read as Python's str.format
 * reads them. */
#include "train/file_name.h"

#include "train/builtin.h"

#include <math.h>
#include <string.h>

#define WIDEST 99

typedef struct field {
  char name[64];
  int32_t zero, width, precision; /* precision -1: none given */
  char type;                      /* d, e, f, g; 0: none given */
} field;

static int32_t is_digit(char c) { return c >= '0' && c <= '9'; }

/* A number of at most WIDEST; -1 where it is larger. */
static int32_t read_number(const char **at) {
  int32_t value = 0;
  while (is_digit(**at)) {
    value = value * 10 + (*(*at)++ - '0');
    if (value > WIDEST)
      return -1;
  }
  return value;
}

/* What stands after the colon, up to the closing brace. Non-zero: cannot be read. */
static int32_t read_format(const char **at, field *f) {
  if (**at == '0') {
    f->zero = 1;
    ++*at;
  }
  f->width = read_number(at);
  if (**at == '.') {
    ++*at;
    if (!is_digit(**at))
      return 1;
    f->precision = read_number(at);
    if (f->precision < 0)
      return 1;
  }
  if (**at && strchr("defg", **at))
    f->type = *(*at)++;
  return f->width < 0 || **at != '}' || (f->precision >= 0 && (!f->type || f->type == 'd'));
}

/* *at stands behind the opening brace, then behind the closing one. */
static cnn_status read_field(const char **at, const char *path, field *f) {
  size_t length = strcspn(*at, ":{}");
  *f = (field){.precision = -1};
  if (!length || length >= sizeof f->name || !(*at)[length] || (*at)[length] == '{')
    return cnn__fail(CNN_EINVAL, "file name '%s': '{' that no name and '}' follow", path);
  memcpy(f->name, *at, length);
  *at += length;
  if (**at == ':') {
    ++*at;
    if (read_format(at, f))
      return cnn__fail(CNN_EINVAL, "file name '%s': format of {%s} cannot be read; it is 0, width, .precision and d, e, f or g",
                       path, f->name);
  }
  ++*at;
  return CNN_OK;
}

/* ---- values ---- */

static int32_t write_integer(char *out, size_t bytes, const field *f, int64_t value) {
  return cnn_format(out, bytes, f->zero ? "%0*lld" : "%*lld", (int)f->width, (long long)value);
}

static int32_t write_real(char *out, size_t bytes, const field *f, double value) {
  char text[32];
  int precision = f->precision < 0 ? 6 : (int)f->precision, width = (int)f->width;
  if (isnan(value))
    value = (double)NAN; /* its sign would be written too */
  switch (f->type) {
  case 'e': return cnn_format(out, bytes, f->zero ? "%0*.*e" : "%*.*e", width, precision, value);
  case 'f': return cnn_format(out, bytes, f->zero ? "%0*.*f" : "%*.*f", width, precision, value);
  case 'g': return cnn_format(out, bytes, f->zero ? "%0*.*g" : "%*.*g", width, precision, value);
  default: return cnn_format(out, bytes, "%s", cnn_format_shortest(text, value));
  }
}

/* What fields may name. */
typedef struct values {
  int64_t epoch, batch; /* batch 0: there is none */
  const cnn_logs *logs;
} values;

/* Non-zero: the field is a count, and not a figure. */
static int32_t counts(const field *f, const values *v, int64_t *count) {
  if (!strcmp(f->name, "epoch"))
    *count = v->epoch;
  else if (!strcmp(f->name, "batch") && v->batch)
    *count = v->batch;
  else
    return 0;
  return 1;
}

/* The field's text behind `used` bytes of out; used becomes the new length. */
static cnn_status write_field(char *out, size_t *used, const field *f, const char *path, const values *v) {
  int64_t count = 0;
  int32_t length, is_count = counts(f, v, &count);
  double value = (double)count;
  size_t left = CNN__PATH_BYTES - *used;
  if (!is_count && cnn_logs_value(v->logs, f->name, &value) < 0)
    return cnn__fail(CNN_ENAME, "file name '%s': there is no figure '%s'", path, f->name);
  if (is_count && (!f->type || f->type == 'd'))
    length = write_integer(out + *used, left, f, count);
  else if (f->type == 'd')
    return cnn__fail(CNN_EINVAL, "file name '%s': {%s} is no whole number and cannot be written with d", path, f->name);
  else if (!f->type && f->width)
    return cnn__fail(CNN_EINVAL, "file name '%s': {%s} has a width; it needs e, f or g too", path, f->name);
  else
    length = write_real(out + *used, left, f, value);
  *used += (size_t)length < left ? (size_t)length : left;
  return CNN_OK;
}

cnn_status cnn__file_name(char out[CNN__PATH_BYTES], const char *path, int64_t epoch, int64_t batch,
                          const cnn_logs *logs) {
  const values v = {epoch, batch, logs};
  size_t used = 0;
  for (const char *at = path; *at && used < CNN__PATH_BYTES;) {
    char c = *at++;
    if (c == '{' && *at != '{') {
      field f;
      CNN__TRY(read_field(&at, path, &f));
      if (logs)
        CNN__TRY(write_field(out, &used, &f, path, &v));
      continue;
    }
    if (c == '}' && *at != '}')
      return cnn__fail(CNN_EINVAL, "file name '%s': '}' without '{'", path);
    if (c == '{' || c == '}')
      at++;
    if (logs)
      out[used] = c;
    used++;
  }
  if (used >= CNN__PATH_BYTES)
    return cnn__fail(CNN_EINVAL, "file name of more than %d bytes: '%.64s...'", CNN__PATH_BYTES - 1, path);
  if (logs)
    out[used] = 0;
  return CNN_OK;
}
