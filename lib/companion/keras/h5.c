/* h5: the file as a whole: its superblock, the messages of its objects. */
#include "companion/keras/h5.h"

#include <stdlib.h>
#include <string.h>

enum {
  STEPS = 1 << 26,     /* in a group of 4,096 each name is looked up in half a million of them at most */
  AT_A_TIME = 64,      /* bytes that are looked through in a step */
  BLOCKS = 256,        /* continuations of one object header */
  UNPACKED = 1 << 30,  /* what compressed data may unpack to, whatever the file's size */
};
static const unsigned char signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};

/* ---- text ---- */

keras__slice keras__slice_of(const char *text) { return (keras__slice){text, strlen(text)}; }

int32_t keras__slice_equal(keras__slice a, keras__slice b) {
  return a.length == b.length && (!a.length || memcmp(a.text, b.text, a.length) == 0);
}

const char *keras__shown(char *buffer, keras__slice text) {
  size_t n = text.length < KERAS__SHOWN - 1 ? text.length : KERAS__SHOWN - 1;
  for (size_t i = 0; i < n; i++)
    buffer[i] = text.text[i] < ' ' || text.text[i] > '~' ? '?' : text.text[i];
  buffer[n] = 0;
  return buffer;
}

/* ---- places ---- */

const unsigned char *keras__h5_at(const keras__h5 *file, uint64_t address, uint64_t length) {
  return address > file->count || length > file->count - address ? NULL : file->bytes + address;
}

cnn_status keras__h5_steps(keras__h5 *file, uint64_t bytes) {
  const uint64_t steps = bytes / AT_A_TIME + 1;
  if (file->steps < steps)
    return cnn_error_set(CNN_EFORMAT, "groups and lists lead on for ever: this is no file of Keras");
  file->steps -= steps;
  return CNN_OK;
}

cnn_status keras__h5_step(keras__h5 *file) { return keras__h5_steps(file, 0); }

cnn_status keras__h5_damaged(const char *what, uint64_t address) {
  if (address == KERAS__H5_NOWHERE)
    return cnn_error_set(CNN_EFORMAT, "damaged HDF5: %s is not there", what);
  return cnn_error_set(CNN_EFORMAT, "damaged HDF5: no %s at byte %llu, or not a whole one", what, (unsigned long long)address);
}

cnn_status keras__h5_newer(const char *what) {
  return cnn_error_set(CNN_EUNSUPPORTED, "HDF5 with %s, which Keras does not write; save it by Keras, or lay it out anew by h5repack --low=0", what);
}

uint64_t keras__h5_number(const unsigned char *bytes, int32_t count) {
  uint64_t number = 0;
  for (int32_t i = count; i-- > 0;)
    number = number << 8 | bytes[i];
  return number;
}

/* ---- the superblock [II.A] ---- */

int32_t keras__h5_sniff(const void *bytes, size_t count) {
  return count >= sizeof signature && memcmp(bytes, signature, sizeof signature) == 0;
}

cnn_status keras__h5_open(keras__h5 *file, const void *bytes, size_t count) {
  const unsigned char *b = bytes;
  if (!keras__h5_sniff(bytes, count))
    return cnn_error_set(CNN_EFORMAT, "not an HDF5 file");
  if (count < KERAS__H5_HEADER)
    return cnn_error_set(CNN_EFORMAT, "%zu bytes are less than an HDF5 file's head of %d", count, KERAS__H5_HEADER);
  if (b[8] != 0)
    return keras__h5_newer(b[8] > 3 ? "an unknown superblock" : "a newer superblock (libver='latest')");
  if (b[13] != 8 || b[14] != 8)
    return keras__h5_newer("addresses of other than 8 bytes");
  uint64_t end = keras__u64(b + 40), root = keras__u64(b + 64);
  if (keras__u64(b + 24) != 0)
    return keras__h5_newer("a base address");
  if (keras__u64(b + 48) != KERAS__H5_NOWHERE)
    return keras__h5_newer("driver information (several files)");
  if (end > count)
    return cnn_error_set(CNN_EFORMAT, "cut off: %zu bytes of %llu", count, (unsigned long long)end);
  *file = (keras__h5){.bytes = b, .count = end, .root = root, .steps = STEPS, .left = UNPACKED > 2 * end ? UNPACKED : 2 * end};
  if (end < KERAS__H5_HEADER || !keras__h5_at(file, root, 16))
    return keras__h5_damaged("root group", root);
  return CNN_OK;
}

/* ---- object headers of version 1 [IV.A.1.a] ---- */

typedef struct block {
  uint64_t address, length;
} block;

/* The messages of one block; *more: continuations are added. */
static cnn_status block_messages(keras__h5 *file, block here, block *more, int32_t *blocks, uint32_t *messages,
                                 keras__h5_visit *visit, void *user) {
  const unsigned char *b = keras__h5_at(file, here.address, here.length);
  if (!b)
    return keras__h5_damaged("object header", here.address);
  for (uint64_t at = 0; *messages && at + 8 <= here.length; (*messages)--) {
    keras__h5_message m = {keras__u16(b + at), b[at + 4], keras__u16(b + at + 2), b + at + 8};
    if (m.size > here.length - at - 8)
      return keras__h5_damaged("message of an object", here.address + at);
    cnn_status status = keras__h5_step(file);
    if (status == CNN_OK && m.type == KERAS__H5_CONTINUES) {
      if (m.size < 16 || *blocks == BLOCKS)
        return keras__h5_damaged("continuation of an object header", here.address + at);
      more[(*blocks)++] = (block){keras__u64(m.data), keras__u64(m.data + 8)};
    } else if (status == CNN_OK) {
      status = visit(file, &m, user);
    }
    if (status != CNN_OK)
      return status;
    at += 8 + m.size;
  }
  return CNN_OK;
}

cnn_status keras__h5_messages(keras__h5 *file, uint64_t object, keras__h5_visit *visit, void *user) {
  block blocks[BLOCKS];
  const unsigned char *b = keras__h5_at(file, object, 16);
  if (!b || object < KERAS__H5_HEADER)
    return keras__h5_damaged("object", object);
  if (memcmp(b, "OHDR", 4) == 0)
    return keras__h5_newer("object headers of version 2");
  if (b[0] != 1)
    return keras__h5_damaged("object header", object);
  uint32_t messages = keras__u16(b + 2);
  int32_t count = 1;
  cnn_status status = CNN_OK;
  blocks[0] = (block){object + 16, keras__u32(b + 8)};
  for (int32_t i = 0; i < count && status == CNN_OK; i++)
    status = block_messages(file, blocks[i], blocks, &count, &messages, visit, user);
  return status;
}
