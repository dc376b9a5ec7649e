/* checksum: the one place that XXH3 is compiled into. */
#include "core/checksum.h"

#define XXH_INLINE_ALL /* whatever version of the library is found at run time */
#include <xxhash.h>

_Static_assert(sizeof(XXH3_state_t) <= sizeof(cnn__checksum), "the state of XXH3 has its place");
_Static_assert(_Alignof(XXH3_state_t) <= _Alignof(cnn__checksum), "the state of XXH3 is aligned");

static XXH3_state_t *state_of(cnn__checksum *sum) { return (XXH3_state_t *)(void *)sum->state; }

void cnn__checksum_begin(cnn__checksum *sum) {
  XXH3_INITSTATE(state_of(sum));
  XXH3_128bits_reset(state_of(sum));
}

void cnn__checksum_add(cnn__checksum *sum, const void *data, size_t bytes) {
  if (bytes)
    XXH3_128bits_update(state_of(sum), data, bytes);
}

void cnn__checksum_bytes(const cnn__checksum *sum, unsigned char bytes[CNN__CHECKSUM_BYTES]) {
  XXH128_canonical_t digest;
  XXH128_canonicalFromHash(&digest, XXH3_128bits_digest((const XXH3_state_t *)(const void *)sum->state));
  for (int i = 0; i < CNN__CHECKSUM_BYTES; i++)
    bytes[i] = digest.digest[i];
}
