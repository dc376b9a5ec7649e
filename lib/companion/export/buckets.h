/* buckets: TensorFlow's histogram (summary format 2). */
#ifndef CNN_COMPANION_EXPORT_BUCKETS_H
#define CNN_COMPANION_EXPORT_BUCKETS_H

#include <stdint.h>

#define CNN__BUCKETS 30

/* Rows of left edge, right edge and how many values lie between them, of equal width from the least value to the greatest. Equal values
 * are all in the last one. NaN and infinities are left out; without any other value all rows are 0. */
void cnn__buckets(double rows[CNN__BUCKETS][3], const float *values, int64_t count);

#endif
