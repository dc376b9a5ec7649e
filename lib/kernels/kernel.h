/* kernel: the table of numeric kernels and their contracts.
 *
 * The plain C in reference/ *defines* every result to the bit; each fast form equals it exactly, for every input,
 * NaN payloads aside. A kernel runs on its caller's thread, allocates nothing, keeps no state, never reads or writes
 * past its arrays, assumes no alignment beyond that of float, and is reentrant. Arrays do not overlap unless "in
 * place" is said (then: exactly the same pointer). All tensors are dense, row-major, NHWC. "fma chain" means: one
 * accumulator, acc = fmaf(a, b, acc), terms in the order given. Elsewhere multiply then add, never contracted. */
#ifndef CNN_KERNELS_KERNEL_H
#define CNN_KERNELS_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#define CNN__LANES 16    /* vectors of the vocabulary: sixteen floats, whatever the instruction set */
#define CNN__SHARD 8     /* samples in a micro-shard: the unit of every sum over the batch */
#define CNN__CBLOCK 32   /* input channels in a block of a convolution's fma chain */
#define CNN__FEW 4       /* input channels of a convolution that pads with zeros */
#define CNN__PIXELS 32   /* pixels in one float chain of the channel sums */

/* How a convolution is computed: sums over the taps, F(2x2, 3x3) or F(4x4, 3x3). */
enum { CNN__CONV_DIRECT = 0, CNN__CONV_WINOGRAD = 1, CNN__CONV_WINOGRAD4 = 2, CNN__CONV_WIDE4 = 3 };

/* Geometry of a convolution. x [n, h, w, c], y [n, oh, ow, f], kernel HWIO [kh, kw, c / groups, f].
 * Tap (ky, kx) of output (i, j) reads input (i * sh + ky * dh - pt, j * sw + kx * dw - pl); taps outside the image are
 * skipped; but with one group of at most CNN__FEW input channels, more than one tap and no dilation, conv_forward and
 * conv_backward_weights read them as +0 and multiply. Output channel q belongs to group q / (f / groups) and reads that
 * group's c / groups input channels.
 * `algorithm` is set where the geometry is made, before anything is sized or packed by it; the others are for
 * 3x3 taps, strides and dilation 1 and one group only. */
typedef struct cnn__conv {
  int64_t h, w, c;
  int64_t oh, ow, f;
  int64_t kh, kw, sh, sw, dh, dw;
  int64_t pt, pl;
  int64_t groups;
  int32_t algorithm; /* CNN__CONV_* */
} cnn__conv;

/* Geometry of a pooling. x [n, h, w, c], y [n, oh, ow, c]; positions outside the image are left out, and a window that
 * lies wholly outside gives 0. kh * kw <= 65536 where a winner is kept. */
typedef struct cnn__pool {
  int64_t h, w, c;
  int64_t oh, ow;
  int64_t kh, kw, sh, sw;
  int64_t pt, pl;
} cnn__pool;

/* How an image is sampled beside its edges and between its pixels: of n = 4 values a b c d in a row. */
enum {
  CNN__FILL_NEAREST = 0,  /* a a a | a b c d | d d d */
  CNN__FILL_CONSTANT = 1, /* the value */
  CNN__FILL_REFLECT = 2,  /* c b a | a b c d | d c b */
  CNN__FILL_WRAP = 3      /* b c | a b c d | b c: of period n - 1 */
};
/* Arrays of so many floats each that a kernel's caller touches next; NULL ends them. */
#define CNN__SOON 8
typedef struct cnn__soon {
  const float *at[CNN__SOON];
  int64_t floats;
} cnn__soon;

typedef struct cnn__fill {
  int32_t mode;
  int32_t order; /* 0: nearest pixel; 1: bilinear */
  float value;
} cnn__fill;

