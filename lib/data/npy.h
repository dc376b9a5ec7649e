/* npy: NumPy's file of one array. */
#ifndef CNN_DATA_NPY_H
#define CNN_DATA_NPY_H

#include "cnn/data.h"
#include "data/source.h"

/* The array that the source, read from its beginning, holds. */
cnn_status cnn__npy_read(cnn_tensor **out, cnn__source *source);

#endif
