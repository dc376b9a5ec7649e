/* dataset: samples and their targets, as stored. It holds tensors and a range of their first axis, so that a split
 * copies nothing; values become what a model sees only on their way out. */
#include "data/targets.h"

#include "core/fp.h"
#include "core/memory.h"
#include "core/options.h"
#include "kernels/kernel.h"

#include <math.h>
#include <string.h>

#define MOST_SAMPLES 4294967295 /* a sample's index is one 32-bit coordinate of its random numbers */

static cnn_status take_inputs(cnn_dataset *dataset, const cnn_tensor *inputs) {
  char text[160];
  const cnn__shape *shape = &inputs->shape;
  if (inputs->type != CNN_U8 && inputs->type != CNN_F32)
    return cnn__fail(CNN_ESHAPE, "inputs are %s, expected uint8 or float32", cnn_type_name(inputs->type));
  if (shape->rank < 2)
    return cnn__fail(CNN_ESHAPE, "inputs of shape %s, expected samples of at least one axis",
                     cnn__shape_text(text, shape, 0));
  if (shape->extent[0] == 0)
    return cnn__fail(CNN_EINVAL, "no samples, inputs of shape %s", cnn__shape_text(text, shape, 0));
  if (inputs->count == 0)
    return cnn__fail(CNN_ESHAPE, "samples without values, inputs of shape %s", cnn__shape_text(text, shape, 0));
  if (shape->extent[0] > MOST_SAMPLES)
    return cnn__fail(CNN_EUNSUPPORTED, "%lld samples, at most %lld are done", (long long)shape->extent[0],
                     (long long)MOST_SAMPLES);
  dataset->count = shape->extent[0];
  dataset->sample.rank = shape->rank - 1;
  memcpy(dataset->sample.extent, shape->extent + 1, sizeof shape->extent - sizeof shape->extent[0]);
  if (shape->rank == 3)
    dataset->sample.extent[dataset->sample.rank++] = 1;
  return cnn__tensor_finite(inputs, "inputs");
}

cnn_status cnn__dataset_describe(cnn_dataset *dataset, const cnn_tensor *inputs, const cnn_tensor *targets,
                                 const cnn_tensor *weights, int64_t classes) {
  CNN__TRY(take_inputs(dataset, inputs));
  if (targets)
    CNN__TRY(cnn__targets_describe(dataset, targets, classes));
  if (weights)
    CNN__TRY(cnn__weights_check(dataset, weights));
  dataset->inputs = (cnn_tensor *)(uintptr_t)inputs;
  dataset->targets = (cnn_tensor *)(uintptr_t)targets;
  dataset->weights = (cnn_tensor *)(uintptr_t)weights;
  return CNN_OK;
}

static cnn_status take_options(cnn_dataset *dataset, int64_t *classes, const cnn_dataset_opts *given) {
  cnn_dataset_opts options;
  CNN__TRY(cnn__options(&options, sizeof options, CNN__FIRST(cnn_dataset_opts, divisor), given, "cnn_dataset_opts"));
  if (options.reserved)
    return cnn__fail(CNN_ETOONEW, "cnn_dataset_opts: reserved is %d, must be 0", (int)options.reserved);
  if (options.classes < 0 || options.classes > CNN__MOST_CLASSES)
    return cnn__fail(CNN_EINVAL, "dataset: %lld classes, expected 1 to %lld, or 0 for the largest label + 1",
                     (long long)options.classes, (long long)CNN__MOST_CLASSES);
  dataset->divisor = cnn__option(options.divisor, 255.0f);
  if (!(dataset->divisor > 0.0f) || !isfinite(dataset->divisor))
    return cnn__fail(CNN_EINVAL, "dataset: divisor %g, expected more than 0", (double)dataset->divisor);
  *classes = options.classes;
  dataset->weights = options.sample_weights;
  return CNN_OK;
}

void cnn__dataset_part(cnn_dataset *part, const cnn_dataset *dataset, int64_t first, int64_t count) {
  atomic_init(&part->references, 1);
  part->context = dataset->context;
  part->inputs = dataset->inputs;
  part->targets = dataset->targets;
  part->weights = dataset->weights;
  part->first = dataset->first + first;
  part->count = count;
  part->sample = dataset->sample;
  part->target = dataset->target;
  part->target_values = dataset->target_values;
  part->classes = dataset->classes;
  part->divisor = dataset->divisor;
}

