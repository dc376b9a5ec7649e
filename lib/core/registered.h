/* registered: what a program has made known in a context under a name of its own. Entries are added and never taken
 * away, so that readers need no lock; they go with the context. */
#ifndef CNN_CORE_REGISTERED_H
#define CNN_CORE_REGISTERED_H

#include "core/context_internal.h"

enum { CNN__REGISTERED_LAYER = 1, CNN__REGISTERED_LOSS, CNN__REGISTERED_METRIC,
       CNN__REGISTERED_FORMAT }; /* kinds: names of different kinds may be equal */

/* The first member of whatever is registered, which is one block of the context's memory. */
struct cnn__registered {
  cnn__registered *next;
  int32_t kind;
  const char *name; /* outlives the context */
};

/* NULL: none. */
const cnn__registered *cnn__registered_find(const cnn_context *context, int32_t kind, const char *name);
/* The entries of a kind one by one, the latest first. after NULL: the first; NULL: no more. */
const cnn__registered *cnn__registered_next(const cnn_context *context, int32_t kind, const cnn__registered *after);
/* The names of a kind, the latest first, at most `most`; how many. For texts that name the nearest. */
int32_t cnn__registered_names(const cnn_context *context, int32_t kind, const char **names, int32_t most);
/* Non-zero: both of a kind cannot be. */
typedef int32_t cnn__registered_clash(const cnn__registered *there, const cnn__registered *entry);
/* The context owns it from then on. Non-zero: the name is taken or the entry clashes with one that is there, which another thread may have
 * added since the caller looked; the entry is still its caller's. clash NULL: names alone. */
int32_t cnn__registered_add(cnn_context *context, cnn__registered *entry, cnn__registered_clash *clash);
/* For the context: the end of all. */
void cnn__registered_free(cnn_context *context);

#endif