/* What each kernel does.
 *
 * conv_pack       w (HWIO) -> the form that conv_forward reads: per group, per 16 output channels (the last padded with
 *                 zeros), per block of CNN__CBLOCK input channels (last one shorter): [ky][kx][channel][16].
 *                 Size: cnn__conv_packed_floats(g), 64-byte aligned. Depthwise (as many groups as input and output
 *                 channels, several): per 16 channels [ky][kx][16].
 * conv_pack_t     the same for conv_backward_data: per group, per 16 input channels (padded), per block of CNN__CBLOCK
 *                 output channels: [ky descending][kx descending][output channel][16 input channels].
 *                 Size: cnn__conv_packed_t_floats(g), 64-byte aligned. Depthwise: [ky descending][kx descending][16].
 *                 (The blas provider keeps its own form within the same size.)
 * conv_forward    y[b,i,j,q] = fma chain from bias[q] (0 if bias is NULL) over (block of CNN__CBLOCK input channels of
 *                 the group, ky, kx, channel in block), then relu if asked (0 > y ? 0 : y).
 * conv_backward_data     dx[b,i,j,p] = fma chain from 0 over (block of CNN__CBLOCK output channels of the group,
 *                 ky descending, kx descending, output channel in block) of dy * w, over those taps whose output
 *                 position exists.
 * conv_backward_weights  dw (HWIO)[ky,kx,p,q] = fma chain from 0, or if `add` from what stands in dw, over images, output
 *                 rows, then columns, of x * dy; taps outside skipped. So images may come in one call or in several.
 *                 These are the sums of CNN__CONV_DIRECT. CNN__CONV_WINOGRAD changes all but this last one:
 *   conv_pack     per 16 output channels: [point (i, j) of 4 x 4][input channel][16] of U = G w Gt, for each pair of
 *                 channels down first (t[i][kx]), then across, with G: t0 = w0; t1 = ((w0 + w2) + w1) * 0.5;
 *                 t2 = ((w0 + w2) - w1) * 0.5; t3 = w2.
 *   conv_pack_t   per 16 input channels: [point][output channel][16] of the same for the kernel turned by 180 degrees.
 *   conv_forward  outputs in tiles of 2 x 2 from (0, 0) on, what sticks out is cut off. The 4 x 4 inputs of tile (i, j)
 *                 from (2i - pt, 2j - pl) on, 0 outside the image, become V = Bt d B, down first, then across, with Bt:
 *                 t0 = d0 - d2; t1 = d1 + d2; t2 = d2 - d1; t3 = d1 - d3. M[point][q] = fma chain over input channels of
 *                 V[point] * U[point], from bias[q] (0 if NULL) at point (1, 1), from 0 at the others. Then y = At M A,
 *                 down first, then across, with At: t0 = (m0 + m1) + m2; t1 = (m1 - m2) - m3. Then relu if asked.
 *   conv_backward_data    the same of dy with the packed_t kernel, padding 2 - pt, 2 - pl, without bias and relu.
 *                 (So an image may be cut into bands of rows, given as geometries, where each band starts on an even row.)
 *                 CNN__CONV_WINOGRAD4 changes all five otherwise, with a = 3/4 and b = 3/2:
 *   conv_pack, conv_pack_t    as above with 6 x 6 points, number 6 i + j, and G: n = fma(a^2, w2, w0); f = fma(b^2, w2, w0);
 *                 t0 = w0 * (64/81); t1 = fma(a, w1, n) * (-128/243); t2 = fma(-a, w1, n) * (-128/243); t3 = w2;
 *                 t4 = fma(b, w1, f) * (32/243); t5 = fma(-b, w1, f) * (32/243), the fractions rounded to float.
 *   conv_forward, conv_backward_data    outputs in tiles of 4 along each axis from 0 on; where 1 or 2 are left over the
 *                 last tile is one of 2, else what sticks out is cut off. A tile of 4 takes 6 inputs and all points, Bt:
 *                 e = fma(-b^2, d2, d4); o = fma(-b^2, d1, d3); t0 = fma(a^2 b^2, d0, fma(-(a^2 + b^2), d2, d4)); t1 = fma(a, o,
 *                 e); t2 = fma(-a, o, e); t3 = fma(a^2 b^2, d1, fma(-(a^2 + b^2), d3, d5)); then with -a^2 for -b^2 in e and
 *                 o: t4 = fma(b, o, e); t5 = fma(-b, o, e). A tile of 2 takes 4 inputs and points 0 to 3: e = d2 * (a^2 - b^2);
 *                 o = d1 * (-a^2 b^2); t0 = fma(a^2 b^2, d0, d2 * -b^2); t1 = e + o; t2 = e - o; t3 = fma(-a^2, d1, d3). M:
 *                 chains from 0. At of a tile of 4: s = m1 + m2; d = m1 - m2; u = m4 + m5; v = m4 - m5; y0 = (m0 + s) + u;
 *                 y1 = fma(b, v, d * a); y2 = fma(b^2, u, s * a^2); y3 = fma(b^3, v, fma(a^3, d, m3)); of a tile of 2: y0 =
 *                 m0 + s; y1 = fma(a, d, m3). Last + bias[q] (0 if NULL), then relu if asked. (Bands of rows start at
 *                 multiples of 4 and end at one or at the image's end.)
 *   conv_backward_weights    D of a tile of 4 gradients along an axis: e = fma(a^2, d2, d0); o = fma(a^2, d3, d1); t0 = d0; t1 =
 *                 fma(a, o, e); t2 = fma(-a, o, e); t3 = d3; with b^2 for a^2 in e and o: t4 = fma(b, o, e); t5 = fma(-b, o,
 *                 e); of 2: t0 = d0; t1 = fma(a, d1, d0); t2 = fma(-a, d1, d0); t3 = d1. M[point][p][q] = fma chain from 0
 *                 over a group of tiles (cnn__winograd4_group: so many whole images of the call, or a part of one), those
 *                 that have the point. Then, with s, d, u, v of M as above: t0 = fma(-128/243, s, fma(32/243, u, m0 *
 *                 (64/81))); t1 = fma(-32/81, d, v * (16/81)); t2 = fma(8/27, u - s, m3). dw = that of the first group, or if
 *                 `add` what stands there + that; then + that of each further group. (So images that come in several calls
 *                 have the bits of one call only where calls end with groups.)
 *                 CNN__CONV_WIDE4 has the same sums with the packed forms of CNN__CONV_DIRECT: conv_forward and
 *                 conv_backward_data transform them. Its conv_backward_weights goes so where cnn__conv_large_weights says it.
 *                 (The blas provider takes no notice of the algorithm.)
 * scratch         cnn__conv_scratch_bytes(g) bytes per worker, 64-byte aligned, contents undefined.
 *
 * gemm_pack       w [k, n] row-major -> panels [ceil(n/16)][k][16], zero padded.
 * gemm_pack_t     w [k, n] row-major -> panels [ceil(k/16)][n][16] of the transpose: element (p, j, l) = w[p*16+l][j].
 *                 Size of either: cnn__gemm_packed_floats(k, n) of the matrix they hold, 64-byte aligned. Only what
 *                 rows [k0, k1) of w go to is written; in gemm_pack_t k0 is a multiple of 16, and k1 too or k.
 * gemm            c[i,j] = fma chain from bias[j] (0 if NULL) over p = 0..k-1 of a[i,p] * b[p,j], b given packed; then
 *                 relu if asked. a has row stride lda, c row stride ldc. Used forward (gemm_pack) and for the input
 *                 gradient (gemm_pack_t: n and k change places).
 * gemm_tn         dw[p,j] (row stride n) for p in [k0, k1): rows of a and b in shards of CNN__SHARD; within a shard an
 *                 fma chain from 0 in row order of a[i,p] * b[i,j]; shards joined by the fixed tree (see tree_sum).
 *                 dw points at row 0. a [m, .] row stride lda, b [m, n] row stride ldb. soon: NULL, or what the caller
 *                 touches next, which may be fetched meanwhile; no result depends on it.
 *
 * channel_sums    sums[q] = double sum over samples, then blocks of CNN__PIXELS pixels of a sample, of the block's
 *                 float sum (from its first element, in order). Blocks never span samples. Written, not added to.
 * bn_moments      mean and sum of squared deviations of each channel, of each sample by itself, then joined sample by
 *                 sample, to those of `before` samples that stand in mean and m2 (undefined where before is 0). One
 *                 sample: mean = channel sum / pixels, in double; m2: the same scheme over (x - (float)mean)^2 (float
 *                 subtract, multiply, add), corrected in double for the rounding of mean to float: d = mean -
 *                 (double)(float)mean; m2 = max(0, S2 - pixels * d * d)  [since sum(x - mf) = pixels * d]; NaN stays.
 *                 The next one joins b before it (Chan, Golub, LeVeque 1979), in double: share = 1 / (b + 1), delta =
 *                 its mean - mean; mean += delta * share; m2 += its m2 + delta * delta * ((b * share) * pixels).
 * bn_backward_sums  sum_dy: channel_sums of dy; sum_dy_xc: the same scheme over dy * (x - mean).
 * bn_normalize    y = (x - mean) * scale + shift, per channel; in place allowed.
 * bn_backward_apply  dx = (dy * a + (x - mean) * b) + d, per channel; dx may be dy.
 *
 * add             y = a + b; y may be a or b.        scale   y = x * s; in place allowed.
 * relu            y = 0 > x ? 0 : x (NaN stays, -0 stays); in place allowed.
 *                 backward: dx = y > 0 ? dy : 0; dx may be dy.
 * leaky_relu      y = x > 0 ? x : x * slope; in place. backward: dx = y > 0 ? dy : dy * slope; dx may be dy. slope >= 0.
 * elu             y = x > 0 ? x : cnn__expm1_below_0(x) * alpha; in place. backward: dx = y > 0 ? dy : dy * (y + alpha); dx
 *                 may be dy. alpha >= 0.
 * gelu            y = x * P, P = cnn__normal(x) (math.h); in place. backward, of x: dx = dy * (x * density(x) + P); dx may be dy.
 * gelu_tanh       y = x * s, s = 1 / (1 + exp(-2 u)), u = sqrt(2 / pi) (x + 0.044715 x^3), which is x / 2 * (1 + tanh u); in
 *                 place. backward, of x: dx = dy * (x * s (1 - s) (2 u)' + s); dx may be dy.
 * sigmoid         1 / (1 + exp(-x)), by cnn__exp (math.h); in place. backward: (dy * y) * (1 - y); dx may be dy.
 * silu            y = x * s, s = 1 / (1 + exp(-x)); in place. backward, of x: dx = dy * (x * (1 - s) * s + s); dx may be dy.
 * softplus        y = max(x, 0) + log(1 + exp(-|x|)), by cnn__log1p_unit (math.h); in place. backward: dx = dy * (1 - exp(-y)); dx
 *                 may be dy.
 * tanh            own form by cnn__tanh (math.h); in place. backward: dy * (1 - y * y); dx may be dy.
 *                 (Where x * s or x * density would be infinity times 0, x counts as the last one that gives 0.)
 * softmax         per row: z = x - max; e = cnn__exp(z); y = e * (1 / sum e), sum in order of cnn__row_sum (math.h);
 *                 in place. backward: dx = (dy - sum(dy * y)) * y, the sum as cnn__row_sum of products; dx may be dy.
 * dropout         y = keep ? x * scale : 0 for n elements of ONE sample. Element e of the sample: bits 8: group
 *                 e / 256, r = e % 256, word r / 64, byte (r % 64) / 16, lane r % 16; bits 32: group e / 64, word
 *                 (e % 64) / 16, lane e % 16. Philox block of counter {counter[0] + group * 16 + lane, counter[1..3]}
 *                 under key; the value is that byte (word >> 8 * byte) & 255, or the word. keep = value >= threshold.
 *                 Backward is the same call on dy. In place.
 *
 * maxpool         y = maximum of the window; the first, row by row, of equal ones wins (replace on strict >). winner
 *                 (or NULL): index ky * kw + kx of that tap in the window.
 * maxpool_backward  dx = 0, then dx[winner] += dy for outputs row by row.
 *
 * avgpool         y = (sum of the window's taps inside, row by row, from the first) * (1 / their number).
 * avgpool_backward  dx = 0, then to each tap of the window + dy * (1 / their number), for outputs row by row.
 * channel_max     y[q] = maximum over the pixels of ONE sample; the first of equal ones stays (replace on strict >).
 * channel_max_backward  dx = x == y ? dy / number of such pixels of the channel : 0.
 *
 * maxpool_signed  y = maximum of the window where sign[q] > 0 (all where sign is NULL), minimum where it is < 0, else
 *                 the first tap: the tap that would win after a map of that slope. The first of equal ones wins.
 *                 winner (or NULL) as in maxpool. Padding 0, windows inside the image, kh * kw <= 256.
 * maxpool_bn_backward  the gradient before batch normalisation and pooling, x being what the former saw: per channel
 *                 dx = (share + (x - mean) * b) + d, share = dy * a of the pixel's window where its tap won (winner
 *                 NULL: windows of one pixel), else 0; where relu: 0 unless x > 0. Windows do not overlap (sh = kh, sw =
 *                 kw), padding 0; pixels that none covers have share 0. sums (or NULL): from 0, or if `add` from what
 *                 stands there, double sum over rows, then blocks of CNN__PIXELS pixels of a row, of the block's float
 *                 sum of dx from 0, in order. dx may be x, or dy where each pixel has a window.
 *
 * nine_backward   of ONE image of one channel, 3x3 taps at stride 1 without dilation, windows of 2 x 2: conv_forward of x,
 *                 maxpool_bn_backward of that with factors {mean, a, b, d}, and conv_backward_weights of x and the result.
 *                 relu, add, sums (or NULL) and scratch as there.
 *
 * tree_sum        out[e] for e in [0, n) = the fixed binary tree over slots[s * stride + e], s in [0, count):
 *                 for (d = 1; d < count; d *= 2) for (s = 0; s + d < count; s += 2 * d) slot[s] += slot[s + d];
 *                 out = slot[0]. slots are left undefined; out may be slots. tree_sum_f64: the same in double.
 *
 * sgd             w -= rate * g.
 * sgd_momentum    v = momentum * v - rate * g; w += nesterov ? momentum * v - rate * g : v.
 * adam            m += (g - m) * one_minus_beta_1; v += (g * g - v) * one_minus_beta_2;
 *                 w -= (m * alpha) / (sqrt(v) + epsilon).
 * adam_amsgrad    m and v as adam; v_hat = v > v_hat ? v : v_hat; w -= (m * alpha) / (sqrt(v_hat) + epsilon).
 * adamax          m as adam; u = beta_2 * u > |g| ? beta_2 * u : |g|; w -= (m * step) / (u + epsilon).
 * nadam           factors {one_minus_beta_1, one_minus_beta_2, of_m, of_g, correction, epsilon}; m and v as adam;
 *                 w -= ((m * of_m + g * of_g) * rate) / (sqrt(v / correction) + epsilon).
 * lamb_direction  factors {one_minus_beta_1, one_minus_beta_2, correction_1, correction_2, epsilon}; m and v as adam;
 *                 g = (m / correction_1) / (sqrt(v / correction_2) + epsilon).
 * lion            factors {beta_1, one_minus_beta_1, beta_2, one_minus_beta_2}; c = m * beta_1 + g * one_minus_beta_1;
 *                 w -= rate * (c > 0 ? 1 : 0 > c ? -1 : c); m = m * beta_2 + g * one_minus_beta_2.
 * rmsprop         factors {rho, one_minus_rho, momentum, epsilon}; v = rho * v + (g * g) * one_minus_rho; d = v; where
 *                 average is not NULL: average = rho * average + g * one_minus_rho, d = v - average * average, 0 where
 *                 that is below 0 (rounding alone makes it so). step = (rate * g) / sqrt(d + epsilon); where momenta
 *                 is not NULL: step = momentum * momenta + step, momenta = step. w -= step.
 * adagrad         accumulator += g * g; w -= (rate * g) / sqrt(accumulator + epsilon).
 * adadelta        squares = rho * squares + (g * g) * one_minus_rho; delta = (sqrt(deltas + epsilon) * g) /
 *                 sqrt(squares + epsilon); deltas = rho * deltas + (delta * delta) * one_minus_rho; w -= rate * delta.
 * ftrl            factors {power, l1, l2, shrink}; sum = accumulator + g * g; linear += (g + shrink * w) -
 *                 ((P(sum) - P(accumulator)) / rate) * w; c = linear limited to [-l1, l1] as by clip_value; w = c ==
 *                 linear ? 0 : (c - linear) / (P(sum) / rate + l2); accumulator = sum. P(x) = sqrt(x) where power is
 *                 0.5, else (float)cnn__pow_f64(x, power) (math.h).
 *
 * mean_gradient   g = (g + accumulator) / steps; accumulator = 0.
 * square_sum      sum of squares in double: lane j of sixteen adds those of elements j, j + 16, ... to 0, then the lanes
 *                 are folded by halves, j with j + 8 first.
 * magnitude_sum   sum of |x| in double, in the same order.
 * regularize      g += w * twice_l2 + (l1 where w > 0, -l1 where w < 0, else 0).
 * clip_value      t = -limit > g ? -limit : g; g = limit < t ? limit : t (NaN stays).
 * clip_norm       g = (g * limit) / norm.
 * weight_decay    w -= (w * decay) * rate.
 * average         average += (w - average) * share.
 *
 * scale_u8        dst = (float)src / divisor (a true division).
 * warp            dst pixel (r, q) = bilinear sample of src at row m[0]*r + m[1]*q + m[2], column m[3]*r + m[4]*q
 *                 + m[5], both clamped to the image (fill mode nearest), NaN counting as 0. Coordinates as affine.h
 *                 has them: every 32 columns from a start in double, (m0*r + m2) + m1*q, in between in fixed point.
 *                 With a and b side by side, fmaf(b - a, fraction, a): along rows, then between the two; a neighbour
 *                 of fraction 0 is not looked at (a stands for it). Channels apart; u8 values are blended as floats,
 *                 then divided by divisor. h * w * c < 2^31.
 * warp_fill       the same with a fill mode and an order, coordinates in double: (m0*r + m2) + m1*q, folded into the image
 *                 by the operations of warp_fill.c, which is the source on every level. Order 1: position and fraction (a
 *                 float) of the folded coordinate; order 0: the pixel at the coordinate + 0.5, cut. CNN__FILL_CONSTANT:
 *                 fill->value, not divided, where a coordinate is outside [0, extent - 1]. */

