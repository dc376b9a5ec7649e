/* model_load: a model out of a container, and weights into a model. What a file says is checked against the model
 * that its configuration describes before memory is asked for; on an error there is no model, or the one that is
 * loaded into is as it was. */
#include "cnn/train.h"
#include "core/fp.h"
#include "core/memory.h"
#include "core/options.h"
#include "io/config.h"
#include "io/container.h"
#include "io/model_file.h"

#include <string.h>

#define MOST_ITERATIONS ((int64_t)1 << 53)

/* A file on its way into a model. */
typedef struct loading {
  const cnn_container *file;
  const char *name;     /* of where it comes from */
  cnn_status mismatch;  /* what a missing or misshapen tensor is called: CNN_EFORMAT, CNN_ESHAPE */
  int32_t checkpoint;   /* the file is one */
  unsigned char *taken; /* for each tensor of the file; NULL: nobody must know whether any is left over */
} loading;

/* What has been taken is written down from now on, until taken is freed. */
static cnn_status count_taken(loading *l) {
  l->taken = cnn__alloc_zero(l->file->context, (size_t)l->file->entry_count, "list of what is taken");
  return l->taken ? CNN_OK : CNN_ENOMEM;
}

/* ---- tensors ---- */

/* The f32 tensor `name` of this shape, marked as taken. NULL: recorded. */
static const cnn__entry *take(const loading *l, const char *name, const cnn__shape *shape) {
  char wanted[160], found[160];
  const cnn__entry *entry = cnn__container_find(l->file, name);
  if (!entry) {
    (void)cnn__fail(l->mismatch, "weight '%s' is missing in the file", name);
    return NULL;
  }
  if (entry->type != CNN_F32 || !cnn__shape_equal(&entry->shape, shape)) {
    (void)cnn__fail(l->mismatch, "weight '%s' is float32 %s in the model, %s %s in the file", name,
                    cnn__shape_text(wanted, shape, 0), cnn_type_name(entry->type),
                    cnn__shape_text(found, &entry->shape, 0));
    return NULL;
  }
  if (l->taken)
    l->taken[entry - l->file->entries] = 1;
  return entry;
}

/* Every tensor has been taken. With without_state those of an optimizer may stay; a checkpoint's own always may. */
static cnn_status check_rest(const loading *l, int32_t without_state) {
  char shown[CNN__SHOWN_BYTES];
  for (int32_t i = 0; i < l->file->entry_count; i++) {
    const cnn__entry *entry = &l->file->entries[i];
    if (!l->taken[i] && !(l->checkpoint && cnn__is_more(entry->name)) && !(without_state && cnn__is_slot(entry->name)))
      return cnn__fail(l->mismatch, "weight '%s' of the file is none of the model's", cnn__shown(shown, entry->name));
  }
  return CNN_OK;
}

/* NaN and infinity may be what the caller wants to look at, so they are told, not refused. Read as bits. */
static void warn_not_finite(const loading *l, const cnn__weight *weight) {
  char shown[CNN__SHOWN_BYTES];
  for (int64_t i = 0; i < weight->count; i++) {
    uint32_t bits;
    memcpy(&bits, &weight->value[i], sizeof bits);
    if ((bits & 0x7f800000u) == 0x7f800000u) {
      cnn__log(l->file->context, CNN_LOG_WARNING, "'%s': weight '%s' holds NaN or infinity, first at element %lld",
               cnn__shown(shown, l->name), weight->name, (long long)i);
      return;
    }
  }
}

/* All weights of the model, which must have been taken before. */
static void copy_weights(const loading *l, cnn_model *model) {
  for (int32_t i = 0; i < model->parameter_count; i++) {
    cnn__weight *weight = cnn__model_weight(model, i);
    const cnn__entry *entry = cnn__container_find(l->file, weight->name);
    memcpy(weight->value, entry->data, (size_t)entry->bytes);
    warn_not_finite(l, weight);
  }
  cnn__model_touch(model);
}

/* ---- notes ---- */

static cnn_status bad_note(const loading *l, const char *key) {
  char shown[CNN__SHOWN_BYTES];
  const char *text = cnn_container_note(l->file, key);
  return text ? cnn__fail(CNN_EFORMAT, "metadata '%s' is '%s'", key, cnn__shown(shown, text))
              : cnn__fail(CNN_EFORMAT, "metadata '%s' is missing", key);
}

