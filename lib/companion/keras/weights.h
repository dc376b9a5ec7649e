/* weights: which weights a model has, in the order in which Keras's files have them, and which variables its optimizer has beside them. Both
 * follow from its description; a file is then read by places in these lists, as Keras does, and not by names. */
#ifndef CNN_KERAS_WEIGHTS_H
#define CNN_KERAS_WEIGHTS_H

#include <cnn/format.h>
#include <jansson.h>

enum { KERAS__LAYER_WEIGHTS = 4, KERAS__GROUPS = 3, KERAS__GROUP = 2 };

typedef struct keras__layer_weights {
  const char *name, *class_name;              /* "conv1", "Conv2D"; of the JSON */
  const char *names[KERAS__LAYER_WEIGHTS];    /* "kernel", "bias" */
  int32_t count;
  int32_t learned;                            /* the first so many learn; 0 of a frozen layer */
  char group[64];                             /* in .weights.h5: "conv2d_1" */
} keras__layer_weights;

typedef struct keras__weights {
  keras__layer_weights *layers; /* in Keras's order */
  size_t count;
  int32_t functional;           /* 0: Sequential, whose input is no layer */
  const char *name;             /* of the model */
} keras__weights;

/* keras: the model as keras__config_write makes it or as a file had it; ours: its "config". Both must outlive *out, which the caller gives to
 * keras__weights_free. */
cnn_status keras__weights_of(keras__weights *out, const json_t *keras, const json_t *ours);
void keras__weights_free(keras__weights *weights);
/* A weight's name in containers, "conv1/kernel". */
enum { KERAS__NAME = 512 };
const char *keras__weight_name(char buffer[KERAS__NAME], const keras__layer_weights *layer, int32_t index);

/* What an optimizer keeps for each weight that learns: groups one after the other, in each all weights in order, each with the group's slots. */
typedef struct keras__slots {
  const char *groups[KERAS__GROUPS + 2][KERAS__GROUP]; /* names in containers, "momentum"; NULL: no more */
  int32_t count;
  int32_t scheduled;  /* the rate is no variable of its own */
  int32_t product;    /* nadam: a last variable, the product of momenta so far */
  const char *name;   /* "adam" */
  double beta_1;      /* of that product */
} keras__slots;
/* compile: the note "compile", parsed. */
cnn_status keras__slots_of(keras__slots *out, const json_t *compile);

#endif
