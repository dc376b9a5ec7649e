/* container: what is in it, by name. One that a program makes, or a format fills, owns all of that. */
#include "io/container.h"

#include "core/memory.h"
#include "core/text.h"
#include "io/json.h"
#include "tensor/tensor_internal.h"

#include <jansson.h>
#include <string.h>

cnn_status cnn_container_new(cnn_container **out, cnn_context *context) {
  if (out)
    *out = NULL;
  if (!out || !context)
    return cnn__fail(CNN_EINVAL, "cnn_container_new: %s is NULL", out ? "context" : "out");
  cnn_container *c = cnn__alloc_zero(context, sizeof *c, "container");
  if (!c)
    return CNN_ENOMEM;
  c->context = cnn__context_hold(context);
  *out = c;
  return CNN_OK;
}

static void free_entry(cnn_container *c, const cnn__entry *entry) {
  cnn_tensor_free(entry->value);
  cnn__free(c->context, (void *)(uintptr_t)entry->name);
}

void cnn_container_free(cnn_container *c) {
  if (!c)
    return;
  cnn_context *context = c->context;
  for (int32_t i = 0; !c->header && i < c->entry_count; i++)
    free_entry(c, &c->entries[i]);
  for (int32_t i = 0; !c->header && i < c->note_count; i++)
    cnn__free(context, (void *)(uintptr_t)c->notes[i].key); /* with its text */
  json_decref(c->header);
  cnn__free(context, c->notes);
  cnn__free(context, c->entries);
  cnn__free(context, c->owned);
  cnn__free(context, c);
  cnn__context_drop(context);
}

int64_t cnn_container_max_bytes(const cnn_container *c) { return c ? c->max_bytes : 0; }

/* ---- notes ---- */

static cnn__note *find_note(const cnn_container *c, const char *key) {
  for (int32_t i = 0; i < c->note_count; i++)
    if (strcmp(c->notes[i].key, key) == 0)
      return &c->notes[i];
  return NULL;
}

const char *cnn_container_note(const cnn_container *c, const char *key) {
  const cnn__note *note = c && key ? find_note(c, key) : NULL;
  return note ? note->text : NULL;
}

int32_t cnn_container_note_count(const cnn_container *c) { return c ? c->note_count : 0; }

const char *cnn_container_note_key(const cnn_container *c, int32_t index) {
  return c && index >= 0 && index < c->note_count ? c->notes[index].key : NULL;
}

/* A key and its text in one block. key NULL: recorded. */
static cnn__note copy_note(cnn_context *context, const char *key, const char *text) {
  size_t key_bytes = strlen(key) + 1, text_bytes = strlen(text) + 1;
  char *block = cnn__alloc(context, key_bytes + text_bytes, "note");
  if (!block)
    return (cnn__note){0};
  memcpy(block, key, key_bytes);
  memcpy(block + key_bytes, text, text_bytes);
  return (cnn__note){block, block + key_bytes};
}

static cnn_status check_note(const cnn_container *c, const char *key, const char *text) {
  char shown[CNN__SHOWN_BYTES];
  if (!c || !key || !text)
    return cnn__fail(CNN_EINVAL, "cnn_container_set_note: %s is NULL", !c ? "container" : !key ? "key" : "text");
  if (!cnn__name_is_fit(key))
    return cnn__fail(CNN_EINVAL, "cnn_container_set_note: '%s' cannot be a key: 1 to %d bytes of UTF-8 without control characters",
                     cnn__shown(shown, key), CNN__FILE_NAME_BYTES);
  if (!cnn__is_utf8(text))
    return cnn__fail(CNN_EINVAL, "cnn_container_set_note: the text of '%s' is not UTF-8", key);
  return CNN_OK;
}

