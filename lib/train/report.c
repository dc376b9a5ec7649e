/* report: how a classifier's predictions stand against the labels, counted and printed as scikit-learn does.
 *
 * Everything is counted when the report is made; afterwards it only answers. Classes that occur neither among the labels nor
 * among the predictions keep their places in the matrix but are no rows of the printed report and count in no average. */
#include "train/report.h"

#include "core/fp.h"
#include "core/memory.h"
#include "core/options.h"
#include "core/text.h"
#include "data/dataset_internal.h"

#include <math.h>
#include <string.h>

#define MOST_CLASSES 4096 /* the matrix is dense: 128 MB at that */

static cnn_status check_labels(const cnn_tensor *tensor, const char *what) {
  char text[160];
  const cnn__shape *shape = &tensor->shape;
  if (!cnn__labels_are(tensor))
    return cnn__fail(CNN_ESHAPE, "report: %s are %s, expected integers", what, cnn_type_name(tensor->type));
  if (shape->rank != 1 && !(shape->rank == 2 && shape->extent[1] == 1))
    return cnn__fail(CNN_ESHAPE, "report: %s of shape %s, expected (samples,)", what, cnn__shape_text(text, shape, 0));
  return CNN_OK;
}

static cnn_status check(const cnn_tensor *labels, const cnn_tensor *predictions) {
  char text[2][160];
  CNN__TRY(check_labels(labels, "labels"));
  if (predictions->type != CNN_F32) {
    CNN__TRY(check_labels(predictions, "predictions"));
  } else {
    if (predictions->shape.rank != 2 || predictions->shape.extent[1] < 1)
      return cnn__fail(CNN_ESHAPE, "report: predictions of shape %s, expected (samples, classes)",
                       cnn__shape_text(text[0], &predictions->shape, 0));
    CNN__TRY(cnn__tensor_finite(predictions, "report: predictions"));
  }
  if (labels->shape.extent[0] != predictions->shape.extent[0])
    return cnn__fail(CNN_ESHAPE, "report: labels of shape %s, but predictions of shape %s",
                     cnn__shape_text(text[0], &labels->shape, 0), cnn__shape_text(text[1], &predictions->shape, 0));
  return labels->count ? CNN_OK : cnn__fail(CNN_EINVAL, "report: no samples");
}

static int64_t prediction_at(const cnn_tensor *predictions, int64_t index) {
  if (predictions->type != CNN_F32)
    return cnn__label_at(predictions, index);
  int64_t columns = predictions->shape.extent[1];
  return cnn__first_largest((const float *)predictions->data + index * columns, columns);
}

/* All labels lie in [0, limit); *largest is raised to the largest of them. */
static cnn_status check_range(const cnn_tensor *labels, int64_t limit, const char *what, int64_t *largest) {
  for (int64_t i = 0; i < labels->count; i++) {
    int64_t label = cnn__label_at(labels, i);
    if (label < 0 || label >= limit)
      return cnn__fail(CNN_EDATA, "report: %s %lld of sample %lld is not in [0, %lld)", what, (long long)label, (long long)i,
                       (long long)limit);
    *largest = label > *largest ? label : *largest;
  }
  return CNN_OK;
}

static cnn_status find_classes(int64_t *classes, const cnn_tensor *labels, const cnn_tensor *predictions, int64_t given) {
  int64_t columns = predictions->type == CNN_F32 ? predictions->shape.extent[1] : 0, largest = 0;
  if (given < 0 || given > MOST_CLASSES || columns > MOST_CLASSES)
    return cnn__fail(CNN_EINVAL, "report: %lld classes, expected 1 to %d, or 0 for as many as occur",
                     (long long)(given ? given : columns), MOST_CLASSES);
  if (given && columns && given != columns)
    return cnn__fail(CNN_ESHAPE, "report: %lld classes, but predictions of %lld columns", (long long)given,
                     (long long)columns);
  int64_t known = given ? given : columns, limit = known ? known : MOST_CLASSES;
  CNN__TRY(check_range(labels, limit, "label", &largest));
  if (!columns)
    CNN__TRY(check_range(predictions, limit, "prediction", &largest));
  *classes = known ? known : largest + 1;
  return CNN_OK;
}