/* Of a part that is to live by itself. */
static void hold_all(cnn_dataset *dataset) {
  cnn__context_hold(dataset->context);
  cnn__tensor_hold(dataset->inputs);
  if (dataset->targets)
    cnn__tensor_hold(dataset->targets);
  if (dataset->weights)
    cnn__tensor_hold(dataset->weights);
}

cnn_status cnn_dataset_new(cnn_dataset **out, cnn_context *context, int32_t input_count, cnn_tensor *const *inputs,
                           int32_t target_count, cnn_tensor *const *targets, const cnn_dataset_opts *options) {
  cnn_dataset made = {0};
  int64_t classes = 0;
  if (!out || !context)
    return cnn__fail(CNN_EINVAL, "dataset: out or context is NULL");
  *out = NULL;
  if (input_count != 1 || target_count < 0 || target_count > 1)
    return cnn__fail(CNN_EINVAL, "dataset: %d inputs and %d targets; this version takes 1 input and 0 or 1 targets",
                     (int)input_count, (int)target_count);
  if (!inputs || !inputs[0] || (target_count && (!targets || !targets[0])))
    return cnn__fail(CNN_EINVAL, "dataset: an input or target is NULL");
  CNN__TRY(take_options(&made, &classes, options));
  if (cnn__dataset_describe(&made, inputs[0], target_count ? targets[0] : NULL, made.weights, classes) < 0)
    return cnn__fail_in("dataset");
  cnn_dataset *dataset = cnn__alloc_zero(context, sizeof *dataset, "data set");
  if (!dataset)
    return cnn__fail_code();
  made.context = context;
  cnn__dataset_part(dataset, &made, 0, made.count);
  hold_all(dataset);
  *out = dataset;
  return CNN_OK;
}

cnn_status cnn_dataset_load_idx(cnn_dataset **out, cnn_context *context, const char *images, const char *labels,
                                const cnn_dataset_opts *options) {
  char text[160];
  cnn_tensor *inputs = NULL, *targets = NULL;
  if (!out)
    return cnn__fail(CNN_EINVAL, "dataset: out is NULL");
  *out = NULL;
  cnn_status status = cnn_idx_load(&inputs, context, images);
  if (status >= 0)
    status = cnn_idx_load(&targets, context, labels);
  if (status >= 0 && targets->shape.rank != 1)
    status = cnn__fail(CNN_ESHAPE, "labels of shape %s, expected (samples,)", cnn__shape_text(text, &targets->shape, 0));
  if (status >= 0)
    status = cnn_dataset_new(out, context, 1, &inputs, 1, &targets, options);
  if (status < 0 && targets)
    status = cnn__fail_in("'%s', '%s'", images, labels);
  cnn_tensor_free(inputs);
  cnn_tensor_free(targets);
  return status;
}

cnn_dataset *cnn__dataset_hold(const cnn_dataset *dataset) {
  cnn_dataset *counted = (cnn_dataset *)dataset;
  atomic_fetch_add_explicit(&counted->references, 1, memory_order_relaxed);
  return counted;
}

void cnn_dataset_free(cnn_dataset *dataset) {
  if (!dataset || atomic_fetch_sub_explicit(&dataset->references, 1, memory_order_acq_rel) > 1)
    return;
  cnn_context *context = dataset->context;
  cnn_tensor_free(dataset->inputs);
  cnn_tensor_free(dataset->targets);
  cnn_tensor_free(dataset->weights);
  cnn__free(context, dataset);
  cnn__context_drop(context);
}

/* Keras's arithmetic: the product is rounded to double, then cut. */
static int64_t boundary(int64_t count, double fraction) {
  cnn__fp saved = cnn__fp_enter();
  volatile double kept = (double)count * (1.0 - fraction);
  cnn__fp_leave(saved);
  return (int64_t)kept;
}

