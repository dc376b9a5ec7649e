/* shares: which items of a stage each of a pool's threads goes through before it helps another. */
#include "core/shares.h"

#define NEXT ((uint64_t)1 << 32) /* the upper half's one */
#define END (NEXT - 1)

void cnn__stage_share_out(const cnn__stage_shares *shares, int64_t items) {
  for (int64_t i = 0; i < shares->size; i++) {
    uint64_t first = (uint64_t)(items * i / shares->size), end = (uint64_t)(items * (i + 1) / shares->size);
    atomic_store_explicit(&shares->of[i].left, first * NEXT + end, memory_order_relaxed);
  }
}

int64_t cnn__stage_share_pick(const cnn__stage_shares *shares, int32_t index) {
  for (int32_t n = 0, i = index; n < shares->size; n++, i = i + 1 < shares->size ? i + 1 : 0) {
    int32_t last = (i == index) == shares->back;
    uint64_t left = atomic_load_explicit(&shares->of[i].left, memory_order_relaxed);
    while (left / NEXT < (left & END))
      if (atomic_compare_exchange_weak_explicit(&shares->of[i].left, &left, last ? left - 1 : left + NEXT,
                                                memory_order_relaxed, memory_order_relaxed))
        return (int64_t)(last ? (left & END) - 1 : left / NEXT);
  }
  return -1;
}
