/* model_container: what a container must hold, and may lose, where a model goes from one form of file to another. */
#include "core/fp.h"
#include "core/memory.h"
#include "core/options.h"
#include "io/atomic_file.h"
#include "io/format.h"
#include "io/model_file.h"
#include "tensor/tensor_internal.h"

#include <string.h>

/* ---- what may be missing ---- */

/* The rate that an optimizer was made with, where none is said to stand now. */
static cnn_status default_rate(cnn_container *c) {
  const char *text = cnn_container_note(c, CNN__NOTE_COMPILE);
  json_t *compile = cnn__json_parse(text, strlen(text), CNN__NOTE_COMPILE);
  if (!compile)
    return cnn__fail_code();
  const json_t *attributes = json_object_get(json_object_get(compile, "optimizer"), "attributes");
  const char *rate = json_string_value(json_object_get(attributes, "learning_rate"));
  cnn_status status = rate ? cnn_container_set_note(c, CNN__NOTE_RATE, rate) : CNN_OK; /* the reader says what is missing */
  json_decref(compile);
  return status;
}

static cnn_status default_note(cnn_container *c, const char *key, const char *text) {
  return cnn_container_note(c, key) ? CNN_OK : cnn_container_set_note(c, key, text);
}

/* Other forms do not know the counts of libcnn. */
static cnn_status complete(cnn_container *c) {
  char seed[32];
  int32_t whole = cnn_container_note(c, CNN__NOTE_CONFIG) != NULL;
  CNN__TRY(default_note(c, CNN__NOTE_FORMAT, whole ? CNN__FORMAT_MODEL : CNN__FORMAT_WEIGHTS));
  if (!whole)
    return CNN_OK;
  cnn__format(seed, sizeof seed, CNN__SEED_TEXT, (unsigned long long)c->context->seed);
  CNN__TRY(default_note(c, CNN__NOTE_SEED, seed));
  CNN__TRY(default_note(c, CNN__NOTE_PASS, "0"));
  return cnn_container_note(c, CNN__NOTE_COMPILE) && !cnn_container_note(c, CNN__NOTE_RATE) ? default_rate(c) : CNN_OK;
}

/* ---- what is left out ---- */

/* From which level on a note is left out; of a checkpoint what is not listed goes first. */
static const struct {
  const char *key;
  int32_t level;
} levels[] = {{CNN__NOTE_FORMAT, CNN__KEEP_MODEL},           {CNN__NOTE_ITERATIONS, CNN__KEEP_STATELESS},
              {CNN__NOTE_COMPILE, CNN__KEEP_UNCOMPILED},     {CNN__NOTE_RATE, CNN__KEEP_UNCOMPILED},
              {CNN__NOTE_CONFIG, CNN__KEEP_WEIGHTS},         {CNN__NOTE_SEED, CNN__KEEP_WEIGHTS},
              {CNN__NOTE_PASS, CNN__KEEP_WEIGHTS}};

static int32_t note_level(const char *key, int32_t checkpoint) {
  for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
    if (strcmp(levels[i].key, key) == 0)
      return levels[i].level;
  return checkpoint ? CNN__KEEP_MODEL : CNN__KEEP_WEIGHTS;
}

static int32_t tensor_level(const char *name, int32_t checkpoint) {
  if (cnn__is_slot(name))
    return CNN__KEEP_STATELESS;
  return checkpoint && cnn__is_more(name) ? CNN__KEEP_MODEL : CNN__KEEP_NOTHING;
}

static cnn_status take_tensor(cnn_container *out, const cnn__entry *entry) {
  return entry->value ? cnn__container_share(out, entry->name, entry->value) : cnn__container_put(out, entry);
}

static cnn_status take_part(cnn_container *out, const cnn_container *from, int32_t part) {
  int32_t checkpoint = cnn__is_checkpoint(from);
  for (int32_t i = 0; i < from->note_count; i++)
    if (part < note_level(from->notes[i].key, checkpoint))
      CNN__TRY(cnn_container_set_note(out, from->notes[i].key, from->notes[i].text));
  for (int32_t i = 0; i < from->entry_count; i++)
    if (part < tensor_level(from->entries[i].name, checkpoint))
      CNN__TRY(take_tensor(out, &from->entries[i]));
  return complete(out);
}

cnn_status cnn__container_part(cnn_container **out, cnn_context *context, const cnn_container *from, int32_t part) {
  CNN__TRY(cnn_container_new(out, context));
  cnn_status status = take_part(*out, from, part);
  if (status == CNN_OK)
    return CNN_OK;
  cnn_container_free(*out);
  *out = NULL;
  return status;
}

/* ---- loading ---- */

/* The file in another form, and then what is in it. */
static cnn_status convert(cnn_container **c, const cnn_file_format *format, int64_t max_bytes, const cnn_model *wanting) {
  const cnn_save_opts stateless = {.no_optimizer = 1};
  cnn_container *file = *c, *made = NULL, *like = NULL;
  cnn_status status = wanting ? cnn__model_container(&like, wanting, &stateless) : CNN_OK;
  if (status == CNN_OK)
    status = cnn_container_new(&made, file->context);
  if (status == CNN_OK)
    made->max_bytes = max_bytes;
  if (status == CNN_OK)
    status = cnn__format_load(format, made, file->context, file->bytes, (size_t)file->byte_count, like);
  if (status == CNN_OK)
    status = complete(made);
  cnn_container_free(like);
  cnn_container_free(file);
  *c = made;
  return status;
}

