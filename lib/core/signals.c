/* signals: what threads of the library are started with. */
#include "core/signals.h"

#include <stddef.h>

/* Signals are the program's: workers leave them to its threads, all but those that a fault of their own raises. */
void cnn__block_signals(sigset_t *before) {
  static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};
  sigset_t blocked;
  sigfillset(&blocked);
  for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
    sigdelset(&blocked, faults[i]);
  pthread_sigmask(SIG_SETMASK, &blocked, before);
}
