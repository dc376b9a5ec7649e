/* layer: making a layer from its type's descriptor, its weights, and what the public interface tells about it. */
#include "layers/layer_internal.h"

#include "core/memory.h"
#include "core/text.h"
#include "layers/initializer.h"
#include "layers/regularizer.h"

#include <string.h>

/* No array may have more elements than this, so that bytes and batch multiples cannot overflow. */
#define MAX_ELEMENTS ((int64_t)1 << 40)

int64_t cnn__window_extent(int64_t n, int64_t k, int64_t s, int64_t d, int32_t padding, int64_t *before) {
  int64_t reach = (k - 1) * d + 1;
  *before = 0;
  if (padding == CNN_PADDING_VALID)
    return n < reach ? -1 : (n - reach) / s + 1;
  int64_t extent = (n + s - 1) / s, total = (extent - 1) * s + reach - n;
  if (total > 0)
    *before = total / 2;
  return extent;
}

cnn_status cnn__layer_weight(cnn_layer *layer, const char *local, const cnn__shape *shape, int32_t initializer,
                             int32_t learns) {
  cnn__form form = cnn__initializer_form(initializer, initializer);
  return cnn__layer_weight_of(layer, local, shape, &form, NULL, learns);
}

cnn_status cnn__layer_weight_of(cnn_layer *layer, const char *local, const cnn__shape *shape,
                                const cnn__form *initializer, const cnn__form *regularizer, int32_t learns) {
  char text[160];
  if (layer->weight_count == CNN__MAX_WEIGHTS)
    return cnn__fail(CNN_EINTERNAL, "more than %d weights", CNN__MAX_WEIGHTS);
  cnn__weight *weight = &layer->weights[layer->weight_count];
  weight->shape = *shape;
  weight->count = cnn__shape_count(shape);
  if (weight->count < 1 || weight->count > MAX_ELEMENTS)
    return cnn__fail(CNN_ESHAPE, "%s %s has too many elements", local, cnn__shape_text(text, shape, 0));
  if (initializer->choice + 1 == CNN_INITIALIZER_ORTHOGONAL && shape->rank < 2)
    return cnn__fail(CNN_EINVAL, "%s %s cannot begin orthogonal: that takes at least two axes", local,
                     cnn__shape_text(text, shape, 0));
  weight->initializer = *initializer;
  weight->l1 = weight->l2 = 0;
  if (regularizer)
    cnn__regularize(weight, regularizer);
  weight->learns = learns;
  weight->trainable = learns && !layer->frozen;
  size_t bytes = strlen(layer->name) + strlen(local) + 2;
  weight->name = cnn__alloc(layer->context, bytes, "name of a weight");
  if (!weight->name)
    return CNN_ENOMEM;
  cnn__format(weight->name, bytes, "%s/%s", layer->name, local);
  layer->weight_count++;
  return CNN_OK;
}

static cnn_status make_weights(cnn_layer *layer, uint64_t seed) {
  for (int32_t i = 0; i < layer->weight_count; i++) {
    cnn__weight *weight = &layer->weights[i];
    weight->value = cnn__alloc(layer->context, (size_t)weight->count * sizeof(float), weight->name);
    if (!weight->value)
      return CNN_ENOMEM;
    CNN__TRY(cnn__initialize(layer->context, weight->value, &weight->shape, &weight->initializer, seed, layer->index, i));
  }
  return CNN_OK;
}

static const cnn__attribute *trainable_row(const cnn_layer *layer) {
  return cnn__attribute_find(layer->type->attributes, "trainable");
}

/* A layer whose type has no such attribute begins as trainable. */
static void read_trainable(cnn_layer *layer) {
  char text[8] = "true";
  if (trainable_row(layer))
    cnn__attribute_text(trainable_row(layer), layer->attributes, text, sizeof text);
  layer->trainable = strcmp(text, "true") == 0;
  layer->frozen = !layer->trainable;
}

