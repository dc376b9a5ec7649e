/* registered: what a program has made known in a context, newest first. */
#include "core/registered.h"

#include "core/memory.h"

#include <string.h>

static const cnn__registered *find(const cnn__registered *entry, int32_t kind, const char *name) {
  while (entry && (entry->kind != kind || strcmp(entry->name, name) != 0))
    entry = entry->next;
  return entry;
}

const cnn__registered *cnn__registered_find(const cnn_context *context, int32_t kind, const char *name) {
  return find(atomic_load_explicit(&context->registered, memory_order_acquire), kind, name);
}

const cnn__registered *cnn__registered_next(const cnn_context *context, int32_t kind, const cnn__registered *after) {
  const cnn__registered *entry = after ? after->next : atomic_load_explicit(&context->registered, memory_order_acquire);
  while (entry && entry->kind != kind)
    entry = entry->next;
  return entry;
}

int32_t cnn__registered_names(const cnn_context *context, int32_t kind, const char **names, int32_t most) {
  int32_t count = 0;
  const cnn__registered *entry = cnn__registered_next(context, kind, NULL);
  for (; entry && count < most; entry = cnn__registered_next(context, kind, entry))
    names[count++] = entry->name;
  return count;
}

static int32_t clashes(const cnn__registered *there, const cnn__registered *entry, cnn__registered_clash *clash) {
  for (; clash && there; there = there->next)
    if (there->kind == entry->kind && clash(there, entry))
      return 1;
  return 0;
}

/* Where another thread was quicker, its entry is looked at before the next try. */
int32_t cnn__registered_add(cnn_context *context, cnn__registered *entry, cnn__registered_clash *clash) {
  cnn__registered *first = atomic_load_explicit(&context->registered, memory_order_acquire);
  do {
    if (find(first, entry->kind, entry->name) || clashes(first, entry, clash))
      return 1;
    entry->next = first;
  } while (!atomic_compare_exchange_weak_explicit(&context->registered, &first, entry, memory_order_acq_rel,
                                                  memory_order_acquire));
  return 0;
}

void cnn__registered_free(cnn_context *context) {
  cnn__registered *entry = atomic_load_explicit(&context->registered, memory_order_relaxed);
  while (entry) {
    cnn__registered *next = entry->next;
    cnn__free(context, entry);
    entry = next;
  }
}
