/* container, reading: every byte may be hostile. The size of the file bounds the memory asked for; the header is
 * parsed within limits; the checksum is compared before anything is believed; then names, types, shapes and
 * offsets must describe the data exactly, without gap, overlap or rest. */
#include "io/container.h"

#include "core/memory.h"
#include "core/text.h"
#include "io/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_AT_ONCE ((int64_t)1 << 30)

/* ---- the bytes ---- */

static cnn_status read_fully(int descriptor, unsigned char *bytes, int64_t count) {
  for (int64_t done = 0; done < count;) {
    int64_t wanted = count - done < READ_AT_ONCE ? count - done : READ_AT_ONCE;
    ssize_t n = read(descriptor, bytes + done, (size_t)wanted);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return cnn__fail(CNN_EIO, "cannot read: %s", cnn__errno_text(errno));
    if (n == 0)
      return cnn__fail(CNN_EIO, "became shorter while it was read: %lld bytes of %lld", (long long)done,
                       (long long)count);
    done += n;
  }
  return CNN_OK;
}

static cnn_status check_size(int64_t bytes, int64_t max_bytes) {
  if (bytes > max_bytes)
    return cnn__fail(CNN_EFORMAT, "has %lld bytes, more than the %lld allowed", (long long)bytes, (long long)max_bytes);
  return bytes < 8 ? cnn__fail(CNN_EFORMAT, "has %lld bytes, too few for a model file", (long long)bytes) : CNN_OK;
}

static cnn_status read_descriptor(cnn_container *c, int descriptor, int64_t max_bytes) {
  struct stat st;
  if (fstat(descriptor, &st) < 0)
    return cnn__fail(CNN_EIO, "cannot look at it: %s", cnn__errno_text(errno));
  if (!S_ISREG(st.st_mode))
    return cnn__fail(CNN_EIO, "is not a regular file");
  CNN__TRY(check_size(st.st_size, max_bytes));
  c->byte_count = st.st_size;
  c->bytes = c->owned = cnn__alloc(c->context, (size_t)c->byte_count, "a file");
  return c->owned ? read_fully(descriptor, c->owned, c->byte_count) : CNN_ENOMEM;
}

/* Without waiting for a writer where the name is a pipe's. */
static cnn_status read_file(cnn_container *c, const char *path, int64_t max_bytes) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0)
    return cnn__fail(CNN_EIO, "cannot open: %s", cnn__errno_text(errno));
  cnn_status status = read_descriptor(c, descriptor, max_bytes);
  (void)close(descriptor);
  return status;
}

static cnn_status take_memory(cnn_container *c, const cnn__origin *origin, int64_t max_bytes) {
  int64_t bytes = origin->count > INT64_MAX ? INT64_MAX : (int64_t)origin->count;
  CNN__TRY(check_size(bytes, max_bytes));
  c->byte_count = bytes;
  c->bytes = origin->bytes;
  return CNN_OK;
}

/* ---- the header ---- */

static uint64_t header_length(const cnn_container *c) {
  uint64_t length = 0;
  for (int i = 0; i < 8; i++)
    length |= (uint64_t)c->bytes[i] << 8 * i;
  return length;
}

static cnn_status read_header(cnn_container *c) {
  uint64_t length = header_length(c);
  if (length > CNN__MAX_HEADER)
    return cnn__fail(CNN_EFORMAT, "is no model file, or damaged: its header would have %llu bytes, at most %d",
                     (unsigned long long)length, CNN__MAX_HEADER);
  if ((int64_t)length > c->byte_count - 8)
    return cnn__fail(CNN_EFORMAT, "is cut off: the header has %llu bytes, the file %lld", (unsigned long long)length,
                     (long long)c->byte_count);
  c->data_start = 8 + (int64_t)length;
  c->header = cnn__json_parse((const char *)c->bytes + 8, (size_t)length, "header");
  return c->header ? CNN_OK : cnn__fail_code();
}

/* The metadata are strings, few, with fit names. */
static cnn_status read_notes(cnn_container *c) {
  char shown[CNN__SHOWN_BYTES];
  const char *key;
  json_t *value, *metadata = json_object_get(c->header, CNN__METADATA);
  if (!json_is_object(metadata))
    return cnn__fail(CNN_EFORMAT, "header: no " CNN__METADATA " object");
  if (json_object_size(metadata) > CNN__MAX_NOTES)
    return cnn__fail(CNN_EFORMAT, "header: %zu keys of metadata, at most %d", json_object_size(metadata),
                     CNN__MAX_NOTES);
  CNN__TRY(cnn__grow(c->context, (void **)&c->notes, &c->note_capacity, (int64_t)json_object_size(metadata),
                     sizeof *c->notes, "list of notes"));
  json_object_foreach(metadata, key, value) {
    if (!cnn__name_is_fit(key) || !json_is_string(value))
      return cnn__fail(CNN_EFORMAT, "header: metadata '%s' is not a named string", cnn__shown(shown, key));
    c->notes[c->note_count++] = (cnn__note){key, json_string_value(value)};
  }
  return CNN_OK;
}

