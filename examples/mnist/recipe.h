/* recipe: how the network is trained: the notebook's way, or the fastest found on its validation images. */
#ifndef MNIST_RECIPE_H
#define MNIST_RECIPE_H

#include <stdint.h>

typedef struct recipe {
  const char *name;
  int64_t batch_size, epochs;
  int64_t parts;           /* an epoch is one of so many parts of the training set: the rhythm of validation */
  double learning_rate;    /* of Adam; one_cycle: at the peak */
  int one_cycle;           /* the rate rises to the peak and falls, instead of waiting for a plateau */
  double first_rate, last_rate, rise; /* one_cycle: at both ends; share of the steps until the peak */
  float momentum;          /* of the moving averages of batch normalisation */
  float dropout[3];        /* after either pooling, and before the output; 0: none */
  double weight_decay;     /* of Adam, times the rate; 0: none */
  double label_smoothing;  /* of the targets; 0: none */
  double average;          /* the weights' moving average keeps so much of itself in a step, and replaces them before each validation; 0: none */
  const char *augmentation; /* of training images, as cnn_augmenter_new_text reads it; NULL: none */
} recipe;

/* NULL: there is none of this name. */
const recipe *recipe_find(const char *name);
/* The rate for step `step`, from 0, of `steps` in all; `peak` may differ from the recipe's. */
double recipe_rate(const recipe *r, double peak, int64_t step, int64_t steps);

#endif
