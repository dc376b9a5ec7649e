/* attributes: a struct of settings described by a table, so that defaults, range checks, reading from text and
 * writing to text need no code of their own in any layer or optimizer. */
#include "tensor/attributes.h"

#include "core/text.h"
#include "tensor/lists.h"

#include <string.h>

#define MAX_ROWS 62 /* rows of a table, so that nearest names and the set of given keys fit on the stack */
#define MORE_KEYS 3 /* that are no rows: name; input and inputs, of which one may be given */

static void *field(const cnn__attribute *row, const void *attributes) {
  return (char *)(uintptr_t)attributes + row->offset;
}

/* The row may be left to setup, and then its field is 0. */
static int32_t is_automatic(const cnn__attribute *row) {
  return row->standard && strcmp(row->standard, "auto") == 0;
}

static const cnn__forms *forms_of(const cnn__attribute *row) { return (const cnn__forms *)(const void *)row->choices; }

int32_t cnn__attributes_count(const cnn__attribute *table) {
  int32_t count = 0;
  while (table[count].key)
    count++;
  return count;
}

const cnn__attribute *cnn__attribute_find(const cnn__attribute *table, const char *key) {
  for (; table->key; table++)
    if (strcmp(table->key, key) == 0)
      return table;
  return NULL;
}

double cnn__attribute_decimal(float value) {
  double scale = 1;
  for (int digits = 0; digits < 10; digits++, scale *= 10) {
    double scaled = (double)value * scale;
    if (!(scaled > -1e15 && scaled < 1e15))
      break;
    double decimal = (double)(int64_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5) / scale;
    if ((float)decimal == value)
      return decimal;
  }
  return value;
}

/* ---- to text ---- */

static int32_t choice_count(const cnn__attribute *row) {
  int32_t count = 0;
  while (row->choices[count])
    count++;
  return count;
}

int32_t cnn__attribute_text(const cnn__attribute *row, const void *attributes, char *buffer, size_t bytes) {
  const void *at = field(row, attributes);
  switch (row->kind) {
  case CNN_ATTRIBUTE_INT: return cnn__format(buffer, bytes, "%lld", (long long)*(const int64_t *)at);
  case CNN_ATTRIBUTE_PAIR: {
    const int64_t *pair = at;
    if (is_automatic(row) && !pair[0] && !pair[1])
      return cnn__format(buffer, bytes, "auto");
    return cnn__format(buffer, bytes, "%lld,%lld", (long long)pair[0], (long long)pair[1]);
  }
  case CNN_ATTRIBUTE_FLOAT: return cnn__float_text(*(const float *)at, buffer, bytes);
  case CNN_ATTRIBUTE_CHOICE: {
    int32_t choice = *(const int32_t *)at;
    if (choice < 0 || choice >= choice_count(row))
      return cnn__format(buffer, bytes, "%d", (int)choice);
    return cnn__format(buffer, bytes, "%s", row->choices[choice]);
  }
  case CNN_ATTRIBUTE_FLAG: return cnn__format(buffer, bytes, "%s", *(const int32_t *)at ? "true" : "false");
  case CNN_ATTRIBUTE_SHAPE: return cnn__extents_text(at, buffer, bytes);
  case CNN_ATTRIBUTE_TEXT: return cnn__format(buffer, bytes, "%s", (const char *)at);
  case CNN_ATTRIBUTE_LIST: return cnn__numbers_text(at, buffer, bytes);
  case CNN_ATTRIBUTE_FORM: return cnn__form_text(forms_of(row), at, buffer, bytes);
  default: return cnn__format(buffer, bytes, "%s", "");
  }
}

/* ---- ranges ---- */

static cnn_status out_of_range(const cnn__attribute *row, const void *attributes, const char *what) {
  char value[192], low[32], high[32];
  cnn__attribute_text(row, attributes, value, sizeof value);
  cnn__float_text((float)row->minimum, low, sizeof low);
  cnn__float_text((float)row->maximum, high, sizeof high);
  if (row->kind != CNN_ATTRIBUTE_FLOAT && row->kind != CNN_ATTRIBUTE_LIST)
    return cnn__fail(CNN_EINVAL, "%s: %s is %s, must be %lld to %lld", what, row->key, value, (long long)row->minimum,
                     (long long)row->maximum);
  int32_t above = row->minimum == CNN__ABOVE_0, below = row->maximum == CNN__BELOW_1;
  if (row->maximum >= CNN__UNBOUNDED)
    return cnn__fail(CNN_EINVAL, "%s: %s is %s, must be finite and %s %s", what, row->key, value,
                     above ? "above" : "at least", above ? "0" : low);
  return cnn__fail(CNN_EINVAL, "%s: %s is %s, must be %s %s and %s %s", what, row->key, value,
                   above ? "above" : "at least", above ? "0" : low, below ? "below" : "at most", below ? "1" : high);
}