/* One whole number of at least 0. Non-zero: it is something else. */
static int32_t read_count(const json_t *value, int64_t *out) {
  *out = json_integer_value(value);
  return !json_is_integer(value) || *out < 0;
}

static cnn_status read_shape(const char *shown, const json_t *value, cnn__shape *shape) {
  size_t rank = json_array_size(value);
  if (!json_is_array(value) || rank > CNN_MAX_RANK)
    return cnn__fail(CNN_EFORMAT, "tensor '%s': the shape is not an array of at most %d extents", shown, CNN_MAX_RANK);
  shape->rank = (int32_t)rank;
  for (size_t i = 0; i < rank; i++)
    if (read_count(json_array_get(value, i), &shape->extent[i]))
      return cnn__fail(CNN_EFORMAT, "tensor '%s': extent %zu of the shape is not a whole number of at least 0",
                       shown, i);
  return CNN_OK;
}

static cnn_status read_entry(const cnn_container *c, const char *name, const json_t *value, cnn__entry *entry) {
  char buffer[CNN__SHOWN_BYTES];
  const char *shown = cnn__shown(buffer, name);
  int64_t begin, end, count, bytes, available = c->byte_count - c->data_start;
  const json_t *dtype = json_object_get(value, "dtype"), *offsets = json_object_get(value, "data_offsets");
  if (!cnn__name_is_fit(name))
    return cnn__fail(CNN_EFORMAT, "header: '%s' cannot be a tensor's name", shown);
  if (json_object_size(value) != 3 || !json_is_string(dtype) || json_array_size(offsets) != 2)
    return cnn__fail(CNN_EFORMAT, "tensor '%s': is not described by dtype, shape and two data_offsets", shown);
  entry->name = name;
  entry->type = cnn__dtype_find(json_string_value(dtype));
  if (!entry->type)
    return cnn__fail(CNN_EFORMAT, "tensor '%s': its dtype is none of F32, U8, I32, I64", shown);
  CNN__TRY(read_shape(shown, json_object_get(value, "shape"), &entry->shape));
  if (read_count(json_array_get(offsets, 0), &begin) || read_count(json_array_get(offsets, 1), &end) || begin > end ||
      end > available)
    return cnn__fail(CNN_EFORMAT, "tensor '%s': data_offsets lie outside the %lld bytes of data", shown,
                     (long long)available);
  count = cnn__shape_count(&entry->shape);
  if (count < 0 || cnn__mul(count, (int64_t)cnn_type_size(entry->type), &bytes) || bytes != end - begin)
    return cnn__fail(CNN_EFORMAT, "tensor '%s': its shape does not take the %lld bytes from %lld to %lld", shown,
                     (long long)(end - begin), (long long)begin, (long long)end);
  entry->data = c->bytes + c->data_start + begin;
  entry->bytes = bytes;
  return CNN_OK;
}

static int by_place(const void *left, const void *right) {
  const cnn__entry *a = left, *b = right;
  const unsigned char *p = a->data, *q = b->data;
  if (p != q)
    return p < q ? -1 : 1;
  return (a->bytes > b->bytes) - (a->bytes < b->bytes);
}

/* From the first byte of data to the last, each byte belongs to one tensor. */
static cnn_status check_cover(const cnn_container *c) {
  char shown[CNN__SHOWN_BYTES];
  const unsigned char *start = c->bytes + c->data_start, *at = start;
  for (int32_t i = 0; i < c->entry_count; i++) {
    const unsigned char *data = c->entries[i].data;
    if (data != at)
      return cnn__fail(CNN_EFORMAT, "tensor '%s': begins at %lld, the data before it end at %lld",
                       cnn__shown(shown, c->entries[i].name), (long long)(data - start), (long long)(at - start));
    at = data + c->entries[i].bytes;
  }
  const cnn__entry *last = &c->entries[c->entry_count - 1];
  if (at != c->bytes + c->byte_count || strcmp(last->name, CNN__CHECKSUM) != 0)
    return cnn__fail(CNN_EFORMAT, "tensor '%s' is the last, not " CNN__CHECKSUM, cnn__shown(shown, last->name));
  return CNN_OK;
}

