/* own_check: the descriptor of a layer type from outside. What is let in here, reading, checking and writing of
 * attributes rely on. */
#include "layers/own.h"

#include "core/text.h"

#include <string.h>

#define MAX_ROWS 60 /* of a table: a few less than attributes.c takes */
#define MAX_ATTRIBUTES 4096 /* bytes of their struct */

int32_t cnn__own_rows(const cnn_attribute_row *rows) {
  int32_t count = 0;
  while (rows && rows[count].key)
    count++;
  return count;
}

int32_t cnn__own_name(const char *name, int32_t lower) {
  size_t length = 0;
  for (; name && name[length]; length++) {
    char c = name[length];
    int32_t letter = (c >= 'a' && c <= 'z') || (!lower && c >= 'A' && c <= 'Z');
    if (length == 63 || !(letter || (c >= '0' && c <= '9') || c == '_'))
      return 0;
  }
  return length > 0;
}

cnn__attribute cnn__own_row(const cnn_attribute_row *row) {
  int32_t counted = row->kind != CNN_ATTRIBUTE_CHOICE && row->kind != CNN_ATTRIBUTE_FLAG;
  return (cnn__attribute){.key = row->key,
                          .kind = row->kind,
                          .offset = row->offset,
                          .required = row->required,
                          .standard = row->standard,
                          .minimum = counted ? row->minimum : 0,
                          .maximum = counted ? row->maximum : 1,
                          .choices = row->choices,
                          .help = row->help ? row->help : ""};
}

/* Of a field, by kind; 0: no kind of an attribute of one's own. */
static size_t field_bytes(int32_t kind) {
  static const size_t bytes[] = {[CNN_ATTRIBUTE_INT] = sizeof(int64_t),      [CNN_ATTRIBUTE_PAIR] = 2 * sizeof(int64_t),
                                 [CNN_ATTRIBUTE_FLOAT] = sizeof(float),      [CNN_ATTRIBUTE_CHOICE] = sizeof(int32_t),
                                 [CNN_ATTRIBUTE_FLAG] = sizeof(int32_t),     [CNN_ATTRIBUTE_TEXT] = 0,
                                 [CNN_ATTRIBUTE_SHAPE] = sizeof(cnn_shape)};
  return kind >= 0 && kind <= CNN_ATTRIBUTE_SHAPE ? bytes[kind] : 0;
}

static size_t field_alignment(int32_t kind) {
  return field_bytes(kind) == 4 ? 4 : _Alignof(int64_t);
}

static cnn_status check_place(const cnn_attribute_row *row, size_t size, const char *what) {
  size_t bytes = field_bytes(row->kind);
  if (!bytes)
    return cnn__fail(CNN_EINVAL, "%s: is of kind %d, must be one of CNN_ATTRIBUTE_INT to _FLAG or _SHAPE", what,
                     (int)row->kind);
  if (row->offset % field_alignment(row->kind) || row->offset > size || bytes > size - row->offset)
    return cnn__fail(CNN_EINVAL, "%s: offset %zu does not hold %zu bytes of a struct of attributes_size %zu", what,
                     row->offset, bytes, size);
  return CNN_OK;
}

/* Choices are typed in key=value text, which blanks end. */
static cnn_status check_choices(const cnn_attribute_row *row, const char *what) {
  if ((row->kind == CNN_ATTRIBUTE_CHOICE) != (row->choices && row->choices[0]))
    return cnn__fail(CNN_EINVAL, "%s: choices belong to kind CNN_ATTRIBUTE_CHOICE, and at least one to each", what);
  for (int32_t i = 0; row->choices && row->choices[i]; i++)
    if (!row->choices[i][0] || strpbrk(row->choices[i], " \t\n\r\f\v"))
      return cnn__fail(CNN_EINVAL, "%s: choice '%s' must not be empty or hold blanks", what, row->choices[i]);
  return CNN_OK;
}

