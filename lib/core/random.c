/* random: Philox4x32-10 and the permutation made of it. */
#include "core/random.h"

#define PERMUTE_ROUNDS 6

void cnn__philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
  uint32_t a = counter[0], b = counter[1], c = counter[2], d = counter[3];
  uint32_t k0 = key[0], k1 = key[1];
  for (int32_t round = 0; round < 10; round++) {
    uint64_t p0 = (uint64_t)0xd2511f53u * a, p1 = (uint64_t)0xcd9e8d57u * c;
    a = (uint32_t)(p1 >> 32) ^ b ^ k0;
    b = (uint32_t)p1;
    c = (uint32_t)(p0 >> 32) ^ d ^ k1;
    d = (uint32_t)p0;
    k0 += 0x9e3779b9u; /* golden ratio and sqrt(3) - 1, as the paper has them */
    k1 += 0xbb67ae85u;
  }
  out[0] = a;
  out[1] = b;
  out[2] = c;
  out[3] = d;
}

/* One walk through the network: bits of a half, the value's halves left and right. */
static uint64_t feistel(const uint32_t key[2], uint32_t pass, uint32_t half_bits, uint64_t value) {
  uint32_t mask = (uint32_t)((UINT64_C(1) << half_bits) - 1);
  uint32_t left = (uint32_t)(value >> half_bits), right = (uint32_t)value & mask;
  for (uint32_t round = 0; round < PERMUTE_ROUNDS; round++) {
    uint32_t counter[4], words[4];
    cnn__coordinates(counter, CNN__RANDOM_SHUFFLE, 0, pass, round, right);
    cnn__philox(counter, key, words);
    uint32_t mixed = left ^ (words[0] & mask);
    left = right;
    right = mixed;
  }
  return (uint64_t)left << half_bits | right;
}

int64_t cnn__permute(uint64_t seed, uint32_t pass, int64_t n, int64_t index) {
  uint32_t half_bits = 0, key[2];
  while ((UINT64_C(1) << (2 * half_bits)) < (uint64_t)n)
    half_bits++;
  cnn__key(key, seed);
  uint64_t value = (uint64_t)index;
  do /* a permutation of the larger range: following its cycle comes back below n, at the latest to the index itself */
    value = feistel(key, pass, half_bits, value);
  while (value >= (uint64_t)n);
  return (int64_t)value;
}
