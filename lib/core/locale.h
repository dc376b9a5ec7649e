/* locale: the C locale for the length of a call, on this thread only. */
#ifndef CNN_CORE_LOCALE_H
#define CNN_CORE_LOCALE_H

#include <locale.h>
#include <stdint.h>

typedef struct cnn__locale {
  locale_t saved;
  int32_t entered; /* 0: the system makes no C locale, so that numbers carry the program's decimal mark */
} cnn__locale;

cnn__locale cnn__locale_enter(void);
void cnn__locale_leave(cnn__locale locale);

/* For texts made without a C locale. repair: the program's decimal mark between two digits becomes a point; returns the bytes by
 * which the text became shorter. mark: the program's decimal mark. */
int32_t cnn__locale_repair(char *text);
const char *cnn__locale_mark(void);

#endif
