/* seats: which CPU each of a pool's threads works on. */
#include "core/seats.h"

#include <sched.h>

static int32_t this_cpu(void) {
#if defined(__linux__)
  return sched_getcpu() + 1; /* 2 ns: the kernel keeps it in the thread's memory */
#else
  return 0;
#endif
}

int32_t cnn__seat_take(const cnn__seats *seats, int32_t index) {
  int32_t cpu = this_cpu();
  if (atomic_load_explicit(&seats->cpus[index], memory_order_relaxed) != cpu)
    atomic_store_explicit(&seats->cpus[index], cpu, memory_order_relaxed);
  int32_t found = CNN__SEAT_ALONE;
  for (int32_t i = 0; cpu && i < seats->size; i++) {
    int32_t other = i == index ? 0 : atomic_load_explicit(&seats->cpus[i], memory_order_relaxed);
    if (other == cpu)
      return CNN__SEAT_SHARED;
    if (other)
      found = CNN__SEAT_APART;
  }
  return found;
}

void cnn__seat_leave(const cnn__seats *seats, int32_t index) {
  atomic_store_explicit(&seats->cpus[index], 0, memory_order_relaxed);
}

void cnn__seats_clear(const cnn__seats *seats) {
  for (int32_t i = 0; i < seats->size; i++)
    cnn__seat_leave(seats, i);
}
