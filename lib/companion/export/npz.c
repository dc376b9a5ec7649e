/* npz: the weights of a model as a NumPy archive: a zip file whose members, stored as they are, are arrays in NumPy's form 1.0. Always the same bytes
 * for the same weights. */
#include "companion/export/npz.h"

#include "companion/export/export_file.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { LONGEST = 512 }; /* of a name, and of what stands before the values */

/* An archive in the making; where nothing is written yet, its size. */
typedef struct archive {
  unsigned char *bytes; /* NULL: only the size is wanted */
  size_t count;
} archive;

static void put(archive *a, const void *bytes, size_t count) {
  if (a->bytes && count)
    memcpy(a->bytes + a->count, bytes, count);
  a->count += count;
}

/* Little-endian. */
static void put_number(archive *a, uint64_t number, int bytes) {
  unsigned char digits[8];
  for (int i = 0; i < bytes; i++)
    digits[i] = (unsigned char)(number >> 8 * i);
  put(a, digits, (size_t)bytes);
}

/* What stands before the values, a multiple of 64 bytes. */
static size_t array_header(char header[LONGEST], const cnn_tensor *tensor) {
  size_t used = 10;
  used += (size_t)cnn_format(header + used, LONGEST - used, "{'descr': '<f4', 'fortran_order': False, 'shape': (");
  for (int32_t d = 0; d < cnn_tensor_rank(tensor); d++)
    used += (size_t)cnn_format(header + used, LONGEST - used, "%lld%s", (long long)cnn_tensor_shape(tensor)[d],
                               d + 1 < cnn_tensor_rank(tensor) ? ", " : d ? "" : ",");
  used += (size_t)cnn_format(header + used, LONGEST - used, "), }");
  while (used % 64 != 63)
    header[used++] = ' ';
  header[used++] = '\n';
  memcpy(header, "\x93NUMPY\x01\x00", 8);
  header[8] = (char)((used - 10) & 255);
  header[9] = (char)((used - 10) >> 8);
  return used;
}

/* What a member's own header and its entry in the directory have in common. */
static void put_member(archive *a, uint64_t checksum, uint64_t size, size_t name_length) {
  put_number(a, 20, 2);                 /* version 2.0 reads it */
  put_number(a, 1 << 11, 2);            /* the name is UTF-8 */
  put_number(a, 0, 2);                  /* stored */
  put_number(a, 33 << 16, 4);           /* 1980-01-01, so that equal weights give equal files */
  put_number(a, checksum, 4);
  put_number(a, size, 4);
  put_number(a, size, 4);
  put_number(a, name_length, 2);
  put_number(a, 0, 2);
}

/* The member into `a`, and its entry into `directory`. */
static cnn_status put_array(archive *a, archive *directory, const cnn_model *model, int32_t index) {
  char header[LONGEST], name[LONGEST];
  cnn_tensor *tensor;
  cnn_status status = cnn_model_weight(&tensor, model, cnn_model_weight_name(model, index));
  if (status < 0)
    return status;
  const size_t place = a->count, length = array_header(header, tensor), bytes = cnn_tensor_bytes(tensor);
  const size_t name_length = (size_t)cnn_format(name, sizeof name, "%s.npy", cnn_model_weight_name(model, index));
  uLong checksum = crc32_z(0, (const unsigned char *)header, length);
  checksum = a->bytes ? crc32_z(checksum, cnn_tensor_read(tensor), bytes) : 0;
  put(a, "PK\3\4", 4);
  put_member(a, checksum, length + bytes, name_length);
  put(a, name, name_length);
  put(a, header, length);
  put(a, cnn_tensor_read(tensor), bytes);
  put(directory, "PK\1\2", 4);
  put_number(directory, 20, 2);
  put_member(directory, checksum, length + bytes, name_length);
  put_number(directory, 0, 8);          /* no comment, the first disk, no attributes: ten bytes */
  put_number(directory, 0, 2);
  put_number(directory, place, 4);
  put(directory, name, name_length);
  cnn_tensor_free(tensor);
  return CNN_OK;
}

/* All of it; the directory's room is the caller's. */
static cnn_status put_all(archive *a, archive *directory, const cnn_model *model) {
  const uint64_t count = (uint64_t)cnn_model_weight_count(model);
  for (int32_t i = 0; i < cnn_model_weight_count(model); i++) {
    cnn_status status = put_array(a, directory, model, i);
    if (status < 0)
      return status;
  }
  const size_t place = a->count;
  put(a, directory->bytes, directory->count);
  put(a, "PK\5\6", 4);
  put_number(a, 0, 4);
  put_number(a, count, 2);
  put_number(a, count, 2);
  put_number(a, directory->count, 4);
  put_number(a, place, 4);
  put_number(a, 0, 2);
  return CNN_OK;
}

cnn_status cnn__npz_bytes(const cnn_model *model, int64_t largest, unsigned char **bytes, size_t *count) {
  archive a = {0}, directory = {0};
  cnn_status status = cnn_model_status(model);
  if (status >= 0)
    status = put_all(&a, &directory, model);
  if (status < 0)
    return status;
  if (a.count > (uint64_t)largest)
    return cnn_error_set(CNN_EUNSUPPORTED, "model '%s' takes %zu bytes as a NumPy archive, and one holds at most %lld: save it in libcnn's own form",
                         cnn_model_name(model), a.count, (long long)largest);
  if (cnn_model_weight_count(model) > UINT16_MAX)
    return cnn_error_set(CNN_EUNSUPPORTED, "model '%s' has %d weights, and a NumPy archive holds at most %d", cnn_model_name(model),
                         (int)cnn_model_weight_count(model), UINT16_MAX);
  a.bytes = malloc(a.count);
  directory.bytes = malloc(directory.count ? directory.count : 1);
  if (a.bytes && directory.bytes) {
    a.count = directory.count = 0;
    status = put_all(&a, &directory, model);
  } else {
    status = cnn_error_set(CNN_ENOMEM, "no memory for %zu bytes of model '%s' as a NumPy archive", a.count, cnn_model_name(model));
  }
  free(directory.bytes);
  if (status < 0) {
    free(a.bytes);
    return status;
  }
  *bytes = a.bytes;
  *count = a.count;
  return CNN_OK;
}

static cnn_status writer(const cnn_model *model, const void *options, unsigned char **bytes, size_t *count) {
  (void)options;
  return cnn__npz_bytes(model, CNN__NPZ_LARGEST, bytes, count);
}

cnn_status cnn_model_save_npz(const cnn_model *model, const char *path) {
  return cnn__export_to_path(writer, model, path, NULL, "cnn_model_save_npz");
}

static cnn_status save(const cnn_container *container, cnn_context *context, const cnn_save_opts *options, const cnn_sink *to) {
  (void)options; /* only the weights stand in such a file */
  return cnn__export_to_sink(writer, container, context, to);
}

const cnn_file_format cnn__npz_format = {.size = sizeof cnn__npz_format, .name = "NumPy archive", .endings = ".npz", .save = save};
