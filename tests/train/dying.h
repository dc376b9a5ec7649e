/* dying: a process that trains and is killed by itself in the middle, as by kill -9. */
#ifndef CNN_TESTS_DYING_H
#define CNN_TESTS_DYING_H

#include <cnn/cnn.h>

#include <stdint.h>

typedef struct death {
  int64_t after;       /* ends of batches and epochs before it dies; -1: never */
  int64_t every_steps; /* between checkpoints; 0: at ends of epochs alone */
} death;

/* Tells it; *d outlives the callback. */
cnn_callback *death_callback(cnn_context *context, death *d);

/* The training in a child, which must die of it. */
void train_and_die(void (*train)(death d), death d);

#endif
