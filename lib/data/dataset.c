/* dataset: samples and their targets, as stored. It holds tensors and a range of their first axis, so that a split
 * copies nothing; values become what a model sees only on their way out. */
#include "data/dataset_internal.h"

#include "core/fp.h"
#include "core/memory.h"
#include "core/options.h"
#include "kernels/kernel.h"

#include <math.h>
#include <string.h>

#define MOST_SAMPLES 4294967295 /* a sample's index is one 32-bit coordinate of its random numbers */
#define MOST_CLASSES 2147483647 /* labels travel as int32_t */

int32_t cnn__labels_are(const cnn_tensor *tensor) {
  return tensor->type == CNN_U8 || tensor->type == CNN_I32 || tensor->type == CNN_I64;
}

int64_t cnn__label_at(const cnn_tensor *tensor, int64_t index) {
  if (tensor->type == CNN_U8)
    return ((const uint8_t *)tensor->data)[index];
  if (tensor->type == CNN_I32)
    return ((const int32_t *)tensor->data)[index];
  return tensor->type == CNN_I64 ? ((const int64_t *)tensor->data)[index] : -1;
}

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

static cnn_status take_labels(cnn_dataset *dataset, const cnn_tensor *targets, int64_t classes) {
  char text[160];
  const cnn__shape *shape = &targets->shape;
  int64_t limit = classes ? classes : MOST_CLASSES, largest = 0;
  if (shape->rank != 1 && !(shape->rank == 2 && shape->extent[1] == 1))
    return cnn__fail(CNN_ESHAPE, "labels of shape %s, expected (samples,) or (samples, 1)",
                     cnn__shape_text(text, shape, 0));
  for (int64_t i = 0; i < targets->count; i++) {
    int64_t label = cnn__label_at(targets, i);
    if (label < 0 || label >= limit)
      return cnn__fail(CNN_EDATA, "label %lld of sample %lld is not in [0, %lld)", (long long)label, (long long)i,
                       (long long)limit);
    largest = label > largest ? label : largest;
  }
  dataset->classes = classes ? classes : largest + 1;
  return CNN_OK;
}

static cnn_status take_targets(cnn_dataset *dataset, const cnn_tensor *targets, int64_t classes) {
  char text[160];
  const cnn__shape *shape = &targets->shape;
  if (shape->rank < 1 || shape->extent[0] != dataset->count)
    return cnn__fail(CNN_ESHAPE, "targets of shape %s for %lld samples", cnn__shape_text(text, shape, 0),
                     (long long)dataset->count);
  if (cnn__labels_are(targets))
    return take_labels(dataset, targets, classes);
  if (shape->rank != 2 || shape->extent[1] < 1)
    return cnn__fail(CNN_ESHAPE, "float32 targets of shape %s, expected (samples, columns)",
                     cnn__shape_text(text, shape, 0));
  if (classes && classes != shape->extent[1])
    return cnn__fail(CNN_ESHAPE, "%lld classes, but targets of %lld columns", (long long)classes,
                     (long long)shape->extent[1]);
  dataset->classes = shape->extent[1];
  return cnn__tensor_finite(targets, "targets");
}

cnn_status cnn__dataset_describe(cnn_dataset *dataset, const cnn_tensor *inputs, const cnn_tensor *targets,
                                 int64_t classes) {
  CNN__TRY(take_inputs(dataset, inputs));
  if (targets)
    CNN__TRY(take_targets(dataset, targets, classes));
  dataset->inputs = (cnn_tensor *)(uintptr_t)inputs;
  dataset->targets = (cnn_tensor *)(uintptr_t)targets;
  return CNN_OK;
}

