/* state: the optimizer's state, which Keras's files have as a list of variables, and containers by names. */
#include "companion/keras/state.h"

#include "companion/keras/fold.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

/* ---- the list ---- */

static size_t learned(const keras__weights *weights) {
  size_t all = 0;
  for (size_t i = 0; i < weights->count; i++)
    all += (size_t)weights->layers[i].learned;
  return all;
}

/* The i-th weight that learns. */
static void learned_at(keras__variable *out, const keras__weights *weights, size_t index) {
  size_t i = 0;
  while (index >= (size_t)weights->layers[i].learned)
    index -= (size_t)weights->layers[i++].learned;
  out->layer = &weights->layers[i];
  out->weight = (int32_t)index;
}

int32_t keras__variable_at(keras__variable *out, size_t index, int32_t apart, const keras__weights *weights, const keras__slots *slots) {
  size_t all = learned(weights);
  *out = (keras__variable){.own = index == 0 ? KERAS__ITERATION : index == 1 && !slots->scheduled ? KERAS__RATE : 0};
  if (out->own)
    return 1;
  index -= slots->scheduled ? 1 : 2;
  for (int32_t g = 0; g < slots->count; g++) {
    size_t names = slots->groups[g][1] ? 2 : 1;
    if (index >= all * names) {
      index -= all * names;
      continue;
    }
    out->slot = slots->groups[g][apart ? index / all : index % names];
    learned_at(out, weights, apart ? index % all : index / names);
    return 1;
  }
  out->own = KERAS__PRODUCT;
  return slots->product && index == 0;
}

const char *keras__slot_name(char buffer[KERAS__NAME], const keras__variable *v) {
  cnn_format(buffer, KERAS__NAME, "optimizer/%s/%s/%s", v->layer->name, v->layer->names[v->weight], v->slot);
  return buffer;
}

/* ---- reading ---- */

typedef struct reading {
  cnn_container *out;
  cnn_context *context;
  keras__h5 *file;
  const keras__weights *weights;
  const keras__slots *slots;
  cnn_tensor **tensors; /* of all variables but the first; NULL: not kept */
  size_t count;
} reading;

static cnn_status does_not_fit(const char *why) {
  (void)cnn_error_set(CNN_EFORMAT, "the optimizer starts afresh: its state in the file is not of this optimizer, %s", why);
  return CNN_STOP;
}

/* Like the weight it belongs to? */
static int32_t fits(const reading *r, const cnn_tensor *value, const keras__variable *v) {
  char name[KERAS__NAME];
  const cnn_tensor *weight = cnn_container_tensor(r->out, keras__weight_name(name, v->layer, v->weight));
  return weight && cnn_tensor_rank(weight) == cnn_tensor_rank(value) &&
         memcmp(cnn_tensor_shape(weight), cnn_tensor_shape(value), (size_t)cnn_tensor_rank(value) * sizeof(int64_t)) == 0;
}

static cnn_status set_number(cnn_container *out, const char *key, const cnn_tensor *value) {
  char text[32];
  const float *number = cnn_tensor_read(value);
  return cnn_container_set_note(out, key, cnn_format_shortest(text, (double)*number));
}

/* All but the count of steps: looked at first, set only when all of them fit. */
static cnn_status take_variables(reading *r, int32_t apart) {
  keras__slots slots = *r->slots;
  keras__variable v;
  char name[KERAS__NAME];
  cnn_status status = CNN_OK;
  size_t given = r->count, first = 0;
  int32_t has_rate = given && cnn_tensor_rank(r->tensors[0]) == 0;
  slots.scheduled = !has_rate; /* of the file: Keras 2 has no rate here, Keras 3 one that a schedule does not use */
  first = has_rate ? 1 : 0;
  if (has_rate && !(*(const float *)cnn_tensor_read(r->tensors[0]) >= 0 && *(const float *)cnn_tensor_read(r->tensors[0]) <= FLT_MAX))
    return does_not_fit("the learning rate is no number from 0 on");
  if (slots.product && given > first && cnn_tensor_rank(r->tensors[given - 1]) == 0)
    given--;
  slots.product = 0;
  if (strcmp(slots.name, "sgd") == 0 && slots.count == 0 && given - first == learned(r->weights))
    given = first; /* Keras 2 keeps a momentum that it does not use */
  if (keras__variable_at(&v, given + 1, apart, r->weights, &slots))
    return does_not_fit("there is less of it");
  for (size_t i = first; i < given; i++) {
    int32_t known = keras__variable_at(&v, i + 1, apart, r->weights, &slots) && !v.own;
    if (known && (status = keras__fold(&r->tensors[i], r->context, v.layer->class_name)) < 0)
      return status;
    if (!known || !fits(r, r->tensors[i], &v))
      return does_not_fit("number or shapes are others");
  }
  for (size_t i = first; i < given && status == CNN_OK; i++) {
    keras__variable_at(&v, i + 1, apart, r->weights, &slots);
    status = cnn_container_set_tensor(r->out, keras__slot_name(name, &v), r->tensors[i]);
  }
  if (status == CNN_OK && has_rate && !r->slots->scheduled)
    status = set_number(r->out, "learning_rate", r->tensors[0]);
  return status;
}

static cnn_status read_variables(reading *r, const uint64_t *variables) {
  cnn_status status = CNN_OK;
  for (size_t i = 0; i < r->count && status == CNN_OK; i++)
    status = keras__h5_tensor(&r->tensors[i], r->context, r->file, variables[i], "a variable of the optimizer");
  return status;
}

cnn_status keras__state_read(cnn_container *out, cnn_context *context, keras__h5 *file, const uint64_t *variables, size_t count,
                             int32_t apart, const keras__weights *weights, const keras__slots *slots) {
  char text[32];
  int64_t iterations;
  if (count == 0)
    return CNN_OK;
  cnn_status status = keras__h5_integer(&iterations, file, variables[0], "the optimizer's count of steps");
  if (status < 0)
    return status;
  reading r = {out, context, file, weights, slots, calloc(count, sizeof(cnn_tensor *)), count - 1};
  status = r.tensors ? read_variables(&r, variables + 1) : cnn_error_set(CNN_ENOMEM, "no memory for the optimizer's state");
  if (status == CNN_OK && iterations < 0)
    status = cnn_error_set(CNN_EFORMAT, "the optimizer has made %lld steps", (long long)iterations);
  if (status == CNN_OK)
    status = take_variables(&r, apart);
  if (status == CNN_OK) {
    cnn_format(text, sizeof text, "%lld", (long long)iterations);
    status = cnn_container_set_note(out, "iterations", text);
  }
  for (size_t i = 0; r.tensors && i < r.count; i++)
    cnn_tensor_free(r.tensors[i]);
  free(r.tensors);
  const int32_t not_begun = iterations == 0 && count <= 2; /* compiled, not trained: there is nothing yet but the rate */
  if (status == CNN_STOP && !not_begun)
    cnn_context_warn(context, "%s", cnn_error_text());
  return status < 0 ? status : CNN_OK;
}