static cnn_status list_choices(const cnn__attribute *row, const char *value, const char *what, cnn_status code) {
  char list[256] = "";
  size_t used = 0;
  int32_t count = choice_count(row);
  for (int32_t i = 0; i < count && used < sizeof list; i++)
    used += (size_t)cnn__format(list + used, sizeof list - used, "%s%s", i ? ", " : "", row->choices[i]);
  const char *nearest = cnn__nearest(value, row->choices, count);
  if (nearest)
    return cnn__fail(code, "%s: %s is '%s', must be one of %s; did you mean '%s'?", what, row->key, value, list,
                     nearest);
  return cnn__fail(code, "%s: %s is '%s', must be one of %s", what, row->key, value, list);
}

static int32_t within(const cnn__attribute *row, int64_t value) {
  return (double)value >= row->minimum && (double)value <= row->maximum;
}

static cnn_status check_row(const cnn__attribute *row, const void *attributes, const char *what) {
  const void *at = field(row, attributes);
  int32_t good = 1;
  switch (row->kind) {
  case CNN_ATTRIBUTE_INT: good = within(row, *(const int64_t *)at); break;
  case CNN_ATTRIBUTE_PAIR: {
    const int64_t *pair = at;
    for (int i = 0; i < 2; i++)
      good &= within(row, pair[i]) || (pair[i] == 0 && is_automatic(row));
    break;
  }
  case CNN_ATTRIBUTE_FLOAT: {
    double value = *(const float *)at;
    good = value >= row->minimum && value <= row->maximum;
    break;
  }
  case CNN_ATTRIBUTE_FORM:
  case CNN_ATTRIBUTE_CHOICE: { /* which begins a form too */
    int32_t choice = *(const int32_t *)at;
    if (choice < 0 || choice >= choice_count(row)) {
      char value[16];
      cnn__format(value, sizeof value, "%d", (int)choice);
      return list_choices(row, value, what, CNN_EINVAL);
    }
    return row->kind == CNN_ATTRIBUTE_FORM ? cnn__form_check(forms_of(row), at, row->key, what) : CNN_OK;
  }
  case CNN_ATTRIBUTE_FLAG: break;
  case CNN_ATTRIBUTE_TEXT: good = memchr(at, 0, CNN__ATTRIBUTE_TEXT_BYTES) != NULL; break;
  case CNN_ATTRIBUTE_LIST:
    for (int32_t i = 0; i < ((const cnn__list *)at)->count && i < CNN__MAX_LIST; i++)
      good &= ((const cnn__list *)at)->values[i] >= (float)row->minimum &&
              ((const cnn__list *)at)->values[i] <= (float)row->maximum;
    break;
  case CNN_ATTRIBUTE_SHAPE: {
    const cnn__shape *shape = at;
    if (shape->rank < 1 || shape->rank > CNN_MAX_RANK)
      return cnn__fail(CNN_EINVAL, "%s: %s has rank %d, must be 1 to %d", what, row->key, (int)shape->rank,
                       CNN_MAX_RANK);
    for (int32_t i = 0; i < shape->rank; i++)
      good &= within(row, shape->extent[i]);
    break;
  }
  default: return cnn__fail(CNN_EINTERNAL, "%s: attribute %s is of kind %d", what, row->key, (int)row->kind);
  }
  return good ? CNN_OK : out_of_range(row, attributes, what);
}

cnn_status cnn__attributes_check(const cnn__attribute *table, const void *attributes, const char *what) {
  for (; table->key; table++)
    CNN__TRY(check_row(table, attributes, what));
  return CNN_OK;
}

/* ---- from text ---- */

