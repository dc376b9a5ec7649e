/* archive_model: models in .keras archives, as containers. */
#include "companion/keras/archive_model.h"

#include "companion/keras/archive.h"
#include "companion/keras/config.h"
#include "companion/keras/json.h"
#include "companion/keras/model_read.h"
#include "companion/keras/notes.h"

#include <stdlib.h>

#define CONFIG "config.json"
#define WEIGHTS "model.weights.h5"
#define MOST_WEIGHTS ((uint64_t)4 << 30)

/* ---- loading ---- */

typedef struct reading {
  cnn_container *out;
  cnn_context *context;
  keras__archive *archive;
  json_t *keras, *ours, *compile;
} reading;

static cnn_status member(char **bytes, size_t *count, const reading *r, const char *name, uint64_t most) {
  return keras__archive_member(bytes, count, r->archive, name, most);
}

static cnn_status describe(reading *r) {
  char *text;
  size_t count;
  cnn_status status = member(&text, &count, r, CONFIG, KERAS__JSON_BYTES);
  if (status < 0)
    return status;
  status = keras__json_parse(&r->keras, text, count, CONFIG);
  free(text);
  if (status == CNN_OK)
    status = keras__note_model(&r->ours, r->out, r->keras);
  const json_t *training = json_object_get(r->keras, "compile_config");
  if (status == CNN_OK && json_object_size(training))
    status = keras__note_training(&r->compile, r->out, r->context, training);
  return status;
}

/* The weights of another model's layers, for one that is described here already. */
static cnn_status describe_like(reading *r, const cnn_container *like) {
  cnn_status status = keras__note(&r->ours, like, "config");
  if (status == CNN_OK && !r->ours)
    return cnn_error_set(CNN_ESTATE, "weights of Keras go by the order of layers, which is not told here");
  return status < 0 ? status : keras__config_write(&r->keras, r->ours, KERAS__ARCHIVE);
}

static cnn_status read_weights(const reading *r) {
  char *bytes;
  size_t count;
  cnn_status status = member(&bytes, &count, r, WEIGHTS, MOST_WEIGHTS);
  if (status < 0)
    return status;
  status = keras__weights_read(r->out, r->context, bytes, count, r->keras, r->ours, r->compile);
  free(bytes);
  return status;
}

cnn_status keras__archive_load(cnn_container *out, cnn_context *context, const void *bytes, size_t count, const cnn_container *like) {
  reading r = {.out = out, .context = context};
  cnn_status status = keras__archive_open(&r.archive, bytes, count);
  if (status == CNN_OK)
    status = like ? describe_like(&r, like) : describe(&r);
  if (status == CNN_OK)
    status = read_weights(&r);
  keras__archive_close(r.archive);
  json_decref(r.keras);
  json_decref(r.ours);
  json_decref(r.compile);
  return status;
}
