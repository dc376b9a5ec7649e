/* text: characters and their making, whatever the process's locale.
 *
 * Numbers are written in a C locale object of our own, set for this thread during the call only. Should the system
 * refuse to make one, the locale's decimal mark is put right afterwards. */
#include "core/text.h"

#include "core/fp.h"
#include "core/locale.h"
#include "core/memory.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

int32_t cnn__vformat(char *buffer, size_t bytes, const char *format, va_list arguments) {
  cnn__fp environment = cnn__fp_enter(); /* digits follow the rounding mode */
  cnn__locale saved = cnn__locale_enter();
  int length = vsnprintf(buffer, bytes, format ? format : "", arguments); /* NOLINT(clang-analyzer-valist.Uninitialized): the caller's */
  if (length < 0) { /* an argument that has no text, such as a wide character */
    length = 0;
    if (bytes)
      buffer[0] = 0;
  } else if (!saved.entered && bytes)
    length -= cnn__locale_repair(buffer);
  cnn__locale_leave(saved);
  cnn__fp_leave(environment);
  return length;
}

int32_t cnn__format(char *buffer, size_t bytes, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int32_t length = cnn__vformat(buffer, bytes, format, arguments);
  va_end(arguments);
  return length;
}

int32_t cnn_format(char *buffer, size_t bytes, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int32_t length = cnn__vformat(buffer, bytes, format, arguments);
  va_end(arguments);
  return length;
}

/* Bytes of the UTF-8 character at text, and its code point; 0 where it is none (cut short, overlong, a surrogate). */
static int32_t character(const unsigned char *text, uint32_t *code) {
  static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
  int32_t length = text[0] < 0x80 ? 1 : text[0] < 0xc0 ? 0 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : text[0] < 0xf8 ? 4 : 0;
  if (length <= 1) {
    *code = text[0];
    return length;
  }
  *code = text[0] & (0x7fu >> length);
  for (int32_t i = 1; i < length; i++) {
    if ((text[i] & 0xc0) != 0x80)
      return 0;
    *code = *code << 6 | (text[i] & 0x3f);
  }
  return *code < least[length] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000) ? 0 : length;
}

int32_t cnn__is_utf8(const char *text) {
  const unsigned char *from = (const unsigned char *)text;
  uint32_t code;
  int32_t length = 1;
  for (; *from && length; from += length)
    length = character(from, &code);
  return length != 0;
}

static int32_t is_control(uint32_t code) { return code < 0x20 || (code >= 0x7f && code < 0xa0); }

void cnn__clean(char *out, size_t bytes, const char *text) {
  if (!bytes)
    return;
  const unsigned char *from = (const unsigned char *)text;
  size_t used = 0;
  while (from && *from) {
    uint32_t code;
    int32_t length = character(from, &code);
    int32_t bad = length == 0 || is_control(code);
    size_t wanted = bad ? 1 : (size_t)length;
    if (used + wanted >= bytes) /* never half a character */
      break;
    if (bad)
      out[used] = '?';
    else
      memcpy(out + used, from, wanted);
    used += wanted;
    from += length ? length : 1;
  }
  out[used] = 0;
}

int32_t cnn__columns(const char *text) {
  const unsigned char *from = (const unsigned char *)text;
  int32_t columns = 0;
  while (*from) {
    uint32_t code;
    if (from[0] == 0x1b && from[1] == '[') {
      for (from += 2; *from && (*from < 0x40 || *from > 0x7e); from++)
        continue;
      from += *from != 0;
      continue;
    }
    int32_t length = character(from, &code);
    columns++;
    from += length ? length : 1;
  }
  return columns;
}

/* Room for `more` bytes and the ending 0. Non-zero: there is none, and text->status says so. */
static int32_t reserve(cnn__text *text, size_t more) {
  int64_t wanted, capacity = (int64_t)text->capacity;
  void *data = text->data;
  if (more > PTRDIFF_MAX || cnn__sum((int64_t)text->length + 1, (int64_t)more, &wanted))
    text->status = cnn__fail(CNN_ENOMEM, "out of memory: a text of %zu and %zu bytes", text->length, more);
  else
    text->status = cnn__grow(text->context, &data, &capacity, wanted, 1, "a text");
  if (text->status < 0)
    return 1;
  text->data = data;
  text->capacity = (size_t)capacity;
  return 0;
}

void cnn__text_add(cnn__text *text, const char *format, ...) {
  if (text->status < 0)
    return;
  va_list arguments;
  va_start(arguments, format);
  int32_t length = cnn__vformat(NULL, 0, format, arguments);
  va_end(arguments);
  if (reserve(text, (size_t)length))
    return;
  va_start(arguments, format);
  text->length += (size_t)cnn__vformat(text->data + text->length, (size_t)length + 1, format, arguments);
  va_end(arguments);
}

void cnn__text_add_bytes(cnn__text *text, const char *bytes, size_t length) {
  if (text->status < 0 || reserve(text, length))
    return;
  if (length)
    memcpy(text->data + text->length, bytes, length);
  text->length += length;
  text->data[text->length] = 0;
}

void cnn__text_free(cnn__text *text) {
  if (text->context)
    cnn__free(text->context, text->data);
  text->data = NULL;
  text->length = text->capacity = 0;
}

/* strerror is neither safe in threads nor untouched by the locale; glibc's descriptions are both. */
const char *cnn__errno_text(int32_t number) {
#ifdef CNN_HAVE_STRERRORDESC_NP
  const char *text = strerrordesc_np(number);
  return text ? text : "unknown error";
#else
  return strerror(number);
#endif
}
