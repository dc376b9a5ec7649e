/* mnist: the state of a run and its sections, each one cell of the notebook or a few. */
#ifndef MNIST_MNIST_H
#define MNIST_MNIST_H

#include "draw.h"
#include "options.h"

#include <signal.h>

typedef struct run {
  options options;
  screen screen;
  cnn_context *context;
  cnn_dataset *train, *validation, *test;
  cnn_model *model;
  cnn_augmenter *augmenter;
  cnn_history *history;
  cnn_report *report;
  cnn_tensor *probabilities; /* [test images, classes] */
  cnn_tensor *labels;        /* of the test images */
  char *data;                /* the data set's folder or archive, from the root; NULL: not known */
  int64_t steps;             /* of an epoch */
  double started, training_seconds;
  int64_t images_trained;
  int64_t stopped_epoch, best_epoch; /* 0-based; -1: none */
  double test_loss, test_accuracy;
  double goal_seconds[MOST_GOALS]; /* since the start of the program; 0: not reached */
  int64_t goal_epochs[MOST_GOALS]; /* 0-based, where reached */
  uint64_t choice;           /* state of the generator that picks samples to show */
  int interrupted;
} run;

/* Each section returns EXIT_DONE or the code to leave with, its error already said on stderr. */
int section_start(run *r);        /* version, instruction set, BLAS, threads, seed, devices */
int section_data(run *r);         /* load and explore */
int section_preprocess(run *r);   /* scaling, one-hot, split */
int section_model(run *r);        /* build, compile, summary, diagram */
int section_augmentation(run *r);
int section_training(run *r);     /* callbacks, fit, curves, final metrics */
int section_evaluation(run *r);   /* test set, confusion matrix, report, classes */
int section_predictions(run *r);  /* samples with probabilities, errors */
int section_save(run *r);         /* final model, report.json, report.txt */

/* The notebook's network for images [height, width, channels], with the recipe's rates of dropout and momentum. Errors stay
 * with the model. */
void build_network(cnn_model *model, const recipe *way, int32_t rank, const int64_t *shape, int64_t classes);

/* Say libcnn's error text for what was being done; returns EXIT_BAD_FILE for statuses that come from a file, else EXIT_RUNTIME. */
int complain(const char *what, cnn_status status);
/* DIR/name into buffer; returns buffer. */
char *path_in(const char *folder, const char *name, char *buffer, size_t bytes);
/* Open DIR/name for writing, said on stderr where it cannot be. */
FILE *create_in(const char *folder, const char *name);
/* Close a written file; 0 where a byte of it could not be written, said on stderr. */
int close_written(FILE *file, const char *name);
double seconds_now(void);
double seconds_since_start(const run *r);
/* The next number in [0, n) of the run's own generator, for picking what is shown. */
int64_t choose(run *r, int64_t n);

/* goals.c: the accuracies of --time-to. Note what an epoch's validation has reached; all of them (and there are any); how
 * many were not; say it. */
void goals_note(run *r, const cnn_event *event);
int goals_reached(const run *r);
int goals_missed(const run *r);
void say_goals(run *r);

/* saving.c: the files of --save: whether they can be written, said before any work is done; then their writing, of each that can be. */
int check_saves(const run *r);
int save_models(run *r);

/* board.c: the callback that writes what TensorBoard shows. */
cnn_status board_new(cnn_callback **out, const run *r);

/* results.c: the object of report.json and --json. */
void write_results(const run *r, FILE *stream);

/* Set by SIGINT and SIGTERM's handler; a second one ends the program at once. */
extern volatile sig_atomic_t interrupt_signal;
void interrupt_training(void); /* for the handler: a checkpoint, where there is one, and the end */

#endif
