/* report_text: the report and the matrix as scikit-learn prints them. */
#include "train/report.h"

#include "core/text.h"
#include "train/sink.h"

#include <string.h>

static int32_t widest_name(const cnn_report *report) {
  char buffer[32];
  int32_t widest = 0;
  for (int64_t i = 0; i < report->classes; i++) {
    const cnn__report_row *row = &report->rows[i];
    int32_t columns = row->support || row->predicted ? cnn__columns(cnn__report_class_name(buffer, report, i)) : 0;
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
  for (int f = 0; f < CNN__REPORT_FIGURES; f++)
    cnn__text_add(text, " %9.*f", (int)digits, figures[f]);
  add_support(text, report, support);
}

static void add_report(cnn__text *text, const cnn_report *report, int32_t digits) {
  char buffer[32];
  int32_t average_width = (int32_t)strlen("weighted avg"), name_width = widest_name(report);
  int32_t width = name_width > average_width ? name_width : average_width;
  cnn__text_add(text, "%*s  %9s %9s %9s %9s\n\n", (int)width, "", "precision", "recall", "f1-score", "support");
  for (int64_t i = 0; i < report->classes; i++) {
    const cnn__report_row *row = &report->rows[i];
    if (row->support || row->predicted)
      add_row(text, report, width, cnn__report_class_name(buffer, report, i), row->figures, row->support, digits);
  }
  cnn__text_add(text, "\n%*s  %9s %9s %9.*f", (int)width, "accuracy", "", "", (int)digits, report->accuracy);
  add_support(text, report, report->samples);
  add_row(text, report, width, "macro avg", report->macro, report->samples, digits);
  add_row(text, report, width, "weighted avg", report->weighted, report->samples, digits);
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
  return cnn__sink_deliver(&text, sink);
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
    int32_t width = cnn__columns(cnn__report_class_name(buffer, report, i));
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
    add_right(text, head, cnn__report_class_name(buffer, report, i));
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
  return cnn__sink_deliver(&text, sink);
}
