/* lock: a lock that a child of fork finds free, whoever held it in the parent, since the threads that held it are not in the child.
 * What it guards must therefore be whole at any moment, each change one store. Never held while foreign code runs. */
#ifndef CNN_CORE_LOCK_H
#define CNN_CORE_LOCK_H

#include "cnn/base.h"

#include <pthread.h>

/* Forks between the first process and this one, plus 1. Counted from the first call of cnn__watch_forks on. */
uint64_t cnn__generation(void);
cnn_status cnn__watch_forks(void);

typedef struct cnn__lock {
  _Atomic uint64_t generation; /* of the process that `mutex` was made in; 0: it is being made */
  pthread_mutex_t mutex;
} cnn__lock;

void cnn__lock_init(cnn__lock *lock);
void cnn__lock_destroy(cnn__lock *lock);
void cnn__lock_take(cnn__lock *lock);
void cnn__lock_leave(cnn__lock *lock);

#endif