#define KERNEL(name, args) typedef void cnn__##name##_fn args;
#include "kernels/kernels.def"
#undef KERNEL

typedef struct cnn__kernels {
  const char *level;    /* "ref", "avx2", "avx512": what this table was filled up to */
  const char *provider; /* "native", "blas", "ref": who computes gemm and convolution */
  int32_t nine_pays;    /* is nine_backward faster than the three kernels that it stands for? */
#define KERNEL(name, args) cnn__##name##_fn *name;
#include "kernels/kernels.def"
#undef KERNEL
} cnn__kernels;

/* CNN__CONV_*: what suits a geometry, by its extents alone, so that it is the same on every machine. */
int32_t cnn__conv_algorithm(const cnn__conv *g);

/* By F(4x4, 3x3), whatever form its kernel has. */
static inline int32_t cnn__conv_large(const cnn__conv *g) {
  return g->algorithm == CNN__CONV_WINOGRAD4 || g->algorithm == CNN__CONV_WIDE4;
}

/* Does conv_backward_weights of n images go by F(4x4, 3x3)? By CNN__CONV_WINOGRAD4 it does; by CNN__CONV_WIDE4 where the call has
 * tiles enough, else by direct sums. */
int32_t cnn__conv_large_weights(const cnn__conv *g, int64_t n);