static cnn_status take_options(cnn_dataset *dataset, int64_t *classes, const cnn_dataset_opts *given) {
  cnn_dataset_opts options;
  const size_t first = offsetof(cnn_dataset_opts, divisor) + sizeof options.divisor; /* what is reserved must be zero */
  CNN__TRY(cnn__options(&options, first, first, given, "cnn_dataset_opts"));
  if (options.classes < 0 || options.classes > MOST_CLASSES)
    return cnn__fail(CNN_EINVAL, "dataset: %lld classes, expected 1 to %lld, or 0 for the largest label + 1",
                     (long long)options.classes, (long long)MOST_CLASSES);
  dataset->divisor = cnn__option(options.divisor, 255.0f);
  if (!(dataset->divisor > 0.0f) || !isfinite(dataset->divisor))
    return cnn__fail(CNN_EINVAL, "dataset: divisor %g, expected more than 0", (double)dataset->divisor);
  *classes = options.classes;
  return CNN_OK;
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
  if (cnn__dataset_describe(&made, inputs[0], target_count ? targets[0] : NULL, classes) < 0)
    return cnn__fail_in("dataset");
  cnn_dataset *dataset = cnn__alloc_zero(context, sizeof *dataset, "data set");
  if (!dataset)
    return cnn__fail_code();
  dataset->count = made.count;
  dataset->sample = made.sample;
  dataset->classes = made.classes;
  dataset->divisor = made.divisor;
  dataset->context = cnn__context_hold(context);
  dataset->inputs = cnn__tensor_hold(inputs[0]);
  dataset->targets = target_count ? cnn__tensor_hold(targets[0]) : NULL;
  atomic_init(&dataset->references, 1);
  *out = dataset;
  return CNN_OK;
}

cnn_status cnn_dataset_load_idx(cnn_dataset **out, cnn_context *context, const char *images, const char *labels,
                                const cnn_dataset_opts *options) {
  cnn_tensor *inputs = NULL, *targets = NULL;
  if (!out)
    return cnn__fail(CNN_EINVAL, "dataset: out is NULL");
  *out = NULL;
  cnn_status status = cnn_idx_load(&inputs, context, images);
  if (status >= 0)
    status = cnn_idx_load(&targets, context, labels);
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
  last->context = cnn__context_hold(dataset->context);
  last->inputs = cnn__tensor_hold(dataset->inputs);
  last->targets = dataset->targets ? cnn__tensor_hold(dataset->targets) : NULL;
  last->first = dataset->first + kept;
  last->count = dataset->count - kept;
  last->sample = dataset->sample;
  last->classes = dataset->classes;
  last->divisor = dataset->divisor;
  atomic_init(&last->references, 1);
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

int64_t cnn_dataset_label(const cnn_dataset *dataset, int64_t index) {
  if (!dataset || !dataset->targets || index < 0 || index >= dataset->count)
    return -1;
  int64_t row = dataset->first + index;
  if (cnn__labels_are(dataset->targets))
    return cnn__label_at(dataset->targets, row);
  return cnn__first_largest((const float *)dataset->targets->data + row * dataset->classes, dataset->classes);
}

cnn_status cnn_dataset_class_counts(const cnn_dataset *dataset, int64_t classes, int64_t *counts) {
  if (!dataset || (!counts && classes))
    return cnn__fail(CNN_EINVAL, "class counts: data set or counts is NULL");
  if (classes != dataset->classes)
    return cnn__fail(CNN_EINVAL, "class counts: room for %lld classes, the data set has %lld", (long long)classes,
                     (long long)dataset->classes);
  if (!classes)
    return CNN_OK;
  memset(counts, 0, (size_t)classes * sizeof *counts);
  for (int64_t i = 0; i < dataset->count; i++)
    counts[cnn_dataset_label(dataset, i)]++;
  return CNN_OK;
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

cnn_status cnn_dataset_labels(cnn_tensor **out, const cnn_dataset *dataset) {
  if (!out || !dataset)
    return cnn__fail(CNN_EINVAL, "labels: out or data set is NULL");
  *out = NULL;
  if (!dataset->targets)
    return cnn__fail(CNN_ESTATE, "labels: the data set has no targets");
  CNN__TRY(cnn_tensor_new(out, dataset->context, CNN_I32, 1, &dataset->count, NULL));
  int32_t *labels = (*out)->data;
  for (int64_t i = 0; i < dataset->count; i++)
    labels[i] = (int32_t)cnn_dataset_label(dataset, i);
  return CNN_OK;
}
