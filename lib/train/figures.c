/* figures: loss and metrics of a pass over samples, as sums over samples in double. A batch that is shorter counts
 * for less, and how samples were put into batches changes nothing. */
#include "train/figures.h"

#include "core/text.h"

#include <math.h>
#include <string.h>

void cnn__figures_begin(cnn__figures *figures, const cnn_model *model) {
  *figures = (cnn__figures){0};
  for (int32_t m = -1; m < model->metric_count; m++) {
    int32_t weighted = m >= 0 && model->weighted[m];
    const char *name = m < 0 ? "loss" : model->metric_names[m];
    int32_t at = figures->count++;
    for (; at > 0 && strcmp(figures->names[at - 1], name) > 0; at--) {
      figures->names[at] = figures->names[at - 1];
      figures->metric[at] = figures->metric[at - 1];
      figures->weighted[at] = figures->weighted[at - 1];
      figures->root[at] = figures->root[at - 1];
    }
    figures->names[at] = name;
    figures->metric[at] = m;
    figures->weighted[at] = weighted;
    figures->root[at] = m >= 0 && model->metrics[m]->type->root;
  }
}

void cnn__figures_add(cnn__figures *figures, const cnn__run *run, int64_t count) {
  for (int32_t f = 0; f < figures->count; f++) {
    const double *rows = figures->metric[f] < 0 ? cnn__run_losses(run) : cnn__run_metric(run, figures->metric[f]);
    double sum = figures->sums[f];
    for (int64_t i = 0; i < count; i++)
      sum += rows[i];
    if (figures->metric[f] < 0)
      sum += (double)count * cnn__run_penalty(run);
    figures->sums[f] = sum;
  }
  for (int64_t i = 0; i < count; i++)
    figures->weight += cnn__run_weight(run, i);
  figures->samples += count;
}

cnn_status cnn__figures_tell(const cnn__figures *figures, cnn_logs *logs, const char *prefix) {
  char name[CNN__FIGURE_BYTES];
  for (int32_t f = 0; f < figures->count; f++) {
    double by = figures->weighted[f] ? figures->weight : (double)figures->samples;
    double mean = by != 0 ? figures->sums[f] / by : 0;
    cnn__format(name, sizeof name, "%s%s", prefix, figures->names[f]);
    CNN__TRY(cnn_logs_set(logs, name, (double)(float)(figures->root[f] ? sqrt(mean) : mean)));
  }
  return CNN_OK;
}
