/* status: what went wrong, per thread.
 *
 * The text lives in a fixed thread-local buffer, so that running out of memory can be reported like anything else. It
 * is made in a local buffer first: the arguments may point into the text that it replaces. */
#include "core/status.h"

#include "core/text.h"

#include <stdarg.h>
#include <string.h>

#define TEXT_BYTES 1024
#define LONGEST_NAME 63 /* longer names are not compared */

static _Thread_local char last_text[TEXT_BYTES];
static _Thread_local cnn_status last_code;
static _Thread_local uint64_t recorded;

/* Two bytes more than fit show that something was cut; then the end is marked. */
static void record(cnn_status code, const char *text) {
  cnn__clean(last_text, sizeof last_text, text);
  if (strlen(text) >= sizeof last_text) {
    char shorter[TEXT_BYTES - 3];
    cnn__clean(shorter, sizeof shorter, text);
    size_t length = strlen(shorter);
    memcpy(last_text, shorter, length);
    memcpy(last_text + length, "...", 4);
  }
  last_code = code;
  recorded++;
}

static cnn_status fail(cnn_status code, const char *format, va_list arguments) {
  char text[TEXT_BYTES + 2];
  cnn__vformat(text, sizeof text, format, arguments);
  record(code < 0 ? code : CNN_EINTERNAL, text);
  return last_code;
}

#undef cnn__fail
#undef cnn__fail_in
#undef cnn__fail_code

cnn_status cnn__fail(cnn_status code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  code = fail(code, format, arguments);
  va_end(arguments);
  return code;
}

cnn_status cnn_error_set(cnn_status code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  code = fail(code, format, arguments);
  va_end(arguments);
  return code;
}

cnn_status cnn__fail_in(const char *format, ...) {
  char text[2 * TEXT_BYTES + 4], prefix[TEXT_BYTES];
  va_list arguments;
  va_start(arguments, format);
  cnn__vformat(prefix, sizeof prefix, format, arguments);
  va_end(arguments);
  cnn__format(text, sizeof text, "%s: %s", prefix, last_code < 0 ? last_text : "a failure left no text");
  record(last_code < 0 ? last_code : CNN_EINTERNAL, text);
  return last_code;
}

cnn_status cnn__fail_code(void) { return last_code; }

uint64_t cnn__fail_count(void) { return recorded; }

cnn_status cnn__returned(cnn_status status, const char *what, uint64_t before) {
  if (status == CNN_OK || (status < 0 && recorded != before && last_code == status))
    return status;
  if (status > 0)
    return cnn__fail(CNN_ECALLBACK, "%s returned %d, must be CNN_OK or an error", what, (int)status);
  return cnn__fail(CNN_ECALLBACK, "%s returned %s (%d) without a text of cnn_error_set", what, cnn_status_name(status),
                   (int)status);
}

const char *cnn_error_text(void) { return last_text; }

static const struct {
  cnn_status status;
  const char *name, *text;
} statuses[] = {
#define ROW(name, value, text) {name, #name, text},
    CNN_STATUS_LIST(ROW)
#undef ROW
};
#define STATUS_COUNT (sizeof statuses / sizeof statuses[0])

const char *cnn_status_name(cnn_status status) {
  for (size_t i = 0; i < STATUS_COUNT; i++)
    if (statuses[i].status == status)
      return statuses[i].name;
  return "unknown status";
}

const char *cnn_status_text(cnn_status status) {
  for (size_t i = 0; i < STATUS_COUNT; i++)
    if (statuses[i].status == status)
      return statuses[i].text;
  return "unknown status";
}

static int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }

/* Insertions, deletions, replacements and exchanges of neighbours that turn a into b; both at most LONGEST_NAME long. */
static int32_t edit_distance(const char *a, const char *b) {
  int32_t rows[3][LONGEST_NAME + 1];
  int32_t *before = rows[0], *above = rows[1], *row = rows[2];
  int32_t length_a = (int32_t)strlen(a), length_b = (int32_t)strlen(b);
  for (int32_t j = 0; j <= length_b; j++)
    above[j] = before[j] = j;
  for (int32_t i = 1; i <= length_a; i++) {
    row[0] = i;
    for (int32_t j = 1; j <= length_b; j++) {
      row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = least(row[j], before[j - 2] + 1);
    }
    int32_t *oldest = before;
    before = above;
    above = row;
    row = oldest;
  }
  return above[length_b];
}

const char *cnn__nearest(const char *name, const char *const *known, int32_t count) {
  if (!name || strlen(name) > LONGEST_NAME)
    return NULL;
  int32_t bound = least(4, (int32_t)strlen(name));
  const char *nearest = NULL;
  for (int32_t i = 0; i < count; i++) {
    if (!known[i] || strlen(known[i]) > LONGEST_NAME)
      continue;
    int32_t distance = edit_distance(name, known[i]);
    if (distance < bound) {
      bound = distance;
      nearest = known[i];
    }
  }
  return nearest;
}
