/* crc32c: the checksum of records in event files. */
#ifndef CNN_COMPANION_EXPORT_CRC32C_H
#define CNN_COMPANION_EXPORT_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t cnn__crc32c(const void *bytes, size_t count);

/* As records hold it: turned and shifted, so that a checksum of bytes that hold checksums stays a good one. */
uint32_t cnn__crc32c_masked(const void *bytes, size_t count);

#endif
