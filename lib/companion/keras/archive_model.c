/* archive_model: models in .keras archives, as containers. */
#include "companion/keras/archive_model.h"

#include "companion/keras/archive.h"
#include "companion/keras/config.h"
#include "companion/keras/fields.h"
#include "companion/keras/json.h"
#include "companion/keras/model_read.h"
#include "companion/keras/model_write.h"
#include "companion/keras/notes.h"

#include <stdlib.h>
#include <string.h>

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
    status = keras__note_model(&r->ours, r->out, r->context, r->keras);
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
  const int64_t most = cnn_container_max_bytes(out);
  cnn_status status = keras__archive_open(&r.archive, bytes, count);
  if (status == CNN_OK && most > 0)
    keras__archive_allow(r.archive, (uint64_t)most);
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

/* ---- saving ---- */

/* When the archive was made is no part of a model: the day is that of the archive's members, so that equal models are equal files. */
#define METADATA "{\"keras_version\": \"" KERAS__VERSION "\", \"date_saved\": \"1980-01-01@00:00:00\"}"

typedef struct writing {
  json_t *keras, *ours, *training, *compile; /* the latter two NULL: not compiled, or not as Keras can say it */
  char *config;
  unsigned char *weights;
  size_t count;
} writing;

static cnn_status say_training(writing *w, const cnn_container *container, cnn_context *context) {
  const char *text = cnn_container_note(container, "learning_rate");
  double rate = 0;
  cnn_status status = keras__note(&w->compile, container, "compile");
  if (status < 0 || !w->compile)
    return status;
  if (!text || keras__read_number(&rate, text))
    return cnn_error_set(CNN_EFORMAT, "the note learning_rate is no number");
  status = keras__compile_write(&w->training, w->compile, rate, KERAS__ARCHIVE);
  if (status == CNN_OK)
    return json_object_set(w->keras, "compile_config", w->training) < 0 ? keras__no_memory(CONFIG) : CNN_OK;
  if (status != CNN_EUNSUPPORTED)
    return status;
  cnn_context_warn(context, "%s; the model is saved without its training", cnn_error_text());
  json_decref(w->compile);
  w->compile = NULL;
  return CNN_OK;
}

static cnn_status gather(writing *w, const cnn_container *container, cnn_context *context) {
  cnn_status status = keras__note(&w->ours, container, "config");
  if (status == CNN_OK && !w->ours)
    return cnn_error_set(CNN_ESTATE, "Keras's files need the model's description beside its weights");
  if (status == CNN_OK)
    status = keras__config_write(&w->keras, w->ours, KERAS__ARCHIVE);
  if (status == CNN_OK)
    status = say_training(w, container, context);
  if (status == CNN_OK && !(w->config = keras__json_text(w->keras)))
    status = CNN_ENOMEM;
  return status < 0 ? status : keras__weights_write(&w->weights, &w->count, container, w->keras, w->ours, w->training, w->compile);
}

cnn_status keras__archive_save(const cnn_container *container, cnn_context *context, const cnn_save_opts *options, const cnn_sink *to) {
  writing w = {0};
  if (options->weights_only)
    return cnn_error_set(CNN_EUNSUPPORTED, "a .keras file is a whole model; weights alone go into one that ends in .weights.h5");
  cnn_status status = gather(&w, container, context);
  if (status == CNN_OK) {
    const keras__member members[] = {{"metadata.json", METADATA, strlen(METADATA)}, {CONFIG, w.config, strlen(w.config)}, {WEIGHTS, w.weights, w.count}};
    status = keras__archive_write(members, 3, to);
  }
  json_decref(w.keras);
  json_decref(w.ours);
  json_decref(w.training);
  json_decref(w.compile);
  free(w.config);
  free(w.weights);
  return status;
}
