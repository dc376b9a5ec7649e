/* transform: Keras's apply_transform (Keras 2.9 and later): the geometry of apply_affine_transform and flips, then the passes
 * over values.
 *
 * An output pixel (r, q) looks up the source. Around the centre o_x = H/2 - 1/2, o_y = W/2 - 1/2 its offsets x = q - o_x and
 * y = r - o_y are zoomed, sheared, shifted by (tx, ty), then turned by theta. That the height goes with the columns is Keras's
 * own oddity and kept: an image that is not square turns around another point than its middle. */
#include "data/transform.h"

#include "core/options.h"
#include "kernels/math.h"

#include <float.h>
#include <string.h>

#define DEGREE 0.017453292519943295 /* in radians */
#define WHITE_8BIT 255.0f
#define LANES 16

/* ---- geometry ---- */

/* Columns and rows counted from the other end. */
static void flip(const cnn_transform *transform, int64_t height, int64_t width, double matrix[6]) {
  for (int i = 0; i < 6 && transform->flip_horizontal; i += 3) {
    matrix[i + 2] += matrix[i + 1] * (double)(width - 1);
    matrix[i + 1] = -matrix[i + 1];
  }
  for (int i = 0; i < 6 && transform->flip_vertical; i += 3) {
    matrix[i + 2] += matrix[i] * (double)(height - 1);
    matrix[i] = -matrix[i];
  }
}

static int32_t moves(const cnn_transform *t, double zx, double zy) {
  return t->theta != 0.0 || t->tx != 0.0 || t->ty != 0.0 || zx != 1.0 || zy != 1.0 || t->shear != 0.0 || t->flip_horizontal ||
         t->flip_vertical;
}

int32_t cnn__transform_matrix(const cnn_transform *transform, int64_t height, int64_t width, double matrix[6]) {
  const double zx = transform->zx == 0.0 ? 1.0 : transform->zx, zy = transform->zy == 0.0 ? 1.0 : transform->zy;
  double sine, cosine, slant = 0.0, upright = 1.0;
  if (!moves(transform, zx, zy))
    return 0;
  cnn__sin_cos_f64(transform->theta * DEGREE, &sine, &cosine);
  if (transform->shear != 0.0)
    cnn__sin_cos_f64(transform->shear * DEGREE, &slant, &upright);
  const double across = -slant * zy, down = upright * zy; /* what a row adds to the sheared column and row */
  const double centre_x = (double)height / 2.0 - 0.5, centre_y = (double)width / 2.0 - 0.5;
  const double x = (transform->tx - zx * centre_x) - across * centre_y, y = transform->ty - down * centre_y;
  matrix[0] = cosine * down + sine * across;
  matrix[1] = sine * zx;
  matrix[2] = (sine * x + cosine * y) + centre_y;
  matrix[3] = cosine * across - sine * down;
  matrix[4] = cosine * zx;
  matrix[5] = (cosine * x - sine * y) + centre_x;
  flip(transform, height, width, matrix);
  return 1;
}

/* ---- passes over values ---- */

typedef struct extremes {
  float least, most;
} extremes;

/* In lanes, which the compiler makes vectors of; the order makes no difference to the result. */
static extremes extremes_of(int64_t n, const float *x) {
  float least[LANES], most[LANES];
  for (int j = 0; j < LANES; j++)
    least[j] = most[j] = x[0];
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES)
    for (int j = 0; j < LANES; j++) {
      least[j] = x[i + j] < least[j] ? x[i + j] : least[j];
      most[j] = x[i + j] > most[j] ? x[i + j] : most[j];
    }
  extremes e = {least[0], most[0]};
  for (int j = 1; j < LANES; j++) {
    e.least = least[j] < e.least ? least[j] : e.least;
    e.most = most[j] > e.most ? most[j] : e.most;
  }
  for (; i < n; i++) {
    e.least = x[i] < e.least ? x[i] : e.least;
    e.most = x[i] > e.most ? x[i] : e.most;
  }
  return e;
}

static float limited(float x, float least, float most) {
  const float low = x > least ? x : least;
  return low < most ? low : most;
}

static void shift_channels(int64_t n, float by, float *x) {
  const extremes own = extremes_of(n, x);
  for (int64_t i = 0; i < n; i++)
    x[i] = limited(x[i] + by, own.least, own.most);
}

static void brighten(int64_t n, float factor, float white, float *x) {
  for (int64_t i = 0; i < n; i++)
    x[i] = limited(x[i] * factor, 0.0f, white);
}

static float cut(float x) { return (float)(int32_t)x; }

/* The image library that Keras asks keeps 8 bits: they are cut from the values and again from the products. */
static void brighten_8bit(int64_t n, float factor, float *x) {
  const extremes own = extremes_of(n, x);
  const int32_t stretched = own.least < 0.0f || own.most > WHITE_8BIT;
  const float part = own.most / 2.0f - own.least / 2.0f > FLT_MAX / 2.0f ? 0.5f : 1.0f; /* of values whose range no float holds */
  const float least = own.least * part, range = own.most * part - least, by = range == 0.0f ? 1.0f : range;
  for (int64_t i = 0; i < n; i++) {
    const float from_0 = stretched ? (x[i] * part - least) / by * WHITE_8BIT : x[i];
    const float value = cut(limited(factor * cut(from_0), 0.0f, WHITE_8BIT));
    x[i] = stretched ? (value / WHITE_8BIT * range + least) / part : value;
  }
}

/* ---- the whole ---- */

void cnn__copy_image(const cnn__kernels *k, const cnn__image *image, float *to) {
  const int64_t n = image->h * image->w * image->c;
  if (image->bytes)
    k->scale_u8(n, image->bytes, image->divisor, to);
  else
    memcpy(to, image->floats, (size_t)n * sizeof *to);
}

static void sample(const cnn__kernels *k, const cnn_transform *t, const cnn__image *image, const double matrix[6], float *to) {
  const cnn__fill fill = {t->fill_mode, t->interpolation_order != CNN_ZERO_INT, t->cval};
  const int64_t h = image->h, w = image->w, c = image->c;
  const int32_t usual = fill.mode == CNN_FILL_NEAREST && fill.order == 1;
  if (usual && image->bytes)
    k->warp_u8(h, w, c, image->bytes, matrix, image->divisor, to);
  else if (usual)
    k->warp_f32(h, w, c, image->floats, matrix, to);
  else if (image->bytes)
    k->warp_fill_u8(h, w, c, image->bytes, matrix, &fill, image->divisor, to);
  else
    k->warp_fill_f32(h, w, c, image->floats, matrix, &fill, to);
}

void cnn__transform_image(const cnn__kernels *k, const cnn_transform *transform, const cnn__image *image, float *to) {
  const int64_t n = image->h * image->w * image->c;
  double matrix[6];
  if (cnn__transform_matrix(transform, image->h, image->w, matrix))
    sample(k, transform, image, matrix, to);
  else
    cnn__copy_image(k, image, to);
  if (transform->channel_shift != 0.0)
    shift_channels(n, (float)transform->channel_shift, to);
  if (transform->brightness == 0.0)
    return;
  const float factor = cnn__option((float)transform->brightness, 1.0f);
  if (transform->brightness_8bit)
    brighten_8bit(n, factor, to);
  else
    brighten(n, factor, cnn__option(transform->brightness_white, 1.0f), to);
}
