/* buckets: the formulas of tensorboard/plugins/histogram/summary_v2.py, in double as there. */
#include "companion/export/buckets.h"

#include <math.h>
#include <string.h>

static int64_t find_range(const float *values, int64_t count, double *least, double *greatest) {
  int64_t finite = 0;
  for (int64_t i = 0; i < count; i++) {
    if (!isfinite(values[i]))
      continue;
    *least = finite && *least <= (double)values[i] ? *least : (double)values[i];
    *greatest = finite && *greatest >= (double)values[i] ? *greatest : (double)values[i];
    finite++;
  }
  return finite;
}

void cnn__buckets(double rows[CNN__BUCKETS][3], const float *values, int64_t count) {
  double least = 0, greatest = 0;
  memset(rows, 0, CNN__BUCKETS * sizeof rows[0]);
  const int64_t finite = find_range(values, count, &least, &greatest);
  const double width = (greatest - least) / CNN__BUCKETS;
  for (int i = 0; i < CNN__BUCKETS; i++) {
    rows[i][0] = least + width * i;
    rows[i][1] = i + 1 < CNN__BUCKETS ? least + width * (i + 1) : greatest;
  }
  if (width == 0)
    rows[CNN__BUCKETS - 1][2] = (double)finite;
  for (int64_t i = 0; width > 0 && i < count; i++) {
    if (!isfinite(values[i]))
      continue;
    const double place = floor(((double)values[i] - least) / width);
    rows[place < CNN__BUCKETS ? (int)place : CNN__BUCKETS - 1][2]++;
  }
}
