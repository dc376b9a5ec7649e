/* shares: which items of a stage each of a pool's threads goes through before it helps another. */
#ifndef CNN_CORE_SHARES_H
#define CNN_CORE_SHARES_H

#include <stdatomic.h>
#include <stdint.h>

/* A thread's next item in the upper half, the one behind its last in the lower one. */
typedef struct cnn__stage_share {
  _Alignas(64) _Atomic uint64_t left;
} cnn__stage_share;

typedef struct cnn__stage_shares {
  int32_t size, back; /* back: from their ends */
  cnn__stage_share *of;     /* `size` of them, even stretches of the items */
} cnn__stage_shares;

/* Before anybody may pick. */
void cnn__stage_share_out(const cnn__stage_shares *shares, int64_t items);

/* An item for the index-th thread: the next of its own share, or what another would come to last. Of no more threads at once
 * than there are items left, each finds one in a single round; -1: there was none. */
int64_t cnn__stage_share_pick(const cnn__stage_shares *shares, int32_t index);

#endif
