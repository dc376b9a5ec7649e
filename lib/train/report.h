/* report: the handle inside; report.c counts, report_text.c and report_json.c tell. */
#ifndef CNN_TRAIN_REPORT_H
#define CNN_TRAIN_REPORT_H

#include "cnn/report.h"
#include "core/context_internal.h"

#define CNN__REPORT_FIGURES 3 /* precision, recall, F1 */

typedef struct cnn__report_row {
  int64_t support, predicted;
  double figures[CNN__REPORT_FIGURES];
  char *name; /* NULL: the number */
} cnn__report_row;

/* A sample whose prediction is not its label. */
typedef struct cnn__report_error {
  int64_t sample;
  int32_t label, prediction;
  float confidence; /* NaN: the predictions were classes */
} cnn__report_error;

struct cnn_report {
  cnn_context *context;
  int64_t classes, samples, correct;
  int64_t *matrix; /* [label][prediction] */
  cnn__report_row *rows;
  cnn__report_error *errors; /* samples - correct, in the samples' order */
  double accuracy, macro[CNN__REPORT_FIGURES], weighted[CNN__REPORT_FIGURES];
};

/* Its given name, or its number, in the buffer. */
const char *cnn__report_class_name(char buffer[32], const cnn_report *report, int64_t label);

#endif