/* The default must be one that the row itself would take. */
static cnn_status check_standard(const cnn_attribute_row *row, size_t size, const char *what) {
  int64_t set[MAX_ATTRIBUTES / sizeof(int64_t)];
  if (row->required)
    return row->standard ? cnn__fail(CNN_EINVAL, "%s: is required and has the default '%s'", what, row->standard)
                         : CNN_OK;
  if (!row->standard)
    return cnn__fail(CNN_EINVAL, "%s: is not required and has no default; say it in standard", what);
  cnn__attribute table[2] = {cnn__own_row(row), {0}};
  memset(set, 0, size);
  if (cnn__attributes_set(table, set, row->key, row->standard, "standard") == CNN_OK)
    return CNN_OK;
  char text[512];
  cnn__format(text, sizeof text, "%s", cnn_error_text());
  return cnn__fail(CNN_EINVAL, "%s: %s", what, text);
}

static cnn_status check_row(const cnn_layer_descriptor *descriptor, int32_t index) {
  const cnn_attribute_row *row = &descriptor->attributes[index];
  char what[224];
  cnn__format(what, sizeof what, "layer type '%s': attribute %d", descriptor->type, (int)index);
  if (!cnn__own_name(row->key, 0) || !strcmp(row->key, "name") || !strcmp(row->key, "input") ||
      !strcmp(row->key, "inputs") || !strcmp(row->key, "trainable"))
    return cnn__fail(CNN_EINVAL, "%s: key '%s' must be 1 to 63 letters, digits or '_' and not name, input, inputs or "
                     "trainable", what, row->key);
  cnn__format(what, sizeof what, "layer type '%s': attribute '%s'", descriptor->type, row->key);
  for (int32_t i = 0; i < index; i++)
    if (!strcmp(descriptor->attributes[i].key, row->key))
      return cnn__fail(CNN_EINVAL, "%s: stands twice in the table", what);
  CNN__TRY(check_place(row, descriptor->attributes_size, what));
  CNN__TRY(check_choices(row, what));
  if (!(row->minimum <= row->maximum))
    return cnn__fail(CNN_EINVAL, "%s: minimum %g is above maximum %g", what, row->minimum, row->maximum);
  return check_standard(row, descriptor->attributes_size, what);
}

static cnn_status check_functions(const cnn_layer_descriptor *descriptor) {
  const char *missing = !descriptor->setup     ? "setup"
                        : !descriptor->forward  ? "forward"
                        : !descriptor->backward ? "backward"
                                                : NULL;
  return missing ? cnn__fail(CNN_EINVAL, "layer type '%s': %s is NULL", descriptor->type, missing) : CNN_OK;
}

cnn_status cnn__own_check(const cnn_layer_descriptor *descriptor) {
  if (descriptor->form != CNN_EXTEND_FORM)
    return cnn__fail(CNN_EUNSUPPORTED,
                     "cnn_layer_descriptor: it is of form %d of extend.h, libcnn %s has form %d; build the program anew",
                     (int)descriptor->form, cnn_version(), CNN_EXTEND_FORM);
  if (descriptor->inputs < CNN_SEVERAL_INPUTS || descriptor->inputs > 1)
    return cnn__fail(CNN_EINVAL, "cnn_layer_descriptor: inputs is %d, must be 0, 1 or CNN_SEVERAL_INPUTS",
                     (int)descriptor->inputs);
  if (!cnn__own_name(descriptor->type, 1))
    return cnn__fail(CNN_EINVAL, "cnn_layer_descriptor: type '%s' must be 1 to 63 lower-case letters, digits or '_'",
                     descriptor->type ? descriptor->type : "(none)");
  if (descriptor->class_name && !cnn__own_name(descriptor->class_name, 0))
    return cnn__fail(CNN_EINVAL, "layer type '%s': class_name '%s' must be 1 to 63 letters, digits or '_'", descriptor->type,
                     descriptor->class_name);
  CNN__TRY(check_functions(descriptor));
  int32_t rows = cnn__own_rows(descriptor->attributes);
  if (rows > MAX_ROWS || descriptor->attributes_size > MAX_ATTRIBUTES)
    return cnn__fail(CNN_EINVAL, "layer type '%s': %d attributes in %zu bytes, at most %d in %d are taken",
                     descriptor->type, (int)rows, descriptor->attributes_size, MAX_ROWS, MAX_ATTRIBUTES);
  for (int32_t i = 0; i < rows; i++)
    CNN__TRY(check_row(descriptor, i));
  return CNN_OK;
}
