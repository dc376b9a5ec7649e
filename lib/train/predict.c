/* predict: outputs of the model in inference mode, for tensors and for data sets. One image alone gives the bits
 * of its row in any batch. */
#include "cnn/train.h"
#include "train/progress_text.h"
#include "train/sink.h"
#include "train/samples.h"

#include "core/options.h"

#include <string.h>

/* Where rows come from: `take` makes rows [first, first + count) the batch in hand. */
typedef struct rows {
  int64_t total;
  void (*take)(struct rows *rows, int64_t first, int64_t count, cnn__feed *feed);
  const float *values; /* of a tensor: all rows */
  const float *taken;  /* ... and those in hand */
  int64_t width;
  cnn__batch *batch;   /* of a data set */
  uint64_t seed;
} rows;

static void fill(const void *user, int64_t first, int64_t count, float *x) {
  const rows *r = user;
  memcpy(x, r->taken + first * r->width, (size_t)(count * r->width) * sizeof *x);
}

static void take_tensor(rows *r, int64_t first, int64_t count, cnn__feed *feed) {
  r->taken = r->values + first * r->width;
  *feed = (cnn__feed){.count = count, .fill = fill, .user = r};
}

static void take_dataset(rows *r, int64_t first, int64_t count, cnn__feed *feed) {
  cnn__batch_take(r->batch, r->seed, 0, 0, first, count);
  *feed = cnn__batch_feed(r->batch);
}

static cnn_status predict(const cnn_model *model, rows *r, float *outputs, int64_t size, const cnn_sink *sink,
                          int32_t verbose) {
  cnn__run *run;
  cnn__bar bar;
  int64_t columns = cnn__shape_count(&model->layers[model->layer_count - 1]->out);
  if (!r->total)
    return CNN_OK;
  size = size < r->total ? size : r->total;
  CNN__TRY(cnn__model_borrow_run(model, CNN__MODE_PREDICT, size, &run));
  int64_t steps = cnn__batches(r->total, size);
  cnn__bar_begin(&bar, sink, verbose, 0, steps);
  for (int64_t step = 0; step < steps; step++) {
    cnn__feed feed;
    int64_t first = step * size, left = r->total - first;
    r->take(r, first, left < size ? left : size, &feed);
    cnn__run_predict(run, model, &feed, outputs + first * columns);
    cnn__bar_step(&bar, step + 1, NULL);
  }
  cnn__bar_end(&bar, steps, NULL);
  cnn__model_return_run(model, run);
  return CNN_OK;
}

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

static cnn_status read_options(cnn_predict_opts *given, cnn_sink *sink, const cnn_sink **to, const cnn_model *model,
                               const cnn_predict_opts *options) {
  CNN__TRY(cnn__options(given, sizeof *given, sizeof *given, options, "cnn_predict_opts"));
  CNN__TRY(cnn__passing_check(given->batch_size, given->verbose, given->reserved, "predict"));
  given->batch_size = given->batch_size ? given->batch_size : 32;
  return cnn__sink_read(sink, to, given->sink, model->context);
}

/* f32 [N, ...]: the axes after the first are the model's; images of one channel may leave it out. */
static int32_t is_input(const cnn__shape *given, const cnn__shape *wanted) {
  cnn__shape sample = {.rank = given->rank - 1};
  if (given->rank < 1)
    return 0;
  memcpy(sample.extent, given->extent + 1, (size_t)sample.rank * sizeof *sample.extent);
  if (sample.rank == 2 && wanted->rank == 3)
    sample.extent[sample.rank++] = 1;
  return cnn__shape_equal(&sample, wanted);
}

static cnn_status check_input(const cnn_tensor *input, const cnn_model *model) {
  char has[160], takes[160];
  const cnn__shape *wanted = &model->layers[0]->out;
  if (!input)
    return cnn__fail(CNN_EINVAL, "predict: input is NULL");
  if (input->type != CNN_F32 || !is_input(&input->shape, wanted))
    return cnn__fail(CNN_ESHAPE, "predict: input is %s %s, model '%s' takes float32 %s", cnn_type_name(input->type),
                     cnn__shape_text(has, &input->shape, 0), model->name, cnn__shape_text(takes, wanted, 1));
  return cnn__tensor_finite(input, "predict: input");
}

