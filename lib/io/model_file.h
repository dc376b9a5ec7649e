/* model_file: how a model lies in a container. docs/file-format.md describes it for other programs. */
#ifndef CNN_IO_MODEL_FILE_H
#define CNN_IO_MODEL_FILE_H

#include "io/json.h"

/* "format" of the metadata. */
#define CNN__FORMAT_MODEL "libcnn model"
#define CNN__FORMAT_WEIGHTS "libcnn weights"

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

#endif
