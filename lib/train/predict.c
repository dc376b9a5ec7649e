/* predict: outputs of the model in inference mode, for tensors. One image alone gives the bits of its row in any
 * batch. */
#include "train/predict.h"

#include "core/options.h"
#include "train/inputs.h"
#include "train/progress_text.h"
#include "train/samples.h"

#include <string.h>

/* ---- checks ---- */

static cnn_status check_call(const void *outputs, int32_t output_count, const cnn_model *model, const void *inputs,
                             int32_t input_count) {
  if (!outputs || !model || !inputs)
    return cnn__fail(CNN_EINVAL, "predict: %s NULL", !outputs ? "outputs is" : !model ? "model is" : "input is");
  CNN__TRY(cnn__model_ready(model));
  if (output_count != 1 || input_count != 1)
    return cnn__fail(CNN_EINVAL, "predict: %d inputs and %d outputs, model '%s' has 1 of each", (int)input_count,
                     (int)output_count, model->name);
  const cnn_layer *last = model->layers[model->layer_count - 1];
  if (last->out.rank >= CNN_MAX_RANK)
    return cnn__fail(CNN_ESHAPE, "predict: outputs of '%s' would have %d axes, at most %d are possible", last->name,
                     (int)last->out.rank + 1, CNN_MAX_RANK);
  return CNN_OK;
}

cnn_status cnn__predict_begin(cnn__predict *p, const void *outputs, int32_t output_count, const cnn_model *model,
                              const void *inputs, int32_t input_count, const cnn_predict_opts *options) {
  cnn_predict_opts *o = &p->options;
  CNN__TRY(check_call(outputs, output_count, model, inputs, input_count));
  CNN__TRY(cnn__options(o, sizeof *o, sizeof *o, options, "cnn_predict_opts"));
  CNN__TRY(cnn__passing_check(o->batch_size, o->steps, o->verbose, o->reserved, "predict"));
  return cnn__sink_read(&p->sink, &p->to, o->sink, model->context);
}

cnn__shape cnn__predict_shape(const cnn_model *model, int64_t count) {
  const cnn__shape *out = &model->layers[model->layer_count - 1]->out;
  cnn__shape shape = {.rank = out->rank + 1, .extent = {count}};
  memcpy(shape.extent + 1, out->extent, (size_t)out->rank * sizeof *out->extent);
  return shape;
}

/* Rows are written while later ones are still to be read. */
static int32_t overlap(const cnn_tensor *a, const cnn_tensor *b) {
  uintptr_t from_a = (uintptr_t)a->data, from_b = (uintptr_t)b->data;
  return from_a < from_b + cnn_tensor_bytes(b) && from_b < from_a + cnn_tensor_bytes(a);
}

static cnn_status check_output(const cnn_tensor *output, const cnn_tensor *input, const cnn_model *model) {
  char has[160], wants[160];
  cnn__shape shape = cnn__predict_shape(model, input->shape.extent[0]);
  if (!output)
    return cnn__fail(CNN_EINVAL, "predict: output is NULL");
  if (output->type != CNN_F32 || !cnn__shape_equal(&output->shape, &shape))
    return cnn__fail(CNN_ESHAPE, "predict: output is %s %s, must be float32 %s", cnn_type_name(output->type),
                     cnn__shape_text(has, &output->shape, 0), cnn__shape_text(wants, &shape, 0));
  if (overlap(output, input))
    return cnn__fail(CNN_EINVAL, "predict: input and output share their memory");
  return CNN_OK;
}

/* ---- the calls ---- */

static cnn_status predict(cnn_tensor *output, const cnn_model *model, cnn__inputs *rows, const cnn__predict *p) {
  cnn__run *run;
  cnn__bar bar;
  cnn__feed feed;
  int64_t columns = cnn__shape_count(&model->layers[model->layer_count - 1]->out), step = 0;
  if (!rows->count)
    return CNN_OK;
  int64_t all = cnn__batches(rows->count, rows->size);
  CNN__TRY(cnn__model_borrow_run(model, CNN__MODE_PREDICT, rows->size, &run));
  cnn__bar_begin(&bar, p->to, p->options.verbose, 0, all);
  for (; cnn__inputs_batch(rows, &feed); rows->first += feed.count) {
    cnn__run_predict(run, model, &feed, (float *)output->data + rows->first * columns);
    cnn__bar_step(&bar, ++step, NULL);
  }
  cnn__bar_end(&bar, all, NULL);
  cnn__model_return_run(model, run);
  return CNN_OK;
}

static cnn_status begin(cnn__predict *p, cnn__inputs *rows, const void *outputs, int32_t output_count,
                        const cnn_model *model, const cnn_tensor *const *inputs, int32_t input_count,
                        const cnn_predict_opts *options) {
  CNN__TRY(cnn__predict_begin(p, outputs, output_count, model, inputs, input_count, options));
  if (p->options.steps)
    return cnn__fail(CNN_EINVAL, "predict: steps is %lld; of tensors all samples are predicted", (long long)p->options.steps);
  return cnn__inputs_open(rows, model, inputs[0], p->options.augmenter, p->options.batch_size, "predict");
}

cnn_status cnn_model_predict_into(cnn_tensor *const *outputs, int32_t output_count, const cnn_model *model,
                                  const cnn_tensor *const *inputs, int32_t input_count,
                                  const cnn_predict_opts *options) {
  cnn__predict p;
  cnn__inputs rows;
  CNN__TRY(begin(&p, &rows, outputs, output_count, model, inputs, input_count, options));
  CNN__TRY(check_output(outputs[0], inputs[0], model));
  return predict(outputs[0], model, &rows, &p);
}

cnn_status cnn_model_predict(cnn_tensor **outputs, int32_t output_count, const cnn_model *model,
                             const cnn_tensor *const *inputs, int32_t input_count, const cnn_predict_opts *options) {
  cnn__predict p;
  cnn__inputs rows;
  cnn_tensor *output;
  CNN__TRY(begin(&p, &rows, outputs, output_count, model, inputs, input_count, options));
  CNN__TRY(cnn__results_new(&output, model, rows.count, &model->layers[model->layer_count - 1]->out));
  cnn_status status = predict(output, model, &rows, &p);
  if (status < 0)
    cnn_tensor_free(output);
  else
    outputs[0] = output;
  return status;
}

cnn_status cnn_model_predict_classes(cnn_tensor **out, const cnn_model *model, const cnn_tensor *const *inputs,
                                     int32_t input_count, const cnn_predict_opts *options) {
  cnn_tensor *output;
  CNN__TRY(cnn_model_predict(out ? &output : NULL, 1, model, inputs, input_count, options));
  cnn_status status = cnn_to_classes(out, output);
  cnn_tensor_free(output);
  return status;
}
