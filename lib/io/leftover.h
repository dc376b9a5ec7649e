/* leftover: temporaries of programs that died while they wrote a file, and how those of the living are told from them: who writes
 * one has it locked (flock), and the system takes the lock away with the process. */
#ifndef CNN_IO_LEFTOVER_H
#define CNN_IO_LEFTOVER_H

#include <stdint.h>

/* Lock a temporary just made. The descriptor that is returned, the caller's to close after the rename, keeps the lock when
 * `file` is closed. -1: there is none, as locks are refused here: then nobody removes it either. *lost: it was taken for a leftover and is gone. */
int cnn__leftover_claim(int file, int32_t *lost);

/* Remove the leftovers in `folder` whose names are `stem` and what tells temporaries apart ("1f-2e-3.tmp"). What is locked, another
 * user's, no regular file or has a second name stays. Never fails: what cannot be removed stays too. */
void cnn__leftovers_remove(int folder, const char *stem);

#endif