static cnn_status build(cnn_layer *layer, const void *attributes, const char *name, uint64_t seed) {
  const cnn__layer_type *type = layer->type;
  char text[160], what[320];
  cnn__format(what, sizeof what, "%s '%s'", type->name, name);
  CNN__TRY(cnn__attributes_check(type->attributes, attributes, what));
  layer->name = cnn__strdup(layer->context, name);
  layer->attributes = cnn__alloc(layer->context, type->attributes_size, "attributes of a layer");
  layer->data = cnn__alloc_zero(layer->context, type->data_size, "geometry of a layer");
  if (!layer->name || !layer->attributes || !layer->data)
    return CNN_ENOMEM;
  if (type->attributes_size)
    memcpy(layer->attributes, attributes, type->attributes_size);
  read_trainable(layer);
  if (type->setup(layer) < 0)
    return cnn__fail_in("%s", what);
  int64_t count = cnn__shape_count(&layer->out);
  if (count < 1 || count > MAX_ELEMENTS)
    return cnn__fail(CNN_ESHAPE, "%s: the output %s has too many elements", what,
                     cnn__shape_text(text, &layer->out, 1));
  return make_weights(layer, seed);
}

cnn_status cnn__layer_reads(const cnn__layer_type *type, int32_t inputs, const char *what) {
  if (type->inputs != CNN__SEVERAL)
    return inputs == type->inputs ? CNN_OK
                                  : cnn__fail(CNN_EINVAL, "%s: reads %d layer%s, got %d", what, (int)type->inputs,
                                              type->inputs == 1 ? "" : "s", (int)inputs);
  if (inputs < 2 || inputs > CNN__MAX_INPUTS)
    return cnn__fail(CNN_EINVAL, "%s: reads 2 to %d layers, got %d; name them in inputs", what, CNN__MAX_INPUTS,
                     (int)inputs);
  return CNN_OK;
}

cnn_layer *cnn__layer_new(cnn_context *context, const cnn__layer_type *type, const void *attributes,
                          const char *name, int32_t index, cnn_layer *const *inputs, int32_t input_count,
                          uint64_t seed) {
  char what[320];
  cnn__format(what, sizeof what, "%s '%s'", type->name, name);
  if (cnn__layer_reads(type, input_count, what) < 0)
    return NULL;
  cnn_layer *layer = cnn__alloc_zero(context, sizeof *layer, "layer");
  if (!layer)
    return NULL;
  layer->context = context;
  layer->type = type;
  layer->index = index;
  layer->input_count = input_count;
  for (int32_t i = 0; i < input_count; i++)
    layer->inputs[i] = inputs[i];
  if (input_count)
    layer->in = inputs[0]->out;
  if (build(layer, attributes, name, seed) < 0) {
    cnn__layer_free(layer);
    return NULL;
  }
  return layer;
}

void cnn__layer_free(cnn_layer *layer) {
  if (!layer)
    return;
  for (int32_t i = 0; i < layer->weight_count; i++) {
    cnn__free(layer->context, layer->weights[i].name);
    cnn__free(layer->context, layer->weights[i].value);
  }
  if (layer->data && layer->type->free)
    layer->type->free(layer);
  cnn__free(layer->context, layer->data);
  cnn__free(layer->context, layer->attributes);
  cnn__free(layer->context, layer->name);
  cnn__free(layer->context, layer);
}

int32_t cnn__layer_learns(const cnn_layer *layer) {
  for (int32_t i = 0; i < layer->weight_count; i++)
    if (layer->weights[i].trainable)
      return 1;
  for (int32_t m = 0; m < layer->member_count; m++)
    if (cnn__layer_learns(layer->members[m]))
      return 1;
  return 0;
}

void cnn__layer_freeze(cnn_layer *layer, int32_t frozen) {
  layer->frozen = frozen;
  for (int32_t i = 0; i < layer->weight_count; i++)
    layer->weights[i].trainable = layer->weights[i].learns && !frozen;
}

