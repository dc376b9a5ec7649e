/* fitting: a model with its data in a context of its own, fitted and looked at: what the tests of fit begin with. */
#ifndef CNN_TESTS_FITTING_H
#define CNN_TESTS_FITTING_H

#include "training.h"

#define FITTING_COUNT 50 /* samples of data */
#define FITTING_OTHERS 20

typedef struct fitting {
  test_alloc alloc;
  cnn_context *context;
  training_data data, other;
  cnn_model *model; /* compiled */
} fitting;

void fitting_open(fitting *f, int32_t threads);
void fitting_close(fitting *f); /* also checks that no memory is left */
void fitting_anew(fitting *f);  /* the model as it was made */
void fitting_fits(fitting *f, const cnn_dataset *dataset, const cnn_fit_opts *options);

/* One run, its last figures and hash: what must be equal where bits must be. */
typedef struct fitting_outcome {
  char hash[33];
  double loss, accuracy, val_loss;
} fitting_outcome;
fitting_outcome fitting_run(fitting *f, const cnn_dataset *dataset, cnn_fit_opts options);
void fitting_equal(fitting_outcome x, fitting_outcome y);

/* How many files lie in a folder. */
int32_t fitting_files(const char *folder);

#endif