cnn_status cnn_container_set_note(cnn_container *c, const char *key, const char *text) {
  CNN__TRY(check_note(c, key, text));
  cnn__note *old = find_note(c, key);
  if (!old && c->note_count >= CNN__MAX_NOTES)
    return cnn__fail(CNN_ESTATE, "note '%s': a container holds at most %d notes", key, CNN__MAX_NOTES);
  CNN__TRY(cnn__grow(c->context, (void **)&c->notes, &c->note_capacity, c->note_count + 1, sizeof *c->notes, "list of notes"));
  old = find_note(c, key);
  const cnn__note made = copy_note(c->context, key, text);
  if (!made.key)
    return CNN_ENOMEM;
  if (old)
    cnn__free(c->context, (void *)(uintptr_t)old->key);
  else
    old = &c->notes[c->note_count++];
  *old = made;
  return CNN_OK;
}

/* ---- tensors ---- */

cnn__entry *cnn__container_find(const cnn_container *c, const char *name) {
  for (int32_t i = 0; i < c->entry_count; i++)
    if (strcmp(c->entries[i].name, name) == 0)
      return &c->entries[i];
  return NULL;
}

const cnn_tensor *cnn_container_tensor(const cnn_container *c, const char *name) {
  const cnn__entry *entry = c && name ? cnn__container_find(c, name) : NULL;
  return entry ? entry->value : NULL;
}

int32_t cnn_container_tensor_count(const cnn_container *c) { return c ? c->entry_count : 0; }

const char *cnn_container_tensor_name(const cnn_container *c, int32_t index) {
  return c && index >= 0 && index < c->entry_count ? c->entries[index].name : NULL;
}

static cnn_status check_tensor(const cnn_container *c, const char *name, const cnn_tensor *value) {
  char shown[CNN__SHOWN_BYTES];
  if (!c || !name || !value)
    return cnn__fail(CNN_EINVAL, "cnn_container_set_tensor: %s is NULL", !c ? "container" : !name ? "name" : "value");
  if (!cnn__name_is_fit(name) || strcmp(name, CNN__METADATA) == 0 || strcmp(name, CNN__CHECKSUM) == 0)
    return cnn__fail(CNN_EINVAL, "cnn_container_set_tensor: '%s' cannot be a tensor's name", cnn__shown(shown, name));
  return CNN_OK;
}

/* The value is taken where all goes well. */
static cnn_status put_tensor(cnn_container *c, const char *name, cnn_tensor *value) {
  CNN__TRY(cnn__grow(c->context, (void **)&c->entries, &c->entry_capacity, c->entry_count + 1, sizeof *c->entries,
                     "list of tensors"));
  cnn__entry *entry = cnn__container_find(c, name);
  if (!entry && c->entry_count >= CNN__MAX_TENSORS - 1)
    return cnn__fail(CNN_ESTATE, "tensor '%s': a container holds at most %d tensors", name, CNN__MAX_TENSORS - 1);
  char *copy = cnn__strdup(c->context, name);
  if (!copy)
    return CNN_ENOMEM;
  if (entry)
    free_entry(c, entry);
  else
    entry = &c->entries[c->entry_count++];
  *entry = (cnn__entry){.name = copy, .type = value->type, .shape = value->shape, .data = value->data,
                        .bytes = (int64_t)cnn_tensor_bytes(value), .value = value};
  return CNN_OK;
}

cnn_status cnn__container_share(cnn_container *c, const char *name, cnn_tensor *value) {
  cnn_status status = put_tensor(c, name, cnn__tensor_hold(value));
  if (status < 0)
    cnn_tensor_free(value);
  return status;
}

cnn_status cnn__container_put(cnn_container *c, const cnn__entry *entry) {
  cnn_tensor *value;
  CNN__TRY(cnn_tensor_new(&value, c->context, entry->type, entry->shape.rank, entry->shape.extent,
                          cnn_tensor_opts(.data = (void *)(uintptr_t)entry->data, .copy = entry->data != NULL)));
  cnn_status status = put_tensor(c, entry->name, value);
  if (status < 0)
    cnn_tensor_free(value);
  return status;
}

cnn_status cnn_container_set_tensor(cnn_container *c, const char *name, const cnn_tensor *value) {
  CNN__TRY(check_tensor(c, name, value));
  return cnn__container_put(c, &(cnn__entry){.name = name, .type = value->type, .shape = value->shape, .data = value->data});
}
