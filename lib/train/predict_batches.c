/* predict_batches: outputs for the samples of a data set or of the caller's function, one batch's rows behind the
 * other's. */
#include "train/predict.h"

#include "core/fp.h"
#include "core/memory.h"
#include "tensor/tensor_internal.h"
#include "train/progress_text.h"
#include "train/supply.h"

/* Rows so far; of the context's memory, until they become a tensor's. */
typedef struct rows {
  float *values;
  int64_t count, columns, capacity; /* samples; floats of one; floats that there is room for */
} rows;

static cnn_status make_room(rows *r, cnn_context *context, int64_t count) {
  int64_t wanted;
  if (cnn__sum(r->count, count, &wanted) || cnn__mul(wanted, r->columns, &wanted))
    return cnn__fail(CNN_ENOMEM, "predict: outputs of more than %lld samples are too many", (long long)r->count);
  return cnn__grow(context, (void **)&r->values, &r->capacity, wanted, sizeof *r->values, "outputs");
}

static cnn_status collect(rows *r, cnn__supply *supply, cnn__bar *bar) {
  cnn__feed feed;
  cnn_status status;
  cnn__supply_begin(supply, 0, supply->model->pass, 0);
  while ((status = cnn__supply_next(supply, &feed)) == CNN_OK) {
    CNN__TRY(make_room(r, supply->model->context, feed.count));
    cnn__run_predict(supply->run, supply->model, &feed, r->values + r->count * r->columns);
    r->count += feed.count;
    cnn__bar_step(bar, supply->step, NULL);
  }
  return status < 0 ? status : CNN_OK;
}

static cnn_status run(rows *r, cnn__supply *supply, const cnn__predict *p) {
  cnn__bar bar;
  CNN__TRY(cnn__supply_open(supply));
  if (supply->samples.held)
    CNN__TRY(make_room(r, supply->model->context, cnn__supply_samples(supply)));
  cnn__bar_begin(&bar, p->to, p->options.verbose, 0, supply->steps);
  cnn__fp saved = cnn__fp_enter();
  cnn_status status = collect(r, supply, &bar);
  cnn__fp_leave(saved);
  if (status == CNN_OK)
    cnn__bar_end(&bar, supply->step, NULL);
  else
    cnn__bar_leave(&bar);
  return status;
}

/* A tensor around the rows, which owns them. */
static cnn_status hand_over(cnn_tensor **out, const cnn_model *model, rows *r) {
  cnn__shape shape = cnn__predict_shape(model, r->count);
  CNN__TRY(cnn_tensor_new(out, model->context, CNN_F32, shape.rank, shape.extent, cnn_tensor_opts(.data = r->values)));
  (*out)->owns_data = 1;
  r->values = NULL;
  return CNN_OK;
}

static cnn_status predict(cnn_tensor **outputs, int32_t output_count, const cnn_model *model, const cnn_dataset *dataset,
                          const cnn_batch_source *source, const cnn_predict_opts *options) {
  cnn__predict p;
  rows r = {0};
  cnn__supply supply = {.model = model, .mode = CNN__MODE_PREDICT, .what = "predict"};
  const void *inputs = dataset ? (const void *)dataset : source;
  CNN__TRY(cnn__predict_begin(&p, outputs, output_count, model, inputs, 1, options));
  const cnn_predict_opts *o = &p.options;
  supply.augmenter = o->augmenter;
  CNN__TRY(dataset ? cnn__supply_dataset(&supply, dataset, 0, dataset->count, o->batch_size, o->steps)
                   : cnn__supply_source(&supply, source, o->batch_size, o->steps));
  const cnn__shape shape = cnn__predict_shape(model, 1);
  r.columns = cnn__shape_count(&shape);
  cnn_status status = run(&r, &supply, &p);
  if (status == CNN_OK)
    status = hand_over(outputs, model, &r);
  cnn__free(model->context, r.values);
  cnn__supply_close(&supply);
  return status;
}

cnn_status cnn_model_predict_dataset(cnn_tensor **outputs, int32_t output_count, const cnn_model *model,
                                     const cnn_dataset *dataset, const cnn_predict_opts *options) {
  return predict(outputs, output_count, model, dataset, NULL, options);
}

cnn_status cnn_model_predict_source(cnn_tensor **outputs, int32_t output_count, const cnn_model *model,
                                    const cnn_batch_source *source, const cnn_predict_opts *options) {
  return predict(outputs, output_count, model, NULL, source, options);
}
