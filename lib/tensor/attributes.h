/* attributes: a struct of settings described by a table, from which follow defaults, range checks, key=value parsing, JSON,
 * help texts and the tests that walk the registries. */
#ifndef CNN_TENSOR_ATTRIBUTES_H
#define CNN_TENSOR_ATTRIBUTES_H

#include "cnn/layer.h"
#include "core/options.h"
#include "tensor/form.h"
#include "tensor/shape.h"

/* Every type has an attributes struct of its own, whose fields have these C types by kind:
 *   INT int64_t   PAIR int64_t[2]   FLOAT float   CHOICE int32_t (index into choices)   FLAG int32_t   SHAPE cnn__shape
 *   TEXT char[CNN__ATTRIBUTE_TEXT_BYTES]   LIST cnn__list   FORM cnn__form
 * What a TEXT may say, its type's check looks at (name and input are the layer's own and stand in no table). */
#define CNN__ATTRIBUTE_TEXT_BYTES 512
#define CNN__MAX_LIST 24
typedef struct cnn__list {
  int32_t count;
  float values[CNN__MAX_LIST];
} cnn__list;

typedef struct cnn__attribute {
  const char *key;
  int32_t kind;               /* CNN_ATTRIBUTE_* */
  size_t offset;              /* in the attributes struct */
  int32_t required;
  const char *standard;       /* default as text; NULL: required; "auto" where setup derives it (the field is 0) */
  double minimum, maximum;    /* both allowed; for "more than 0" and "less than 1" the floats next to them, below */
  const char *const *choices; /* ended by NULL; of FORM the names of a cnn__forms */
  const char *help;
} cnn__attribute;

/* Bounds that leave out their end: the smallest float above 0 and the greatest below 1; the greatest float for "no
 * bound". */
#define CNN__ABOVE_0 1.40129846432481707e-45
#define CNN__BELOW_1 0.999999940395355224609375
#define CNN__UNBOUNDED 3.4028234663852885981e38

/* Shared by layers, optimizers and whatever else is described by attributes. `what` names the object in texts:
 * "conv2d 'conv1'". */
void cnn__attributes_default(const cnn__attribute *table, void *attributes);
cnn_status cnn__attributes_check(const cnn__attribute *table, const void *attributes, const char *what);
cnn_status cnn__attributes_set(const cnn__attribute *table, void *attributes, const char *key, const char *value,
                               const char *what); /* one value from text: CNN_ENAME unknown key, CNN_EINVAL bad value */
/* Returns the length wanted. */
int32_t cnn__attribute_text(const cnn__attribute *row, const void *attributes, char *buffer, size_t bytes);
/* The same by key, for the public interface: CNN_ENAME unknown key, CNN_EINVAL the buffer is too short. */
cnn_status cnn__attributes_text(const cnn__attribute *table, const void *attributes, const char *key, char *buffer,
                                size_t bytes, const char *what);
const cnn__attribute *cnn__attribute_find(const cnn__attribute *table, const char *key);
/* The decimal that was written: the double nearest to the shortest decimal that rounds to this float, 0.999 for
 * 0.999f. So 1 - beta is what it is where the options are doubles. */
double cnn__attribute_decimal(float value);
/* One row as the public struct; *out's size decides how much is written. CNN_EINVAL: no such index. */
cnn_status cnn__attribute_public(const cnn__attribute *table, int32_t index, cnn_attribute *out);
int32_t cnn__attributes_count(const cnn__attribute *table);
/* "key=value key=value" into attributes, over the defaults; `name` and `input` or `inputs` are handed to take (may be
 * NULL: then they are unknown keys). Required keys that are missing: CNN_EINVAL. */
typedef cnn_status cnn__attribute_take(void *user, const char *key, const char *value);
cnn_status cnn__attributes_parse(const cnn__attribute *table, void *attributes, const char *text, const char *what,
                                 cnn__attribute_take *take, void *user);

#endif
