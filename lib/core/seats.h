/* seats: which CPU each of a pool's threads works on. */
#ifndef CNN_CORE_SEATS_H
#define CNN_CORE_SEATS_H

#include <stdatomic.h>
#include <stdint.h>

typedef struct cnn__seats {
  int32_t size;
  atomic_int *cpus; /* `size` of them, counted from 1; 0: at none. Written when a thread has moved, read all the time */
} cnn__seats;

/* Note the CPU that the calling thread, the index-th, is on: is another's seat there? Where the system does not tell, nobody
 * has a seat. */
enum { CNN__SEAT_ALONE, CNN__SEAT_APART, CNN__SEAT_SHARED }; /* alone: no other has a seat */
int32_t cnn__seat_take(const cnn__seats *seats, int32_t index);
void cnn__seat_leave(const cnn__seats *seats, int32_t index);
void cnn__seats_clear(const cnn__seats *seats); /* all leave */

#endif
