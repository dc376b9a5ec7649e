/* signals: those of the program stay with the program's threads. */
#ifndef CNN_CORE_SIGNALS_H
#define CNN_CORE_SIGNALS_H

#include <signal.h>

/* In a thread that is about to start another: no signal but faults reaches the new one. *before goes back with pthread_sigmask. */
void cnn__block_signals(sigset_t *before);

#endif
