/* board: what the tensorboard callback knows. */
#ifndef CNN_COMPANION_EXPORT_BOARD_H
#define CNN_COMPANION_EXPORT_BOARD_H

#include "companion/export/event_file.h"
#include "companion/export/network.h"

#include <cnn/export.h>
#include <cnn/train.h>

typedef struct cnn__board {
  cnn_context *context; /* the callback's */
  char *folder;
  cnn_tensorboard_opts options; /* images, labels and class_names are copies */
  cnn_tensor *images, *labels;  /* f32; integers; NULL: none */
  char **names;                 /* options.classes of them, or NULL */
  cnn__event_file train, validation;
  double run;             /* its number, whole: files of a run name it, so that it finds them when it goes on */
  int32_t again;          /* a state was loaded: the next training goes on with that run */
  int32_t is_row;         /* each layer reads the one before: weights are named as in a Sequential */
  int64_t batch;          /* batches trained since the run began */
  int64_t iterations;     /* the model's when the epoch began */
  double epoch_begun, batch_begun;
} cnn__board;

/* Checked options into a board of zeros; frees what it took where it fails. */
cnn_status cnn__board_init(cnn__board *board, cnn_context *context, const char *folder, const cnn_tensorboard_opts *options);
void cnn__board_clear(cnn__board *board);

/* The model itself, for the page of graphs. */
cnn_status cnn__board_graph(cnn__board *board, const cnn__network *network);

/* Samples and the confusion matrix of an epoch. */
cnn_status cnn__board_draw(cnn__board *board, const cnn_model *model, int64_t epoch);

/* Histograms of all weights, and their pictures where they are wanted. */
cnn_status cnn__board_weights(cnn__board *board, const cnn_model *model, int64_t epoch);

#endif
