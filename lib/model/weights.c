/* weights: a model's weight arrays by name, copied out, replaced, and made into one number. */
#include "model/graph.h"
#include "model/model_internal.h"

#include "core/checksum.h"
#include "core/text.h"
#include "tensor/tensor_internal.h"

#include <string.h>

int32_t cnn_model_weight_count(const cnn_model *model) { return model ? model->parameter_count : 0; }

const char *cnn_model_weight_name(const cnn_model *model, int32_t index) {
  return index >= 0 && index < cnn_model_weight_count(model) ? cnn__model_weight(model, index)->name : NULL;
}

int32_t cnn__model_find_weight(const cnn_model *model, const char *name) {
  const char *best = NULL;
  char clean[2 * CNN__NAME_BYTES];
  for (int32_t i = 0; i < model->parameter_count; i++) {
    const char *candidate = cnn__model_weight(model, i)->name;
    if (!strcmp(candidate, name))
      return i;
    const char *nearer = cnn__graph_nearer(name, best, candidate);
    best = nearer ? nearer : best;
  }
  cnn__clean(clean, sizeof clean, name);
  if (best)
    (void)cnn__fail(CNN_ENAME, "unknown weight '%s'; did you mean '%s'?", clean, best);
  else
    (void)cnn__fail(CNN_ENAME, "unknown weight '%s'", clean);
  return -1;
}

cnn_status cnn_model_weight(cnn_tensor **out, const cnn_model *model, const char *name) {
  if (!out || !model || !name)
    return cnn__fail(CNN_EINVAL, "cnn_model_weight: %s is NULL", !out ? "out" : !model ? "model" : "name");
  int32_t index = cnn__model_find_weight(model, name);
  if (index < 0)
    return CNN_ENAME;
  const cnn__weight *weight = cnn__model_weight(model, index);
  cnn_tensor *tensor;
  CNN__TRY(cnn_tensor_new(&tensor, model->context, CNN_F32, weight->shape.rank, weight->shape.extent, NULL));
  memcpy(cnn_tensor_data(tensor), weight->value, (size_t)weight->count * sizeof(float));
  *out = tensor;
  return CNN_OK;
}

cnn_status cnn_model_set_weight(cnn_model *model, const char *name, const cnn_tensor *value) {
  char wanted[160], given[160];
  if (!model || !name)
    return cnn__fail(CNN_EINVAL, "cnn_model_set_weight: %s is NULL", model ? "name" : "model");
  int32_t index = cnn__model_find_weight(model, name);
  if (index < 0)
    return CNN_ENAME;
  cnn__weight *weight = cnn__model_weight(model, index);
  if (!value)
    return cnn__fail(CNN_EINVAL, "weight '%s': value is NULL", weight->name);
  if (value->type != CNN_F32 || !cnn__shape_equal(&value->shape, &weight->shape))
    return cnn__fail(CNN_ESHAPE, "weight '%s' is float32 %s, got %s %s", weight->name,
                     cnn__shape_text(wanted, &weight->shape, 0), cnn_type_name(value->type),
                     cnn__shape_text(given, &value->shape, 0));
  CNN__TRY(cnn__tensor_finite(value, weight->name));
  memcpy(weight->value, value->data, (size_t)weight->count * sizeof(float));
  cnn__model_touch(model);
  return CNN_OK;
}

const char *cnn_model_hash(const cnn_model *model, char buffer[33]) {
  cnn__checksum sum;
  unsigned char bytes[CNN__CHECKSUM_BYTES];
  if (!model || !buffer)
    return "";
  cnn__checksum_begin(&sum);
  for (int32_t i = 0; i < model->parameter_count; i++) {
    const cnn__weight *weight = cnn__model_weight(model, i);
    cnn__checksum_add(&sum, weight->value, (size_t)weight->count * sizeof(float));
  }
  cnn__checksum_bytes(&sum, bytes);
  for (int32_t i = 0; i < CNN__CHECKSUM_BYTES; i++)
    cnn__format(buffer + 2 * i, 3, "%02x", (unsigned)bytes[i]);
  return buffer;
}
