/* options: reading a public options struct of any version. */
#ifndef CNN_CORE_OPTIONS_H
#define CNN_CORE_OPTIONS_H

#include "core/status.h"

/* Copy *given (whose first field is its size) into the full struct *full of `known` bytes, the rest zero. given NULL: all zero but
 * the size. first: size of the struct in the release that brought it. CNN_EINVAL: smaller than first; CNN_ETOONEW: a non-zero byte
 * beyond `known`. `what` names the struct. full->size becomes known. */
cnn_status cnn__options(void *full, size_t known, size_t first, const void *given, const char *what);

/* The other way: fill the caller's struct *out, of any version, whose size he has set, from *full of `known` bytes.
 * CNN_EINVAL: out is NULL, or smaller than first. */
cnn_status cnn__fill_struct(void *out, const void *full, size_t known, size_t first, const char *what);

/* A reserved field in the midst of a struct: CNN_ETOONEW unless it is 0. */
cnn_status cnn__option_reserved(int32_t value, const char *what);

/* Value of a float or int field: zero means the default, CNN_ZERO / CNN_ZERO_INT mean zero. */
float cnn__option(float value, float standard);
int32_t cnn__option_int(int32_t value, int32_t standard);

/* Size of an options struct up to and with a field. With the last field of the release that brought the struct it
 * is the least that cnn__options takes; with the last field in use it is what this version knows, so that reserved
 * ones must be zero. */
#define CNN__FIRST(type, last) (offsetof(type, last) + sizeof(((type *)NULL)->last))

#endif
