/* optimizers: each type plain and with its own options, and with each of those that all types share. */
#include "optimizers.h"

#include "optim/optimizer_internal.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static const char *const shared[] = {
    "",
    "own",
    "clipnorm=0.05",
    "global_clipnorm=0.1",
    "clipvalue=0.001",
    "weight_decay=0.1 exclude_from_weight_decay=bias,gamma",
    "use_ema=true ema_momentum=0.8",
    "use_ema=true ema_momentum=0.5 ema_overwrite_frequency=2",
    "gradient_accumulation_steps=2",
    "learning_rate_schedule=cosine_decay(initial_learning_rate=0.02,decay_steps=9)",
    "own global_clipnorm=0.1 weight_decay=0.01 use_ema=true ema_overwrite_frequency=2 gradient_accumulation_steps=3",
};
enum { SHARED = sizeof shared / sizeof shared[0] };

/* Options of a type's own that are worth a path of their own: flags, and momentum. */
static void add_own(const cnn__optimizer_type *type, char *text, size_t bytes) {
  for (const cnn__attribute *row = type->attributes; row->key; row++) {
    size_t used = strlen(text);
    if (row->offset < sizeof(cnn__optimizer_common))
      continue;
    if (row->kind == CNN_ATTRIBUTE_FLAG)
      snprintf(text + used, bytes - used, "%s=true ", row->key);
    else if (row->kind == CNN_ATTRIBUTE_FLOAT && strcmp(row->standard, "0") == 0)
      snprintf(text + used, bytes - used, "%s=0.3 ", row->key);
  }
}

/* Each row that all types share stands in one of the options. */
void optimizer_combinations_check(void) {
  for (const cnn__attribute *row = cnn__optimizer_type_at(0)->attributes; row->key; row++) {
    int found = row->offset >= sizeof(cnn__optimizer_common) || strcmp(row->key, "learning_rate") == 0;
    for (int i = 0; i < SHARED; i++)
      found |= strstr(shared[i], row->key) != NULL;
    ck_assert_msg(found, "no combination has %s", row->key);
  }
}

int optimizer_combinations(void) { return (int)cnn_optimizer_type_count() * SHARED; }

const char *optimizer_combination(int number, char *attributes, size_t bytes) {
  const cnn__optimizer_type *type = cnn__optimizer_type_at(number / SHARED);
  const char *options = shared[number % SHARED];
  snprintf(attributes, bytes, "%s", strstr(options, "learning_rate_schedule") ? "" : "learning_rate=0.01 ");
  if (strncmp(options, "own", 3) == 0) {
    add_own(type, attributes, bytes);
    options += 3;
  }
  size_t used = strlen(attributes);
  ck_assert_int_lt(snprintf(attributes + used, bytes - used, "%s", options), (int)(bytes - used));
  return type->name;
}
