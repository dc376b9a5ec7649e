/* source_text: C source as it grows, and the identifiers in it. */
#ifndef CNN_COMPANION_EXPORT_SOURCE_TEXT_H
#define CNN_COMPANION_EXPORT_SOURCE_TEXT_H

#include <cnn/base.h>

#define CNN__SOURCE_NAME 49 /* bytes of an identifier, with the 0 at its end */

typedef struct cnn__source_text {
  char *data; /* NULL: nothing yet */
  size_t length, capacity;
  int32_t failed;               /* no memory: nothing more is taken */
  char name[CNN__SOURCE_NAME];  /* what each identifier of the file begins with: "mnist" */
  char upper[CNN__SOURCE_NAME]; /* the same for macros: "MNIST" */
  const char *weight;           /* type of the elements of kernels */
} cnn__source_text;

/* Append text; '@' in the format stands for the name, '^' for its upper-case form, '$' for the type of weights; the rest is printf's. */
void cnn__source_put(cnn__source_text *to, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/* A float as C99 writes it exactly: "0x1.8p+1f". */
void cnn__source_put_float(cnn__source_text *to, float value);

/* An identifier of a text: what is no letter, digit or '_' becomes '_', none of which stand at its ends or beside each other; "" becomes
 * `otherwise`, and what begins with a digit `otherwise`, '_' and the rest. */
void cnn__source_identifier(char out[CNN__SOURCE_NAME], const char *text, const char *otherwise);

/* The text as it may stand in a comment: itself, or its identifier where it holds what does not belong there. */
const char *cnn__source_comment(const char *text, const char *identifier);

#endif