int32_t cnn__layer_needs(const cnn_layer *layer) {
  int32_t needs = layer->needs, late = CNN__NEEDS_X_LATE | CNN__NEEDS_DY_LATE;
  if (cnn__layer_infers(layer))
    return needs & ~(CNN__NEEDS_X | CNN__NEEDS_Y | late);
  if (layer->frozen)
    needs &= ~(needs & CNN__X_FOR_WEIGHTS ? CNN__NEEDS_X | late : late);
  return needs;
}

/* ---- public ---- */

const char *cnn_layer_name(const cnn_layer *layer) { return layer ? layer->name : ""; }

const char *cnn_layer_type(const cnn_layer *layer) { return layer ? layer->type->name : ""; }

int32_t cnn_layer_output_shape(const cnn_layer *layer, int64_t *shape) {
  if (!layer)
    return 0;
  for (int32_t i = 0; shape && i < layer->out.rank; i++)
    shape[i] = layer->out.extent[i];
  return layer->out.rank;
}

static int64_t count_weights(const cnn_layer *layer, int32_t trainable_only) {
  int64_t total = 0;
  for (int32_t i = 0; layer && i < layer->weight_count; i++)
    if (!trainable_only || (layer->weights[i].learns && layer->trainable))
      total += layer->weights[i].count;
  return total;
}

int64_t cnn_layer_parameters(const cnn_layer *layer) { return count_weights(layer, 0); }

int64_t cnn_layer_trainable_parameters(const cnn_layer *layer) { return count_weights(layer, 1); }

int32_t cnn_layer_trainable(const cnn_layer *layer) { return layer ? layer->trainable : 0; }

cnn_status cnn_layer_set_trainable(cnn_layer *layer, int32_t trainable) {
  if (!layer)
    return cnn__fail(CNN_EINVAL, "cnn_layer_set_trainable: layer is NULL");
  if (trainable_row(layer))
    CNN__TRY(cnn__attributes_set(layer->type->attributes, layer->attributes, "trainable", trainable ? "true" : "false",
                                 layer->name));
  layer->trainable = trainable != 0;
  return CNN_OK;
}

int64_t cnn_layer_flops(const cnn_layer *layer) { return layer ? layer->flops : 0; }

cnn_status cnn_layer_attribute_text(const cnn_layer *layer, const char *key, char *buffer, size_t bytes) {
  if (!layer || !key || (!buffer && bytes))
    return cnn__fail(CNN_EINVAL, "cnn_layer_attribute_text: an argument is NULL");
  char what[256];
  cnn__format(what, sizeof what, "%s '%.128s'", layer->type->name, layer->name);
  return cnn__attributes_text(layer->type->attributes, layer->attributes, key, buffer, bytes, what);
}

/* ---- options as text ---- */

cnn_status cnn__attributes_worded(const cnn__layer_type *type, void *attributes, const char *name,
                                  const cnn__worded *words, int32_t count) {
  char what[320];
  cnn__format(what, sizeof what, name ? "%s '%.255s'" : "%s", type->name, name);
  for (int32_t i = 0; i < count; i++) {
    if (words[i].text && words[i].other)
      return cnn__fail(CNN_EINVAL, "%s: %s is given as %d and as '%s'", what, words[i].key, (int)words[i].other,
                       words[i].text);
    if (words[i].text)
      CNN__TRY(cnn__attributes_set(type->attributes, attributes, words[i].key, words[i].text, what));
  }
  return CNN_OK;
}

/* ---- a kernel and perhaps a bias ---- */

int32_t cnn__has_bias(const cnn_layer *layer) { return layer->weight_count > 1; }

void cnn__join_bias(const cnn__work *work) {
  int64_t count = work->layer->sum_doubles;
  work->k->tree_sum_f64(count, work->shards, count, work->sums, work->sums);
  for (int64_t q = 0; q < count; q++)
    work->grads[1][q] = (float)work->sums[q];
}