/* Where a file of this library does not begin so, it is damaged, and said to be. */
static cnn_status take_apart(cnn_container **c, int64_t max_bytes, const cnn_model *wanting) {
  const size_t count = (size_t)(*c)->byte_count;
  if (cnn__container_is_own(*c))
    return cnn__container_parse(*c);
  const cnn_file_format *format = cnn__format_by_content((*c)->context, (*c)->bytes, count);
  if (format)
    return convert(c, format, max_bytes, wanting);
  CNN__TRY(cnn__format_missing((*c)->bytes, count));
  return cnn__container_parse(*c);
}

cnn_status cnn__container_load(cnn_container **out, cnn_context *context, const cnn__origin *origin, int64_t max_bytes,
                               const cnn_model *wanting) {
  cnn_container *c = NULL;
  *out = NULL;
  cnn_status status = cnn__container_open(&c, context, origin, max_bytes);
  if (status == CNN_OK)
    status = take_apart(&c, max_bytes, wanting);
  if (status < 0) {
    cnn_container_free(c);
    return cnn__blame_file("", cnn__origin_name(origin), wanting ? CNN_ESHAPE : CNN_OK); /* of the wanting model */
  }
  *out = c;
  return CNN_OK;
}

cnn_status cnn_container_load(cnn_container **out, cnn_context *context, const char *path, const cnn_load_opts *options) {
  cnn_load_opts given;
  cnn_container *whole;
  if (out)
    *out = NULL;
  if (!out || !context || !path)
    return cnn__fail(CNN_EINVAL, "cnn_container_load: %s is NULL", !out ? "out" : !context ? "context" : "path");
  CNN__TRY(cnn__load_options(&given, options));
  CNN__TRY(cnn__container_load(&whole, context, &(cnn__origin){.path = path}, given.max_bytes, NULL));
  cnn_status status = cnn__container_part(out, context, whole, given.no_optimizer ? CNN__KEEP_UNCOMPILED : CNN__KEEP_ALL);
  cnn_container_free(whole);
  return status;
}

/* ---- saving ---- */

static void append(void *user, const char *text, size_t length) { cnn__text_add_bytes(user, text, length); }

/* All bytes are there before the file is touched. */
static cnn_status save_part(const cnn_container *part, const char *path, const cnn_file_format *format, const cnn_save_opts *given) {
  cnn__text file = {.context = part->context};
  const cnn_sink to = {.size = sizeof to, .user = &file, .write = append};
  cnn_status status = cnn__format_save(format, part, part->context, given, &to);
  if (status == CNN_OK)
    status = file.status;
  if (status < 0)
    (void)cnn__fail_in("'%s'", path);
  else
    status = cnn_file_replace(part->context, path, file.data, file.length);
  cnn__text_free(&file);
  return status;
}

cnn_status cnn__container_save_as(const cnn_file_format *format, const cnn_container *c, const char *path, const cnn_save_opts *given) {
  cnn_container *part;
  int32_t keep = given->weights_only ? CNN__KEEP_UNCOMPILED : given->no_optimizer ? CNN__KEEP_STATELESS : CNN__KEEP_MODEL;
  if (cnn__container_part(&part, c->context, c, keep) < 0)
    return cnn__fail_in("'%s'", path);
  cnn_status status = save_part(part, path, format, given);
  cnn_container_free(part);
  return status;
}

static int32_t is_frame(const char *key) {
  return strcmp(key, CNN__NOTE_FORMAT) == 0 || strcmp(key, CNN__NOTE_VERSION) == 0 || strcmp(key, CNN__NOTE_LIBRARY) == 0;
}

/* In libcnn's own form, whose frame writing makes. */
static cnn_status save_own(const cnn_container *part, const char *path) {
  cnn__note notes[CNN__MAX_NOTES];
  int32_t count = 0;
  for (int32_t i = 0; i < part->note_count; i++)
    if (!is_frame(part->notes[i].key))
      notes[count++] = part->notes[i];
  return cnn__container_write(part->context, &(cnn__target){.path = path}, cnn_container_note(part, CNN__NOTE_FORMAT), notes,
                              count, part->entries, part->entry_count);
}

cnn_status cnn_container_save(const cnn_container *container, const char *path, const cnn_save_opts *options) {
  cnn_save_opts given;
  const cnn_file_format *format;
  cnn_container *part;
  if (!container || !path)
    return cnn__fail(CNN_EINVAL, "cnn_container_save: %s is NULL", container ? "path" : "container");
  CNN__TRY(cnn__options(&given, sizeof given, sizeof(cnn_save_opts), options, "cnn_save_opts"));
  CNN__TRY(cnn__format_by_ending(&format, container->context, path));
  if (format)
    return cnn__container_save_as(format, container, path, &given);
  int32_t keep = given.weights_only ? CNN__KEEP_WEIGHTS : given.no_optimizer ? CNN__KEEP_STATELESS : CNN__KEEP_ALL;
  if (cnn__container_part(&part, container->context, container, keep) < 0)
    return cnn__fail_in("'%s'", path);
  cnn_status status = save_own(part, path);
  cnn_container_free(part);
  return status;
}
