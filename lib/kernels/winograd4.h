/* winograd4: F(4x4, 3x3), what its reference and its vectors share.
 *
 * Along each axis outputs go in tiles of four, whose six values are those of a polynomial at the points 0, a, -a,
 * infinity, b, -b. Where one or two outputs are left over, the last tile is one of two outputs, which takes the first four
 * points of the same transformed kernel; three make a tile of four that sticks out. The points 3/4 and 3/2 leave the
 * least error of those whose powers are short (docs/performance.md), and all factors but the kernel's are exact. */
#ifndef CNN_KERNELS_WINOGRAD4_H
#define CNN_KERNELS_WINOGRAD4_H

#include "kernels/winograd.h"

#define CNN__POINTS4 36 /* products of a tile: point (i, j) of 6 x 6 is number 6 * i + j */
#define CNN__CHUNK4 16  /* tiles that go through all points together; also the most of one row of tiles that do */
#define CNN__MOST4 64   /* the same of a kernel gradient, at most */

#define CNN__CHUNKS4 4  /* chunks that a part of a wide kernel is transformed for */
#define CNN__PART4 128  /* input channels of such a part: with their products it stays in the second cache */
#define CNN__FEW4 16    /* tiles for which one block of them is better: what transforming writes costs more then than going on with sums */
#define CNN__PART_POINT4 ((2 * CNN__PART4 + 1) * CNN__LANES) /* floats of one point of it, for 32 output channels */

#define CNN__ROOM4 (6 * (4 * CNN__CHUNK4 + 2) * CNN__LANES) /* floats of a stretch of a chunk, transformed one way */

#define CNN__INPUTS4 16 /* input channels whose sums of a kernel gradient the reference has at once */
#define CNN__SUMS4 ((2 * 8 + 1) * CNN__LANES) /* floats of a block of sums of a kernel gradient at one point */

#define CNN__A 0.75f
#define CNN__A2 0.5625f
#define CNN__A3 0.421875f
#define CNN__B 1.5f
#define CNN__B2 2.25f
#define CNN__B3 3.375f
#define CNN__A2B2 1.265625f /* a^2 b^2; by the choice of a and b also a (b^2 - a^2) */
#define CNN__SUM2 2.8125f   /* a^2 + b^2 */
#define CNN__DIFF2 1.6875f  /* b^2 - a^2 */

/* The kernel's: 1 / (a^2 b^2), 1 / (2 a^2 (a^2 - b^2)), 1 / (2 b^2 (b^2 - a^2)). */
#define CNN__OF_0 (64.0f / 81.0f)
#define CNN__OF_A (-128.0f / 243.0f)
#define CNN__OF_B (32.0f / 243.0f)
#define CNN__OF_A1 (-32.0f / 81.0f) /* times a */
#define CNN__OF_B1 (16.0f / 81.0f)
#define CNN__OF_AB2 (8.0f / 27.0f) /* times b^2; of -a^2 it is the same */

/* Whether the last tile of so many outputs along an axis is one of two. */
static inline int32_t cnn__small_tile(int64_t outputs) { return outputs % 4 == 1 || outputs % 4 == 2; }

static inline int64_t cnn__tiles4(int64_t outputs) { return (outputs + 3) / 4; }

/* Points of all tiles along an axis. */
static inline int64_t cnn__points4(int64_t outputs) { return 6 * cnn__tiles4(outputs) - 2 * cnn__small_tile(outputs); }

static inline cnn__winograd cnn__winograd4_forward(const cnn__conv *g) {
  return (cnn__winograd){g->h, g->w, g->c, g->oh, g->ow, g->f, g->pt, g->pl, cnn__tiles4(g->oh), cnn__tiles4(g->ow),
                         g->algorithm == CNN__CONV_WIDE4};
}

static inline cnn__winograd cnn__winograd4_backward(const cnn__conv *g) {
  return (cnn__winograd){g->oh, g->ow, g->f, g->h, g->w, g->c, 2 - g->pt, 2 - g->pl, cnn__tiles4(g->h), cnn__tiles4(g->w),
                         g->algorithm == CNN__CONV_WIDE4};
}

/* Tiles of a kernel gradient that are summed before the way back: whole images, or an even part of one. */
int64_t cnn__winograd4_group(const cnn__winograd *s, int64_t left);

#ifdef CNN__LEVEL
/* As in winograd.h. */
void CNN__NAME(winograd4_pack)(const cnn__conv *g, const float *w, float *packed);
void CNN__NAME(winograd4_pack_t)(const cnn__conv *g, const float *w, float *packed);
void CNN__NAME(winograd4)(const cnn__winograd *s, int64_t n, const float *x, const float *packed, const float *bias,
                          int32_t relu, float *y, void *scratch);
void CNN__NAME(winograd4_weights)(const cnn__winograd *s, int64_t n, const float *x, const float *dy, int32_t add, float *dw,
                                  void *scratch);

/* Sixteen output channels of a kernel as conv_pack or conv_pack_t has it for direct sums, some input channels from a multiple of
 * CNN__CBLOCK on, transformed into u [point, so many floats apart][channel][16]. */
void CNN__NAME(winograd4_part)(const float *taps, int64_t channels, float *u, int64_t u_point);
#endif

#endif
