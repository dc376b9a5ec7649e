/* checkpoint_file: where a training stands, as a file's bytes and back. */
#ifndef CNN_TRAIN_CHECKPOINT_FILE_H
#define CNN_TRAIN_CHECKPOINT_FILE_H

#include "io/model_file.h"
#include "train/history.h"
#include "train/fit_internal.h"

/* Metadata beside the model's, all JSON. */
#define CNN__NOTE_PLACE "place"
#define CNN__NOTE_RECIPE "recipe"
#define CNN__NOTE_HISTORY "history"
#define CNN__NOTE_CALLBACKS "callbacks"

/* Data, options and kernels of a training as a JSON object: what decides its bits. Epochs, threads, verbosity and callbacks are
 * no part of it. NULL: no memory. */
json_t *cnn__recipe_json(const cnn__fit *fit);

/* The whole file into memory of the context: model, place, history, callbacks. *bytes is cnn__free'd by the caller. */
cnn_status cnn__checkpoint_bytes(const cnn__fit *fit, unsigned char **bytes, size_t *count);

/* A file that was found to be of this training; borrows nothing of the file's but the container. */
typedef struct cnn__resumption {
  cnn_container *file;    /* owned */
  cnn__restore model;
  cnn__place place;
  cnn_history *history;    /* owned until taken */
  cnn_state **states;      /* owned; for each of fit's callbacks, NULL: none */
} cnn__resumption;

/* Read and compare; nothing of fit, model or callbacks is changed. CNN_ESTATE: of another training, with the difference named;
 * CNN_EFORMAT, CNN_EIO: damaged; CNN_ENOMEM. On an error there is nothing to free. */
cnn_status cnn__resumption_read(cnn__resumption *out, cnn__fit *fit, const char *path);

/* Then take it: the callbacks' states, model, history, place. Errors: what a callback says of its state; the model is as it was. */
cnn_status cnn__resumption_apply(cnn__resumption *resumption, cnn__fit *fit, const char *path);
void cnn__resumption_free(cnn__resumption *resumption, cnn__fit *fit);

#endif
