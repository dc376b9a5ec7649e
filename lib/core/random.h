/* random: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3, SC11) by coordinates.
 *
 * A random number is a function of (seed, purpose, layer, pass, sample, position): there is no stream and no state. */
#ifndef CNN_CORE_RANDOM_H
#define CNN_CORE_RANDOM_H

#include <stdint.h>

enum { /* purposes: one each, never reused */
  CNN__RANDOM_INIT = 1,    /* initialisers: layer, position in the parameter; pass = parameter index */
  CNN__RANDOM_DROPOUT = 2, /* layer, pass, sample */
  CNN__RANDOM_AUGMENT = 3, /* pass, sample */
  CNN__RANDOM_SHUFFLE = 4, /* pass */
  CNN__RANDOM_OWN = 32     /* layers of the program's own: layer, pass, sample */
};

/* One block. key = seed's low and high word. */
void cnn__philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* counter = {position, sample, pass, purpose << 24 | layer}; layer < 2^24. */
static inline void cnn__coordinates(uint32_t counter[4], uint32_t purpose, uint32_t layer, uint32_t pass,
                                    uint32_t sample, uint32_t position) {
  counter[0] = position;
  counter[1] = sample;
  counter[2] = pass;
  counter[3] = purpose << 24 | (layer & 0xffffffu);
}
static inline void cnn__key(uint32_t key[2], uint64_t seed) {
  key[0] = (uint32_t)seed;
  key[1] = (uint32_t)(seed >> 32);
}

/* 53-bit double in [0, 1) from two words; 24-bit float in [0, 1) from one. */
static inline double cnn__unit_double(uint32_t high, uint32_t low) {
  return ((double)(high >> 5) * 67108864.0 + (double)(low >> 6)) * (1.0 / 9007199254740992.0);
}
static inline float cnn__unit_float(uint32_t word) { return (float)(word >> 8) * (1.0f / 16777216.0f); }

/* The keyed permutation of a pass: a bijection of [0, n) evaluated at `index`, n < 2^32. A Feistel network of six rounds
 * over the least even power of two >= n, walked until it falls below n. */
int64_t cnn__permute(uint64_t seed, uint32_t pass, int64_t n, int64_t index);

#endif
