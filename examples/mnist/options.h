/* options: the command line of mnist_train. */
#ifndef MNIST_OPTIONS_H
#define MNIST_OPTIONS_H

#include "recipe.h"
#include "screen.h"

#include <stdint.h>

enum {
  EXIT_DONE = 0,
  EXIT_RUNTIME = 1,
  EXIT_USAGE = 2,
  EXIT_BAD_FILE = 3,
  EXIT_ACCURACY = 4,
  EXIT_NOT_REACHED = 5,
  EXIT_INTERRUPTED = 128 /* and the signal: 130, 143 */
};

#define MOST_GOALS 8
#define NO_BOARD "this program was built without libcnn-export, which writes event files"
#define MOST_SAVES 8

typedef struct options {
  const char *data;       /* NULL: look in the usual places */
  const char *output;
  const char *tensorboard; /* folder; NULL: none */
  const char *log_jsonl;   /* NULL: none */
  const char *checkpoint; /* NULL: none, or with resume one in output */
  const recipe *recipe;   /* gives what is not given: epochs, batch size, rate, decay, smoothing, average */
  int64_t epochs, steps_per_epoch, batch_size;
  double learning_rate, validation_split;
  double weight_decay, label_smoothing, average; /* see the recipe's */
  uint64_t seed;
  int32_t threads;
  int augment, quiet, verbose, json, resume;
  color_choice color;
  double require_accuracy; /* negative: none required */
  double goals[MOST_GOALS]; /* validation accuracies to be timed */
  int goal_count;
  const char *saves[MOST_SAVES]; /* files for the trained model, besides those in output */
  int save_count;
} options;

/* Fills o from the arguments. Returns -1 to go on, or the code to exit with (help and version 0, usage error 2). */
int options_read(options *o, int count, char **arguments);

#endif
