/* evaluation: the test set, the report on it, sample predictions and errors. */
#include "mnist.h"

#include <string.h>

static void rule(screen *s, int width) {
  for (int i = 0; i < width; i++)
    say(s, "=");
  say(s, "\n");
}

static void say_test(run *r) {
  screen *s = &r->screen;
  say(s, "\nTest Set Performance:\n");
  rule(s, 50);
  say(s, "Test Loss: %.4f\nTest Accuracy: %.4f (%.2f%%)\n", r->test_loss, r->test_accuracy, r->test_accuracy * 100);
  rule(s, 50);
  int reached = r->test_accuracy > 0.95;
  color_begin(s, reached ? "32" : "31");
  if (reached)
    say(s, "\n%s SUCCESS: Achieved >95%% test accuracy!\n", s->utf8 ? "✓" : "*");
  else
    say(s,
        "\n%s Test accuracy is below 95%% target. Consider:\n  - Training for more epochs\n"
        "  - Adjusting model architecture\n  - Fine-tuning hyperparameters\n",
        s->utf8 ? "✗" : "!");
  color_end(s);
}

static void say_per_class(run *r) {
  say(&r->screen, "\nPer-Class Accuracy:\n");
  for (int64_t i = 0; i < cnn_report_classes(r->report); i++) {
    if (cnn_report_support(r->report, i) == 0)
      say(&r->screen, "  Digit %lld: no samples\n", (long long)i);
    else
      say(&r->screen, "  Digit %lld: %.4f (%.2f%%)\n", (long long)i, cnn_report_recall(r->report, i),
          cnn_report_recall(r->report, i) * 100);
  }
  int64_t label, prediction, count = cnn_report_most_confused(r->report, &label, &prediction);
  if (count)
    say(&r->screen, "\nMost confused pair: %lld mistaken as %lld\n  Count: %lld times\n", (long long)label,
        (long long)prediction, (long long)count);
  else
    say(&r->screen, "\nMost confused pair: none\n");
}

/* The class with the largest probability, the first of equal ones; of a row without numbers the first. */
static int predicted(const run *r, int64_t index) {
  int64_t classes = cnn_tensor_shape(r->probabilities)[1];
  const float *p = (const float *)cnn_tensor_read(r->probabilities) + index * classes;
  int best = 0;
  for (int i = 1; i < classes; i++)
    if (p[i] > p[best])
      best = i;
  return best;
}

/* The report is on predicted classes: probabilities may be NaN after a training that went wrong, and are reported too. */
static cnn_status make_report(run *r) {
  cnn_tensor *classes;
  int64_t count = cnn_dataset_count(r->test);
  cnn_status status = cnn_tensor_new(&classes, r->context, CNN_I32, 1, &count, NULL);
  if (status < 0)
    return status;
  for (int64_t i = 0; i < count; i++)
    ((int32_t *)cnn_tensor_data(classes))[i] = predicted(r, i);
  status = cnn_report_new(&r->report, r->context, r->labels, classes,
                          cnn_report_opts(.classes = cnn_dataset_classes(r->train)));
  cnn_tensor_free(classes);
  return status;
}

int section_evaluation(run *r) {
  cnn_logs *figures;
  cnn_status status = cnn_model_evaluate(&figures, r->model, r->test, NULL);
  if (status < 0)
    return complain("evaluation", status);
  if ((status = cnn_logs_value(figures, "loss", &r->test_loss)) >= 0)
    status = cnn_logs_value(figures, "accuracy", &r->test_accuracy);
  cnn_logs_free(figures);
  if (status >= 0)
    status = cnn_model_predict_dataset(&r->probabilities, 1, r->model, r->test, NULL);
  if (status >= 0)
    status = cnn_dataset_labels(&r->labels, r->test);
  if (status >= 0)
    status = make_report(r);
  if (status < 0)
    return complain("evaluation", status);
  say_test(r);
  cnn_sink sink = screen_copying_sink(&r->screen);
  say(&r->screen, "\nConfusion Matrix (rows: true label, columns: predicted label)\n");
  status = cnn_report_print_matrix(r->report, &sink);
  say(&r->screen, "\nClassification Report:\n");
  rule(&r->screen, 60);
  if (status >= 0)
    status = cnn_report_print(r->report, &sink, 2);
  if (status < 0)
    return complain("report", status);
  say_per_class(r);
  return EXIT_DONE;
}

static int label_of(const run *r, int64_t index) { return ((const int32_t *)cnn_tensor_read(r->labels))[index]; }

