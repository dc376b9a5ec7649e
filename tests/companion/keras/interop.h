/* interop: files that the real Keras wrote, as bytes. */
#ifndef CNN_TESTS_INTEROP_H
#define CNN_TESTS_INTEROP_H

#include <stddef.h>

/* A file of tests/reference/interop, "small/keras3.h5"; the caller frees it. Fails the running test where it cannot be read. */
unsigned char *interop_file(const char *name, size_t *bytes);

#endif
