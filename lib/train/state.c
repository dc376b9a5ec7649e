/* state: what a callback needs to go on in a later run: numbers and f32 tensors by name, in order of first setting. */
#include "cnn/callback.h"

#include "core/memory.h"
#include "core/text.h"
#include "tensor/tensor_internal.h"

#include <string.h>

#define LONGEST_NAME 255

typedef struct entry {
  char *name;
  cnn_tensor *tensor; /* owned; NULL: a number */
  double value;
} entry;

struct cnn_state {
  cnn_context *context; /* held */
  entry *entries;
  int64_t capacity;
  int32_t count;
};

cnn_status cnn_state_new(cnn_state **out, cnn_context *context) {
  if (!out || !context)
    return cnn__fail(CNN_EINVAL, "cnn_state_new: %s is NULL", out ? "context" : "out");
  cnn_state *state = cnn__alloc_zero(context, sizeof *state, "state of a callback");
  if (!state)
    return CNN_ENOMEM;
  state->context = cnn__context_hold(context);
  *out = state;
  return CNN_OK;
}

void cnn_state_free(cnn_state *state) {
  if (!state)
    return;
  cnn_context *context = state->context;
  for (int32_t i = 0; i < state->count; i++) {
    cnn__free(context, state->entries[i].name);
    cnn_tensor_free(state->entries[i].tensor);
  }
  cnn__free(context, state->entries);
  cnn__free(context, state);
  cnn__context_drop(context);
}

static entry *find(const cnn_state *state, const char *name) {
  for (int32_t i = 0; name && i < cnn_state_count(state); i++)
    if (!strcmp(state->entries[i].name, name))
      return &state->entries[i];
  return NULL;
}

static cnn_status check_name(const char *name) {
  char clean[LONGEST_NAME + 1];
  if (!name || !name[0] || strlen(name) > LONGEST_NAME)
    return cnn__fail(CNN_EINVAL, "name in a state: %zu bytes, must be 1 to %d", name ? strlen(name) : 0, LONGEST_NAME);
  cnn__clean(clean, sizeof clean, name);
  if (strcmp(clean, name) != 0)
    return cnn__fail(CNN_EINVAL, "name in a state: '%s' has control characters or is no UTF-8", clean);
  return CNN_OK;
}

/* The entry of this name, made where there is none. */
static cnn_status entry_for(cnn_state *state, const char *name, entry **out) {
  *out = find(state, name);
  if (*out)
    return CNN_OK;
  CNN__TRY(check_name(name));
  CNN__TRY(cnn__grow(state->context, (void **)&state->entries, &state->capacity, (int64_t)state->count + 1,
                     sizeof *state->entries, "entries of a state"));
  char *copy = cnn__strdup(state->context, name);
  if (!copy)
    return CNN_ENOMEM;
  *out = &state->entries[state->count++];
  **out = (entry){.name = copy};
  return CNN_OK;
}

cnn_status cnn_state_set(cnn_state *state, const char *name, double value) {
  entry *at;
  if (!state)
    return cnn__fail(CNN_EINVAL, "cnn_state_set: state is NULL");
  CNN__TRY(entry_for(state, name, &at));
  cnn_tensor_free(at->tensor);
  at->tensor = NULL;
  at->value = value;
  return CNN_OK;
}

cnn_status cnn_state_value(const cnn_state *state, const char *name, double *out) {
  if (!state || !out)
    return cnn__fail(CNN_EINVAL, "cnn_state_value: %s is NULL", state ? "out" : "state");
  const entry *at = find(state, name);
  if (!at || at->tensor)
    return cnn__fail(CNN_ENAME, at ? "state: '%s' is a tensor, not a number" : "state: there is no number '%s'",
                     name ? name : "(NULL)");
  *out = at->value;
  return CNN_OK;
}

cnn_status cnn_state_set_tensor(cnn_state *state, const char *name, const cnn_tensor *value) {
  entry *at;
  cnn_tensor *copy;
  if (!state)
    return cnn__fail(CNN_EINVAL, "cnn_state_set_tensor: state is NULL");
  if (!value || value->type != CNN_F32)
    return cnn__fail(CNN_EINVAL, "state '%s': tensor is %s, must be float32", name ? name : "(NULL)",
                     value ? cnn_type_name(value->type) : "NULL");
  CNN__TRY(cnn_tensor_new(&copy, state->context, CNN_F32, value->shape.rank, value->shape.extent, NULL));
  memcpy(copy->data, value->data, (size_t)value->count * sizeof(float));
  cnn_status status = entry_for(state, name, &at);
  if (status < 0) {
    cnn_tensor_free(copy);
    return status;
  }
  cnn_tensor_free(at->tensor);
  at->tensor = copy;
  return CNN_OK;
}

const cnn_tensor *cnn_state_tensor(const cnn_state *state, const char *name) {
  const entry *at = find(state, name);
  return at ? at->tensor : NULL;
}

int32_t cnn_state_count(const cnn_state *state) { return state ? state->count : 0; }

const char *cnn_state_name(const cnn_state *state, int32_t index) {
  return index >= 0 && index < cnn_state_count(state) ? state->entries[index].name : NULL;
}
