/* state: the optimizer's state, which Keras's files have as a list of variables, and containers by names. */
#ifndef CNN_KERAS_STATE_H
#define CNN_KERAS_STATE_H

#include "companion/keras/h5.h"
#include "companion/keras/weights.h"

/* variables: data sets in the file's order, the count of steps first. apart: those of Keras before 2.11, where each slot of a group has
 * all of its weights before the next. The weights must be in `out` already. Sets "iterations", "learning_rate" where it is a variable, and the slots; or, where the
 * variables are not those of this optimizer, nothing, with a warning, as Keras does. Errors: as keras__h5_tensor. */
cnn_status keras__state_read(cnn_container *out, cnn_context *context, keras__h5 *file, const uint64_t *variables, size_t count,
                             int32_t apart, const keras__weights *weights, const keras__slots *slots);

/* The same list to be written: names in containers, "" for the three that are none there. */
enum { KERAS__ITERATION = 1, KERAS__RATE, KERAS__PRODUCT };
typedef struct keras__variable {
  int32_t own;                              /* one of the three, or 0 */
  const keras__layer_weights *layer;        /* else a slot of this layer's weight */
  int32_t weight;
  const char *slot;
} keras__variable;
/* The i-th variable; 0: there are not as many. */
int32_t keras__variable_at(keras__variable *out, size_t index, int32_t apart, const keras__weights *weights, const keras__slots *slots);
const char *keras__slot_name(char buffer[KERAS__NAME], const keras__variable *variable);

#endif
