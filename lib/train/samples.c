/* samples: the samples that one call goes over, and whether a model can use them. */
#include "train/samples.h"

void cnn__samples_open(cnn__samples *samples, const cnn_dataset *dataset, int64_t first, int64_t count) {
  samples->held = cnn__dataset_hold(dataset);
  cnn__dataset_part(&samples->part, dataset, first, count);
}

void cnn__samples_close(cnn__samples *samples) {
  cnn_dataset_free(samples->held);
  samples->held = NULL;
}

cnn_status cnn__samples_check_inputs(const cnn_dataset *dataset, const cnn_model *model, const char *what) {
  char has[160], takes[160];
  const cnn__shape *input = &model->layers[0]->out;
  cnn__shape without_channels = dataset->sample;
  if (cnn__shape_equal(&dataset->sample, input))
    return CNN_OK;
  /* Samples of two axes have got a channel axis; a model of two axes takes them as they came. */
  without_channels.rank--;
  if (dataset->inputs->shape.rank == 3 && cnn__shape_equal(&without_channels, input))
    return CNN_OK;
  return cnn__fail(CNN_ESHAPE, "%s: samples are %s, model '%s' takes %s", what, cnn__shape_text(has, &dataset->sample, 1),
                   model->name, cnn__shape_text(takes, input, 1));
}

/* Are labels that are no column at least those that the loss ignores? */
static int32_t all_ignored(const cnn_dataset *dataset, const cnn__objective *loss, int64_t columns) {
  int64_t first = dataset->first * dataset->target_values, count = dataset->count * dataset->target_values;
  if (loss->ignored < 0)
    return 0;
  for (int64_t i = 0; i < count; i++) {
    int64_t label = cnn__label_at(dataset->targets, first + i);
    if (label >= columns && label != loss->ignored)
      return 0;
  }
  return 1;
}

static cnn_status check_columns(const cnn_dataset *dataset, const cnn_model *model, int32_t labels, const char *what) {
  const cnn__shape *out = &model->layers[model->layer_count - 1]->out;
  const cnn__objective *loss = model->loss;
  int64_t columns = out->extent[out->rank - 1], classes = dataset->classes;
  if (labels && classes > columns && (columns > 1 || loss->type->classes) && !all_ignored(dataset, loss, columns))
    return cnn__fail(CNN_ESHAPE, "%s: labels are of %lld classes, model '%s' gives %lld values", what, (long long)classes,
                     model->name, (long long)columns);
  if (!labels && classes != columns && columns > 1)
    return cnn__fail(CNN_ESHAPE, "%s: targets have %lld columns, model '%s' gives %lld values", what, (long long)classes,
                     model->name, (long long)columns);
  return CNN_OK;
}

/* The same axes, those of 1 left out. */
static int32_t same_axes(const cnn__shape *a, const cnn__shape *b) {
  for (int32_t i = 0, j = 0;; i++, j++) {
    while (i < a->rank && a->extent[i] == 1)
      i++;
    while (j < b->rank && b->extent[j] == 1)
      j++;
    if (i == a->rank || j == b->rank)
      return i == a->rank && j == b->rank;
    if (a->extent[i] != b->extent[j])
      return 0;
  }
}

static cnn_status check_shape(const cnn_dataset *dataset, const cnn_model *model, int32_t labels, const char *what) {
  char has[160], takes[160];
  cnn__shape wanted = model->layers[model->layer_count - 1]->out;
  wanted.rank -= labels;
  if (same_axes(&dataset->target, &wanted))
    return CNN_OK;
  return cnn__fail(CNN_ESHAPE, "%s: %s are %s, for the output of model '%s' they must be %s", what,
                   labels ? "labels" : "targets", cnn__shape_text(has, &dataset->target, 1), model->name,
                   cnn__shape_text(takes, &wanted, 1));
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
  CNN__TRY(check_columns(dataset, model, labels, what));
  return check_shape(dataset, model, labels, what);
}

cnn_status cnn__samples_check_weights(const cnn_dataset *dataset, const cnn__class_weights *class_weights,
                                      const char *what) {
  if (!class_weights->count)
    return CNN_OK;
  if (dataset->weights)
    return cnn__fail(CNN_EINVAL, "%s: class weights are given, and the samples have weights of their own; leave one of them out",
                     what);
  if (cnn__targets_rows(dataset) != 1)
    return cnn__fail(CNN_ESHAPE, "%s: class weights go by the class of a sample, and a sample has %lld of them", what,
                     (long long)cnn__targets_rows(dataset));
  return CNN_OK;
}

cnn__feed cnn__batch_feed(const cnn__batch *batch) {
  return (cnn__feed){.count = batch->count,
                     .fill = cnn__batch_fill,
                     .user = batch,
                     .samples = batch->samples,
                     .labels = batch->labels,
                     .targets = batch->targets,
                     .weights = batch->weights};
}

int64_t cnn__batches(int64_t count, int64_t size) { return (count - 1) / size + 1; }