/* Sizes, the same on every level. */
int64_t cnn__conv_packed_floats(const cnn__conv *g);
int64_t cnn__conv_packed_t_floats(const cnn__conv *g);
size_t cnn__conv_scratch_bytes(const cnn__conv *g);
static inline int64_t cnn__gemm_panels(int64_t n) { return (n + CNN__LANES - 1) / CNN__LANES; }
static inline int64_t cnn__gemm_packed_floats(int64_t k, int64_t n) { return cnn__gemm_panels(n) * CNN__LANES * k; }

/* The table for level and provider, as cpu.h found them (CNN_CPU, CNN_GEMM); filled once per process and pair,
 * never freed, immutable. Never NULL. */
const cnn__kernels *cnn__kernels_for(int32_t level, int32_t provider);

/* Each level's families write their slots over what stands there: reference first, then every level the CPU has.
 * A family that a level lacks simply keeps the slot below. The suffix is set by the build (-DCNN__LEVEL=avx2). */
#define CNN__PASTE2(a, b) cnn__##a##_##b
#define CNN__PASTE(a, b) CNN__PASTE2(a, b)
#define CNN__NAME(f) CNN__PASTE(CNN__LEVEL, f)

/* A family file ends with `void CNN__NAME(norm_init)(cnn__kernels *t)`, which writes its slots. FAMILY(name) each. */
#define CNN__FAMILIES(FAMILY) \
  FAMILY(conv_init) FAMILY(gemm_init) FAMILY(elementwise_init) FAMILY(activation_init) FAMILY(norm_init) FAMILY(pool_init) \
  FAMILY(average_init) FAMILY(maximum_init) FAMILY(fused_init) FAMILY(reduce_init) FAMILY(optim_init) \
  FAMILY(adaptive_init) FAMILY(step_init) FAMILY(warp_init) \
  FAMILY(warp_fill_init)
#ifdef CNN__LEVEL
#define FAMILY(init) void CNN__NAME(init)(cnn__kernels *t);
CNN__FAMILIES(FAMILY)
#undef FAMILY
#endif

/* The provider blas (blas.c, built with CNN_HAVE_BLAS) writes the slots of convolution and gemm. */
void cnn__blas_init(cnn__kernels *t);

#endif