cnn_status cnn_dataset_split(cnn_dataset **out_last, cnn_dataset *dataset, double fraction) {
  if (!out_last || !dataset)
    return cnn__fail(CNN_EINVAL, "split: out or data set is NULL");
  *out_last = NULL;
  if (!(fraction > 0.0 && fraction < 1.0))
    return cnn__fail(CNN_EINVAL, "split: fraction %g is not in (0, 1)", fraction);
  int64_t kept = boundary(dataset->count, fraction);
  if (kept < 1 || kept >= dataset->count)
    return cnn__fail(CNN_EINVAL, "split: fraction %g of %lld samples leaves %lld and %lld", fraction, (long long)dataset->count,
                     (long long)kept, (long long)(dataset->count - kept));
  if (atomic_load(&dataset->references) > 1)
    return cnn__fail(CNN_ESTATE, "split: the data set is in use");
  cnn_dataset *last = cnn__alloc_zero(dataset->context, sizeof *last, "data set");
  if (!last)
    return cnn__fail_code();
  cnn__dataset_part(last, dataset, kept, dataset->count - kept);
  hold_all(last);
  dataset->count = kept;
  *out_last = last;
  return CNN_OK;
}

int64_t cnn_dataset_count(const cnn_dataset *dataset) { return dataset ? dataset->count : 0; }
int64_t cnn_dataset_classes(const cnn_dataset *dataset) { return dataset ? dataset->classes : 0; }
int32_t cnn_dataset_input_type(const cnn_dataset *dataset) { return dataset ? dataset->inputs->type : 0; }

int32_t cnn_dataset_input_shape(const cnn_dataset *dataset, int64_t *shape) {
  if (!dataset)
    return 0;
  if (shape)
    memcpy(shape, dataset->sample.extent, (size_t)dataset->sample.rank * sizeof *shape);
  return dataset->sample.rank;
}

cnn_status cnn_dataset_range(const cnn_dataset *dataset, double *minimum, double *maximum) {
  if (!dataset || !minimum || !maximum)
    return cnn__fail(CNN_EINVAL, "range: data set, minimum or maximum is NULL");
  int64_t values = cnn__shape_count(&dataset->sample), n = dataset->count * values;
  if (dataset->inputs->type == CNN_U8) {
    const uint8_t *x = (const uint8_t *)dataset->inputs->data + dataset->first * values;
    uint8_t least = x[0], most = x[0];
    for (int64_t i = 1; i < n; i++) {
      least = x[i] < least ? x[i] : least;
      most = x[i] > most ? x[i] : most;
    }
    *minimum = least;
    *maximum = most;
  } else {
    const float *x = (const float *)dataset->inputs->data + dataset->first * values;
    float least = x[0], most = x[0];
    for (int64_t i = 1; i < n; i++) {
      least = x[i] < least ? x[i] : least;
      most = x[i] > most ? x[i] : most;
    }
    *minimum = (double)least;
    *maximum = (double)most;
  }
  return CNN_OK;
}

static void scaled(const cnn_dataset *dataset, int64_t first, int64_t count, float *x) {
  int64_t values = cnn__shape_count(&dataset->sample);
  int64_t at = (dataset->first + first) * values;
  if (dataset->inputs->type == CNN_U8)
    cnn__kernels_for(dataset->context->level, dataset->context->provider)
        ->scale_u8(count * values, (const uint8_t *)dataset->inputs->data + at, dataset->divisor, x);
  else
    memcpy(x, (const float *)dataset->inputs->data + at, (size_t)(count * values) * sizeof *x);
}

cnn_status cnn_dataset_inputs(cnn_tensor **out, const cnn_dataset *dataset, int64_t first, int64_t count) {
  if (!out || !dataset)
    return cnn__fail(CNN_EINVAL, "inputs: out or data set is NULL");
  *out = NULL;
  if (first < 0 || count < 0 || first > dataset->count || count > dataset->count - first)
    return cnn__fail(CNN_EINVAL, "inputs: %lld samples from %lld are not within %lld", (long long)count, (long long)first,
                     (long long)dataset->count);
  int64_t shape[CNN_MAX_RANK + 1] = {count};
  int32_t rank = 1 + cnn_dataset_input_shape(dataset, shape + 1);
  CNN__TRY(cnn_tensor_new(out, dataset->context, CNN_F32, rank, shape, NULL));
  cnn__fp saved = cnn__fp_enter();
  scaled(dataset, first, count, (*out)->data);
  cnn__fp_leave(saved);
  return CNN_OK;
}