/* Reads without looking at the range. Non-zero: not of the row's kind. */
static int32_t read_value(const cnn__attribute *row, void *attributes, const char *text) {
  void *at = field(row, attributes);
  switch (row->kind) {
  case CNN_ATTRIBUTE_INT: return cnn__read_int(text, at);
  case CNN_ATTRIBUTE_PAIR: {
    int64_t *pair = at;
    if (is_automatic(row) && strcmp(text, "auto") == 0) {
      pair[0] = pair[1] = 0;
      return 0;
    }
    int64_t read[2];
    int32_t count = cnn__read_extents(text, read, 2);
    if (count < 1)
      return 1;
    pair[0] = read[0];
    pair[1] = read[count - 1];
    return 0;
  }
  case CNN_ATTRIBUTE_FLOAT: {
    double value;
    if (cnn__read_double(text, &value))
      return 1;
    *(float *)at = cnn__nearest_float(value);
    return 0;
  }
  case CNN_ATTRIBUTE_CHOICE:
    for (int32_t i = 0; row->choices[i]; i++)
      if (strcmp(row->choices[i], text) == 0) {
        *(int32_t *)at = i;
        return 0;
      }
    return 1;
  case CNN_ATTRIBUTE_FLAG:
    *(int32_t *)at = strcmp(text, "true") == 0;
    return !*(int32_t *)at && strcmp(text, "false") != 0;
  case CNN_ATTRIBUTE_SHAPE: {
    cnn__shape *shape = at;
    shape->rank = cnn__read_extents(text, shape->extent, CNN_MAX_RANK);
    return shape->rank < 1;
  }
  case CNN_ATTRIBUTE_TEXT:
    return (size_t)cnn__format(at, CNN__ATTRIBUTE_TEXT_BYTES, "%s", text) >= CNN__ATTRIBUTE_TEXT_BYTES;
  case CNN_ATTRIBUTE_LIST: return cnn__read_numbers(text, at);
  case CNN_ATTRIBUTE_FORM: return cnn__form_read(forms_of(row), at, text) < 0;
  default: return 1;
  }
}

static const char *kind_text(int32_t kind) {
  static const char *const texts[] = {"",
                                      "a whole number",
                                      "one or two whole numbers such as 3,3",
                                      "a number",
                                      "",
                                      "true or false",
                                      "text of at most 511 bytes",
                                      "whole numbers such as 28,28,1",
                                      "numbers such as 0.1:0.01, 24 at most"};
  return texts[kind];
}

void cnn__attributes_default(const cnn__attribute *table, void *attributes) {
  for (; table->key; table++) {
    if (table->kind == CNN_ATTRIBUTE_SHAPE)
      memset(field(table, attributes), 0, sizeof(cnn__shape));
    else if (table->kind == CNN_ATTRIBUTE_TEXT)
      memset(field(table, attributes), 0, CNN__ATTRIBUTE_TEXT_BYTES);
    else if (table->kind == CNN_ATTRIBUTE_FORM)
      memset(field(table, attributes), 0, sizeof(cnn__form));
    else if (table->kind == CNN_ATTRIBUTE_LIST)
      memset(field(table, attributes), 0, sizeof(cnn__list));
    else if (table->kind == CNN_ATTRIBUTE_PAIR)
      memset(field(table, attributes), 0, 2 * sizeof(int64_t));
    else if (table->kind == CNN_ATTRIBUTE_INT)
      *(int64_t *)field(table, attributes) = 0;
    else
      memset(field(table, attributes), 0, 4); /* float or int32_t */
    if (table->standard && !is_automatic(table))
      (void)read_value(table, attributes, table->standard);
  }
}

static cnn_status unknown_key(const cnn__attribute *table, const char *key, const char *what, int32_t with_name) {
  const char *known[MAX_ROWS + MORE_KEYS];
  int32_t count = 0;
  for (; table->key && count < MAX_ROWS; table++)
    known[count++] = table->key;
  if (with_name) {
    known[count++] = "name";
    known[count++] = "input";
    known[count++] = "inputs";
  }
  const char *nearest = cnn__nearest(key, known, count);
  if (nearest)
    return cnn__fail(CNN_ENAME, "%s: unknown attribute '%s'; did you mean '%s'?", what, key, nearest);
  return cnn__fail(CNN_ENAME, "%s: unknown attribute '%s'", what, key);
}

/* The name is none of the choices, or what follows it is not what it takes. */
static cnn_status bad_form(const cnn__attribute *row, const char *value, const char *what) {
  char usage[96];
  cnn__form form;
  if (cnn__form_read(forms_of(row), &form, value) == CNN_ENAME)
    return list_choices(row, value, what, CNN_ENAME);
  cnn__form_usage(forms_of(row), form.choice, usage, sizeof usage);
  return cnn__fail(CNN_EINVAL, "%s: %s is '%s', must be of the form %s", what, row->key, value, usage);
}

static cnn_status set_row(const cnn__attribute *row, void *attributes, const char *value, const char *what) {
  if (read_value(row, attributes, value)) {
    if (row->kind == CNN_ATTRIBUTE_CHOICE)
      return list_choices(row, value, what, CNN_ENAME);
    if (row->kind == CNN_ATTRIBUTE_FORM)
      return bad_form(row, value, what);
    return cnn__fail(CNN_EINVAL, "%s: %s is '%s', must be %s", what, row->key, value, kind_text(row->kind));
  }
  return check_row(row, attributes, what);
}

