/* model_file: how a model lies in a container. docs/file-format.md describes it for other programs. */
#ifndef CNN_IO_MODEL_FILE_H
#define CNN_IO_MODEL_FILE_H

#include "io/container.h"
#include "io/json.h"
#include "model/model_internal.h"

/* "format" of the metadata. */
#define CNN__FORMAT_MODEL "libcnn model"
#define CNN__FORMAT_WEIGHTS "libcnn weights"
#define CNN__FORMAT_CHECKPOINT "libcnn checkpoint"

/* Further metadata of a model. */
#define CNN__NOTE_CONFIG "config"         /* JSON */
#define CNN__NOTE_SEED "seed"             /* 16 hexadecimal digits */
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

/* A checkpoint of a compiled model, with all of its state, and more. Errors: as cnn_model_save. */
cnn_status cnn__model_write(const cnn_model *model, const cnn__target *target, const cnn__more *more);

/* A checkpoint on its way back into the compiled model that it is of. Borrows both. */
typedef struct cnn__restore {
  const cnn__container *file;
  cnn_model *model;
  int64_t pass, iterations;
  double rate;
} cnn__restore;

/* Hold the file against the model; nothing is changed. CNN_ESTATE with the first difference: of network, compilation or seed;
 * CNN_EFORMAT. */
cnn_status cnn__restore_check(cnn__restore *restore, const cnn__container *file, cnn_model *model);

/* Then take all of it: weights, slots, rate, counts. Cannot fail, and may be done again. */
void cnn__restore_apply(const cnn__restore *restore);

#endif
