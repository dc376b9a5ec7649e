/* hdf5: files of HDF5 made in memory by HDF5's own library, one at a time in the whole process, since Debian's is not safe in threads.
 * It opens no file, prints nothing, and finds its settings afterwards as the program left them. The bytes follow from what is written:
 * no times are in them. */
#ifndef CNN_KERAS_HDF5_H
#define CNN_KERAS_HDF5_H

#include <cnn/tensor.h>

typedef struct keras__hdf5 keras__hdf5; /* a file in the making; the first failure sticks, and what follows it does nothing */

/* Between the two the process's lock is held: nothing in between may call foreign code. *file NULL: out of memory, recorded, nothing is held. bytes:
 * of what will be written. HDF5 ends the process where it finds no memory, so that it is begun only where there is enough for all of it. */
cnn_status keras__hdf5_begin(keras__hdf5 **file, size_t bytes);
/* The file's bytes, which the caller frees with free(); or what failed. In any case the file is gone. */
cnn_status keras__hdf5_end(keras__hdf5 *file, unsigned char **bytes, size_t *count);
void keras__hdf5_fail(keras__hdf5 *file, cnn_status status); /* recorded already */

/* Paths from the root; groups on the way are made. */
void keras__hdf5_group(keras__hdf5 *file, const char *path);
void keras__hdf5_floats(keras__hdf5 *file, const char *path, int32_t rank, const int64_t *shape, const float *values);
void keras__hdf5_integer(keras__hdf5 *file, const char *path, int64_t value);

/* Attributes of a group: a text; a list of texts, as NAME0, NAME1, ... where it is too long for one. utf8: what the text says it is, else ASCII. */
void keras__hdf5_text(keras__hdf5 *file, const char *path, const char *name, const char *text, int32_t utf8);
void keras__hdf5_texts(keras__hdf5 *file, const char *path, const char *name, const char *const *texts, size_t count);

#endif
