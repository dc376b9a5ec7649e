/* elementwise, in plain C: the definition of sums, softmax, dropout and their gradients to the bit. */
#include "core/random.h"
#include "kernels/kernel.h"
#include "kernels/math.h"

static void add(int64_t n, const float *a, const float *b, float *y) {
  for (int64_t i = 0; i < n; i++) {
    y[i] = a[i] + b[i];
  }
}

static void scale(int64_t n, const float *x, float s, float *y) {
  for (int64_t i = 0; i < n; i++) {
    y[i] = x[i] * s;
  }
}

static void softmax(int64_t rows, int64_t n, const float *x, float *y) {
  for (int64_t row = 0; row < rows; row++, x += n, y += n) {
    float most = n > 0 ? x[0] : 0.0f;
    for (int64_t i = 1; i < n; i++) {
      most = x[i] > most ? x[i] : most;
    }
    for (int64_t i = 0; i < n; i++) {
      y[i] = cnn__exp(x[i] - most);
    }
    float inverse = 1.0f / cnn__row_sum(n, y);
    for (int64_t i = 0; i < n; i++) {
      y[i] = y[i] * inverse;
    }
  }
}

static void softmax_backward(int64_t rows, int64_t n, const float *y, const float *dy, float *dx) {
  for (int64_t row = 0; row < rows; row++, y += n, dy += n, dx += n) {
    /* The order of cnn__row_sum, over products that need no array of their own. */
    float lanes[16] = {0};
    for (int64_t i = 0; i < n; i++) {
      lanes[i % 16] += dy[i] * y[i];
    }
    float sum = cnn__row_sum(16, lanes);
    for (int64_t i = 0; i < n; i++) {
      dx[i] = (dy[i] - sum) * y[i];
    }
  }
}

static void dropout(int64_t n, const float *x, uint32_t threshold, int32_t bits, float factor, const uint32_t key[2],
                    const uint32_t counter[4], float *y) {
  const int64_t size = bits == 8 ? 256 : 64;
  for (int64_t first = 0; first < n; first += size) {
    uint32_t words[16][4];
    for (uint32_t lane = 0; lane < 16; lane++) {
      uint32_t at[4] = {counter[0] + (uint32_t)(first / size) * 16u + lane, counter[1], counter[2], counter[3]};
      cnn__philox(at, key, words[lane]);
    }
    for (int64_t r = 0; r < size && first + r < n; r++) {
      uint32_t value = words[r % 16][r * 4 / size];
      if (bits == 8) {
        value = value >> (8 * (r % 64 / 16)) & 255u;
      }
      y[first + r] = value >= threshold ? x[first + r] * factor : 0.0f;
    }
  }
}

void CNN__NAME(elementwise_init)(cnn__kernels *t) {
  t->add = add;
  t->scale = scale;
  t->softmax = softmax;
  t->softmax_backward = softmax_backward;
  t->dropout = dropout;
}
