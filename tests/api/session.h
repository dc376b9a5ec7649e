/* session: a whole use of the library through its public headers alone: data, a model of every kind of layer that a small network
 * has, training with callbacks, evaluation, prediction, saving and loading, the report. */
#ifndef CNN_TESTS_SESSION_H
#define CNN_TESTS_SESSION_H

#include <cnn/cnn.h>

/* What a session gives, to be compared. */
typedef struct session_results {
  char hash[33], again[33];   /* after training; of the model saved, loaded and trained on */
  double loss;                /* of the validation part */
  char json[4096], csv[4096]; /* the report; the CSV log */
} session_results;

/* folder: for files, without a slash at its end. Returns the first status that is no success; everything is freed. */
cnn_status session_run(const cnn_context_opts *options, const char *folder, int32_t epochs, session_results *results);

#endif