cnn_status cnn__attributes_set(const cnn__attribute *table, void *attributes, const char *key, const char *value,
                               const char *what) {
  const cnn__attribute *row = cnn__attribute_find(table, key);
  if (!row)
    return unknown_key(table, key, what, 0);
  return set_row(row, attributes, value, what);
}

#define BLANKS " \t\r\n"

/* The next "key=value" of *text into key and value; *text moves behind it. CNN_STOP: none is left. */
static cnn_status next_pair(const char **text, char key[64], char value[512], const char *what) {
  const char *at = *text + strspn(*text, BLANKS);
  if (!*at)
    return CNN_STOP;
  size_t length = strcspn(at, BLANKS);
  const char *equals = memchr(at, '=', length);
  if (!equals || equals == at)
    return cnn__fail(CNN_EINVAL, "%s: '%.*s' is not of the form key=value", what, length < 80 ? (int)length : 80, at);
  size_t key_length = (size_t)(equals - at), value_length = length - key_length - 1;
  if (key_length >= 64)
    return cnn__fail(CNN_ENAME, "%s: unknown attribute '%.*s...'", what, 63, at);
  memcpy(key, at, key_length);
  key[key_length] = 0;
  if (value_length == 0)
    return cnn__fail(CNN_EINVAL, "%s: %s has no value", what, key);
  if (value_length >= 512)
    return cnn__fail(CNN_EINVAL, "%s: %s has a value of %zu bytes, at most 511 are taken", what, key, value_length);
  memcpy(value, equals + 1, value_length);
  value[value_length] = 0;
  *text = at + length;
  return CNN_OK;
}

cnn_status cnn__attributes_parse(const cnn__attribute *table, void *attributes, const char *text, const char *what,
                                 cnn__attribute_take *take, void *user) {
  char key[64], value[512];
  uint64_t given = 0;
  cnn__attributes_default(table, attributes);
  for (text = text ? text : "";;) {
    cnn_status status = next_pair(&text, key, value, what);
    if (status == CNN_STOP)
      break;
    CNN__TRY(status);
    const cnn__attribute *row = cnn__attribute_find(table, key);
    int32_t bit = row ? (int32_t)(row - table) : strcmp(key, "name") == 0 ? MAX_ROWS : MAX_ROWS + 1;
    if (!row && (!take || (bit != MAX_ROWS && strcmp(key, "input") != 0 && strcmp(key, "inputs") != 0)))
      return unknown_key(table, key, what, take != NULL);
    if (given >> bit & 1)
      return cnn__fail(CNN_EINVAL, "%s: %s is given twice", what, key);
    given |= (uint64_t)1 << bit;
    CNN__TRY(row ? set_row(row, attributes, value, what) : take(user, key, value));
  }
  for (int32_t i = 0; table[i].key; i++)
    if (table[i].required && !(given >> i & 1))
      return cnn__fail(CNN_EINVAL, "%s: %s must be given", what, table[i].key);
  return CNN_OK;
}

/* ---- the public view ---- */

cnn_status cnn__attributes_text(const cnn__attribute *table, const void *attributes, const char *key, char *buffer,
                                size_t bytes, const char *what) {
  const cnn__attribute *row = cnn__attribute_find(table, key);
  if (!row)
    return unknown_key(table, key, what, 0);
  int32_t wanted = cnn__attribute_text(row, attributes, buffer, bytes);
  if (wanted < 0 || (size_t)wanted >= bytes)
    return cnn__fail(CNN_EINVAL, "%s: %s needs a buffer of %d bytes, got %zu", what, key, (int)wanted + 1, bytes);
  return CNN_OK;
}

cnn_status cnn__attribute_public(const cnn__attribute *table, int32_t index, cnn_attribute *out) {
  int32_t count = cnn__attributes_count(table);
  if (index < 0 || index >= count)
    return cnn__fail(CNN_EINVAL, "attribute %d does not exist, there are %d", (int)index, (int)count);
  const cnn__attribute *row = &table[index];
  cnn_attribute full = {.key = row->key,
                        .kind = row->kind,
                        .required = row->required,
                        .standard = row->standard ? row->standard : "",
                        .minimum = row->minimum,
                        .maximum = row->maximum,
                        .choices = row->choices,
                        .help = row->help};
  return cnn__fill_struct(out, &full, sizeof full, CNN__FIRST(cnn_attribute, help), "cnn_attribute");
}
