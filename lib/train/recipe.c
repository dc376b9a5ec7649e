/* recipe: what a training is made of besides the model, for a checkpoint to tell another one by. */
#include "train/checkpoint_file.h"

#include "data/augment.h"
#include "io/attribute_json.h"

#include <string.h>

enum { HEX = 2 * CNN__CHECKSUM_BYTES + 1 };

static void hex_of(const cnn__checksum *sum, char text[HEX]) {
  unsigned char bytes[CNN__CHECKSUM_BYTES];
  cnn__checksum_bytes(sum, bytes);
  for (int i = 0; i < CNN__CHECKSUM_BYTES; i++)
    cnn__format(text + 2 * i, 3, "%02x", bytes[i]);
}

/* Rows [first, first + count) of a tensor, with its type and shape. */
static void add_rows(cnn__checksum *sum, const cnn_tensor *tensor, int64_t first, int64_t count) {
  if (!tensor)
    return;
  const cnn__shape *shape = &tensor->shape;
  size_t row = shape->extent[0] ? cnn_tensor_bytes(tensor) / (size_t)shape->extent[0] : 0;
  cnn__checksum_add(sum, &tensor->type, sizeof tensor->type);
  cnn__checksum_add(sum, &shape->extent[1], (size_t)(shape->rank - 1) * sizeof shape->extent[1]);
  cnn__checksum_add(sum, (const char *)tensor->data + (size_t)first * row, (size_t)count * row);
}

static json_t *data_json(const cnn__supply *supply) {
  char text[HEX], divisor[32];
  cnn__checksum sum;
  const cnn_dataset *part = &supply->samples.part;
  if (supply->source.next)
    return json_string("batch function");
  if (!supply->samples.held)
    return json_null();
  cnn__checksum_begin(&sum);
  add_rows(&sum, part->inputs, part->first, part->count);
  add_rows(&sum, part->targets, part->first, part->count);
  add_rows(&sum, part->weights, part->first, part->count);
  hex_of(&sum, text);
  return json_pack("{s:I, s:s, s:I, s:s}", "samples", (json_int_t)part->count, "xxh3", text, "classes",
                   (json_int_t)part->classes, "divisor", cnn__repr(divisor, (double)part->divisor));
}

static json_t *augmenter_json(const cnn_augmenter *augmenter) {
  char text[HEX], seed[32];
  cnn__checksum sum;
  if (!augmenter)
    return json_null();
  cnn__checksum_begin(&sum);
  cnn__checksum_add(&sum, augmenter->mean, (size_t)augmenter->channels * sizeof *augmenter->mean);
  cnn__checksum_add(&sum, augmenter->deviation, (size_t)augmenter->channels * sizeof *augmenter->deviation);
  hex_of(&sum, text);
  cnn__format(seed, sizeof seed, "%llu", (unsigned long long)augmenter->seed);
  json_t *settings = cnn__attributes_to_json(cnn__augment_attributes, &augmenter->set);
  return json_pack("{s:s, s:s, s:o}", "seed", seed, "statistics", text, "settings", settings);
}

static json_t *class_weights_json(const cnn__class_weights *weights) {
  char text[32];
  json_t *list = json_array();
  for (int64_t i = 0; i < weights->count; i++)
    json_array_append_new(list, json_string(cnn__repr(text, (double)weights->values[i])));
  return list;
}

/* NULL where validation_freq decides: then the recipe says nothing of it, as those of before there was such a list. */
static json_t *validation_epochs_json(const cnn_fit_opts *o) {
  json_t *list = o->validation_epochs ? json_array() : NULL;
  for (int64_t i = 0; i < o->validation_epoch_count; i++)
    json_array_append_new(list, json_integer((json_int_t)o->validation_epochs[i]));
  return list;
}

json_t *cnn__recipe_json(const cnn__fit *fit) {
  const cnn_fit_opts *o = &fit->options;
  const cnn_context *context = fit->model->context;
  return json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:i, s:o*, s:b, s:{s:b, s:b, s:s}}", "data", data_json(&fit->train),
                   "validation", data_json(&fit->evaluation.supply), "augmenter", augmenter_json(fit->augmenter),
                   "class_weights", class_weights_json(&fit->train.class_weights), "batch_size",
                   (json_int_t)fit->train.batch_size, "steps_per_epoch", (json_int_t)fit->train.wanted,
                   "validation_batch_size", (json_int_t)fit->evaluation.supply.batch_size, "validation_steps",
                   (json_int_t)o->validation_steps, "validation_freq", (int)o->validation_freq, "validation_epochs",
                   validation_epochs_json(o), "shuffle", !o->no_shuffle, "kernels", "fusion", context->fuse, "winograd", context->winograd, "gemm",
                   cnn_context_gemm(context));
}
