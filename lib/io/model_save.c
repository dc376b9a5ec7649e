/* model_save: a model as a list of tensors and notes, handed to the container. Nothing is copied but names. */
#include "core/memory.h"
#include "core/options.h"
#include "io/config.h"
#include "io/container.h"
#include "io/format.h"
#include "io/model_file.h"

enum { NOTES = 6 + CNN__MORE_NOTES };

typedef struct saving {
  const cnn_model *model;
  cnn_context *context;
  cnn__entry *entries;
  cnn__slot_name *slot_names;
  int32_t entry_count, note_count;
  cnn__text config, compile;
  char seed[32], pass[32], rate[32], iterations[32];
  cnn__more more;
  cnn__note notes[NOTES];
} saving;

static cnn_status list_weights(saving *s) {
  int64_t most = s->model->parameter_count;
  s->entries = cnn__alloc_zero(s->context, (size_t)(most * (1 + CNN__MAX_SLOTS) + s->more.entry_count) * sizeof *s->entries,
                               "list of tensors");
  if (!s->entries)
    return CNN_ENOMEM;
  for (int32_t i = 0; i < most; i++) {
    const cnn__weight *weight = cnn__model_weight(s->model, i);
    s->entries[s->entry_count++] =
        (cnn__entry){.name = weight->name, .type = CNN_F32, .shape = weight->shape, .data = weight->value};
  }
  return CNN_OK;
}

static cnn_status list_slots(saving *s) {
  const cnn_optimizer *optimizer = s->model->optimizer;
  int32_t made = 0;
  s->slot_names = cnn__alloc(s->context, (size_t)s->model->parameter_count * CNN__MAX_SLOTS * sizeof *s->slot_names,
                             "names of slots");
  if (!s->slot_names)
    return CNN_ENOMEM;
  for (int32_t i = 0; i < s->model->parameter_count; i++) {
    const cnn__weight *weight = cnn__model_weight(s->model, i);
    for (int32_t j = 0; j < CNN__MAX_SLOTS; j++) {
      if (!s->model->parameters[i].slots[j])
        continue;
      cnn__slot_name *name = &s->slot_names[made++];
      cnn__slot_name_make(name, weight->name, cnn__optimizer_slot_name(optimizer, j));
      s->entries[s->entry_count++] = (cnn__entry){
          .name = name->text, .type = CNN_F32, .shape = weight->shape, .data = s->model->parameters[i].slots[j]};
    }
  }
  return CNN_OK;
}

static void note(saving *s, const char *key, const char *text) {
  s->notes[s->note_count++] = (cnn__note){key, text};
}

static cnn_status list_model(saving *s) {
  CNN__TRY(cnn__config_model_text(&s->config, s->model));
  note(s, CNN__NOTE_CONFIG, s->config.data);
  cnn__format(s->seed, sizeof s->seed, CNN__SEED_TEXT, (unsigned long long)s->model->seed);
  note(s, CNN__NOTE_SEED, s->seed);
  cnn__format(s->pass, sizeof s->pass, "%lu", (unsigned long)s->model->pass);
  note(s, CNN__NOTE_PASS, s->pass);
  return CNN_OK;
}

static cnn_status list_compilation(saving *s, int32_t with_state) {
  CNN__TRY(cnn__config_compile_text(&s->compile, s->model));
  note(s, CNN__NOTE_COMPILE, s->compile.data);
  note(s, CNN__NOTE_RATE, cnn__repr(s->rate, (double)cnn__model_rate(s->model)));
  if (!with_state)
    return CNN_OK;
  cnn__format(s->iterations, sizeof s->iterations, "%lld", (long long)s->model->iterations);
  note(s, CNN__NOTE_ITERATIONS, s->iterations);
  return list_slots(s);
}

static void list_more(saving *s) {
  for (int32_t i = 0; i < s->more.note_count; i++)
    s->notes[s->note_count++] = s->more.notes[i];
  for (int32_t i = 0; i < s->more.entry_count; i++)
    s->entries[s->entry_count++] = s->more.entries[i];
}

