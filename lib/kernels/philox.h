/* philox: sixteen blocks of Philox4x32-10 at once; the numbers are those of core/random.h. */
#ifndef CNN_KERNELS_PHILOX_H
#define CNN_KERNELS_PHILOX_H

#include "kernels/vector.h"

/* Eight blocks, one in each even lane. What stands in the odd lanes meanwhile means nothing: a product reads even lanes
 * only and leaves its high half to be moved down, so that no lane is ever recombined between the rounds. */
CNN__INLINE void cnn__philox_rounds(const uint32_t key[2], cnn__ivec c[4]) {
  uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; round++) {
    cnn__ivec a = cnn__imul_even(c[0], cnn__iset(0xd2511f53u));
    cnn__ivec b = cnn__imul_even(c[2], cnn__iset(0xcd9e8d57u));
    c[0] = cnn__ixor3(cnn__iodd(b), c[1], cnn__iset(k0));
    c[1] = b;
    c[2] = cnn__ixor3(cnn__iodd(a), c[3], cnn__iset(k1));
    c[3] = a;
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
}

/* Word w of the block with counter {position + lane, counter[1], counter[2], counter[3]} stands in that lane of
 * words[w]. */
CNN__INLINE void cnn__philox16(uint32_t position, const uint32_t counter[4], const uint32_t key[2],
                               cnn__ivec words[4]) {
  cnn__ivec at = cnn__iadd(cnn__iset(position), cnn__ilanes());
  cnn__ivec even[4] = {at, cnn__iset(counter[1]), cnn__iset(counter[2]), cnn__iset(counter[3])};
  cnn__ivec odd[4] = {cnn__iodd(at), even[1], even[2], even[3]};
  cnn__philox_rounds(key, even);
  cnn__philox_rounds(key, odd);
  for (int w = 0; w < 4; w++) {
    words[w] = cnn__iweave(even[w], odd[w]);
  }
}

#endif