static cnn_status copy_names(cnn_report *report, const char *const *names) {
  for (int64_t i = 0; names && i < report->classes; i++) {
    if (!names[i])
      return cnn__fail(CNN_EINVAL, "report: the name of class %lld of %lld is NULL", (long long)i, (long long)report->classes);
    report->rows[i].name = cnn__strdup(report->context, names[i]);
    if (!report->rows[i].name)
      return cnn__fail_code();
    cnn__clean(report->rows[i].name, strlen(names[i]) + 1, names[i]);
  }
  return CNN_OK;
}

static double share(int64_t part, int64_t whole) { return whole ? (double)part / (double)whole : 0.0; }

static void average(cnn_report *report) {
  int64_t rows = 0;
  for (int64_t i = 0; i < report->classes; i++) {
    cnn__report_row *row = &report->rows[i];
    int64_t right = report->matrix[i * report->classes + i];
    row->figures[0] = share(right, row->predicted);
    row->figures[1] = share(right, row->support);
    row->figures[2] = share(2 * right, row->predicted + row->support);
    rows += row->predicted || row->support;
    for (int f = 0; f < CNN__REPORT_FIGURES; f++) {
      report->macro[f] += row->figures[f];
      report->weighted[f] += row->figures[f] * (double)row->support;
    }
  }
  for (int f = 0; f < CNN__REPORT_FIGURES; f++) {
    report->macro[f] /= (double)rows;
    report->weighted[f] /= (double)report->samples;
  }
  report->accuracy = share(report->correct, report->samples);
}

/* In the samples' order. */
static void list_errors(cnn_report *report, const cnn_tensor *labels, const cnn_tensor *predictions) {
  cnn__report_error *error = report->errors;
  int64_t columns = predictions->type == CNN_F32 ? predictions->shape.extent[1] : 0;
  for (int64_t i = 0; i < labels->count; i++) {
    int64_t label = cnn__label_at(labels, i), prediction = prediction_at(predictions, i);
    float confidence = columns ? ((const float *)predictions->data)[i * columns + prediction] : NAN;
    if (label != prediction)
      *error++ = (cnn__report_error){i, (int32_t)label, (int32_t)prediction, confidence};
  }
}

static void count(cnn_report *report, const cnn_tensor *labels, const cnn_tensor *predictions) {
  report->samples = labels->count;
  for (int64_t i = 0; i < labels->count; i++) {
    int64_t label = cnn__label_at(labels, i), prediction = prediction_at(predictions, i);
    report->matrix[label * report->classes + prediction]++;
    report->rows[label].support++;
    report->rows[prediction].predicted++;
    report->correct += label == prediction;
  }
}

static cnn_status fill(cnn_report *report, const cnn_tensor *labels, const cnn_tensor *predictions,
                       const char *const *names) {
  size_t classes = (size_t)report->classes;
  report->matrix = cnn__alloc_zero(report->context, classes * classes * sizeof *report->matrix, "confusion matrix");
  report->rows = report->matrix ? cnn__alloc_zero(report->context, classes * sizeof *report->rows, "report's rows") : NULL;
  if (!report->rows)
    return cnn__fail_code();
  CNN__TRY(copy_names(report, names));
  count(report, labels, predictions);
  size_t errors = (size_t)(report->samples - report->correct);
  report->errors = cnn__alloc(report->context, errors * sizeof *report->errors, "report's errors");
  if (!report->errors)
    return cnn__fail_code();
  list_errors(report, labels, predictions);
  cnn__fp saved = cnn__fp_enter();
  average(report);
  cnn__fp_leave(saved);
  return CNN_OK;
}

cnn_status cnn_report_new(cnn_report **out, cnn_context *context, const cnn_tensor *labels, const cnn_tensor *predictions,
                          const cnn_report_opts *given) {
  cnn_report_opts options;
  int64_t classes = 0;
  if (!out || !context || !labels || !predictions)
    return cnn__fail(CNN_EINVAL, "report: out, context, labels or predictions are NULL");
  *out = NULL;
  CNN__TRY(cnn__options(&options, sizeof options,
                        offsetof(cnn_report_opts, class_names) + sizeof options.class_names, given, "cnn_report_opts"));
  CNN__TRY(check(labels, predictions));
  CNN__TRY(find_classes(&classes, labels, predictions, options.classes));
  cnn_report *report = cnn__alloc_zero(context, sizeof *report, "report");
  if (!report)
    return cnn__fail_code();
  report->context = cnn__context_hold(context);
  report->classes = classes;
  cnn_status status = fill(report, labels, predictions, options.class_names);
  if (status < 0)
    cnn_report_free(report);
  else
    *out = report;
  return status;
}

