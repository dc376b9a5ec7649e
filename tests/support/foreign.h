/* foreign: a program's locale whose decimal mark is a comma. */
#ifndef CNN_TESTS_FOREIGN_H
#define CNN_TESTS_FOREIGN_H

#include <locale.h>
#include <stdio.h>

/* Sets one for the process. Where the system has none, says so on stderr and returns 0: the test then shows nothing. */
static inline int set_foreign_locale(void) {
  static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (setlocale(LC_ALL, names[i]) && localeconv()->decimal_point[0] == ',')
      return 1;
  fprintf(stderr, "SKIPPED: this system has no locale with a decimal comma, such as de_DE.UTF-8\n");
  return 0;
}

#endif