/* Picture of one test image with what was made of it; the tensor that holds the pixels goes to *image. */
static cnn_status describe(run *r, int64_t index, picture *p, cnn_tensor **image) {
  int64_t classes = cnn_tensor_shape(r->probabilities)[1];
  const float *row = (const float *)cnn_tensor_read(r->probabilities) + index * classes;
  int label = label_of(r, index), prediction = predicted(r, index);
  snprintf(p->title[0], sizeof p->title[0], "True: %d", label);
  snprintf(p->title[1], sizeof p->title[1], "Pred: %d", prediction);
  snprintf(p->title[2], sizeof p->title[2], "Conf: %.1f%%", (double)row[prediction] * 100);
  p->sgr = label == prediction ? "32" : "31";
  cnn_status status = cnn_dataset_inputs(image, r->test, index, 1);
  if (status >= 0)
    p->pixels = cnn_tensor_read(*image);
  return status;
}

/* `wanted` different numbers out of [0, n). */
static int pick(run *r, int64_t n, int wanted, int64_t *out) {
  int count = 0;
  wanted = n < wanted ? (int)n : wanted;
  while (count < wanted) {
    int64_t candidate = choose(r, n);
    int known = 0;
    for (int i = 0; i < count; i++)
      known |= out[i] == candidate;
    if (!known)
      out[count++] = candidate;
  }
  return count;
}

static int show_samples(run *r, const int64_t *shape) {
  enum { SHOWN = 5 };
  int64_t index[SHOWN], classes = cnn_tensor_shape(r->probabilities)[1];
  picture pictures[SHOWN] = {0};
  cnn_tensor *images[SHOWN] = {NULL};
  int count = pick(r, cnn_dataset_count(r->test), SHOWN, index);
  cnn_status status = CNN_OK;
  for (int i = 0; i < count && status >= 0; i++)
    status = describe(r, index[i], &pictures[i], &images[i]);
  if (status >= 0) {
    say_heading(&r->screen, "Sample Predictions with Confidence Scores");
    draw_pictures(&r->screen, pictures, count, 5, (int)shape[0], (int)shape[1]);
    say(&r->screen, "Detailed Predictions: Images and Probability Distributions\n\n");
    for (int i = 0; i < count; i++)
      draw_prediction(&r->screen, &pictures[i], (int)shape[0], (int)shape[1],
                      (const float *)cnn_tensor_read(r->probabilities) + index[i] * classes, (int)classes,
                      label_of(r, index[i]));
    say(&r->screen, "Bars marked * are the true label in the probability distributions.\n");
  }
  for (int i = 0; i < count; i++)
    cnn_tensor_free(images[i]);
  return status < 0 ? complain("samples", status) : EXIT_DONE;
}

static int show_errors(run *r, const int64_t *shape) {
  enum { SHOWN = 10 };
  int64_t chosen[SHOWN];
  picture pictures[SHOWN] = {0};
  cnn_tensor *images[SHOWN] = {NULL};
  int count = pick(r, cnn_report_error_count(r->report), SHOWN, chosen);
  cnn_status status = CNN_OK;
  for (int i = 0; i < count && status >= 0; i++) {
    cnn_report_error error = {.size = sizeof error};
    if ((status = cnn_report_error_at(r->report, chosen[i], &error)) >= 0)
      status = describe(r, error.sample, &pictures[i], &images[i]);
  }
  if (status >= 0) {
    say(&r->screen, "\nMisclassified Examples\n\n");
    draw_pictures(&r->screen, pictures, count, 5, (int)shape[0], (int)shape[1]);
    say(&r->screen, "Observation: Most errors occur with digits that are poorly written or ambiguous.\n");
  }
  for (int i = 0; i < count; i++)
    cnn_tensor_free(images[i]);
  return status < 0 ? complain("errors", status) : EXIT_DONE;
}

int section_predictions(run *r) {
  int64_t shape[CNN_MAX_RANK], total = cnn_report_samples(r->report), errors = cnn_report_error_count(r->report);
  int drawable = cnn_dataset_input_shape(r->test, shape) == 3 && shape[2] == 1;
  int code = drawable ? show_samples(r, shape) : EXIT_DONE;
  if (code)
    return code;
  say_heading(&r->screen, "Error Analysis");
  say(&r->screen, "Total Misclassifications: %lld out of %lld\nError Rate: %.2f%%\n", (long long)errors, (long long)total,
      (double)errors / (double)total * 100);
  if (errors == 0)
    say(&r->screen, "\nPerfect classification! No errors found.\n");
  else if (drawable)
    code = show_errors(r, shape);
  return code;
}
