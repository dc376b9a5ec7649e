/* text: the description for people. */
#include "inspect.h"
#include "table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "";
}

static int64_t whole_of(const json_t *object, const char *key) { return json_integer_value(json_object_get(object, key)); }

/* "422,026" */
static const char *thousands(char buffer[32], int64_t value) {
  char digits[32];
  int count = snprintf(digits, sizeof digits, "%lld", (long long)value), used = 0;
  for (int i = 0; i < count; i++) {
    buffer[used++] = digits[i];
    if ((count - i) % 3 == 1 && i + 1 < count && digits[i] != '-')
      buffer[used++] = ',';
  }
  buffer[used] = 0;
  return buffer;
}

/* A number as short as it may be, or the text that stands for one. */
static const char *figure(char buffer[32], const json_t *value) {
  if (json_is_real(value))
    snprintf(buffer, 32, "%.6g", json_real_value(value));
  else if (json_is_integer(value))
    snprintf(buffer, 32, "%lld", (long long)json_integer_value(value));
  else
    snprintf(buffer, 32, "%s", json_is_string(value) ? json_string_value(value) : "-");
  return buffer;
}

/* Any value of a configuration as a user would write it. */
static void value_text(char *out, size_t bytes, const json_t *value) {
  size_t used = 0;
  out[0] = 0;
  if (json_is_string(value))
    snprintf(out, bytes, "%s", json_string_value(value));
  else if (json_is_boolean(value))
    snprintf(out, bytes, "%s", json_is_true(value) ? "true" : "false");
  else if (json_is_integer(value))
    snprintf(out, bytes, "%lld", (long long)json_integer_value(value));
  for (size_t i = 0; i < json_array_size(value) && used < bytes; i++) {
    char one[64];
    value_text(one, sizeof one, json_array_get(value, i));
    used += (size_t)snprintf(out + used, bytes - used, "%s%s", i ? "," : "", one);
  }
}

typedef cnn_status attribute_at(const char *type, int32_t index, cnn_attribute *out);

static int32_t is_standard(const char *type, int32_t count, attribute_at *at, const char *key, const char *value) {
  for (int32_t i = 0; i < count; i++) {
    cnn_attribute row = {.size = sizeof row};
    if (at(type, i, &row) >= 0 && strcmp(row.key, key) == 0)
      return !row.required && row.standard && strcmp(row.standard, value) == 0;
  }
  return 0;
}

/* "filters=32 padding=same": what is not the type's default. */
static void attributes_text(char *out, size_t bytes, const char *type, int32_t count, attribute_at *at, const json_t *attributes) {
  const char *key;
  json_t *value;
  size_t used = 0;
  out[0] = 0;
  json_object_foreach((json_t *)(uintptr_t)attributes, key, value) {
    char text[256];
    value_text(text, sizeof text, value);
    if (!is_standard(type, count, at, key, text) && used < bytes)
      used += (size_t)snprintf(out + used, bytes - used, "%s%s=%s", used ? " " : "", key, text);
  }
}

static void print_layers(const json_t *model, FILE *stream) {
  table t = {.heads = {"Layer", "Type", "Inputs", ">Parameters", "Attributes"}};
  char number[32], inputs[256], attributes[512];
  json_t *layer;
  size_t i;
  fprintf(stream, "\nModel \"%s\": %zu layers, %s parameters", text_of(model, "name"),
          json_array_size(json_object_get(model, "layers")), thousands(number, whole_of(model, "parameters")));
  fprintf(stream, "; seed %s, pass %lld\n\n", text_of(model, "seed"), (long long)whole_of(model, "pass"));
  json_array_foreach(json_object_get(model, "layers"), i, layer) {
    const char *type = text_of(layer, "type");
    table_add(&t, "%s", text_of(layer, "name"));
    table_add(&t, "%s", type);
    value_text(inputs, sizeof inputs, json_object_get(layer, "inputs"));
    table_add(&t, "%s", inputs);
    table_add(&t, "%s", thousands(number, whole_of(layer, "parameters")));
    attributes_text(attributes, sizeof attributes, type, cnn_layer_attribute_count(type), cnn_layer_attribute_at,
                    json_object_get(layer, "attributes"));
    table_add(&t, "%s", attributes);
  }
  table_print(&t, stream);
}

/* A loss or a metric: by its description, or its name alone. */
static const char *kind_of(const json_t *value) {
  const char *name = json_string_value(value);
  return name ? name : text_of(value, "type");
}

static void print_compilation(const json_t *compilation, FILE *stream) {
  const json_t *optimizer = json_object_get(compilation, "optimizer");
  char attributes[512], number[32];
  const char *name = text_of(optimizer, "name");
  json_t *metric;
  size_t i;
  attributes_text(attributes, sizeof attributes, name, cnn_optimizer_attribute_count(name), cnn_optimizer_attribute_at,
                  json_object_get(optimizer, "attributes"));
  fprintf(stream, "\nCompiled: %s%s%s, loss %s", name, attributes[0] ? " " : "", attributes,
          kind_of(json_object_get(compilation, "loss")));
  json_array_foreach(json_object_get(compilation, "metrics"), i, metric)
    fprintf(stream, "%s%s", i ? ", " : ", metrics ", kind_of(metric));
  fprintf(stream, "; learning rate %s", figure(number, json_object_get(compilation, "learning_rate")));
  if (json_object_get(compilation, "iterations"))
    fprintf(stream, ", %s steps done\n", thousands(number, whole_of(compilation, "iterations")));
  else
    fputs(", without the optimizer's state\n", stream);
}

