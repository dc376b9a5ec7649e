/* json: Keras's JSON as text. Reading has limits on depth and size that are looked at before the parser runs; writing is byte for byte
 * what Python's json.dumps writes, so that files of ours and of Keras can be compared as text. */
#ifndef CNN_KERAS_JSON_H
#define CNN_KERAS_JSON_H

#include "cnn/base.h"

#include <jansson.h>

enum {
  KERAS__JSON_BYTES = 16 << 20, /* of a text that is read */
  KERAS__JSON_DEPTH = 32,       /* brackets within brackets; Keras's own need twelve */
  KERAS__JSON_VALUES = 1 << 20  /* commas and opening brackets: bounds the memory that the parsed form takes */
};

/* An object from `length` bytes; names are unique. `what` names the text: "model_config". Errors: CNN_EFORMAT, CNN_ENOMEM. The caller
 * drops *out with json_decref. */
cnn_status keras__json_parse(json_t **out, const char *bytes, size_t length, const char *what);

/* Any value of a text of our own making; NULL: no memory, or it is none. */
json_t *keras__json_of(const char *text);

/* Any value as text, ended by 0, which the caller frees with free(). NULL: no memory, which is recorded. */
char *keras__json_text(const json_t *value);

/* CNN_ENOMEM, recorded: "no memory for ...". */
cnn_status keras__no_memory(const char *what);

#endif
