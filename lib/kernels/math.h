/* math: exp, log, tanh, the normal distribution, sine and cosine as polynomials of our own, so that no result depends on the C library.
 *
 * Multiplications and additions in the order written, never contracted, and defined for every input: NaN gives NaN,
 * infinities and denormals give what mathematics says. The vector forms (math_vector.h) equal these to the bit. */
#ifndef CNN_KERNELS_MATH_H
#define CNN_KERNELS_MATH_H

#include <stdint.h>
#include <string.h>

/* Constants shared with the vector forms. ln 2 is cut in two so that k * CNN__LN2_HIGH is exact; the polynomials are
 * minimax fits: of (exp(r) - 1 - r) / r^2 on |r| <= ln(2) / 2; of (tanh(x) - x) / x^3 on |x| <= 0.625 in x^2; of
 * (log((1 + s) / (1 - s)) - 2 s) / s^3 on 0 <= s <= 1/3 in s^2; and, Phi being the normal distribution, of
 * (Phi(x) - 1/2) / x on |x| <= 1 in x^2 and of Phi(-a) e^(a^2 / 2) / t on 1 <= a <= 14.6 in t = 2 / (2 + a). */
#define CNN__LOG2_E 1.44269504f
#define CNN__LN2_HIGH 0.693359375f
#define CNN__LN2_LOW -2.12194440e-4f
#define CNN__ROUND 12582912.0f /* 1.5 * 2^23: adding it rounds to an integer that stands in the low bits */
#define CNN__EXP_LEAST -104.0f /* exp is 0 below and infinite above */
#define CNN__EXP_MOST 89.0f
#define CNN__EXP_2 0.499999934f
#define CNN__EXP_3 0.1666652f
#define CNN__EXP_4 0.0416683958f
#define CNN__EXP_5 0.00836879669f
#define CNN__EXP_6 0.00138144331f
#define CNN__TANH_SMALL 0.625f
#define CNN__TANH_1 -0.333332839f
#define CNN__TANH_2 0.133314913f
#define CNN__TANH_3 -0.0537434981f
#define CNN__TANH_4 0.0206505872f
#define CNN__TANH_5 -0.00571704495f
#define CNN__LOG1P_0 0.666664124f
#define CNN__LOG1P_1 0.400216997f
#define CNN__LOG1P_2 0.279991388f
#define CNN__LOG1P_3 0.280244648f
#define CNN__EXPM1_LEAST -20.0f /* e^x - 1 is -1 below */
#define CNN__NORMAL_MOST 14.5f  /* Phi is 0 below its negative and 1 above */
#define CNN__NORMAL_SMALL 1.0f
#define CNN__NORMAL_ODD_0 0.398942292f
#define CNN__NORMAL_ODD_1 -0.0664903596f
#define CNN__NORMAL_ODD_2 0.00997331366f
#define CNN__NORMAL_ODD_3 -0.00118629693f
#define CNN__NORMAL_ODD_4 0.000113441114f
#define CNN__NORMAL_ODD_5 -7.63314347e-06f
#define CNN__NORMAL_0 0.199479714f
#define CNN__NORMAL_1 0.19919017f
#define CNN__NORMAL_2 0.153489307f
#define CNN__NORMAL_3 0.0202017743f
#define CNN__NORMAL_4 0.0742316246f
#define CNN__NORMAL_5 -0.496689349f
#define CNN__NORMAL_6 0.585997522f
#define CNN__NORMAL_7 -0.286631107f
#define CNN__NORMAL_8 0.0503853783f
#define CNN__GELU_LINEAR 1.59576912f   /* 2 sqrt(2 / pi) */
#define CNN__GELU_CUBE 0.0713548163f   /* the same * 0.044715 */
#define CNN__GELU_MOST 11.0f           /* its sigmoid is 0 below its negative and 1 above */
#define CNN__NORMAL_DENSITY 0.398942280f /* 1 / sqrt(2 pi) */

