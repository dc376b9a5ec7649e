/* npz: the weights of a model as the bytes of a NumPy archive. */
#ifndef CNN_COMPANION_EXPORT_NPZ_H
#define CNN_COMPANION_EXPORT_NPZ_H

#include <cnn/export.h>
#include <cnn/format.h>

/* What sizes and places in a zip archive without extensions can say. */
#define CNN__NPZ_LARGEST INT64_C(4294967295)

/* Into memory of malloc. CNN_EUNSUPPORTED: more than `largest` bytes. */
cnn_status cnn__npz_bytes(const cnn_model *model, int64_t largest, unsigned char **bytes, size_t *count);

/* The row of the table of formats. */
extern const cnn_file_format cnn__npz_format;

#endif
