/* results: everything about the run as one JSON object. */
#include "json.h"
#include "mnist.h"

#include <stdlib.h>
#include <sys/resource.h>

static void write_build(json_writer *w, const run *r) {
  json_open(w, "build", '{');
  json_text(w, "instruction_set", cnn_context_cpu(r->context));
  json_text(w, "gemm", cnn_context_gemm(r->context));
  json_text(w, "blas", cnn_blas_name());
  json_text(w, "info", cnn_build_info());
  json_close(w, '}');
}

static void write_parameters(json_writer *w, const run *r) {
  int64_t total = cnn_model_parameters(r->model), trainable = cnn_model_trainable_parameters(r->model);
  json_open(w, "parameters", '{');
  json_whole(w, "total", total);
  json_whole(w, "trainable", trainable);
  json_whole(w, "non_trainable", total - trainable);
  json_close(w, '}');
}

/* What was trained on; whoever draws it later finds it again. */
static void write_data(json_writer *w, const run *r) {
  int64_t shape[CNN_MAX_RANK];
  int32_t rank = cnn_dataset_input_shape(r->test, shape);
  json_open(w, "data", '{');
  if (r->data)
    json_text(w, "place", r->data);
  else
    json_null(w, "place");
  json_whole(w, "training", cnn_dataset_count(r->train));
  json_whole(w, "validation", cnn_dataset_count(r->validation));
  json_whole(w, "test", cnn_dataset_count(r->test));
  json_whole(w, "classes", cnn_dataset_classes(r->train));
  json_row(w, "shape", shape, rank);
  json_close(w, '}');
}

static void write_epochs(json_writer *w, const run *r) {
  json_open(w, "epochs", '[');
  for (int64_t row = 0; row < cnn_history_count(r->history); row++) {
    json_open(w, NULL, '{');
    json_whole(w, "epoch", cnn_history_epoch(r->history, row) + 1);
    for (int32_t i = 0; i < cnn_history_name_count(r->history); i++) {
      const char *name = cnn_history_name(r->history, i);
      double value;
      if (cnn_history_value(r->history, row, name, &value) >= 0)
        json_number(w, name, value);
    }
    json_number(w, "seconds", cnn_history_seconds(r->history, row));
    json_close(w, '}');
  }
  json_close(w, ']');
}

static void write_epoch(json_writer *w, const char *key, int64_t epoch) {
  if (epoch >= 0)
    json_whole(w, key, epoch + 1);
  else
    json_null(w, key);
}

static void write_goals(json_writer *w, const run *r) {
  json_open(w, "time_to", '[');
  for (int i = 0; i < r->options.goal_count; i++) {
    int reached = r->goal_seconds[i] > 0;
    json_open(w, NULL, '{');
    json_number(w, "val_accuracy", r->options.goals[i]);
    write_epoch(w, "epoch", reached ? r->goal_epochs[i] : -1);
    if (reached)
      json_number(w, "seconds", r->goal_seconds[i]);
    else
      json_null(w, "seconds");
    json_close(w, '}');
  }
  json_close(w, ']');
}

static void write_matrix(json_writer *w, const cnn_report *report) {
  int64_t classes = cnn_report_classes(report);
  int64_t *row = malloc((size_t)classes * sizeof *row);
  json_open(w, "confusion_matrix", '[');
  for (int64_t i = 0; i < classes && row; i++) {
    for (int64_t j = 0; j < classes; j++)
      row[j] = cnn_report_count(report, i, j);
    json_row(w, NULL, row, classes);
  }
  json_close(w, ']');
  free(row);
}

static void write_row(json_writer *w, const char *key, double precision, double recall, double f1, int64_t support) {
  json_open(w, key, '{');
  json_number(w, "precision", precision);
  json_number(w, "recall", recall);
  json_number(w, "f1-score", f1);
  json_whole(w, "support", support);
  json_close(w, '}');
}

/* As scikit-learn's classification_report(output_dict=True). */
static void write_report(json_writer *w, const cnn_report *report) {
  json_open(w, "classification_report", '{');
  for (int64_t i = 0; i < cnn_report_classes(report); i++) {
    char name[24];
    snprintf(name, sizeof name, "%lld", (long long)i);
    write_row(w, name, cnn_report_precision(report, i), cnn_report_recall(report, i), cnn_report_f1(report, i),
              cnn_report_support(report, i));
  }
  int64_t samples = cnn_report_samples(report);
  json_number(w, "accuracy", cnn_report_accuracy(report));
  write_row(w, "macro avg", cnn_report_macro(report, 0), cnn_report_macro(report, 1), cnn_report_macro(report, 2), samples);
  write_row(w, "weighted avg", cnn_report_weighted(report, 0), cnn_report_weighted(report, 1),
            cnn_report_weighted(report, 2), samples);
  json_close(w, '}');
}

static void write_most_confused(json_writer *w, const cnn_report *report) {
  int64_t label, prediction, count = cnn_report_most_confused(report, &label, &prediction);
  if (!count) {
    json_null(w, "most_confused");
    return;
  }
  json_open(w, "most_confused", '{');
  json_whole(w, "label", label);
  json_whole(w, "prediction", prediction);
  json_whole(w, "count", count);
  json_close(w, '}');
}

void write_results(const run *r, FILE *stream) {
  json_writer w = {.stream = stream};
  char hash[33];
  struct rusage usage = {0};
  getrusage(RUSAGE_SELF, &usage);
  json_open(&w, NULL, '{');
  json_text(&w, "version", cnn_version());
  write_build(&w, r);
  json_unsigned(&w, "seed", r->options.seed);
  json_whole(&w, "threads", cnn_context_threads(r->context));
  write_parameters(&w, r);
  write_data(&w, r);
  json_text(&w, "recipe", r->options.recipe->name);
  json_whole(&w, "max_epochs", r->options.epochs);
  json_whole(&w, "steps_per_epoch", r->steps);
  json_whole(&w, "batch_size", r->options.batch_size);
  json_number(&w, "learning_rate", r->options.learning_rate);
  json_number(&w, "weight_decay", r->options.weight_decay);
  json_number(&w, "label_smoothing", r->options.label_smoothing);
  json_number(&w, "average", r->options.average);
  json_flag(&w, "augmentation", r->options.augment);
  json_text(&w, "augmenter", r->options.augment ? r->options.recipe->augmentation : "");
  write_epochs(&w, r);
  write_epoch(&w, "stopped_epoch", r->stopped_epoch);
  write_epoch(&w, "best_epoch", r->best_epoch);
  json_flag(&w, "interrupted", r->interrupted);
  write_goals(&w, r);
  json_number(&w, "test_loss", r->test_loss);
  json_number(&w, "test_accuracy", r->test_accuracy);
  json_whole(&w, "errors", cnn_report_error_count(r->report));
  write_matrix(&w, r->report);
  write_report(&w, r->report);
  write_most_confused(&w, r->report);
  json_number(&w, "images_per_second",
              r->training_seconds > 0 ? (double)r->images_trained / r->training_seconds : 0);
  json_number(&w, "seconds", seconds_since_start(r));
  json_whole(&w, "peak_rss_bytes", (int64_t)usage.ru_maxrss * 1024);
  json_text(&w, "model_hash", cnn_model_hash(r->model, hash));
  json_close(&w, '}');
}