static cnn_status read_entries(cnn_container *c) {
  const char *name;
  json_t *value;
  size_t count = json_object_size(c->header) - 1; /* the metadata are there */
  if (count > CNN__MAX_TENSORS)
    return cnn__fail(CNN_EFORMAT, "header: %zu tensors, at most %d", count, CNN__MAX_TENSORS);
  c->entries = cnn__alloc_zero(c->context, count * sizeof *c->entries, "list of tensors");
  if (!c->entries)
    return CNN_ENOMEM;
  json_object_foreach(c->header, name, value) {
    if (strcmp(name, CNN__METADATA) != 0)
      CNN__TRY(read_entry(c, name, value, &c->entries[c->entry_count++]));
  }
  qsort(c->entries, count, sizeof *c->entries, by_place);
  CNN__TRY(check_cover(c));
  c->entry_count--; /* the checksum */
  return CNN_OK;
}

/* ---- the checksum and the version ---- */

/* The checksum is the last tensor, and right. Comes first, so that what is said later of a file is said of what
 * was written. */
static cnn_status check_checksum(const cnn_container *c) {
  cnn__entry entry;
  cnn__checksum sum;
  unsigned char checksum[CNN__CHECKSUM_BYTES];
  const json_t *value = json_object_get(c->header, CNN__CHECKSUM);
  const unsigned char *last = c->bytes + c->byte_count - CNN__CHECKSUM_BYTES;
  if (!value)
    return cnn__fail(CNN_EFORMAT, "header: no tensor " CNN__CHECKSUM ": not written by this library");
  CNN__TRY(read_entry(c, CNN__CHECKSUM, value, &entry));
  if (entry.type != CNN_U8 || entry.shape.rank != 1 || entry.bytes != CNN__CHECKSUM_BYTES)
    return cnn__fail(CNN_EFORMAT, "tensor '" CNN__CHECKSUM "': is not U8 of shape (%d,)", CNN__CHECKSUM_BYTES);
  if (entry.data != last)
    return cnn__fail(CNN_EFORMAT, "the header puts the end at byte %lld, the file ends at %lld",
                     (long long)((const unsigned char *)entry.data - c->bytes) + CNN__CHECKSUM_BYTES,
                     (long long)c->byte_count);
  cnn__checksum_begin(&sum);
  cnn__checksum_add(&sum, c->bytes, (size_t)(last - c->bytes));
  cnn__checksum_bytes(&sum, checksum);
  if (memcmp(checksum, last, CNN__CHECKSUM_BYTES) != 0)
    return cnn__fail(CNN_EFORMAT, "is damaged: its checksum does not match");
  return CNN_OK;
}

static cnn_status check_version(const cnn_container *c) {
  char shown[CNN__SHOWN_BYTES];
  int64_t version;
  const char *text = cnn_container_note(c, "format_version"), *library = cnn_container_note(c, "library");
  if (!text || cnn__read_int(text, &version) || version < 1)
    return cnn__fail(CNN_EFORMAT, "metadata 'format_version' is missing or not a number of at least 1");
  if (version > CNN__FORMAT_VERSION)
    return cnn__fail(CNN_ETOONEW, "is of format version %lld, written by %s; this library reads up to %d",
                     (long long)version, library ? cnn__shown(shown, library) : "another library", CNN__FORMAT_VERSION);
  return CNN_OK;
}

/* ---- the whole ---- */

cnn_status cnn__container_open(cnn_container **out, cnn_context *context, const cnn__origin *origin, int64_t max_bytes) {
  CNN__TRY(cnn_container_new(out, context));
  max_bytes = max_bytes ? max_bytes : CNN__MAX_FILE;
  cnn_status status = origin->path ? read_file(*out, origin->path, max_bytes) : take_memory(*out, origin, max_bytes);
  if (status == CNN_OK)
    return CNN_OK;
  cnn_container_free(*out);
  *out = NULL;
  return status;
}

int32_t cnn__container_is_own(const cnn_container *c) {
  return header_length(c) <= CNN__MAX_HEADER && c->byte_count > 8 && c->bytes[8] == '{';
}

cnn_status cnn__container_parse(cnn_container *c) {
  CNN__TRY(cnn__container_supported());
  CNN__TRY(read_header(c));
  CNN__TRY(read_notes(c));
  CNN__TRY(check_checksum(c));
  CNN__TRY(check_version(c));
  return read_entries(c);
}

cnn_status cnn__container_read(cnn_container **out, cnn_context *context, const cnn__origin *origin, int64_t max_bytes) {
  cnn_container *c = NULL;
  *out = NULL;
  cnn_status status = cnn__container_open(&c, context, origin, max_bytes);
  if (status == CNN_OK)
    status = cnn__container_parse(c);
  if (status < 0) {
    cnn_container_free(c);
    return cnn__fail_in("'%s'", cnn__origin_name(origin));
  }
  *out = c;
  return CNN_OK;
}
