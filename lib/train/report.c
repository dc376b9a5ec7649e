/* report: how a classifier's predictions stand against the labels, counted and printed as scikit-learn does.
 *
 * Everything is counted when the report is made; afterwards it only answers. Classes that occur neither among the labels nor
 * among the predictions keep their places in the matrix but are no rows of the printed report and count in no average. */
#include "cnn/report.h"

#include "core/fp.h"
#include "core/memory.h"
#include "core/options.h"
#include "core/text.h"
#include "data/dataset_internal.h"
#include "train/sink.h"

#include <math.h>
#include <string.h>

#define MOST_CLASSES 4096 /* the matrix is dense: 128 MB at that */
#define FIGURES 3         /* precision, recall, F1 */

typedef struct class_row {
  int64_t support, predicted;
  double figures[FIGURES];
  char *name; /* NULL: the number */
} class_row;

struct cnn_report {
  cnn_context *context;
  int64_t classes, samples, correct;
  int64_t *matrix; /* [label][prediction] */
  class_row *rows;
  double accuracy, macro[FIGURES], weighted[FIGURES];
};

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
    class_row *row = &report->rows[i];
    int64_t right = report->matrix[i * report->classes + i];
    row->figures[0] = share(right, row->predicted);
    row->figures[1] = share(right, row->support);
    row->figures[2] = share(2 * right, row->predicted + row->support);
    rows += row->predicted || row->support;
    for (int f = 0; f < FIGURES; f++) {
      report->macro[f] += row->figures[f];
      report->weighted[f] += row->figures[f] * (double)row->support;
    }
  }
  for (int f = 0; f < FIGURES; f++) {
    report->macro[f] /= (double)rows;
    report->weighted[f] /= (double)report->samples;
  }
  report->accuracy = share(report->correct, report->samples);
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
  cnn__free(context, report->matrix);
  cnn__free(context, report);
  cnn__context_drop(context);
}

static int32_t is_class(const cnn_report *report, int64_t label) { return label >= 0 && label < report->classes; }

static double figure(const cnn_report *report, int64_t label, int32_t which) {
  return is_class(report, label) ? report->rows[label].figures[which] : (double)NAN;
}

int64_t cnn_report_classes(const cnn_report *report) { return report->classes; }
int64_t cnn_report_samples(const cnn_report *report) { return report->samples; }
double cnn_report_accuracy(const cnn_report *report) { return report->accuracy; }
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
  return which >= 0 && which < FIGURES ? report->macro[which] : (double)NAN;
}

double cnn_report_weighted(const cnn_report *report, int32_t which) {
  return which >= 0 && which < FIGURES ? report->weighted[which] : (double)NAN;
}

int64_t cnn_report_most_confused(const cnn_report *report, int64_t *label, int64_t *prediction) {
  int64_t most = 0, found = -1;
  for (int64_t i = 0; i < report->classes * report->classes; i++)
    if (i / report->classes != i % report->classes && report->matrix[i] > most) {
      most = report->matrix[i];
      found = i;
    }
  if (label)
    *label = found < 0 ? -1 : found / report->classes;
  if (prediction)
    *prediction = found < 0 ? -1 : found % report->classes;
  return most;
}

/* ---- printing ---- */

static const char *class_name(char buffer[32], const cnn_report *report, int64_t label) {
  if (report->rows[label].name)
    return report->rows[label].name;
  cnn__format(buffer, 32, "%lld", (long long)label);
  return buffer;
}

static int32_t widest_name(const cnn_report *report) {
  char buffer[32];
  int32_t widest = 0;
  for (int64_t i = 0; i < report->classes; i++) {
    const class_row *row = &report->rows[i];
    int32_t columns = row->support || row->predicted ? cnn__columns(class_name(buffer, report, i)) : 0;
    widest = columns > widest ? columns : widest;
  }
  return widest;
}

static void add_right(cnn__text *text, int32_t width, const char *name) {
  int32_t blanks = width - cnn__columns(name);
  cnn__text_add(text, "%*s%s", blanks > 0 ? (int)blanks : 0, "", name);
}

/* scikit-learn's counts are of floating point, and print so, when not one prediction is right. */
static void add_support(cnn__text *text, const cnn_report *report, int64_t support) {
  char buffer[32];
  cnn__format(buffer, sizeof buffer, report->correct ? "%lld" : "%lld.0", (long long)support);
  cnn__text_add(text, " %9s\n", buffer);
}

