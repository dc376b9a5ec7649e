/* checksum: XXH3 of 128 bits, of bytes that come in pieces. */
#ifndef CNN_CORE_CHECKSUM_H
#define CNN_CORE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

#define CNN__CHECKSUM_BYTES 16

/* The state of the sum, on its caller's stack. */
typedef struct cnn__checksum {
  _Alignas(64) unsigned char state[640];
} cnn__checksum;

void cnn__checksum_begin(cnn__checksum *sum);
void cnn__checksum_add(cnn__checksum *sum, const void *data, size_t bytes);

/* The sum of all that was added; more may follow. */
void cnn__checksum_bytes(const cnn__checksum *sum, unsigned char bytes[CNN__CHECKSUM_BYTES]); /* big-endian */

#endif