void cnn_report_free(cnn_report *report) {
  if (!report)
    return;
  cnn_context *context = report->context;
  for (int64_t i = 0; report->rows && i < report->classes; i++)
    cnn__free(context, report->rows[i].name);
  cnn__free(context, report->rows);
  cnn__free(context, report->errors);
  cnn__free(context, report->matrix);
  cnn__free(context, report);
  cnn__context_drop(context);
}

static int32_t is_class(const cnn_report *report, int64_t label) { return report && label >= 0 && label < report->classes; }

const char *cnn__report_class_name(char buffer[32], const cnn_report *report, int64_t label) {
  if (report->rows[label].name)
    return report->rows[label].name;
  cnn__format(buffer, 32, "%lld", (long long)label);
  return buffer;
}

static double figure(const cnn_report *report, int64_t label, int32_t which) {
  return is_class(report, label) ? report->rows[label].figures[which] : (double)NAN;
}

int64_t cnn_report_classes(const cnn_report *report) { return report ? report->classes : 0; }
int64_t cnn_report_samples(const cnn_report *report) { return report ? report->samples : 0; }
double cnn_report_accuracy(const cnn_report *report) { return report ? report->accuracy : 0; }
double cnn_report_precision(const cnn_report *report, int64_t label) { return figure(report, label, 0); }
double cnn_report_recall(const cnn_report *report, int64_t label) { return figure(report, label, 1); }
double cnn_report_f1(const cnn_report *report, int64_t label) { return figure(report, label, 2); }

int64_t cnn_report_support(const cnn_report *report, int64_t label) {
  return is_class(report, label) ? report->rows[label].support : -1;
}

int64_t cnn_report_count(const cnn_report *report, int64_t label, int64_t prediction) {
  return is_class(report, label) && is_class(report, prediction) ? report->matrix[label * report->classes + prediction] : -1;
}

double cnn_report_macro(const cnn_report *report, int32_t which) {
  return report && which >= 0 && which < CNN__REPORT_FIGURES ? report->macro[which] : (double)NAN;
}

double cnn_report_weighted(const cnn_report *report, int32_t which) {
  return report && which >= 0 && which < CNN__REPORT_FIGURES ? report->weighted[which] : (double)NAN;
}

double cnn_report_class_accuracy(const cnn_report *report, int64_t label) {
  return is_class(report, label) && report->rows[label].support ? report->rows[label].figures[1] : (double)NAN;
}

int64_t cnn_report_error_count(const cnn_report *report) { return report ? report->samples - report->correct : 0; }

cnn_status cnn_report_error_at(const cnn_report *report, int64_t index, cnn_report_error *out) {
  if (!report)
    return cnn__fail(CNN_EINVAL, "report: report is NULL");
  int64_t errors = cnn_report_error_count(report);
  if (index < 0 || index >= errors)
    return cnn__fail(CNN_EINVAL, "report: error %lld of %lld", (long long)index, (long long)errors);
  const cnn__report_error *error = &report->errors[index];
  const cnn_report_error full = {sizeof full, error->sample, error->label, error->prediction, (double)error->confidence};
  return cnn__fill_struct(out, &full, sizeof full, CNN__FIRST(cnn_report_error, confidence), "cnn_report_error");
}

int64_t cnn_report_most_confused(const cnn_report *report, int64_t *label, int64_t *prediction) {
  int64_t most = 0, found = -1, classes = cnn_report_classes(report);
  for (int64_t i = 0; i < classes * classes; i++)
    if (i / classes != i % classes && report->matrix[i] > most) {
      most = report->matrix[i];
      found = i;
    }
  if (label)
    *label = found < 0 ? -1 : found / classes;
  if (prediction)
    *prediction = found < 0 ? -1 : found % classes;
  return most;
}
