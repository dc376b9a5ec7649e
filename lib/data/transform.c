/* transform: the geometry of Keras's apply_affine_transform (Keras 2.9 and later).
 *
 * An output pixel (r, q) looks up the source. Around the centre o_x = H/2 - 1/2, o_y = W/2 - 1/2 its offsets x = q - o_x and
 * y = r - o_y are zoomed, shifted by (tx, ty), then turned by theta. That the height goes with the columns is Keras's own
 * oddity and kept: an image that is not square turns around another point than its middle. */
#include "data/transform.h"

#include "kernels/math.h"

#define DEGREE 0.017453292519943295 /* in radians */

int32_t cnn__transform_matrix(const cnn_transform *transform, int64_t height, int64_t width, double matrix[6]) {
  double zx = transform->zx == 0.0 ? 1.0 : transform->zx, zy = transform->zy == 0.0 ? 1.0 : transform->zy;
  if (transform->theta == 0.0 && transform->tx == 0.0 && transform->ty == 0.0 && zx == 1.0 && zy == 1.0)
    return 0;
  double sine, cosine;
  cnn__sin_cos_f64(transform->theta * DEGREE, &sine, &cosine);
  double centre_x = (double)height / 2.0 - 0.5, centre_y = (double)width / 2.0 - 0.5;
  double x = transform->tx - zx * centre_x, y = transform->ty - zy * centre_y;
  matrix[0] = cosine * zy;
  matrix[1] = sine * zx;
  matrix[2] = (sine * x + cosine * y) + centre_y;
  matrix[3] = -sine * zy;
  matrix[4] = cosine * zx;
  matrix[5] = (cosine * x - sine * y) + centre_x;
  return 1;
}
