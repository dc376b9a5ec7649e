/* resumption: a checkpoint read, held against the training that wants to go on from it, and taken. Whatever the file says is
 * checked before anything is changed. */
#include "train/checkpoint_file.h"

#include "core/memory.h"
#include "train/builtin.h"

#include <string.h>

/* The JSON of a note. NULL: recorded. */
static json_t *note_json(const cnn_container *file, const char *key) {
  const char *text = cnn_container_note(file, key);
  if (text)
    return cnn__json_parse(text, strlen(text), key);
  (void)cnn__fail(CNN_EFORMAT, "metadata '%s' is missing", key);
  return NULL;
}

static cnn_status bad(const char *what) { return cnn__fail(CNN_EFORMAT, "%s is not what it should be", what); }

/* ---- recipe ---- */

static cnn_status compare_recipe(const cnn_container *file, const cnn__fit *fit) {
  char difference[512] = "";
  json_t *there = note_json(file, CNN__NOTE_RECIPE);
  cnn_status status = CNN_OK;
  if (!there)
    status = cnn__fail_code();
  else if (cnn__json_difference(difference, sizeof difference, there, fit->recipe))
    status = cnn__fail(CNN_ESTATE, "is of another training: %s", difference);
  json_decref(there);
  return status;
}

/* ---- place ---- */

static int32_t read_count(const json_t *object, const char *key, int64_t *out) {
  const json_t *value = json_object_get(object, key);
  *out = json_integer_value(value);
  return json_is_integer(value) && *out >= 0;
}

static int32_t read_fraction(const json_t *value, double *out) {
  const char *text = json_string_value(value);
  return text && !cnn__read_double(text, out);
}

static int32_t read_sums(cnn__figures *figures, const json_t *sums) {
  if (!json_is_array(sums) || json_array_size(sums) != (size_t)figures->count)
    return 0;
  for (int32_t f = 0; f < figures->count; f++)
    if (!read_fraction(json_array_get(sums, (size_t)f), &figures->sums[f]))
      return 0;
  return 1;
}

/* Batches, samples and what was counted go together. */
static int32_t place_is_of(const cnn__place *place, const cnn__supply *train) {
  const int64_t all = train->samples.part.count;
  if (place->epoch == INT64_MAX || (train->steps && place->step > train->steps) || place->samples < place->step ||
      place->figures.samples != place->samples || (!place->step && place->samples) || !(place->seconds >= 0))
    return 0;
  if (!train->samples.held)
    return 1;
  const int64_t given = place->step <= all / train->batch_size ? place->step * train->batch_size : all;
  return place->steps == train->steps && place->samples == given;
}

static cnn_status read_place(cnn__place *place, const json_t *object, const cnn__fit *fit) {
  const cnn__supply *train = &fit->train;
  const json_t *stop = json_object_get(object, "stop"), *stop_batches = json_object_get(object, "stop_batches");
  *place = (cnn__place){0};
  cnn__figures_begin(&place->figures, fit->model);
  if (!read_count(object, "epoch", &place->epoch) || !read_count(object, "step", &place->step) ||
      !read_count(object, "samples", &place->samples) || !read_count(object, "steps", &place->steps) ||
      !read_count(object, "counted", &place->figures.samples) ||
      !read_fraction(json_object_get(object, "seconds"), &place->seconds) ||
      !read_fraction(json_object_get(object, "weight"), &place->figures.weight) ||
      !read_sums(&place->figures, json_object_get(object, "sums")) || !json_is_boolean(stop) || !json_is_boolean(stop_batches))
    return bad("its place");
  place->stop = json_is_true(stop);
  place->stop_batches = json_is_true(stop_batches);
  return place_is_of(place, train) ? CNN_OK : bad("its place");
}

/* ---- callbacks ---- */

static cnn_status read_numbers(cnn_state *state, const json_t *numbers) {
  const char *name;
  json_t *value;
  if (!json_is_object(numbers))
    return bad("the state of a callback");
  json_object_foreach((json_t *)(uintptr_t)numbers, name, value) {
    double number;
    if (!read_fraction(value, &number))
      return bad("a number of a callback");
    CNN__TRY(cnn_state_set(state, name, number));
  }
  return CNN_OK;
}

static cnn_status read_tensor(cnn_state *state, const cnn_container *file, size_t place, const char *name) {
  cnn__slot_name full;
  cnn_tensor *tensor;
  if (!name)
    return bad("a tensor of a callback");
  cnn__format(full.text, sizeof full.text, CNN__MORE_PREFIX "%zu/%s", place, name);
  const cnn__entry *entry = cnn__container_find(file, full.text);
  if (!entry || entry->type != CNN_F32)
    return bad("a tensor of a callback");
  CNN__TRY(cnn_tensor_new(&tensor, file->context, CNN_F32, entry->shape.rank, entry->shape.extent, NULL));
  if (entry->bytes)
    memcpy(cnn_tensor_data(tensor), entry->data, (size_t)entry->bytes);
  cnn_status status = cnn_state_set_tensor(state, name, tensor);
  cnn_tensor_free(tensor);
  return status;
}

