/* view: a batch of the caller's tensors as a run takes it. */
#include "train/view.h"

#include "core/options.h"

/* The tensors by themselves. */
static cnn_status describe(cnn_dataset *part, const cnn_batch *given, int32_t targets) {
  cnn_batch batch;
  CNN__TRY(cnn__options(&batch, sizeof batch, CNN__FIRST(cnn_batch, targets), given, "cnn_batch"));
  if (!batch.inputs)
    return cnn__fail(CNN_EINVAL, "inputs is NULL");
  return cnn__dataset_describe(part, batch.inputs, targets ? batch.targets : NULL,
                               targets ? batch.sample_weights : NULL, 0);
}

cnn_status cnn__view_set(cnn__view *view, const cnn_model *model, const cnn_batch *given, int32_t targets,
                         const cnn_augmenter *augmenter, const cnn__class_weights *class_weights, const char *what) {
  view->part = (cnn_dataset){.context = model->context, .divisor = 255.0f};
  if (describe(&view->part, given, targets) < 0)
    return cnn__fail_in("%s", what);
  CNN__TRY(cnn__samples_check_inputs(&view->part, model, what));
  if (targets)
    CNN__TRY(cnn__samples_check_targets(&view->part, model, what));
  if (targets)
    CNN__TRY(cnn__samples_check_weights(&view->part, class_weights, what));
  view->batch = (cnn__batch){.dataset = &view->part,
                             .augmenter = augmenter,
                             .class_weights = *class_weights,
                             .k = cnn__kernels_for(model->context->level, model->context->provider)};
  return CNN_OK;
}

/* The part begins so many samples before its tensors that sample `first` is their row 0. */
cnn__feed cnn__view_feed(cnn__view *view, cnn__run *run, uint32_t pass, int64_t first) {
  cnn__batch *batch = &view->batch;
  const cnn_tensor *targets = view->part.targets;
  int32_t labels = targets && cnn__labels_are(targets);
  view->part.first = -first;
  batch->capacity = view->part.count;
  batch->samples = cnn__run_samples(run);
  batch->labels = labels ? cnn__run_labels(run) : NULL;
  batch->weights = view->part.weights || batch->class_weights.count ? cnn__run_weights(run) : NULL;
  cnn__batch_take(batch, 0, pass, 0, first, view->part.count);
  cnn__feed feed = cnn__batch_feed(batch);
  feed.targets = targets && !labels ? targets->data : NULL;
  return feed;
}