static cnn_status read_count(const loading *l, const char *key, int64_t most, int64_t *out) {
  const char *text = cnn_container_note(l->file, key);
  if (!text || cnn__read_int(text, out) || *out < 0 || *out > most)
    return bad_note(l, key);
  return CNN_OK;
}

static cnn_status read_seed(const loading *l, uint64_t *out) {
  static const char digits[] = "0123456789abcdef";
  const char *text = cnn_container_note(l->file, CNN__NOTE_SEED);
  if (!text || strlen(text) != 16 || strspn(text, digits) != 16)
    return bad_note(l, CNN__NOTE_SEED);
  *out = 0;
  for (; *text; text++)
    *out = *out << 4 | (uint64_t)(strchr(digits, *text) - digits);
  return CNN_OK;
}

/* ---- a model ---- */

static cnn_status accept_layer(void *user, const cnn_layer *layer) {
  for (int32_t i = 0; i < layer->weight_count; i++)
    if (!take(user, layer->weights[i].name, &layer->weights[i].shape))
      return cnn__fail_code();
  return CNN_OK;
}

/* The slots that the model has. Looking first, copying later, as `copy` says. */
static cnn_status read_slots(const loading *l, cnn_model *model, int32_t copy) {
  for (int32_t i = 0; i < model->parameter_count; i++) {
    const cnn__weight *weight = cnn__model_weight(model, i);
    for (int32_t j = 0; j < CNN__MAX_SLOTS; j++) {
      cnn__slot_name name;
      if (!model->parameters[i].slots[j])
        continue;
      cnn__slot_name_make(&name, weight->name, cnn__optimizer_slot_name(model->optimizer, j));
      const cnn__entry *entry = take(l, name.text, &weight->shape);
      if (!entry)
        return cnn__fail_code();
      if (copy)
        memcpy(model->parameters[i].slots[j], entry->data, (size_t)entry->bytes);
    }
  }
  return CNN_OK;
}

static cnn_status read_compilation(const loading *l, cnn_model *model) {
  double rate;
  const char *text = cnn_container_note(l->file, CNN__NOTE_RATE);
  CNN__TRY(cnn__config_compile(model, cnn_container_note(l->file, CNN__NOTE_COMPILE)));
  if (!text || cnn__read_double(text, &rate) ||
      (!model->optimizer->schedule && cnn_model_set_learning_rate(model, rate) < 0))
    return bad_note(l, CNN__NOTE_RATE);
  if (!cnn_container_note(l->file, CNN__NOTE_ITERATIONS))
    return check_rest(l, 0);
  CNN__TRY(read_count(l, CNN__NOTE_ITERATIONS, MOST_ITERATIONS, &model->iterations));
  CNN__TRY(read_slots(l, model, 1));
  return check_rest(l, 0);
}

static cnn_status read_model(const loading *l, cnn_model **out, cnn_context *context, int32_t without_state) {
  uint64_t seed = 0;
  int64_t pass = 0;
  const char *config = cnn_container_note(l->file, CNN__NOTE_CONFIG), *format = cnn_container_note(l->file, CNN__NOTE_FORMAT);
  if (!l->checkpoint && (!format || strcmp(format, CNN__FORMAT_MODEL) != 0))
    return format && strcmp(format, CNN__FORMAT_WEIGHTS) == 0
               ? cnn__fail(CNN_EFORMAT, "holds weights alone, for cnn_model_load_weights")
               : bad_note(l, CNN__NOTE_FORMAT);
  if (!config)
    return bad_note(l, CNN__NOTE_CONFIG);
  CNN__TRY(read_seed(l, &seed));
  CNN__TRY(read_count(l, CNN__NOTE_PASS, UINT32_MAX, &pass));
  CNN__TRY(cnn__config_make_model(out, context, config, seed, accept_layer, (void *)(uintptr_t)l));
  CNN__TRY(cnn__model_ready(*out));
  (*out)->pass = (uint32_t)pass;
  copy_weights(l, *out);
  if (without_state || !cnn_container_note(l->file, CNN__NOTE_COMPILE))
    return check_rest(l, without_state);
  return read_compilation(l, *out);
}

cnn_status cnn__blame_file(const char *what, const char *name, cnn_status kept) {
  static const cnn_status arguments[] = {CNN_EINVAL, CNN_ESHAPE, CNN_ENAME, CNN_ESTATE};
  cnn_status code = cnn__fail_in("%s'%s'", what, name);
  for (size_t i = 0; i < sizeof arguments / sizeof arguments[0] && code != kept; i++)
    if (code == arguments[i])
      return cnn__fail(CNN_EFORMAT, "%s", cnn_error_text());
  return code;
}

