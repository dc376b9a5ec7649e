/* builtin: what the constructors of the built-in callbacks need beside the public headers: options of any version,
 * memory of the context, a text for what went wrong, a line for the log. Their functions use the public headers
 * and nothing else of the library's inside, so that whatever they do a program's own callback can do. */
#ifndef CNN_TRAIN_BUILTIN_H
#define CNN_TRAIN_BUILTIN_H

#include "cnn/callback.h"
#include "core/options.h"
#include "core/text.h"
#include "train/monitor.h"

/* The first field of every built-in callback's struct. */
typedef struct cnn__builtin {
  cnn_context *context; /* the callback's */
  const char *kind;     /* its name in files and texts */
  void (*clear)(void *user); /* frees what the struct points to; may be NULL */
} cnn__builtin;

/* A callback over a copy of *user (bytes, zero-filled pointers or owned by it). user->context and functions' user
 * and free are filled in here. On an error what *user points to has been cleared. */
cnn_status cnn__builtin_new(cnn_callback **out, cnn_context *context, const cnn_callback_functions *functions,
                            cnn__builtin *user, size_t bytes);

/* The struct of a callback whose epoch_end is this function, else NULL with CNN_EINVAL. */
const void *cnn__builtin_of(const cnn_callback *callback, cnn_status (*epoch_end)(void *user, const cnn_event *event),
                            const char *kind);

/* What a callback is called in files: that of a built-in one, "own" for any other. */
const char *cnn__builtin_kind(const cnn_callback *callback);

/* Copies of text, freed by cnn__builtin_drop. */
char *cnn__builtin_text(cnn_context *context, const char *text);
void cnn__builtin_drop(cnn_context *context, char *text);

/* CNN_EINVAL with `what` where an argument that every constructor needs is NULL. */
cnn_status cnn__builtin_check(cnn_callback **out, const cnn_context *context, const char *what);

/* cnn__monitor_set with a text for what is wrong; CNN_ETOONEW where a reserved field is set. */
cnn_status cnn__builtin_monitor(cnn__monitor *monitor, const char *name, int32_t mode, const char *what);
cnn_status cnn__builtin_reserved(int32_t reserved, const char *what);

/* A whole number of a state that may come from a file: least or more, else CNN_EFORMAT. */
cnn_status cnn__builtin_count(const cnn_state *state, const char *name, int64_t least, int64_t *out);

/* A warning for the context's log. */
void cnn__builtin_warn(const cnn__builtin *builtin, const char *format, ...) CNN__PRINTF(2, 3);

/* Text for people, in the C locale, to the sink where there is one. */
void cnn__builtin_say(const cnn_event *event, const char *format, ...) CNN__PRINTF(2, 3);

/* The decimal that was written: 0.3 for 0.3f. Rules that are defined in double then give the same numbers. */
double cnn__builtin_decimal(float value);

#endif
