/* form: one of several names with the numbers that it takes, "random_normal(mean=0,stddev=0.05)": how initialisers and
 * regularisers are written. */
#ifndef CNN_TENSOR_FORM_H
#define CNN_TENSOR_FORM_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

#define CNN__FORM_NUMBERS 2
#define CNN__MOST_FORMS 15

typedef struct cnn__form_number {
  const char *key;
  float standard;
  float minimum; /* the least float for "any" */
} cnn__form_number;

/* Names, and the numbers of each; key NULL: no more. The names come first, so that an attribute's `choices` are these and lead to
 * the rest. */
typedef struct cnn__forms {
  const char *names[CNN__MOST_FORMS + 1]; /* ended by NULL */
  cnn__form_number numbers[CNN__MOST_FORMS][CNN__FORM_NUMBERS];
} cnn__forms;

typedef struct cnn__form {
  int32_t choice; /* index in the list */
  float numbers[CNN__FORM_NUMBERS];
} cnn__form;

/* The form of this index with its standard numbers; one that is no index stands with numbers 0. */
cnn__form cnn__form_of(const cnn__forms *forms, int32_t choice);

/* "name", "name(0.1)", "name(key=0.1,key=2)": numbers that are not given are standard. CNN_ENAME with the choice -1: unknown name;
 * CNN_EINVAL: it is known, but its numbers are not numbers, are too many or have other keys. Nothing is recorded. */
cnn_status cnn__form_read(const cnn__forms *forms, cnn__form *form, const char *text);

/* Returns the length wanted. All numbers are written. */
int32_t cnn__form_text(const cnn__forms *forms, const cnn__form *form, char *buffer, size_t bytes);

/* "random_normal(mean,stddev)": what a name takes, for messages. Returns the length wanted. */
int32_t cnn__form_usage(const cnn__forms *forms, int32_t choice, char *buffer, size_t bytes);

/* CNN_EINVAL where a number of a known choice is not finite or below its least. `what` has an attribute `key` of this form. */
cnn_status cnn__form_check(const cnn__forms *forms, const cnn__form *form, const char *key, const char *what);

#endif
