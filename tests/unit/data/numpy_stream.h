/* numpy_stream: NumPy's legacy random numbers (MT19937), as Keras draws from them. */
#ifndef CNN_TESTS_NUMPY_STREAM_H
#define CNN_TESTS_NUMPY_STREAM_H

#include <stdint.h>

enum { NUMPY_WORDS = 624, NUMPY_MIDDLE = 397 };

typedef struct numpy_stream {
  uint32_t words[NUMPY_WORDS];
  int next;
} numpy_stream;

static inline void numpy_seed(numpy_stream *s, uint32_t seed) {
  s->words[0] = seed;
  for (uint32_t i = 1; i < NUMPY_WORDS; i++)
    s->words[i] = 1812433253u * (s->words[i - 1] ^ s->words[i - 1] >> 30) + i;
  s->next = NUMPY_WORDS;
}

static inline uint32_t numpy_word(numpy_stream *s) {
  if (s->next == NUMPY_WORDS) {
    for (int i = 0; i < NUMPY_WORDS; i++) {
      const uint32_t mixed = (s->words[i] & 0x80000000u) | (s->words[(i + 1) % NUMPY_WORDS] & 0x7fffffffu);
      s->words[i] = s->words[(i + NUMPY_MIDDLE) % NUMPY_WORDS] ^ mixed >> 1 ^ (mixed & 1 ? 0x9908b0dfu : 0);
    }
    s->next = 0;
  }
  uint32_t y = s->words[s->next++];
  y ^= y >> 11;
  y ^= y << 7 & 0x9d2c5680u;
  y ^= y << 15 & 0xefc60000u;
  return y ^ y >> 18;
}

static inline double numpy_double(numpy_stream *s) {
  const uint32_t high = numpy_word(s) >> 5, low = numpy_word(s) >> 6;
  return ((double)high * 67108864.0 + (double)low) / 9007199254740992.0;
}

static inline double numpy_uniform(numpy_stream *s, double low, double high) { return low + (high - low) * numpy_double(s); }

static inline void numpy_permutation(numpy_stream *s, int64_t n, int64_t *out) {
  for (int64_t i = 0; i < n; i++)
    out[i] = i;
  for (int64_t i = n - 1; i > 0; i--) {
    uint32_t mask = (uint32_t)i, j;
    for (int shift = 1; shift < 32; shift *= 2)
      mask |= mask >> shift;
    do
      j = numpy_word(s) & mask;
    while (j > (uint32_t)i);
    const int64_t kept = out[i];
    out[i] = out[j];
    out[j] = kept;
  }
}

#endif
