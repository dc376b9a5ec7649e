/* samples: the samples that one call goes over, and whether a model can use them. */
#include "train/samples.h"

void cnn__samples_open(cnn__samples *samples, const cnn_dataset *dataset, int64_t first, int64_t count) {
  cnn_dataset *part = &samples->part;
  samples->held = cnn__dataset_hold(dataset);
  atomic_init(&part->references, 1);
  part->context = dataset->context;
  part->inputs = dataset->inputs;
  part->targets = dataset->targets;
  part->first = dataset->first + first;
  part->count = count;
  part->sample = dataset->sample;
  part->classes = dataset->classes;
  part->divisor = dataset->divisor;
}

void cnn__samples_close(cnn__samples *samples) {
  cnn_dataset_free(samples->held);
  samples->held = NULL;
}

cnn_status cnn__samples_check_inputs(const cnn_dataset *dataset, const cnn_model *model, const char *what) {
  char has[160], takes[160];
  const cnn__shape *input = &model->layers[0]->out;
  if (cnn__shape_equal(&dataset->sample, input))
    return CNN_OK;
  return cnn__fail(CNN_ESHAPE, "%s: samples are %s, model '%s' takes %s", what, cnn__shape_text(has, &dataset->sample, 1),
                   model->name, cnn__shape_text(takes, input, 1));
}

static cnn_status check_columns(const cnn_dataset *dataset, const cnn_model *model, int32_t labels, const char *what) {
  long long columns = (long long)model->layers[model->layer_count - 1]->out.extent[0];
  long long classes = (long long)dataset->classes;
  if (labels && classes > columns)
    return cnn__fail(CNN_ESHAPE, "%s: labels are of %lld classes, model '%s' gives %lld values", what, classes, model->name,
                     columns);
  if (!labels && classes != columns)
    return cnn__fail(CNN_ESHAPE, "%s: targets have %lld columns, model '%s' gives %lld values", what, classes, model->name,
                     columns);
  return CNN_OK;
}

cnn_status cnn__samples_check_targets(const cnn_dataset *dataset, const cnn_model *model, const char *what) {
  if (!dataset->targets)
    return cnn__fail(CNN_ESHAPE, "%s: data set has no targets", what);
  int32_t labels = dataset->targets->type != CNN_F32;
  if (!labels && model->loss->type->labels_only)
    return cnn__fail(CNN_ESHAPE, "%s: loss '%s' takes class labels, data set has rows of values", what,
                     model->loss->type->name);
  for (int32_t m = 0; m < model->metric_count; m++)
    if (!labels && model->metrics[m]->type->labels_only)
      return cnn__fail(CNN_ESHAPE, "%s: metric '%s' takes no rows of values", what, model->metric_names[m]);
  return check_columns(dataset, model, labels, what);
}

cnn__feed cnn__batch_feed(const cnn__batch *batch) {
  return (cnn__feed){.count = batch->count,
                     .fill = cnn__batch_fill,
                     .user = batch,
                     .samples = batch->samples,
                     .labels = batch->labels,
                     .targets = batch->targets};
}

int64_t cnn__batches(int64_t count, int64_t size) { return (count - 1) / size + 1; }