/* Of a file, or anything that holds what one would. */
static cnn_status load(cnn_model **out, const cnn_container *file, const char *name, int32_t without_state) {
  cnn_model *model = NULL;
  loading l = {file, name, CNN_EFORMAT, cnn__is_checkpoint(file), NULL};
  cnn_status status = count_taken(&l);
  if (status == CNN_OK)
    status = read_model(&l, &model, file->context, without_state);
  cnn__free(file->context, l.taken);
  if (status < 0) {
    cnn_model_free(model);
    return cnn__blame_file("", name, CNN_OK);
  }
  *out = model;
  return CNN_OK;
}

cnn_status cnn__load_options(cnn_load_opts *given, const cnn_load_opts *options) {
  const size_t known = CNN__FIRST(cnn_load_opts, no_optimizer);
  CNN__TRY(cnn__options(given, known, known, options, "cnn_load_opts"));
  if (given->max_bytes < 0)
    return cnn__fail(CNN_EINVAL, "cnn_load_opts: max_bytes is %lld, must be 0 or more", (long long)given->max_bytes);
  return CNN_OK;
}

static cnn_status load_from(cnn_model **out, cnn_context *context, const cnn__origin *origin,
                            const cnn_load_opts *options) {
  cnn_load_opts given;
  CNN__TRY(cnn__load_options(&given, options));
  cnn_container *file;
  cnn__fp saved = cnn__fp_enter();
  cnn_status status = cnn__container_load(&file, context, origin, given.max_bytes, NULL);
  if (status == CNN_OK) {
    status = load(out, file, cnn__origin_name(origin), given.no_optimizer);
    cnn_container_free(file);
  }
  cnn__fp_leave(saved);
  return status;
}

cnn_status cnn_model_load(cnn_model **out, cnn_context *context, const char *path, const cnn_load_opts *options) {
  if (!out || !context || !path)
    return cnn__fail(CNN_EINVAL, "cnn_model_load: %s is NULL", !out ? "out" : !context ? "context" : "path");
  return load_from(out, context, &(cnn__origin){.path = path}, options);
}

cnn_status cnn_model_load_memory(cnn_model **out, cnn_context *context, const void *data, size_t bytes,
                                 const cnn_load_opts *options) {
  if (!out || !context || !data)
    return cnn__fail(CNN_EINVAL, "cnn_model_load_memory: %s is NULL", !out ? "out" : !context ? "context" : "data");
  return load_from(out, context, &(cnn__origin){.bytes = data, .count = bytes}, options);
}

cnn_status cnn_model_from_container(cnn_model **out, cnn_context *context, const cnn_container *container,
                                    const cnn_load_opts *options) {
  cnn_load_opts given;
  cnn_container *whole;
  if (!out || !context || !container)
    return cnn__fail(CNN_EINVAL, "cnn_model_from_container: %s is NULL", !out ? "out" : !context ? "context" : "container");
  CNN__TRY(cnn__load_options(&given, options));
  CNN__TRY(cnn__container_part(&whole, context, container, CNN__KEEP_ALL));
  cnn__fp saved = cnn__fp_enter();
  cnn_status status = load(out, whole, "(container)", given.no_optimizer);
  cnn__fp_leave(saved);
  cnn_container_free(whole);
  return status;
}

/* ---- weights into a model ---- */

static cnn_status take_weights(const loading *l, const cnn_model *model) {
  for (int32_t i = 0; i < model->parameter_count; i++) {
    const cnn__weight *weight = cnn__model_weight(model, i);
    if (!take(l, weight->name, &weight->shape))
      return cnn__fail_code();
  }
  return CNN_OK;
}

static cnn_status replace_weights(const loading *l, cnn_model *model) {
  CNN__TRY(take_weights(l, model));
  CNN__TRY(check_rest(l, 1));
  copy_weights(l, model);
  return CNN_OK;
}

static cnn_status load_weights_from(cnn_model *model, const cnn__origin *origin, const cnn_load_opts *options) {
  cnn_load_opts given;
  cnn_container *file;
  CNN__TRY(cnn__load_options(&given, options));
  CNN__TRY(cnn__model_ready(model));
  CNN__TRY(cnn__container_load(&file, model->context, origin, given.max_bytes, model));
  loading l = {file, cnn__origin_name(origin), CNN_ESHAPE, cnn__is_checkpoint(file), NULL};
  cnn_status status = count_taken(&l);
  if (status == CNN_OK)
    status = replace_weights(&l, model);
  cnn__free(model->context, l.taken);
  cnn_container_free(file);
  return status < 0 ? cnn__fail_in("'%s'", l.name) : status;
}