static cnn__shape output_shape(const cnn_model *model, int64_t count) {
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
  cnn__shape shape = output_shape(model, input->shape.extent[0]);
  if (!output)
    return cnn__fail(CNN_EINVAL, "predict: output is NULL");
  if (output->type != CNN_F32 || !cnn__shape_equal(&output->shape, &shape))
    return cnn__fail(CNN_ESHAPE, "predict: output is %s %s, must be float32 %s", cnn_type_name(output->type),
                     cnn__shape_text(has, &output->shape, 0), cnn__shape_text(wants, &shape, 0));
  if (overlap(output, input))
    return cnn__fail(CNN_EINVAL, "predict: input and output share their memory");
  return CNN_OK;
}

static cnn_status new_output(cnn_tensor **out, const cnn_model *model, int64_t count) {
  cnn__shape shape = output_shape(model, count);
  return cnn_tensor_new(out, model->context, CNN_F32, shape.rank, shape.extent, NULL);
}

/* ---- the calls ---- */

static cnn_status predict_tensor(cnn_tensor *output, const cnn_model *model, const cnn_tensor *input,
                                 const cnn_predict_opts *given, const cnn_sink *sink) {
  rows r = {.total = input->shape.extent[0],
            .take = take_tensor,
            .values = input->data,
            .width = cnn__shape_count(&model->layers[0]->out)};
  return predict(model, &r, output->data, given->batch_size, sink, given->verbose);
}

cnn_status cnn_model_predict_into(cnn_tensor *const *outputs, int32_t output_count, const cnn_model *model,
                                  const cnn_tensor *const *inputs, int32_t input_count,
                                  const cnn_predict_opts *options) {
  cnn_predict_opts given;
  cnn_sink sink;
  const cnn_sink *to;
  CNN__TRY(check_call(outputs, output_count, model, inputs, input_count));
  CNN__TRY(read_options(&given, &sink, &to, model, options));
  CNN__TRY(check_input(inputs[0], model));
  CNN__TRY(check_output(outputs[0], inputs[0], model));
  return predict_tensor(outputs[0], model, inputs[0], &given, to);
}

cnn_status cnn_model_predict(cnn_tensor **outputs, int32_t output_count, const cnn_model *model,
                             const cnn_tensor *const *inputs, int32_t input_count, const cnn_predict_opts *options) {
  cnn_predict_opts given;
  cnn_sink sink;
  const cnn_sink *to;
  cnn_tensor *output;
  CNN__TRY(check_call(outputs, output_count, model, inputs, input_count));
  CNN__TRY(read_options(&given, &sink, &to, model, options));
  CNN__TRY(check_input(inputs[0], model));
  CNN__TRY(new_output(&output, model, inputs[0]->shape.extent[0]));
  cnn_status status = predict_tensor(output, model, inputs[0], &given, to);
  if (status < 0)
    cnn_tensor_free(output);
  else
    outputs[0] = output;
  return status;
}

static cnn_status predict_samples(cnn_tensor *output, const cnn_model *model, const cnn_dataset *data,
                                 const cnn_predict_opts *given, const cnn_sink *sink) {
  int64_t capacity = given->batch_size < data->count ? given->batch_size : data->count;
  rows r = {.total = data->count, .take = take_dataset, .seed = model->seed};
  CNN__TRY(cnn__batch_new(&r.batch, data, NULL, capacity));
  cnn_status status = predict(model, &r, output->data, capacity, sink, given->verbose);
  cnn__batch_free(r.batch);
  return status;
}

cnn_status cnn_model_predict_dataset(cnn_tensor **outputs, int32_t output_count, const cnn_model *model,
                                     const cnn_dataset *dataset, const cnn_predict_opts *options) {
  cnn_predict_opts given;
  cnn_sink sink;
  const cnn_sink *to;
  cnn_tensor *output;
  cnn__samples samples = {0};
  CNN__TRY(check_call(outputs, output_count, model, dataset, 1));
  CNN__TRY(read_options(&given, &sink, &to, model, options));
  CNN__TRY(cnn__samples_check_inputs(dataset, model, "predict"));
  CNN__TRY(new_output(&output, model, dataset->count));
  cnn__samples_open(&samples, dataset, 0, dataset->count);
  cnn_status status = predict_samples(output, model, &samples.part, &given, to);
  cnn__samples_close(&samples);
  if (status < 0)
    cnn_tensor_free(output);
  else
    outputs[0] = output;
  return status;
}
