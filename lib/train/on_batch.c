/* on_batch: one step of training, or the figures of one batch, for loops of one's own. */
#include "core/fp.h"
#include "train/figures.h"
#include "train/view.h"

static cnn_status check(const cnn_model *model, const cnn_batch *batch, const char *what) {
  if (!model || !batch)
    return cnn__fail(CNN_EINVAL, "%s: %s is NULL", what, model ? "batch" : "model");
  CNN__TRY(cnn__model_ready(model));
  return model->compiled ? CNN_OK : cnn__fail(CNN_ESTATE, "%s: model '%s' is not compiled", what, model->name);
}

/* The logs are made ready first, so that a step that was made has figures. */
static cnn_status make_room(cnn_logs *logs, const cnn_model *model) {
  cnn__figures none;
  cnn__figures_begin(&none, model);
  none.samples = 1;
  cnn__logs_clear(logs);
  return cnn__figures_tell(&none, logs, "");
}

/* trained: the model where it is to learn, else NULL. */
static cnn_status run(cnn_logs *logs, const cnn_model *model, cnn_model *trained, const cnn_batch *batch, const char *what) {
  cnn__view view;
  cnn__run *run;
  cnn__figures figures;
  if (logs)
    CNN__TRY(make_room(logs, model));
  CNN__TRY(cnn__view_set(&view, model, batch, 1, NULL, &(const cnn__class_weights){0}, what));
  CNN__TRY(cnn__model_borrow_run(model, trained ? CNN__MODE_TRAIN : CNN__MODE_TEST, view.part.count, &run));
  cnn__feed feed = cnn__view_feed(&view, run, (uint32_t)model->iterations, 0);
  if (trained)
    cnn__run_train(run, trained, &feed, (uint32_t)model->iterations);
  else
    cnn__run_test(run, model, &feed);
  cnn__figures_begin(&figures, model);
  cnn__figures_add(&figures, run, feed.count);
  cnn__model_return_run(model, run);
  return logs ? cnn__figures_tell(&figures, logs, "") : CNN_OK;
}

static cnn_status run_in_fp(cnn_logs *logs, const cnn_model *model, cnn_model *trained, const cnn_batch *batch,
                            const char *what) {
  cnn__fp saved = cnn__fp_enter();
  cnn_status status = run(logs, model, trained, batch, what);
  cnn__fp_leave(saved);
  if (status < 0 && logs)
    cnn__logs_clear(logs);
  return status;
}

cnn_status cnn_model_train_on_batch(cnn_logs *logs, cnn_model *model, const cnn_batch *batch) {
  CNN__TRY(check(model, batch, "train_on_batch"));
  if (atomic_exchange(&model->fitting, 1))
    return cnn__fail(CNN_ESTATE, "train_on_batch: model '%s' is in training already", model->name);
  cnn_status status = run_in_fp(logs, model, model, batch, "train_on_batch");
  atomic_store(&model->fitting, 0);
  return status;
}

cnn_status cnn_model_test_on_batch(cnn_logs *logs, const cnn_model *model, const cnn_batch *batch) {
  CNN__TRY(check(model, batch, "test_on_batch"));
  return run_in_fp(logs, model, NULL, batch, "test_on_batch");
}
