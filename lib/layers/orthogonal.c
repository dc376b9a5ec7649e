/* orthogonal: normal values made into orthonormal vectors, all directions equally likely (Saxe, McClelland, Ganguli 2013).
 *
 * Each vector loses its shares of those before it, twice, since once leaves what rounding left of them, and is brought to
 * length 1: the Q of a QR factorisation whose R has a diagonal above 0. In doubles, sums in one order. */
#include "layers/initializer.h"

#include "core/memory.h"

#include <math.h>

#define LANES 8

/* Lane j of eight adds the products j, j + 8, ..., then the lanes are folded by halves. */
static double dot(int64_t n, const double *a, const double *b) {
  double lanes[LANES] = {0};
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES)
    for (int j = 0; j < LANES; j++)
      lanes[j] += a[i + j] * b[i + j];
  for (; i < n; i++)
    lanes[i % LANES] += a[i] * b[i];
  for (int d = LANES / 2; d > 0; d /= 2)
    for (int j = 0; j < d; j++)
      lanes[j] += lanes[j + d];
  return lanes[0];
}

static void subtract(int64_t n, double share, const double *from, double *v) {
  for (int64_t i = 0; i < n; i++)
    v[i] -= share * from[i];
}

static void scale(int64_t n, double factor, double *v) {
  for (int64_t i = 0; i < n; i++)
    v[i] *= factor;
}

static void orthonormalize(int64_t count, int64_t n, double *vectors) {
  for (int64_t k = 0; k < count; k++) {
    double *v = vectors + k * n;
    for (int32_t turn = 0; turn < 2; turn++)
      for (int64_t j = 0; j < k; j++)
        subtract(n, dot(n, vectors + j * n, v), vectors + j * n, v);
    scale(n, 1.0 / sqrt(dot(n, v, v)), v);
  }
}

cnn_status cnn__orthogonalize(cnn_context *context, float *value, const cnn__shape *shape, float gain) {
  int64_t columns = shape->extent[shape->rank - 1], rows = cnn__shape_count(shape) / columns;
  int64_t few = rows < columns ? rows : columns, many = rows < columns ? columns : rows;
  double *vectors = cnn__alloc(context, (size_t)(few * many) * sizeof *vectors, "orthogonal weights");
  if (!vectors)
    return CNN_ENOMEM;
  int64_t row_step = rows < columns ? many : 1, column_step = rows < columns ? 1 : many;
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < columns; c++)
      vectors[r * row_step + c * column_step] = value[r * columns + c];
  orthonormalize(few, many, vectors);
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < columns; c++)
      value[r * columns + c] = (float)((double)gain * vectors[r * row_step + c * column_step]);
  cnn__free(context, vectors);
  return CNN_OK;
}
