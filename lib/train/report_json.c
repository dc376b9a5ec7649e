/* report_json: the report as one JSON object, figures as the shortest decimals that read back the same. */
#include "train/report.h"

#include "io/json.h"
#include "train/sink.h"

#include <math.h>

static void add_number(cnn__text *text, double value) {
  char buffer[32];
  cnn__text_add(text, "%s", isfinite(value) ? cnn__repr(buffer, value) : "null");
}

static void add_matrix(cnn__text *text, const cnn_report *report) {
  cnn__text_add(text, "  \"confusion_matrix\": [");
  for (int64_t i = 0; i < report->classes; i++) {
    cnn__text_add(text, i ? ",\n    [" : "\n    [");
    for (int64_t j = 0; j < report->classes; j++)
      cnn__text_add(text, j ? ", %lld" : "%lld", (long long)report->matrix[i * report->classes + j]);
    cnn__text_add(text, "]");
  }
  cnn__text_add(text, "\n  ],\n");
}

static void add_figures(cnn__text *text, const char *name, const double *figures, int64_t support, const char *end) {
  static const char *const keys[CNN__REPORT_FIGURES] = {"precision", "recall", "f1-score"};
  cnn__text_add(text, "    ");
  cnn__json_add_quoted(text, name);
  cnn__text_add(text, ": {");
  for (int f = 0; f < CNN__REPORT_FIGURES; f++) {
    cnn__text_add(text, "\"%s\": ", keys[f]);
    add_number(text, figures[f]);
    cnn__text_add(text, ", ");
  }
  cnn__text_add(text, "\"support\": %lld}%s\n", (long long)support, end);
}

/* Keys as in classification_report(output_dict=True). */
static void add_report(cnn__text *text, const cnn_report *report) {
  char buffer[32];
  cnn__text_add(text, "  \"classification_report\": {\n");
  for (int64_t i = 0; i < report->classes; i++) {
    const cnn__report_row *row = &report->rows[i];
    if (row->support || row->predicted)
      add_figures(text, cnn__report_class_name(buffer, report, i), row->figures, row->support, ",");
  }
  cnn__text_add(text, "    \"accuracy\": ");
  add_number(text, report->accuracy);
  cnn__text_add(text, ",\n");
  add_figures(text, "macro avg", report->macro, report->samples, ",");
  add_figures(text, "weighted avg", report->weighted, report->samples, "");
  cnn__text_add(text, "  },\n");
}

static void add_class_accuracy(cnn__text *text, const cnn_report *report) {
  cnn__text_add(text, "  \"class_accuracy\": [");
  for (int64_t i = 0; i < report->classes; i++) {
    cnn__text_add(text, i ? ", " : "");
    add_number(text, cnn_report_class_accuracy(report, i));
  }
  cnn__text_add(text, "],\n");
}

static void add_most_confused(cnn__text *text, const cnn_report *report) {
  int64_t label, prediction, count = cnn_report_most_confused(report, &label, &prediction);
  if (count)
    cnn__text_add(text, "  \"most_confused\": {\"label\": %lld, \"prediction\": %lld, \"count\": %lld},\n", (long long)label,
                  (long long)prediction, (long long)count);
  else
    cnn__text_add(text, "  \"most_confused\": null,\n");
}

static void add_errors(cnn__text *text, const cnn_report *report) {
  int64_t errors = cnn_report_error_count(report);
  cnn__text_add(text, "  \"errors\": [");
  for (int64_t i = 0; i < errors; i++) {
    const cnn__report_error *error = &report->errors[i];
    cnn__text_add(text, "%s\n    {\"sample\": %lld, \"label\": %d, \"prediction\": %d, \"confidence\": ", i ? "," : "",
                  (long long)error->sample, (int)error->label, (int)error->prediction);
    add_number(text, (double)error->confidence);
    cnn__text_add(text, "}");
  }
  cnn__text_add(text, errors ? "\n  ]\n" : "]\n");
}

cnn_status cnn_report_json(const cnn_report *report, const cnn_sink *given) {
  cnn_sink copy;
  const cnn_sink *sink;
  if (!report)
    return cnn__fail(CNN_EINVAL, "report: report is NULL");
  CNN__TRY(cnn__sink_read(&copy, &sink, given, report->context));
  cnn__text text = {.context = report->context};
  cnn__text_add(&text, "{\n  \"classes\": %lld,\n  \"samples\": %lld,\n", (long long)report->classes,
                (long long)report->samples);
  add_matrix(&text, report);
  add_report(&text, report);
  add_class_accuracy(&text, report);
  add_most_confused(&text, report);
  add_errors(&text, report);
  cnn__text_add(&text, "}\n");
  return cnn__sink_deliver(&text, sink);
}
