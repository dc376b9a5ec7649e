/* optimizer: the handle (a type and its attributes) and what all types share. */
#include "optim/optimizer_internal.h"

#include "core/memory.h"
#include "core/text.h"

#include <string.h>

/* ---- the handle ---- */

enum { MAX_ATTRIBUTES_SIZE = sizeof(cnn__optimizer_common) + 64 };

static cnn_status check_clipping(const cnn__optimizer_common *common, const char *what) {
  int32_t ways = (common->clipnorm > 0) + (common->global_clipnorm > 0) + (common->clipvalue > 0);
  if (ways > 1)
    return cnn__fail(CNN_EINVAL, "%s: clipnorm is %g, global_clipnorm %g, clipvalue %g; only one of them may be set", what,
                     (double)common->clipnorm, (double)common->global_clipnorm, (double)common->clipvalue);
  return CNN_OK;
}

/* Texts apart by commas; an empty one would be part of every name. What is no UTF-8 could not be saved. */
static cnn_status check_exclusion(const cnn__optimizer_common *common, const char *what) {
  const char *text = common->exclude_from_weight_decay;
  size_t length = strlen(text);
  char clean[sizeof common->exclude_from_weight_decay];
  cnn__clean(clean, sizeof clean, text);
  if (strcmp(text, clean) != 0)
    return cnn__fail(CNN_EINVAL, "%s: exclude_from_weight_decay is '%s', must be UTF-8 without control characters, as names are",
                     what, clean);
  if (length && (text[0] == ',' || text[length - 1] == ',' || strstr(text, ",,")))
    return cnn__fail(CNN_EINVAL, "%s: exclude_from_weight_decay is '%s', one of its texts is empty", what, text);
  if (strchr(text, ' '))
    return cnn__fail(CNN_EINVAL, "%s: exclude_from_weight_decay is '%s', has a blank in it; texts are apart by commas alone", what,
                     text);
  return CNN_OK;
}

/* One of the two gives the rate: learning_rate is left at its default where a schedule does. */
static cnn_status check_rate(const cnn__optimizer_type *type, const cnn__optimizer_common *common) {
  const cnn__attribute *row = cnn__attribute_find(type->attributes, "learning_rate");
  char text[64];
  cnn__attribute_text(row, common, text, sizeof text);
  if (common->learning_rate_schedule[0] && strcmp(text, row->standard) != 0)
    return cnn__fail(CNN_EINVAL, "%s: learning_rate is %s, but a schedule gives the rate; leave one of them out", type->name,
                     text);
  return CNN_OK;
}

static cnn_status check(const cnn__optimizer_type *type, const void *attributes) {
  CNN__TRY(cnn__attributes_check(type->attributes, attributes, type->name));
  CNN__TRY(check_clipping(attributes, type->name));
  CNN__TRY(check_exclusion(attributes, type->name));
  CNN__TRY(check_rate(type, attributes));
  return type->check ? type->check(attributes) : CNN_OK;
}

cnn_status cnn__optimizer_make(cnn_optimizer **out, cnn_context *context, const cnn__optimizer_type *type,
                               const void *attributes) {
  if (!out || !context)
    return cnn__fail(CNN_EINVAL, "%s: out or context is NULL", type->name);
  CNN__TRY(check(type, attributes));
  cnn_optimizer *optimizer = cnn__alloc_zero(context, sizeof *optimizer, "optimizer");
  if (!optimizer)
    return CNN_ENOMEM;
  optimizer->attributes = cnn__alloc(context, type->attributes_size, "attributes of an optimizer");
  if (!optimizer->attributes) {
    cnn__free(context, optimizer);
    return CNN_ENOMEM;
  }
  memcpy(optimizer->attributes, attributes, type->attributes_size);
  atomic_init(&optimizer->references, 1);
  optimizer->context = cnn__context_hold(context);
  optimizer->type = type;
  const char *schedule = cnn__optimizer_common_of(optimizer)->learning_rate_schedule;
  if (schedule[0] && cnn__schedule_read(&optimizer->schedule, context, schedule) < 0) {
    cnn_optimizer_free(optimizer);
    return cnn__fail_in("%s", type->name);
  }
  *out = optimizer;
  return CNN_OK;
}

cnn_status cnn_optimizer_new(cnn_optimizer **out, cnn_context *context, const char *name, const char *attributes) {
  union {
    double align;
    int64_t align_int;
    char bytes[MAX_ATTRIBUTES_SIZE];
  } set;
  const cnn__optimizer_type *type = cnn__optimizer_type_find(name);
  if (!type)
    return CNN_ENAME;
  CNN__TRY(cnn__attributes_parse(type->attributes, &set, attributes, type->name, NULL, NULL));
  return cnn__optimizer_make(out, context, type, &set);
}

cnn_optimizer *cnn__optimizer_hold(cnn_optimizer *optimizer) {
  atomic_fetch_add_explicit(&optimizer->references, 1, memory_order_relaxed);
  return optimizer;
}