static cnn_status save(saving *s, const char *format, const cnn__target *target, const cnn_save_opts *given) {
  CNN__TRY(list_weights(s));
  if (!given->weights_only) {
    CNN__TRY(list_model(s));
    if (s->model->compiled)
      CNN__TRY(list_compilation(s, !given->no_optimizer && cnn__model_settled(s->model)));
  }
  list_more(s);
  return cnn__container_write(s->context, target, format, s->notes, s->note_count, s->entries, s->entry_count);
}

static cnn_status save_as(const char *format, const cnn_model *model, const cnn__target *target, const cnn_save_opts *given,
                          const cnn__more *more) {
  CNN__TRY(cnn__model_ready(model));
  saving s = {.model = model, .context = model->context, .more = *more};
  s.config.context = s.compile.context = model->context;
  cnn_status status = save(&s, format, target, given);
  cnn__text_free(&s.config);
  cnn__text_free(&s.compile);
  cnn__free(s.context, s.entries);
  cnn__free(s.context, s.slot_names);
  return status;
}

cnn_status cnn__model_write(const cnn_model *model, const cnn__target *target, const cnn__more *more) {
  return save_as(CNN__FORMAT_CHECKPOINT, model, target, &(cnn_save_opts){0}, more);
}

cnn_status cnn__model_container(cnn_container **out, const cnn_model *model, const cnn_save_opts *given) {
  cnn_container *made;
  CNN__TRY(cnn_container_new(&made, model->context));
  cnn_status status = save_as(given->weights_only ? CNN__FORMAT_WEIGHTS : CNN__FORMAT_MODEL, model,
                              &(cnn__target){.container = made}, given, &(cnn__more){0});
  if (status < 0)
    cnn_container_free(made);
  else
    *out = made;
  return status;
}

cnn_status cnn_model_to_container(cnn_container **out, const cnn_model *model, const cnn_save_opts *options) {
  cnn_save_opts given;
  if (out)
    *out = NULL;
  if (!out || !model)
    return cnn__fail(CNN_EINVAL, "cnn_model_to_container: %s is NULL", out ? "model" : "out");
  CNN__TRY(cnn__options(&given, sizeof given, sizeof(cnn_save_opts), options, "cnn_save_opts"));
  return cnn__model_container(out, model, &given);
}

/* In another form, which may need the configuration for weights, too. */
static cnn_status save_in(const cnn_file_format *format, const cnn_model *model, const char *path, const cnn_save_opts *given) {
  const cnn_save_opts whole = {.no_optimizer = given->no_optimizer || given->weights_only};
  cnn_container *container;
  CNN__TRY(cnn__model_container(&container, model, &whole));
  cnn_status status = cnn__container_save_as(format, container, path, given);
  cnn_container_free(container);
  return status;
}

static cnn_status save_to(const cnn_model *model, const cnn__target *target, const cnn_save_opts *options) {
  cnn_save_opts given;
  const cnn_file_format *format = NULL;
  CNN__TRY(cnn__options(&given, sizeof given, sizeof(cnn_save_opts), options, "cnn_save_opts"));
  if (target->path)
    CNN__TRY(cnn__format_by_ending(&format, model->context, target->path));
  if (format)
    return save_in(format, model, target->path, &given);
  return save_as(given.weights_only ? CNN__FORMAT_WEIGHTS : CNN__FORMAT_MODEL, model, target, &given, &(cnn__more){0});
}

cnn_status cnn_model_save(const cnn_model *model, const char *path, const cnn_save_opts *options) {
  if (!model || !path)
    return cnn__fail(CNN_EINVAL, "cnn_model_save: %s is NULL", model ? "path" : "model");
  return save_to(model, &(cnn__target){.path = path}, options);
}

cnn_status cnn_model_save_memory(const cnn_model *model, void *buffer, size_t capacity, size_t *bytes,
                                 const cnn_save_opts *options) {
  if (bytes)
    *bytes = 0;
  if (!model || !(bytes || buffer))
    return cnn__fail(CNN_EINVAL, "cnn_model_save_memory: %s NULL", model ? "buffer and bytes are" : "model is");
  return save_to(model, &(cnn__target){.buffer = buffer, .capacity = capacity, .length = bytes}, options);
}