static cnn_status read_state(cnn_state *state, const cnn_container *file, const json_t *object, size_t place) {
  const json_t *tensors = json_object_get(object, "tensors");
  CNN__TRY(read_numbers(state, json_object_get(object, "numbers")));
  if (!json_is_array(tensors))
    return bad("the state of a callback");
  for (size_t i = 0; i < json_array_size(tensors); i++)
    CNN__TRY(read_tensor(state, file, place, json_string_value(json_array_get(tensors, i))));
  return CNN_OK;
}

/* The callback of this kind that comes at `from` or later; -1: there is none. */
static int32_t next_of(const cnn__fit *fit, const char *kind, int32_t from) {
  for (int32_t i = from; i < fit->callback_count; i++)
    if (fit->callbacks[i]->functions.state_save && strcmp(cnn__builtin_kind(fit->callbacks[i]), kind) == 0)
      return i;
  return -1;
}

/* Callbacks keep their order; others may have come between them. */
static cnn_status read_callbacks(cnn__resumption *r, const cnn__fit *fit, const json_t *list) {
  char shown[CNN__SHOWN_BYTES];
  int32_t at = 0;
  if (!json_is_array(list))
    return bad("its list of callbacks");
  for (size_t i = 0; i < json_array_size(list); i++, at++) {
    const json_t *object = json_array_get(list, i);
    const char *kind = json_string_value(json_object_get(object, "kind"));
    if (!kind)
      return bad("the kind of a callback");
    at = next_of(fit, kind, at);
    if (at < 0)
      return cnn__fail(CNN_ESTATE, "is of another training: its callback '%s' is not among those of this one, in this order",
                       cnn__shown(shown, kind));
    CNN__TRY(cnn_state_new(&r->states[at], fit->model->context));
    CNN__TRY(read_state(r->states[at], r->file, object, i));
  }
  return CNN_OK;
}

/* ---- all of it ---- */

static cnn_status with_member(cnn__resumption *r, cnn__fit *fit, const char *key, const char *member,
                              cnn_status (*take)(cnn__resumption *r, const cnn__fit *fit, const json_t *value)) {
  json_t *root = note_json(r->file, key);
  if (!root)
    return cnn__fail_code();
  cnn_status status = take(r, fit, member ? json_object_get(root, member) : root);
  json_decref(root);
  return status;
}

static cnn_status take_place(cnn__resumption *r, const cnn__fit *fit, const json_t *value) {
  return read_place(&r->place, value, fit);
}

static cnn_status take_history(cnn__resumption *r, const cnn__fit *fit, const json_t *value) {
  CNN__TRY(cnn__history_new(&r->history, fit->model->context));
  return cnn__history_from_json(r->history, fit->model->context, value);
}

static cnn_status read(cnn__resumption *r, cnn__fit *fit) {
  r->states = cnn__alloc_zero(fit->model->context, (size_t)fit->callback_count * sizeof *r->states, "states of callbacks");
  if (!r->states)
    return CNN_ENOMEM;
  CNN__TRY(cnn__restore_check(&r->model, r->file, fit->model));
  CNN__TRY(compare_recipe(r->file, fit));
  CNN__TRY(with_member(r, fit, CNN__NOTE_PLACE, NULL, take_place));
  CNN__TRY(with_member(r, fit, CNN__NOTE_HISTORY, "epochs", take_history));
  return with_member(r, fit, CNN__NOTE_CALLBACKS, "callbacks", read_callbacks);
}

/* CNN_ESTATE: it is of another training. */
static cnn_status blame_file(const char *path) { return cnn__blame_file("checkpoint ", path, CNN_ESTATE); }

cnn_status cnn__resumption_read(cnn__resumption *out, cnn__fit *fit, const char *path) {
  *out = (cnn__resumption){0};
  CNN__TRY(cnn__container_read(&out->file, fit->model->context, &(cnn__origin){.path = path}, INT64_MAX));
  cnn_status status = read(out, fit);
  if (status == CNN_OK)
    return CNN_OK;
  cnn__resumption_free(out, fit);
  return blame_file(path);
}

cnn_status cnn__resumption_apply(cnn__resumption *r, cnn__fit *fit, const char *path) {
  for (int32_t i = 0; i < fit->callback_count; i++)
    if (r->states[i] && cnn_callback_load(fit->callbacks[i], r->states[i]) < 0)
      return blame_file(path);
  cnn__restore_apply(&r->model);
  cnn_history_free(fit->history);
  fit->history = r->history;
  r->history = NULL;
  fit->place = r->place;
  fit->stop = r->place.stop;
  return cnn__history_last(fit->history, fit->logs);
}

void cnn__resumption_free(cnn__resumption *r, cnn__fit *fit) {
  cnn_context *context = fit->model->context;
  for (int32_t i = 0; r->states && i < fit->callback_count; i++)
    cnn_state_free(r->states[i]);
  cnn__free(context, r->states);
  cnn_history_free(r->history);
  cnn_container_free(r->file);
  *r = (cnn__resumption){0};
}