void cnn_optimizer_free(cnn_optimizer *optimizer) {
  if (!optimizer || atomic_fetch_sub_explicit(&optimizer->references, 1, memory_order_acq_rel) > 1)
    return;
  cnn_context *context = optimizer->context;
  cnn_schedule_free(optimizer->schedule);
  cnn__free(context, optimizer->attributes);
  cnn__free(context, optimizer);
  cnn__context_drop(context);
}

const char *cnn_optimizer_name(const cnn_optimizer *optimizer) { return optimizer ? optimizer->type->name : ""; }

cnn_status cnn_optimizer_attribute_text(const cnn_optimizer *optimizer, const char *key, char *buffer, size_t bytes) {
  if (!optimizer || !key || (!buffer && bytes))
    return cnn__fail(CNN_EINVAL, "cnn_optimizer_attribute_text: optimizer, key or buffer is NULL");
  return cnn__attributes_text(optimizer->type->attributes, optimizer->attributes, key, buffer, bytes,
                              optimizer->type->name);
}

/* ---- common attributes ---- */

cnn_status cnn__optimizer_given(cnn__optimizer_common *common, float weight_decay, float clipnorm,
                                float global_clipnorm, float clipvalue, float ema_momentum, int32_t use_ema,
                                int32_t ema_overwrite_frequency, int32_t gradient_accumulation_steps,
                                const char *exclude_from_weight_decay, const cnn_schedule *schedule, int32_t reserved) {
  const char *excluded = exclude_from_weight_decay ? exclude_from_weight_decay : "";
  common->weight_decay = cnn__option(weight_decay, common->weight_decay);
  common->clipnorm = cnn__option(clipnorm, 0);
  common->global_clipnorm = cnn__option(global_clipnorm, 0);
  common->clipvalue = cnn__option(clipvalue, 0);
  common->ema_momentum = cnn__option(ema_momentum, common->ema_momentum);
  common->use_ema = use_ema != 0;
  common->ema_overwrite_frequency = ema_overwrite_frequency;
  common->gradient_accumulation_steps = gradient_accumulation_steps;
  if (reserved)
    return cnn__fail(CNN_ETOONEW, "options of an optimizer: reserved is %d, must be 0", (int)reserved);
  if (strlen(excluded) >= sizeof common->exclude_from_weight_decay)
    return cnn__fail(CNN_EINVAL, "exclude_from_weight_decay has %zu bytes, at most %zu are taken", strlen(excluded),
                     sizeof common->exclude_from_weight_decay - 1);
  memcpy(common->exclude_from_weight_decay, excluded, strlen(excluded) + 1);
  if (!schedule)
    return CNN_OK;
  return cnn__schedule_text(schedule, common->learning_rate_schedule, sizeof common->learning_rate_schedule);
}

float cnn__optimizer_rate(const cnn_optimizer *optimizer) { return cnn__optimizer_common_of(optimizer)->learning_rate; }

float cnn__optimizer_rate_at(const cnn_optimizer *optimizer, int64_t calls, float rate) {
  return optimizer->schedule ? (float)cnn_schedule_rate(optimizer->schedule, calls) : rate;
}

int32_t cnn__optimizer_whole(const cnn_optimizer *optimizer) {
  const cnn__optimizer_common *common = cnn__optimizer_common_of(optimizer);
  if (optimizer->type->direct)
    return CNN__WHOLE_DIRECTIONS;
  return common->clipnorm > 0 || common->global_clipnorm > 0 ? CNN__WHOLE_GRADIENTS : CNN__WHOLE_NOTHING;
}

int32_t cnn__optimizer_decays(const cnn_optimizer *optimizer, const char *weight) {
  char part[CNN__ATTRIBUTE_TEXT_BYTES];
  const cnn__optimizer_common *common = cnn__optimizer_common_of(optimizer);
  const char *text = common->exclude_from_weight_decay;
  if (common->weight_decay == 0)
    return 0;
  while (*text) {
    size_t length = strcspn(text, ",");
    cnn__format(part, sizeof part, "%.*s", (int)length, text);
    if (strstr(weight, part))
      return 0;
    text += length + (text[length] == ',');
  }
  return 1;
}

/* ---- slots ---- */

uint32_t cnn__optimizer_slots(const cnn_optimizer *optimizer) {
  const cnn__optimizer_common *common = cnn__optimizer_common_of(optimizer);
  return optimizer->type->slots(optimizer->attributes) | (uint32_t)(common->use_ema != 0) << CNN__SLOT_AVERAGE |
         (uint32_t)(common->gradient_accumulation_steps > 1) << CNN__SLOT_ACCUMULATOR;
}

const char *cnn__optimizer_slot_name(const cnn_optimizer *optimizer, int32_t slot) {
  if (slot < CNN__OWN_SLOTS)
    return optimizer->type->slot_names[slot];
  return slot == CNN__SLOT_AVERAGE ? "average" : "gradient_accumulator";
}

float cnn__optimizer_slot_start(const cnn_optimizer *optimizer, int32_t slot) {
  const cnn__optimizer_type *type = optimizer->type;
  return slot < CNN__OWN_SLOTS && type->slot_start ? type->slot_start(optimizer->attributes, slot) : 0;
}
