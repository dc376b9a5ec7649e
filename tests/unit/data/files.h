/* files: a file with given bytes, for readers to be tried on. */
#ifndef CNN_TESTS_FILES_H
#define CNN_TESTS_FILES_H

#include <stddef.h>

/* One file, in memory, which each call fills anew. Returns its path. */
const char *file_of(const void *bytes, size_t count);

/* The same holding the bytes packed by gzip; *packed_bytes (or NULL) receives the length on disk. */
const char *gzip_file_of(const void *bytes, size_t count, size_t *packed_bytes);

/* Packs into `out`, which has room for `room` bytes; returns the length. */
size_t gzip_pack(void *out, size_t room, const void *bytes, size_t count);

/* Lets go of the file. */
void file_remove(void);

#endif
