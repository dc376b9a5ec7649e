/* model_file: how a model lies in a container. docs/file-format.md describes it for other programs. */
#ifndef CNN_IO_MODEL_FILE_H
#define CNN_IO_MODEL_FILE_H

#include "io/container.h"
#include "io/json.h"
#include "model/model_internal.h"

#include <string.h>

/* Metadata of every file. */
#define CNN__NOTE_FORMAT "format"
#define CNN__NOTE_VERSION "format_version"
#define CNN__NOTE_LIBRARY "library"

/* "format" of the metadata. */
#define CNN__FORMAT_MODEL "libcnn model"
#define CNN__FORMAT_WEIGHTS "libcnn weights"
#define CNN__FORMAT_CHECKPOINT "libcnn checkpoint"

/* Further metadata of a model. */
#define CNN__NOTE_CONFIG "config"         /* JSON */
#define CNN__NOTE_SEED "seed"             /* 16 hexadecimal digits */
#define CNN__SEED_TEXT "%016llx"
#define CNN__NOTE_PASS "pass"             /* whole number */
#define CNN__NOTE_COMPILE "compile"       /* JSON; only where the model is compiled, as the rest */
#define CNN__NOTE_RATE "learning_rate"    /* shortest decimal that reads back as the same double */
#define CNN__NOTE_ITERATIONS "iterations" /* whole number; only together with the optimizer's slots */

/* Slots are named after their weight: "optimizer/conv1/kernel/momentum". No weight's name has more than one slash. */
#define CNN__SLOT_PREFIX "optimizer/"
typedef struct cnn__slot_name {
  char text[CNN__FILE_NAME_BYTES + 1];
} cnn__slot_name;

static inline void cnn__slot_name_make(cnn__slot_name *out, const char *weight, const char *slot) {
  cnn__format(out->text, sizeof out->text, CNN__SLOT_PREFIX "%s/%s", weight, slot);
}

/* What stands in a checkpoint besides the model: names of its tensors begin with CNN__MORE_PREFIX. */
#define CNN__MORE_PREFIX "callback/"
enum { CNN__MORE_NOTES = 8 };
typedef struct cnn__more {
  const cnn__note *notes; /* CNN__MORE_NOTES at most */
  const cnn__entry *entries;
  int32_t note_count, entry_count;
} cnn__more;

static inline int32_t cnn__is_slot(const char *name) {
  const size_t length = sizeof CNN__SLOT_PREFIX - 1;
  return strncmp(name, CNN__SLOT_PREFIX, length) == 0 && strchr(name + length, '/') != NULL;
}

static inline int32_t cnn__is_more(const char *name) { return strncmp(name, CNN__MORE_PREFIX, sizeof CNN__MORE_PREFIX - 1) == 0; }

static inline int32_t cnn__is_checkpoint(const cnn_container *file) {
  const char *format = cnn_container_note(file, CNN__NOTE_FORMAT);
  return format && strcmp(format, CNN__FORMAT_CHECKPOINT) == 0;
}

/* A checkpoint of a compiled model, with all of its state, and more. Errors: as cnn_model_save. */
cnn_status cnn__model_write(const cnn_model *model, const cnn__target *target, const cnn__more *more);

/* What cnn_model_save would write, as a container. */
cnn_status cnn__model_container(cnn_container **out, const cnn_model *model, const cnn_save_opts *given);

/* A container like another one without some of it, and with what files of libcnn have besides: the less the higher. */
enum {
  CNN__KEEP_ALL,
  CNN__KEEP_MODEL,      /* without what only a checkpoint has */
  CNN__KEEP_STATELESS,  /* ... nor the optimizer's state */
  CNN__KEEP_UNCOMPILED, /* ... nor compilation */
  CNN__KEEP_WEIGHTS,    /* ... nor configuration */
  CNN__KEEP_NOTHING
};
cnn_status cnn__container_part(cnn_container **out, cnn_context *context, const cnn_container *from, int32_t part);

/* What a file of any form holds that the context knows, as cnn__container_read does it for libcnn's own. wanting: the model that
 * wants weights alone; or NULL. */
cnn_status cnn__container_load(cnn_container **out, cnn_context *context, const cnn__origin *origin, int64_t max_bytes,
                               const cnn_model *wanting);

/* Into a file of another form. */
cnn_status cnn__container_save_as(const cnn_file_format *format, const cnn_container *container, const char *path,
                                  const cnn_save_opts *given);

cnn_status cnn__load_options(cnn_load_opts *given, const cnn_load_opts *options);

/* Put what the file is ("checkpoint ") and its name before the text recorded. What the makers of layers, tensors and states call a wrong
 * argument is, in a file, a wrong file: CNN_EFORMAT; but for one code that says something of the caller's, CNN_OK: none. */
cnn_status cnn__blame_file(const char *what, const char *name, cnn_status kept);

/* A checkpoint on its way back into the compiled model that it is of. Borrows both. */
typedef struct cnn__restore {
  const cnn_container *file;
  cnn_model *model;
  int64_t pass, iterations;
  double rate;
} cnn__restore;

/* Hold the file against the model; nothing is changed. CNN_ESTATE with the first difference: of network, compilation or seed;
 * CNN_EFORMAT. */
cnn_status cnn__restore_check(cnn__restore *restore, const cnn_container *file, cnn_model *model);

/* Then take all of it: weights, slots, rate, counts. Cannot fail, and may be done again. */
void cnn__restore_apply(const cnn__restore *restore);

#endif
