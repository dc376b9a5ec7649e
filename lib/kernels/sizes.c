/* sizes: how much room packed kernels and scratch take, the same on every level and for every provider. */
#include "kernels/conv_layout.h"

/* What a band of image rows laid out for a matrix product may take; a single row may exceed it. */
#define BAND_BYTES ((int64_t)512 << 10)

static int64_t packed(int64_t groups, int64_t lanes, int64_t inner) {
  return groups * ((lanes + CNN__LANES - 1) / CNN__LANES) * CNN__LANES * inner;
}

int64_t cnn__conv_packed_floats(const cnn__conv *g) {
  return packed(g->groups, g->f / g->groups, g->kh * g->kw * (g->c / g->groups));
}

int64_t cnn__conv_packed_t_floats(const cnn__conv *g) {
  return packed(g->groups, g->c / g->groups, g->kh * g->kw * (g->f / g->groups));
}

int64_t cnn__conv_band_rows(const cnn__conv *g) {
  int64_t row = g->ow * g->kh * g->kw * (g->c / g->groups) * (int64_t)sizeof(float);
  int64_t rows = BAND_BYTES / row;
  return rows < 1 ? 1 : rows > g->oh ? g->oh : rows;
}

size_t cnn__conv_scratch_bytes(const cnn__conv *g) {
  return (size_t)(cnn__conv_band_rows(g) * g->ow * g->kh * g->kw * (g->c / g->groups)) * sizeof(float);
}
