/* lists: numbers as the texts of attributes have them. Writers return the length wanted. */
#ifndef CNN_TENSOR_LISTS_H
#define CNN_TENSOR_LISTS_H

#include "tensor/attributes.h"

/* Shortest decimal that reads back as this float. */
int32_t cnn__float_text(float value, char *buffer, size_t bytes);

/* "28,28,1". Reading: the count read, or -1. */
int32_t cnn__extents_text(const cnn__shape *shape, char *buffer, size_t bytes);
int32_t cnn__read_extents(const char *text, int64_t *out, int32_t capacity);

/* "0.1:0.01". Reading: non-zero where it is something else, or too many. */
int32_t cnn__numbers_text(const cnn__list *list, char *buffer, size_t bytes);
int32_t cnn__read_numbers(const char *text, cnn__list *out);

#endif
