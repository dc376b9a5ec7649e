/* form: one of several names with the numbers that it takes. */
#include "tensor/form.h"

#include "core/text.h"
#include "tensor/lists.h"

#include <float.h>
#include <string.h>

static int32_t is_index(const cnn__forms *forms, int32_t choice) {
  int32_t count = 0;
  while (forms->names[count])
    count++;
  return choice >= 0 && choice < count;
}

static int32_t count_numbers(const cnn__form_number *numbers) {
  int32_t count = 0;
  while (count < CNN__FORM_NUMBERS && numbers[count].key)
    count++;
  return count;
}

cnn__form cnn__form_of(const cnn__forms *forms, int32_t choice) {
  cnn__form form = {.choice = choice};
  for (int32_t i = 0; is_index(forms, choice) && i < CNN__FORM_NUMBERS; i++)
    form.numbers[i] = forms->numbers[choice][i].standard;
  return form;
}

/* ---- reading ---- */

static int32_t find_name(const cnn__forms *forms, const char *name, size_t length) {
  for (int32_t i = 0; forms->names[i]; i++)
    if (strlen(forms->names[i]) == length && memcmp(forms->names[i], name, length) == 0)
      return i;
  return -1;
}

/* Which number an argument of `length` bytes is for, and in *value where its digits begin: that of its key, or `next`. */
static int32_t place_of(const cnn__form_number *numbers, const char *argument, size_t length, int32_t next,
                        const char **value) {
  const char *equals = memchr(argument, '=', length);
  *value = equals ? equals + 1 : argument;
  if (!equals)
    return next;
  for (int32_t i = 0; i < count_numbers(numbers); i++)
    if (strlen(numbers[i].key) == (size_t)(equals - argument) &&
        memcmp(numbers[i].key, argument, (size_t)(equals - argument)) == 0)
      return i;
  return -1;
}

/* "0.1,stddev=2)" and its end. */
static cnn_status read_numbers(const cnn__form_number *numbers, cnn__form *form, const char *text) {
  uint32_t given = 0;
  for (int32_t next = 0;; next++) {
    char digits[64];
    const char *value;
    double number;
    size_t length = strcspn(text, ",)");
    int32_t place = place_of(numbers, text, length, next, &value);
    size_t count = length - (size_t)(value - text);
    if (place < 0 || place >= count_numbers(numbers) || (given >> place & 1) || count >= sizeof digits)
      return CNN_EINVAL;
    memcpy(digits, value, count);
    digits[count] = 0;
    if (cnn__read_double(digits, &number))
      return CNN_EINVAL;
    form->numbers[place] = cnn__nearest_float(number);
    given |= (uint32_t)1 << place;
    char end = text[length];
    if (end != ',')
      return end == ')' && !text[length + 1] ? CNN_OK : CNN_EINVAL;
    text += length + 1;
  }
}

cnn_status cnn__form_read(const cnn__forms *forms, cnn__form *form, const char *text) {
  size_t length = strcspn(text, "(");
  *form = cnn__form_of(forms, find_name(forms, text, length));
  if (form->choice < 0)
    return CNN_ENAME;
  return text[length] ? read_numbers(forms->numbers[form->choice], form, text + length + 1) : CNN_OK;
}

/* ---- writing ---- */

/* Adds to a text of `length` bytes so far; the new length. */
static int32_t put(char *buffer, size_t bytes, int32_t length, const char *text) {
  size_t used = (size_t)length < bytes ? (size_t)length : bytes;
  return length + cnn__format(buffer + used, bytes - used, "%s", text);
}

/* numbers NULL: keys alone. */
static int32_t write(const cnn__forms *forms, int32_t choice, const float *numbers, char *buffer, size_t bytes) {
  const cnn__form_number *rows = forms->numbers[choice];
  int32_t count = count_numbers(rows), length = put(buffer, bytes, 0, forms->names[choice]);
  for (int32_t i = 0; i < count; i++) {
    char value[32] = "";
    if (numbers)
      cnn__float_text(numbers[i], value, sizeof value);
    length = put(buffer, bytes, length, i ? "," : "(");
    length = put(buffer, bytes, length, rows[i].key);
    length = put(buffer, bytes, length, numbers ? "=" : "");
    length = put(buffer, bytes, length, value);
  }
  return count ? put(buffer, bytes, length, ")") : length;
}

int32_t cnn__form_text(const cnn__forms *forms, const cnn__form *form, char *buffer, size_t bytes) {
  if (!is_index(forms, form->choice))
    return cnn__format(buffer, bytes, "%d", (int)form->choice);
  return write(forms, form->choice, form->numbers, buffer, bytes);
}

int32_t cnn__form_usage(const cnn__forms *forms, int32_t choice, char *buffer, size_t bytes) {
  return write(forms, choice, NULL, buffer, bytes);
}

/* ---- ranges ---- */

cnn_status cnn__form_check(const cnn__forms *forms, const cnn__form *form, const char *key, const char *what) {
  char value[192], least[32];
  const cnn__form_number *rows = forms->numbers[form->choice];
  for (int32_t i = 0; i < count_numbers(rows); i++) {
    if (form->numbers[i] >= rows[i].minimum && form->numbers[i] <= FLT_MAX)
      continue;
    cnn__form_text(forms, form, value, sizeof value);
    if (rows[i].minimum < 0)
      return cnn__fail(CNN_EINVAL, "%s: %s is %s, whose %s must be finite", what, key, value, rows[i].key);
    cnn__float_text(rows[i].minimum, least, sizeof least);
    return cnn__fail(CNN_EINVAL, "%s: %s is %s, whose %s must be finite and at least %s", what, key, value, rows[i].key,
                     least);
  }
  return CNN_OK;
}
