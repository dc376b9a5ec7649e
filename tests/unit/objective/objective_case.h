/* objective_case: a reference case of a loss or of one batch of a metric, as rows and a handle with its attributes. */
#ifndef CNN_TESTS_OBJECTIVE_CASE_H
#define CNN_TESTS_OBJECTIVE_CASE_H

#include "reference.h"

#include "objective/objective.h"

typedef struct objective_case {
  const char *name;
  reference *r;
  cnn_context *context;
  cnn__objective *objective;
  cnn__rows rows;
  float *outputs, *targets, *gradient;
  int32_t *labels;
  double *values;
} objective_case;

/* folder: "losses" or "metrics". Of a loss the rows are there too. */
void objective_case_open(objective_case *c, const char *folder, const char *name);
void objective_case_close(objective_case *c);

/* Outputs and targets of these tensors as rows; what was there is freed. */
void objective_case_rows(objective_case *c, const char *outputs, const char *targets);

#endif
