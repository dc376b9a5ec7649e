/* names: open addressing, one slot after the other from the hash's own on. */
#include "model/names.h"

#include "core/memory.h"

#include <string.h>

#define LEAST_SLOTS 64

/* FNV-1a (Fowler, Noll, Vo 1991). */
static uint64_t hash_of(const char *name) {
  uint64_t hash = 14695981039346656037u;
  for (; *name; name++)
    hash = (hash ^ (unsigned char)*name) * 1099511628211u;
  return hash;
}

/* The slot that holds the name, or the free one where it would go. */
static int64_t slot_of(cnn_layer *const *slots, int64_t capacity, const char *name) {
  int64_t slot = (int64_t)(hash_of(name) & (uint64_t)(capacity - 1));
  while (slots[slot] && strcmp(slots[slot]->name, name) != 0)
    slot = (slot + 1) & (capacity - 1);
  return slot;
}

cnn_layer *cnn__names_find(const cnn__names *names, const char *name) {
  return names->capacity ? names->slots[slot_of(names->slots, names->capacity, name)] : NULL;
}

cnn__numbering *cnn__names_numbering(cnn__names *names, cnn_context *context, const cnn__layer_type *type) {
  for (int32_t i = 0; i < names->numbering_count; i++)
    if (names->numberings[i].type == type)
      return &names->numberings[i];
  if (cnn__grow(context, (void **)&names->numberings, &names->numbering_capacity, (int64_t)names->numbering_count + 1,
                sizeof *names->numberings, "numbers of unnamed layers") < 0)
    return NULL;
  names->numberings[names->numbering_count] = (cnn__numbering){type, 0};
  return &names->numberings[names->numbering_count++];
}

cnn_status cnn__names_make_room(cnn__names *names, cnn_context *context) {
  if (2 * ((int64_t)names->count + 1) <= names->capacity)
    return CNN_OK;
  int64_t capacity = names->capacity ? 2 * names->capacity : LEAST_SLOTS;
  cnn_layer **slots = cnn__alloc_zero(context, (size_t)capacity * sizeof *slots, "names of layers");
  if (!slots)
    return CNN_ENOMEM;
  for (int64_t i = 0; i < names->capacity; i++)
    if (names->slots[i])
      slots[slot_of(slots, capacity, names->slots[i]->name)] = names->slots[i];
  cnn__free(context, names->slots);
  names->slots = slots;
  names->capacity = capacity;
  return CNN_OK;
}

void cnn__names_add(cnn__names *names, cnn_layer *layer) {
  names->slots[slot_of(names->slots, names->capacity, layer->name)] = layer;
  names->count++;
}

void cnn__names_free(cnn__names *names, cnn_context *context) {
  cnn__free(context, names->slots);
  cnn__free(context, names->numberings);
}
