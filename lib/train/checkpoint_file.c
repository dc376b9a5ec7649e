/* checkpoint_file: writing. A checkpoint is a file of the model, with the place of the training, its recipe, its history and what
 * the callbacks remember in further metadata and tensors. */
#include "train/checkpoint_file.h"

#include "core/memory.h"
#include "train/builtin.h"

#include <string.h>

typedef struct writing {
  const cnn__fit *fit;
  cnn_context *context;
  cnn_state **states; /* of each callback; NULL: it keeps none */
  cnn__entry *entries;
  cnn__slot_name *names;
  cnn__text place, recipe, history, callbacks;
  int32_t entry_count;
} writing;

/* ---- place ---- */

static json_t *sums_json(const cnn__figures *figures) {
  char text[32];
  json_t *sums = json_array();
  for (int32_t f = 0; f < figures->count; f++)
    json_array_append_new(sums, json_string(cnn__repr(text, figures->sums[f])));
  return sums;
}

static json_t *place_json(const cnn__place *place) {
  char seconds[32], weight[32];
  return json_pack("{s:I, s:I, s:I, s:I, s:s, s:b, s:b, s:s, s:I, s:o}", "epoch", (json_int_t)place->epoch, "step",
                   (json_int_t)place->step, "samples", (json_int_t)place->samples, "steps", (json_int_t)place->steps, "seconds",
                   cnn__repr(seconds, place->seconds), "stop", place->stop, "stop_batches", place->stop_batches, "weight",
                   cnn__repr(weight, place->figures.weight), "counted", (json_int_t)place->figures.samples, "sums",
                   sums_json(&place->figures));
}

/* ---- callbacks ---- */

static cnn_status ask_states(writing *w) {
  const cnn__fit *fit = w->fit;
  w->states = cnn__alloc_zero(w->context, (size_t)fit->callback_count * sizeof *w->states, "states of callbacks");
  if (!w->states)
    return CNN_ENOMEM;
  for (int32_t i = 0; i < fit->callback_count; i++) {
    if (!fit->callbacks[i]->functions.state_save)
      continue;
    CNN__TRY(cnn_state_new(&w->states[i], w->context));
    CNN__TRY(cnn_callback_save(fit->callbacks[i], w->states[i]));
  }
  return CNN_OK;
}

static int32_t tensor_count(const writing *w) {
  int32_t count = 0;
  for (int32_t i = 0; i < w->fit->callback_count; i++)
    for (int32_t j = 0; j < cnn_state_count(w->states[i]); j++)
      count += cnn_state_tensor(w->states[i], cnn_state_name(w->states[i], j)) != NULL;
  return count;
}

/* One callback as JSON; its tensors join the list of entries. */
static json_t *callback_json(writing *w, int32_t index, size_t place) {
  char text[32];
  const cnn_state *state = w->states[index];
  json_t *numbers = json_object(), *tensors = json_array();
  for (int32_t i = 0; i < cnn_state_count(state); i++) {
    double value;
    const char *name = cnn_state_name(state, i);
    const cnn_tensor *tensor = cnn_state_tensor(state, name);
    if (!tensor && cnn_state_value(state, name, &value) == CNN_OK)
      json_object_set_new(numbers, name, json_string(cnn__repr(text, value)));
    if (!tensor)
      continue;
    json_array_append_new(tensors, json_string(name));
    cnn__slot_name *full = &w->names[w->entry_count];
    cnn__format(full->text, sizeof full->text, CNN__MORE_PREFIX "%zu/%s", place, name);
    w->entries[w->entry_count++] =
        (cnn__entry){.name = full->text, .type = CNN_F32, .shape = tensor->shape, .data = tensor->data};
  }
  return json_pack("{s:s, s:o, s:o}", "kind", cnn__builtin_kind(w->fit->callbacks[index]), "numbers", numbers, "tensors",
                   tensors);
}

static json_t *callbacks_json(writing *w) {
  json_t *list = json_array();
  for (int32_t i = 0; i < w->fit->callback_count; i++)
    if (w->states[i])
      json_array_append_new(list, callback_json(w, i, json_array_size(list)));
  return list;
}

/* ---- the file ---- */

static cnn_status text_of(cnn__text *out, json_t *json) {
  cnn_status status = json ? cnn__json_append(out, json) : cnn__fail(CNN_ENOMEM, "no memory for a checkpoint");
  json_decref(json);
  return status;
}

static cnn_status describe(writing *w) {
  size_t tensors;
  CNN__TRY(ask_states(w));
  tensors = (size_t)tensor_count(w);
  w->entries = cnn__alloc_zero(w->context, tensors * sizeof *w->entries, "list of tensors");
  w->names = cnn__alloc(w->context, tensors * sizeof *w->names, "names of tensors");
  if (!w->entries || !w->names)
    return CNN_ENOMEM;
  CNN__TRY(text_of(&w->callbacks, json_pack("{s:o}", "callbacks", callbacks_json(w))));
  CNN__TRY(text_of(&w->history, json_pack("{s:o}", "epochs", cnn__history_to_json(w->fit->history))));
  CNN__TRY(text_of(&w->place, place_json(&w->fit->place)));
  return text_of(&w->recipe, json_incref(w->fit->recipe));
}

static cnn_status write(const writing *w, unsigned char **bytes, size_t *count) {
  const cnn__note notes[] = {{CNN__NOTE_PLACE, w->place.data},
                             {CNN__NOTE_RECIPE, w->recipe.data},
                             {CNN__NOTE_HISTORY, w->history.data},
                             {CNN__NOTE_CALLBACKS, w->callbacks.data}};
  const cnn__more more = {.notes = notes,
                          .note_count = sizeof notes / sizeof *notes,
                          .entries = w->entries,
                          .entry_count = w->entry_count};
  CNN__TRY(cnn__model_write(w->fit->model, &(cnn__target){.length = count}, &more));
  *bytes = cnn__alloc(w->context, *count, "checkpoint");
  if (!*bytes)
    return CNN_ENOMEM;
  return cnn__model_write(w->fit->model, &(cnn__target){.buffer = *bytes, .capacity = *count}, &more);
}

cnn_status cnn__checkpoint_bytes(const cnn__fit *fit, unsigned char **bytes, size_t *count) {
  cnn_context *context = fit->model->context;
  writing w = {.fit = fit, .context = context};
  w.place.context = w.recipe.context = w.history.context = w.callbacks.context = context;
  *bytes = NULL;
  cnn_status status = describe(&w);
  if (status == CNN_OK)
    status = write(&w, bytes, count);
  if (status < 0) {
    cnn__free(context, *bytes);
    *bytes = NULL;
  }
  for (int32_t i = 0; w.states && i < fit->callback_count; i++)
    cnn_state_free(w.states[i]);
  cnn__text *const texts[] = {&w.place, &w.recipe, &w.history, &w.callbacks};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    cnn__text_free(texts[i]);
  cnn__free(context, w.states);
  cnn__free(context, w.entries);
  cnn__free(context, w.names);
  return status;
}