static inline uint32_t cnn__bits_of(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static inline float cnn__float_of(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static inline uint64_t cnn__bits_of_f64(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static inline double cnn__double_of(uint64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* e^r - 1 for |r| a little above ln(2) / 2 at most. */
static inline float cnn__exp_near_0(float r) {
  float p = CNN__EXP_6;
  p = p * r + CNN__EXP_5;
  p = p * r + CNN__EXP_4;
  p = p * r + CNN__EXP_3;
  p = p * r + CNN__EXP_2;
  return (r * r) * p + r;
}

/* 2^k e^r, where k stands in the low bits of `shifted`; 2^k is applied as two factors so that overflow and denormals come
 * out by one rounding. */
static inline float cnn__exp_scaled(float shifted, float r) {
  float p = cnn__exp_near_0(r) + 1.0f;
  /* The integer k + 256 (k in -152..129) is cut into halves, each a power of two in the normal range. */
  uint32_t integer = cnn__bits_of(shifted) - cnn__bits_of(CNN__ROUND) + 256u;
  uint32_t half = integer >> 1;
  float first = cnn__float_of((half - 1u) << 23);
  float second = cnn__float_of((integer - half - 1u) << 23);
  return p * first * second;
}

/* x - k ln 2, where k stands in the low bits of `shifted`. */
static inline float cnn__exp_rest(float x, float shifted) {
  float k = shifted - CNN__ROUND;
  float r = x - k * CNN__LN2_HIGH;
  return r - k * CNN__LN2_LOW;
}

/* e^x. x = k ln 2 + r. */
static inline float cnn__exp(float x) {
  x = CNN__EXP_MOST < x ? CNN__EXP_MOST : x;
  x = CNN__EXP_LEAST > x ? CNN__EXP_LEAST : x;
  float shifted = x * CNN__LOG2_E + CNN__ROUND;
  return cnn__exp_scaled(shifted, cnn__exp_rest(x, shifted));
}

/* e^x - 1 for x <= 0; greater ones count as 0. */
static inline float cnn__expm1_below_0(float x) {
  x = 0.0f < x ? 0.0f : x;
  x = CNN__EXPM1_LEAST > x ? CNN__EXPM1_LEAST : x;
  float shifted = x * CNN__LOG2_E + CNN__ROUND;
  float power = cnn__float_of((cnn__bits_of(shifted) - cnn__bits_of(CNN__ROUND) + 127u) << 23);
  return power * cnn__exp_near_0(cnn__exp_rest(x, shifted)) + (power - 1.0f);
}

/* log(1 + e) for 0 <= e <= 1. */
static inline float cnn__log1p_unit(float e) {
  float s = e / (2.0f + e);
  float z = s * s;
  float p = CNN__LOG1P_3;
  p = p * z + CNN__LOG1P_2;
  p = p * z + CNN__LOG1P_1;
  p = p * z + CNN__LOG1P_0;
  return (s * z) * p + (s + s);
}

static inline float cnn__magnitude(float x) { return cnn__float_of(cnn__bits_of(x) & 0x7fffffffu); }

/* Phi(x), the share of a normal distribution below x, and in *bell e^(-x^2 / 2). The square is cut in two, the first part exact, so
 * that far below 0 the result is as good as near it. */
static inline float cnn__normal(float x, float *bell) {
  float a = cnn__magnitude(x);
  a = CNN__NORMAL_MOST < a ? CNN__NORMAL_MOST : a;
  float high = cnn__float_of(cnn__bits_of(a) & 0xfffff000u);
  float square = high * high * -0.5f;
  float rest = ((a - high) * (a + high)) * -0.5f;
  float shifted = (square + rest) * CNN__LOG2_E + CNN__ROUND;
  *bell = cnn__exp_scaled(shifted, cnn__exp_rest(square, shifted) + rest);
  if (CNN__NORMAL_SMALL > a) {
    float z = x * x;
    float p = CNN__NORMAL_ODD_5;
    p = p * z + CNN__NORMAL_ODD_4;
    p = p * z + CNN__NORMAL_ODD_3;
    p = p * z + CNN__NORMAL_ODD_2;
    p = p * z + CNN__NORMAL_ODD_1;
    p = p * z + CNN__NORMAL_ODD_0;
    return p * x + 0.5f;
  }
  float t = 2.0f / (a + 2.0f);
  float p = CNN__NORMAL_8;
  p = p * t + CNN__NORMAL_7;
  p = p * t + CNN__NORMAL_6;
  p = p * t + CNN__NORMAL_5;
  p = p * t + CNN__NORMAL_4;
  p = p * t + CNN__NORMAL_3;
  p = p * t + CNN__NORMAL_2;
  p = p * t + CNN__NORMAL_1;
  p = p * t + CNN__NORMAL_0;
  float below = *bell * (p * t);
  return x > 0.0f ? 1.0f - below : below;
}

/* Hyperbolic tangent: a polynomial near 0, where 1 - 2 / (exp(2x) + 1) would cancel. */
static inline float cnn__tanh(float x) {
  uint32_t sign = cnn__bits_of(x) & 0x80000000u;
  float a = cnn__magnitude(x);
  float t;
  if (CNN__TANH_SMALL > a) {
    float z = a * a;
    float p = CNN__TANH_5;
    p = p * z + CNN__TANH_4;
    p = p * z + CNN__TANH_3;
    p = p * z + CNN__TANH_2;
    p = p * z + CNN__TANH_1;
    t = (p * z) * a + a;
  } else {
    t = 1.0f - 2.0f / (cnn__exp(a + a) + 1.0f);
  }
  return cnn__float_of(cnn__bits_of(t) | sign);
}

/* The sum of a row: lane j of sixteen adds the elements j, j + 16, ... to 0, then the lanes are folded by halves. */
static inline float cnn__row_sum(int64_t n, const float *x) {
  float lanes[16] = {0};
  for (int64_t i = 0; i < n; i++) {
    lanes[i % 16] += x[i];
  }
  for (int d = 8; d > 0; d /= 2) {
    for (int j = 0; j < d; j++) {
      lanes[j] += lanes[j + d];
    }
  }
  return lanes[0];
}

/* e^x in double: Taylor's polynomial of degree 13 on |r| <= ln(2) / 2. */
static inline double cnn__exp_f64(double x) {
  static const double c[] = {1.0 / 6227020800.0, 1.0 / 479001600.0, 1.0 / 39916800.0, 1.0 / 3628800.0,
                             1.0 / 362880.0,     1.0 / 40320.0,     1.0 / 5040.0,     1.0 / 720.0,
                             1.0 / 120.0,        1.0 / 24.0,        1.0 / 6.0,        0.5};
  x = 710.0 < x ? 710.0 : x;
  x = -746.0 > x ? -746.0 : x;
  const double round = 6755399441055744.0; /* 1.5 * 2^52 */
  double shifted = x * 1.4426950408889634074 + round;
  double k = shifted - round;
  double r = x - k * 6.93147180369123816490e-01;
  r = r - k * 1.90821492927058770002e-10;
  double p = c[0];
  for (int i = 1; i < 12; i++) {
    p = p * r + c[i];
  }
  p = ((r * r) * p + r) + 1.0;
  uint64_t integer = cnn__bits_of_f64(shifted) - cnn__bits_of_f64(round) + 2048u;
  uint64_t half = integer >> 1;
  double first = cnn__double_of((half - 1u) << 52);
  double second = cnn__double_of((integer - half - 1u) << 52);
  return p * first * second;
}

/* Natural logarithm in double: x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), of which it is the series of 2 artanh(s),
 * s = f / (2 + f). Negative numbers give NaN, 0 gives -inf. */
static inline double cnn__log_f64(double x) {
  if (!(x > 0.0)) {
    return x == 0.0 ? cnn__double_of(0xfff0000000000000u) : cnn__double_of(0x7ff8000000000000u);
  }
  if (cnn__bits_of_f64(x) >= 0x7ff0000000000000u) {
    return x;
  }
  int64_t k = 0;
  if (x < 2.2250738585072014e-308) {
    x = x * 18014398509481984.0; /* 2^54 */
    k = -54;
  }
  uint64_t least = 0x3fe6a09e667f3bcdu; /* sqrt(1/2) */
  uint64_t offset = cnn__bits_of_f64(x) - least;
  k += (int64_t)(offset >> 52) - (offset >> 63 != 0 ? 4096 : 0);
  double f = cnn__double_of((offset & 0x000fffffffffffffu) + least) - 1.0;
  double s = f / (2.0 + f);
  double z = s * s;
  double p = 2.0 / 25.0;
  for (int i = 23; i >= 3; i -= 2) {
    p = p * z + 2.0 / i;
  }
  double half_square = (0.5 * f) * f;
  double kf = (double)k;
  return kf * 6.93147180369123816490e-01 -
         ((half_square - (s * (half_square + z * p) + kf * 1.90821492927058770002e-10)) - f);
}

/* Sine and cosine in double, for angles up to 2^20 in magnitude; a larger one, an infinity or NaN gives NaN twice. */
static inline void cnn__sin_cos_f64(double x, double *sine, double *cosine) {
  if (!(x >= -1048576.0 && x <= 1048576.0)) {
    *sine = *cosine = cnn__double_of(0x7ff8000000000000u);
    return;
  }
  const double round = 6755399441055744.0;
  double shifted = x * 0.63661977236758134308 + round;
  double k = shifted - round;
  /* pi / 2 in three parts, the first two with 33 bits: their products with k are exact. */
  double r = x - k * 1.57079632673412561417e+00;
  r = r - k * 6.07710050630396597660e-11;
  r = r - k * 2.02226624879595063154e-21;
  double z = r * r;
  double s = 1.0 / 355687428096000.0;
  s = s * z - 1.0 / 1307674368000.0;
  s = s * z + 1.0 / 6227020800.0;
  s = s * z - 1.0 / 39916800.0;
  s = s * z + 1.0 / 362880.0;
  s = s * z - 1.0 / 5040.0;
  s = s * z + 1.0 / 120.0;
  s = s * z - 1.0 / 6.0;
  s = (s * z) * r + r;
  double c = 1.0 / 20922789888000.0;
  c = c * z - 1.0 / 87178291200.0;
  c = c * z + 1.0 / 479001600.0;
  c = c * z - 1.0 / 3628800.0;
  c = c * z + 1.0 / 40320.0;
  c = c * z - 1.0 / 720.0;
  c = c * z + 1.0 / 24.0;
  c = ((c * z) * z - 0.5 * z) + 1.0;
  uint64_t quarter = cnn__bits_of_f64(shifted) & 3u;
  double first = quarter % 2 != 0 ? c : s;
  double second = quarter % 2 != 0 ? s : c;
  *sine = quarter >= 2 ? -first : first;
  *cosine = quarter == 1 || quarter == 2 ? -second : second;
}

/* base^n by squaring, from the lowest bit of n up; a negative n gives 1 / base^-n. */
static inline double cnn__pow_int_f64(double base, int64_t n) {
  uint64_t left = n < 0 ? 0u - (uint64_t)n : (uint64_t)n;
  double result = 1.0;
  for (double square = base; left != 0; left >>= 1) {
    if (left & 1u) {
      result = result * square;
    }
    square = square * square;
  }
  return n < 0 ? 1.0 / result : result;
}

/* base^exponent in double for a base that is not negative, by exp and log: about 1e-15 * |exponent * log(base)| off. 0 to
 * the power of 0 is 1. */
static inline double cnn__pow_f64(double base, double exponent) {
  if (exponent == 0.0) {
    return 1.0;
  }
  return cnn__exp_f64(exponent * cnn__log_f64(base));
}

#endif
