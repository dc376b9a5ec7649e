/* options: reading a public options struct of any version, as the core does it. */
#ifndef CNN_COMPANION_OPTIONS_H
#define CNN_COMPANION_OPTIONS_H

#include <cnn/base.h>

/* Copy *given (whose first field is its size) into the full struct *full of `known` bytes, the rest zero. given NULL: all zero but
 * the size. first: size of the struct in the release that brought it. CNN_EINVAL: smaller than first; CNN_ETOONEW: a non-zero byte
 * beyond `known`. `what` names the struct. full->size becomes known. */
cnn_status cnn__companion_options(void *full, size_t known, size_t first, const void *given, const char *what);

/* Size of an options struct up to and with a field. */
#define CNN__COMPANION_FIRST(type, last) (offsetof(type, last) + sizeof(((type *)NULL)->last))

#endif