/* ---- a training ---- */

static void print_epochs(const json_t *epochs, FILE *stream) {
  table t = {.heads = {">Epoch", ">Seconds"}};
  const json_t *first = json_object_get(json_array_get(epochs, 0), "figures");
  char number[32], heads[MOST_COLUMNS][64];
  const char *key;
  json_t *value, *epoch;
  int columns = 2;
  size_t i;
  json_object_foreach((json_t *)(uintptr_t)first, key, value) {
    if (columns == MOST_COLUMNS - 1)
      break;
    snprintf(heads[columns], sizeof heads[columns], ">%s", key);
    t.heads[columns] = heads[columns];
    columns++;
  }
  json_array_foreach(epochs, i, epoch) {
    table_add(&t, "%lld", (long long)whole_of(epoch, "epoch") + 1);
    table_add(&t, "%.1f", json_number_value(json_object_get(epoch, "seconds")));
    for (int c = 2; c < columns; c++)
      table_add(&t, "%s", figure(number, json_object_get(json_object_get(epoch, "figures"), heads[c] + 1)));
  }
  table_print(&t, stream);
}

static void print_callbacks(const json_t *callbacks, FILE *stream) {
  json_t *callback, *value;
  const char *key;
  size_t i;
  json_array_foreach(callbacks, i, callback) {
    char number[32];
    fprintf(stream, "  %s:", text_of(callback, "kind"));
    json_object_foreach(json_object_get(callback, "numbers"), key, value)
      fprintf(stream, " %s=%s", key, figure(number, value));
    if (whole_of(callback, "tensors"))
      fprintf(stream, " and %lld tensors", (long long)whole_of(callback, "tensors"));
    putc('\n', stream);
  }
}

static void print_checkpoint(const json_t *checkpoint, FILE *stream) {
  const json_t *place = json_object_get(checkpoint, "place"), *epochs = json_object_get(checkpoint, "epochs");
  char number[32];
  fprintf(stream, "\nTraining: epoch %lld in hand, %lld of %lld batches done (%s samples)%s\n",
          (long long)whole_of(place, "epoch") + 1, (long long)whole_of(place, "step"), (long long)whole_of(place, "steps"),
          thousands(number, whole_of(place, "samples")), json_is_true(json_object_get(place, "stops")) ? ", the last" : "");
  if (json_array_size(epochs)) {
    fputs("\nHistory\n\n", stream);
    print_epochs(epochs, stream);
  }
  if (json_array_size(json_object_get(checkpoint, "callbacks"))) {
    fputs("\nCallbacks\n\n", stream);
    print_callbacks(json_object_get(checkpoint, "callbacks"), stream);
  }
}

/* ---- tensors and checks ---- */

static void print_tensors(const json_t *tensors, FILE *stream) {
  table t = {.heads = {"Name", "Type", "Shape", ">Values", ">Min", ">Max", ">NaN", ">Infinite"}};
  char number[32], shape[256];
  json_t *tensor;
  size_t i;
  fprintf(stream, "\nTensors: %zu\n\n", json_array_size(tensors));
  json_array_foreach(tensors, i, tensor) {
    const char *name = text_of(tensor, "name");
    value_text(shape, sizeof shape, json_object_get(tensor, "shape"));
    table_add(&t, "%s", name[0] ? name : "(the array)");
    table_add(&t, "%s", text_of(tensor, "type"));
    table_add(&t, "(%s)", shape);
    table_add(&t, "%s", thousands(number, whole_of(tensor, "values")));
    table_add(&t, "%s", figure(number, json_object_get(tensor, "min")));
    table_add(&t, "%s", figure(number, json_object_get(tensor, "max")));
    table_add(&t, "%lld", (long long)whole_of(tensor, "nan"));
    table_add(&t, "%lld", (long long)whole_of(tensor, "infinite"));
  }
  table_print(&t, stream);
}

static void print_checks(const json_t *checks, FILE *stream) {
  json_t *check;
  size_t i;
  fputs("\nChecks\n\n", stream);
  json_array_foreach(checks, i, check) {
    const char *wrong = text_of(check, "wrong");
    fprintf(stream, "  %s  %s%s%s\n", wrong[0] ? "NO " : "yes", text_of(check, "what"), wrong[0] ? ": " : "", wrong);
  }
}

static void print_parts(const json_t *found, FILE *stream) {
  static const struct {
    const char *key;
    void (*print)(const json_t *part, FILE *stream);
  } parts[] = {{"model", print_layers},
               {"compilation", print_compilation},
               {"checkpoint", print_checkpoint},
               {"tensors", print_tensors},
               {"checks", print_checks}};
  char number[32];
  fprintf(stream, "%s: %s, %s bytes", text_of(found, "file"), text_of(found, "form"), thousands(number, whole_of(found, "bytes")));
  if (json_object_get(found, "format_version"))
    fprintf(stream, ", format version %lld, written by %s", (long long)whole_of(found, "format_version"),
            text_of(found, "library"));
  putc('\n', stream);
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
    if (json_object_get(found, parts[i].key))
      parts[i].print(json_object_get(found, parts[i].key), stream);
}

void print_text(const json_t *found, FILE *stream) {
  json_t *shown = without_controls(found);
  print_parts(shown, stream);
  json_decref(shown);
}