cnn_status cnn_model_load_weights(cnn_model *model, const char *path, const cnn_load_opts *options) {
  if (!model || !path)
    return cnn__fail(CNN_EINVAL, "cnn_model_load_weights: %s is NULL", model ? "path" : "model");
  return load_weights_from(model, &(cnn__origin){.path = path}, options);
}

cnn_status cnn_model_load_weights_memory(cnn_model *model, const void *data, size_t bytes, const cnn_load_opts *options) {
  if (!model || !data)
    return cnn__fail(CNN_EINVAL, "cnn_model_load_weights_memory: %s is NULL", model ? "data" : "model");
  return load_weights_from(model, &(cnn__origin){.bytes = data, .count = bytes}, options);
}

/* ---- a checkpoint into the model it is of ---- */

/* The text of a note and what the model says of itself, both JSON. */
static cnn_status compare(const loading *l, const char *key, const cnn__text *own, const char *what) {
  char difference[512] = "";
  const char *text = cnn_container_note(l->file, key);
  if (!text)
    return bad_note(l, key);
  json_t *there = cnn__json_parse(text, strlen(text), key);
  json_t *here = there ? cnn__json_parse(own->data, own->length, key) : NULL;
  if (here && json_object_get(here, "layers")) { /* what a model is called changes nothing */
    json_object_del(there, "name");
    json_object_del(here, "name");
  }
  int32_t differs = here && cnn__json_difference(difference, sizeof difference, there, here);
  cnn_status status = here ? CNN_OK : cnn__fail_code();
  json_decref(there);
  json_decref(here);
  return differs ? cnn__fail(CNN_ESTATE, "is of another %s: %s", what, difference) : status;
}

static cnn_status compare_model(const loading *l, const cnn_model *model) {
  uint64_t seed = 0;
  cnn__text config = {.context = model->context}, compile = {.context = model->context};
  cnn_status status = cnn__config_model_text(&config, model);
  if (status == CNN_OK)
    status = compare(l, CNN__NOTE_CONFIG, &config, "model");
  if (status == CNN_OK)
    status = cnn__config_compile_text(&compile, model);
  if (status == CNN_OK)
    status = compare(l, CNN__NOTE_COMPILE, &compile, "compilation");
  cnn__text_free(&config);
  cnn__text_free(&compile);
  CNN__TRY(status);
  CNN__TRY(read_seed(l, &seed));
  if (seed != model->seed)
    return cnn__fail(CNN_ESTATE, "is of another seed: %llu there, %llu here", (unsigned long long)seed,
                     (unsigned long long)model->seed);
  return CNN_OK;
}

static cnn_status check_tensors(const loading *l, cnn_model *model) {
  CNN__TRY(take_weights(l, model));
  CNN__TRY(read_slots(l, model, 0));
  return check_rest(l, 0);
}

cnn_status cnn__restore_check(cnn__restore *restore, const cnn_container *file, cnn_model *model) {
  loading l = {file, "checkpoint", CNN_EFORMAT, 1, NULL};
  const char *rate = cnn_container_note(file, CNN__NOTE_RATE);
  *restore = (cnn__restore){.file = file, .model = model};
  if (!cnn__is_checkpoint(file))
    return bad_note(&l, CNN__NOTE_FORMAT);
  CNN__TRY(compare_model(&l, model));
  CNN__TRY(read_count(&l, CNN__NOTE_PASS, UINT32_MAX, &restore->pass));
  CNN__TRY(read_count(&l, CNN__NOTE_ITERATIONS, MOST_ITERATIONS, &restore->iterations));
  if (!rate || cnn__read_double(rate, &restore->rate) || !(restore->rate >= 0 && restore->rate <= 3.4028234663852886e38))
    return bad_note(&l, CNN__NOTE_RATE);
  CNN__TRY(count_taken(&l));
  cnn_status status = check_tensors(&l, model);
  cnn__free(file->context, l.taken);
  return status;
}

void cnn__restore_apply(const cnn__restore *restore) {
  const loading l = {restore->file, "checkpoint", CNN_EFORMAT, 1, NULL};
  cnn_model *model = restore->model;
  copy_weights(&l, model);
  (void)read_slots(&l, model, 1); /* they were found */
  model->pass = (uint32_t)restore->pass;
  model->iterations = restore->iterations;
  model->rate = (float)restore->rate;
}
