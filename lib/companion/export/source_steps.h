/* source_steps: the statements that run a model, and the identifiers of its layers. */
#ifndef CNN_COMPANION_EXPORT_SOURCE_STEPS_H
#define CNN_COMPANION_EXPORT_SOURCE_STEPS_H

#include "companion/export/source_plan.h"
#include "companion/export/source_text.h"

typedef struct cnn__source_id {
  char text[CNN__SOURCE_NAME + 12];
} cnn__source_id;

typedef struct cnn__source_model {
  const cnn__walk *walk;
  const cnn__source_plan *plan;
  const cnn__source_id *ids; /* one an operation, each different */
  int32_t int8;
} cnn__source_model;

/* The calls, one operation after the other. *helpers: the functions that they call (source_helper.h). */
void cnn__source_put_steps(cnn__source_text *to, const cnn__source_model *model, uint32_t *helpers);

#endif
