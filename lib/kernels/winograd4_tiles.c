/* winograd4_tiles: which tiles a chunk holds, and their inputs, transformed down into a room for one stretch, then across. */
#include "kernels/winograd4_tiles.h"

static cnn__stretch4 stretch_at(const cnn__chunk4 *c, int64_t tile, int64_t end) {
  const cnn__winograd *s = c->s;
  int64_t line = tile / s->across, column = tile % s->across, count = cnn__at_most(s->across - column, end - tile);
  count = cnn__at_most(count, CNN__CHUNK4);
  cnn__stretch4 t = {.image = line / s->down, .row = line % s->down, .column = column, .count = count};
  t.small_row = t.row + 1 == s->down && cnn__small_tile(s->oh);
  t.small_column = column + count == s->across && cnn__small_tile(s->ow);
  return t;
}

void CNN__NAME(winograd4_chunk)(const cnn__winograd *s, int64_t first, int64_t tiles, cnn__chunk4 *c) {
  c->s = s;
  c->parts = 0;
  for (int k = 0; k < CNN__KINDS; k++)
    c->tiles[k] = 0;
  for (int64_t tile = first; tile < first + tiles;) {
    cnn__stretch4 t = stretch_at(c, tile, first + tiles);
    for (int k = 0; k < CNN__KINDS; k++) {
      t.at[k] = c->tiles[k];
      c->tiles[k] += k >= 2 && t.small_row ? 0 : t.count - (k % 2 && t.small_column);
    }
    tile += t.count;
    c->part[c->parts++] = t;
  }
  int64_t blocks = (s->c + CNN__CBLOCK - 1) / CNN__CBLOCK;
  c->v_block = tiles * CNN__CBLOCK;
  c->v_point = blocks * c->v_block + CNN__LANES;
}

/* Fewer than sixteen lanes: rare, and long where there are no masks. */
__attribute__((noinline)) static cnn__vec get_some(const float *p, int64_t lanes) { return cnn__vload_n(p, lanes); }

/* Six inputs along an axis, or four, to as many points. */
CNN__INLINE void to_points(const int points, const cnn__vec d[6], cnn__vec t[6]) {
  cnn__vec a = cnn__vset(CNN__A), minus_a = cnn__vset(-CNN__A), a2 = cnn__vset(-CNN__A2), a2b2 = cnn__vset(CNN__A2B2);
  cnn__vec b2 = cnn__vset(-CNN__B2);
  if (points == 4) {
    cnn__vec even = cnn__vmul(d[2], cnn__vset(-CNN__DIFF2)), odd = cnn__vmul(d[1], cnn__vset(-CNN__A2B2));
    t[0] = cnn__vfma(a2b2, d[0], cnn__vmul(d[2], b2));
    t[1] = cnn__vadd(even, odd);
    t[2] = cnn__vsub(even, odd);
    t[3] = cnn__vfma(a2, d[1], d[3]);
    return;
  }
  cnn__vec b = cnn__vset(CNN__B), minus_b = cnn__vset(-CNN__B), sum2 = cnn__vset(-CNN__SUM2);
  cnn__vec even = cnn__vfma(b2, d[2], d[4]), odd = cnn__vfma(b2, d[1], d[3]);
  t[0] = cnn__vfma(a2b2, d[0], cnn__vfma(sum2, d[2], d[4]));
  t[1] = cnn__vfma(a, odd, even);
  t[2] = cnn__vfma(minus_a, odd, even);
  t[3] = cnn__vfma(a2b2, d[1], cnn__vfma(sum2, d[3], d[5]));
  even = cnn__vfma(a2, d[2], d[4]);
  odd = cnn__vfma(a2, d[1], d[3]);
  t[4] = cnn__vfma(b, odd, even);
  t[5] = cnn__vfma(minus_b, odd, even);
}

#define COLUMN (6 * CNN__LANES) /* floats of a column in the room */

/* The columns that a stretch's tiles read, transformed down. */
CNN__INLINE void transform_down(const int points, const cnn__chunk4 *c, const cnn__stretch4 *s, const cnn__rows *r, int64_t lanes) {
  int64_t at = 4 * s->column - c->s->pl, columns = 4 * s->count + (s->small_column ? 0 : 2);
  float *to = c->room;
  for (int64_t end = at + columns; at < end; at++, to += COLUMN) {
    cnn__vec d[6], t[6];
    int32_t inside = at >= 0 && at < c->s->w;
    CNN__UNROLL
    for (int i = 0; i < points; i++) {
      d[i] = !inside              ? cnn__vset(0.0f)
             : lanes == CNN__LANES ? cnn__vload(r->at[i] + at * r->pixel[i])
                                   : get_some(r->at[i] + at * r->pixel[i], lanes);
      CNN__HOLD(d[i]);
    }
    to_points(points, d, t);
    CNN__UNROLL
    for (int i = 0; i < points; i++)
      cnn__vstore(to + i * CNN__LANES, t[i]);
  }
}

/* The rows of a tile's points, across; v is its first block of channels, k its number in the stretch. */
CNN__INLINE void transform_tile(const int points, const cnn__chunk4 *c, const cnn__stretch4 *s, int64_t k, float *v) {
  const float *from = c->room + 4 * k * COLUMN;
  int count = s->small_row ? 4 : 6;
  for (int i = 0; i < count; i++, v += 6 * c->v_point, from += CNN__LANES) {
    float *below = v + (s->at[cnn__kind(i, 0)] + k) * CNN__CBLOCK, *beyond = v + (s->at[cnn__kind(i, 4)] + k) * CNN__CBLOCK;
    cnn__vec d[6], t[6];
    CNN__UNROLL
    for (int j = 0; j < points; j++) {
      d[j] = cnn__vload(from + j * COLUMN);
      CNN__HOLD(d[j]);
    }
    to_points(points, d, t);
    CNN__UNROLL
    for (int j = 0; j < points; j++)
      cnn__vstore((j < 4 ? below : beyond) + j * c->v_point, t[j]);
  }
}

static void transform_stretch(const cnn__chunk4 *c, const cnn__stretch4 *s, const cnn__rows *r, int64_t lanes, float *v) {
  if (s->small_row)
    transform_down(4, c, s, r, lanes);
  else
    transform_down(6, c, s, r, lanes);
  int64_t whole = s->count - s->small_column;
  for (int64_t k = 0; k < whole; k++)
    transform_tile(6, c, s, k, v);
  if (s->small_column)
    transform_tile(4, c, s, whole, v);
}

void CNN__NAME(winograd4_inputs)(const cnn__chunk4 *c, const float *x) {
  const cnn__winograd *s = c->s;
  for (const cnn__stretch4 *t = c->part; t < c->part + c->parts; t++) {
    cnn__rows r = cnn__rows_of(s, x + t->image * s->h * s->w * s->c, 4 * t->row - s->pt, 6);
    for (int64_t q = 0; q < s->c; q += CNN__LANES) {
      float *v = c->v + q / CNN__CBLOCK * c->v_block + q % CNN__CBLOCK;
      int64_t lanes = cnn__at_most(s->c - q, CNN__LANES);
      transform_stretch(c, t, &r, lanes, v);
      for (int64_t i = 0; i < 6; i++)
        r.at[i] += r.pixel[i] ? CNN__LANES : 0;
    }
  }
}
