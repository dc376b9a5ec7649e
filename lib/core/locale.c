/* locale: the C locale for the length of a call, on this thread only. */
#include "core/locale.h"

#include <langinfo.h>
#include <stdatomic.h>
#include <string.h>

static _Atomic(locale_t) c_locale; /* made at first need, kept for the life of the process */

static locale_t make(void) {
  locale_t known = atomic_load_explicit(&c_locale, memory_order_acquire);
  if (known)
    return known;
  locale_t made = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (!made || atomic_compare_exchange_strong(&c_locale, &known, made))
    return made;
  freelocale(made); /* another thread was faster */
  return known;
}

cnn__locale cnn__locale_enter(void) {
  locale_t made = make();
  cnn__locale locale = {made ? uselocale(made) : (locale_t)0, made != (locale_t)0};
  return locale;
}

void cnn__locale_leave(cnn__locale locale) {
  if (locale.entered)
    uselocale(locale.saved);
}

const char *cnn__locale_mark(void) {
  const char *mark = nl_langinfo(RADIXCHAR);
  return mark && *mark ? mark : ".";
}

static int32_t is_digit(char c) { return c >= '0' && c <= '9'; }

int32_t cnn__locale_repair(char *text) {
  const char *mark = cnn__locale_mark();
  size_t length = strlen(mark);
  if (strcmp(mark, ".") == 0)
    return 0;
  int32_t shorter = 0;
  for (char *at = text; (at = strstr(at, mark)); at++) {
    if (at == text || !is_digit(at[-1]) || !is_digit(at[length]))
      continue;
    *at = '.';
    memmove(at + 1, at + length, strlen(at + length) + 1);
    shorter += (int32_t)length - 1;
  }
  return shorter;
}