static void add_row(cnn__text *text, const cnn_report *report, int32_t width, const char *name, const double *figures,
                    int64_t support, int32_t digits) {
  add_right(text, width, name);
  cnn__text_add(text, " ");
  for (int f = 0; f < FIGURES; f++)
    cnn__text_add(text, " %9.*f", (int)digits, figures[f]);
  add_support(text, report, support);
}

static void add_report(cnn__text *text, const cnn_report *report, int32_t digits) {
  char buffer[32];
  int32_t average_width = (int32_t)strlen("weighted avg"), name_width = widest_name(report);
  int32_t width = name_width > average_width ? name_width : average_width;
  cnn__text_add(text, "%*s  %9s %9s %9s %9s\n\n", (int)width, "", "precision", "recall", "f1-score", "support");
  for (int64_t i = 0; i < report->classes; i++) {
    const class_row *row = &report->rows[i];
    if (row->support || row->predicted)
      add_row(text, report, width, class_name(buffer, report, i), row->figures, row->support, digits);
  }
  cnn__text_add(text, "\n%*s  %9s %9s %9.*f", (int)width, "accuracy", "", "", (int)digits, report->accuracy);
  add_support(text, report, report->samples);
  add_row(text, report, width, "macro avg", report->macro, report->samples, digits);
  add_row(text, report, width, "weighted avg", report->weighted, report->samples, digits);
}

/* The whole text at once, or nothing where there is no sink. */
static cnn_status deliver(cnn__text *text, const cnn_sink *sink) {
  cnn_status status = text->status;
  if (status >= 0 && sink)
    sink->write(sink->user, text->data, text->length);
  cnn__text_free(text);
  return status;
}

cnn_status cnn_report_print(const cnn_report *report, const cnn_sink *given, int32_t digits) {
  cnn_sink copy;
  const cnn_sink *sink;
  if (!report)
    return cnn__fail(CNN_EINVAL, "report: report is NULL");
  if (digits < 0 || digits > 9)
    return cnn__fail(CNN_EINVAL, "report: %d digits, expected 0 to 9", (int)digits);
  CNN__TRY(cnn__sink_read(&copy, &sink, given, report->context));
  cnn__text text = {.context = report->context};
  add_report(&text, report, digits);
  return deliver(&text, sink);
}

static int32_t widest_count(const cnn_report *report) {
  char buffer[32];
  int64_t largest = report->classes - 1;
  for (int64_t i = 0; i < report->classes * report->classes; i++)
    largest = report->matrix[i] > largest ? report->matrix[i] : largest;
  return cnn__format(buffer, sizeof buffer, "%lld", (long long)largest);
}

/* Columns are headed by the names where they fit; else by numbers, which then stand before the names of the rows too. */
static void add_matrix(cnn__text *text, const cnn_report *report, int64_t columns) {
  char buffer[32];
  int32_t cell = widest_count(report), names = 0, number = cell;
  for (int64_t i = 0; i < report->classes; i++) {
    int32_t width = cnn__columns(class_name(buffer, report, i));
    names = width > names ? width : names;
  }
  int32_t head = names > (int32_t)strlen("true") ? names : (int32_t)strlen("true");
  int32_t numbered = head + report->classes * (1 + (int64_t)(names > cell ? names : cell)) > columns && names > cell;
  cell = numbered || cell > names ? cell : names;
  cnn__text_add(text, "%*s predicted\n", (int)(numbered ? head + number + 1 : head), "");
  cnn__text_add(text, "%*s", (int)(numbered ? head + number + 1 : head), "true");
  for (int64_t i = 0; i < report->classes; i++) {
    cnn__text_add(text, " ");
    cnn__format(buffer, sizeof buffer, "%lld", (long long)i);
    add_right(text, cell, numbered || !report->rows[i].name ? buffer : report->rows[i].name);
  }
  for (int64_t i = 0; i < report->classes; i++) {
    cnn__text_add(text, "\n");
    if (numbered)
      cnn__text_add(text, "%*lld ", (int)number, (long long)i);
    add_right(text, head, class_name(buffer, report, i));
    for (int64_t j = 0; j < report->classes; j++)
      cnn__text_add(text, " %*lld", (int)cell, (long long)report->matrix[i * report->classes + j]);
  }
  cnn__text_add(text, "\n");
}

cnn_status cnn_report_print_matrix(const cnn_report *report, const cnn_sink *given) {
  cnn_sink copy;
  const cnn_sink *sink;
  if (!report)
    return cnn__fail(CNN_EINVAL, "report: report is NULL");
  CNN__TRY(cnn__sink_read(&copy, &sink, given, report->context));
  cnn__text text = {.context = report->context};
  add_matrix(&text, report, copy.columns);
  return deliver(&text, sink);
}
