/* hinge: losses of margins. A target of 0 stands for -1, as Keras has it where all are 0 or 1. */
#include "objective/objective.h"

static double side(double y) { return y == 0 ? -1 : y; }

static void margins(const cnn__rows *rows, float scale, double *losses, float *gradient, int32_t squares) {
  double n = (double)rows->columns;
  for (int64_t i = 0; i < rows->count; i++) {
    double sum = 0;
    for (int64_t j = 0; j < rows->columns; j++) {
      double y = side(cnn__wanted(rows, i, j)), missing = 1 - y * (double)rows->outputs[i * rows->columns + j];
      double slope = missing < 0 ? 0 : squares ? -2 * missing * y : -y;
      missing = missing < 0 ? 0 : missing;
      sum += squares ? missing * missing : missing;
      if (gradient)
        gradient[i * rows->columns + j] = (float)(scale * slope / n);
    }
    losses[i] = sum / n;
  }
}

static void hinge(const void *set, const cnn__rows *rows, float scale, double *losses, float *gradient) {
  (void)set;
  margins(rows, scale, losses, gradient, 0);
}

static void squared_hinge(const void *set, const cnn__rows *rows, float scale, double *losses, float *gradient) {
  (void)set;
  margins(rows, scale, losses, gradient, 1);
}

/* max(0, 1 + max (1 - y) p - sum y p). Equal greatest ones share the derivative. */
static void categorical_row(const cnn__rows *rows, int64_t i, double scale, double *loss, float *gradient) {
  const float *p = rows->outputs + i * rows->columns;
  double positive = 0, negative = 0, ties = 0;
  for (int64_t j = 0; j < rows->columns; j++) {
    double y = cnn__wanted(rows, i, j), other = (1 - y) * (double)p[j];
    positive += y * (double)p[j];
    ties = j == 0 || other > negative ? 1 : ties + (other == negative ? 1 : 0);
    negative = j == 0 || other > negative ? other : negative;
  }
  double value = negative - positive + 1;
  *loss = value < 0 ? 0 : value;
  for (int64_t j = 0; gradient && j < rows->columns; j++) {
    double y = cnn__wanted(rows, i, j), greatest = (1 - y) * (double)p[j] == negative ? (1 - y) / ties : 0;
    gradient[j] = value < 0 ? 0 : (float)(scale * (greatest - y));
  }
}

static void categorical_hinge(const void *set, const cnn__rows *rows, float scale, double *losses, float *gradient) {
  (void)set;
  for (int64_t i = 0; i < rows->count; i++)
    categorical_row(rows, i, scale, &losses[i], gradient ? gradient + i * rows->columns : NULL);
}

static const cnn__attribute attributes[] = {CNN__REDUCTION_ROW, {0}}, none[] = {{0}};

#define HINGE(type, class, text)                                                                                       \
  const cnn__objective_type cnn__##type##_loss = {.name = #type,                                                       \
                                                  .class_name = class,                                                 \
                                                  .help = text,                                                        \
                                                  .attributes = attributes,                                            \
                                                  .attributes_size = sizeof(int32_t),                                  \
                                                  .rows = type};                                                       \
  const cnn__objective_type cnn__##type##_metric = {                                                                   \
      .name = #type, .class_name = class, .help = text, .attributes = none, .rows = type};

HINGE(hinge, "Hinge", "Mean of how far outputs are from the margin of 1 on their target's side of 0.")
HINGE(squared_hinge, "SquaredHinge", "Mean square of how far outputs are from the margin of 1.")
HINGE(categorical_hinge, "CategoricalHinge", "How far the right class is from the margin of 1 above the others.")
