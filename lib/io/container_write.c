/* container, writing: the header as JSON, then the tensors as they lie in memory, hashed on the way. */
#include "io/container.h"

#include "core/memory.h"
#include "core/text.h"
#include "io/atomic_file.h"
#include "io/json.h"

#include <string.h>

#define ALIGNMENT 64 /* of the data's start */

static const struct {
  int32_t type;
  const char *name;
} dtypes[] = {{CNN_F32, "F32"}, {CNN_U8, "U8"}, {CNN_I32, "I32"}, {CNN_I64, "I64"}};
enum { DTYPES = sizeof dtypes / sizeof dtypes[0] };

int32_t cnn__dtype_find(const char *name) {
  for (int32_t i = 0; i < DTYPES; i++)
    if (strcmp(dtypes[i].name, name) == 0)
      return dtypes[i].type;
  return 0;
}

const char *cnn__dtype_name(int32_t type) {
  for (int32_t i = 0; i < DTYPES; i++)
    if (dtypes[i].type == type)
      return dtypes[i].name;
  return NULL;
}

cnn_status cnn__container_supported(void) {
  const uint16_t one = 1;
  unsigned char first;
  memcpy(&first, &one, 1);
  return first ? CNN_OK
               : cnn__fail(CNN_EUNSUPPORTED, "model files are little-endian, and this machine is not");
}

/* ---- the header ---- */

static cnn_status no_memory(void) { return cnn__fail(CNN_ENOMEM, "no memory for the header of a file"); }

/* Put value, which is given away, under a key that must be new. */
static cnn_status put(json_t *object, const char *key, json_t *value) {
  char shown[CNN__SHOWN_BYTES];
  if (!cnn__name_is_fit(key) || json_object_get(object, key)) {
    int32_t fit = cnn__name_is_fit(key);
    json_decref(value);
    return cnn__fail(CNN_ESTATE, fit ? "the name '%s' would stand twice in a file" : "'%s' cannot be a name in a file",
                     cnn__shown(shown, key));
  }
  return json_object_set_new(object, key, value) == 0 ? CNN_OK : no_memory();
}

static cnn_status put_notes(json_t *header, const char *format, const cnn__note *notes, int32_t note_count) {
  char version[16];
  json_t *metadata = json_object();
  cnn__format(version, sizeof version, "%d", CNN__FORMAT_VERSION);
  CNN__TRY(put(header, CNN__METADATA, metadata));
  CNN__TRY(put(metadata, "format", json_string(format)));
  CNN__TRY(put(metadata, "format_version", json_string(version)));
  CNN__TRY(put(metadata, "library", json_sprintf("libcnn %s", cnn_version())));
  for (int32_t i = 0; i < note_count; i++)
    CNN__TRY(put(metadata, notes[i].key, json_string(notes[i].text)));
  return CNN_OK;
}

/* Describe a tensor whose data begin at *offset, and move *offset behind them. */
static cnn_status put_entry(json_t *header, const cnn__entry *entry, int64_t *offset) {
  int64_t bytes, end, count = cnn__shape_count(&entry->shape);
  if (count < 0 || cnn__mul(count, (int64_t)cnn_type_size(entry->type), &bytes) || cnn__sum(*offset, bytes, &end))
    return cnn__fail(CNN_ESTATE, "'%s' is too large for a file", entry->name);
  json_t *shape = json_array();
  for (int32_t i = 0; i < entry->shape.rank; i++)
    if (json_array_append_new(shape, json_integer(entry->shape.extent[i])) < 0) {
      json_decref(shape);
      return no_memory();
    }
  json_t *value = json_pack("{s:s, s:o, s:[I, I]}", "dtype", cnn__dtype_name(entry->type), "shape", shape,
                            "data_offsets", (json_int_t)*offset, (json_int_t)end);
  if (!value)
    return no_memory();
  *offset = end;
  return put(header, entry->name, value);
}

/* What a file begins with: the header's length, then the header, padded. To be freed with cnn__text_free. */
static cnn_status make_header(cnn__text *out, const json_t *header) {
  const char unknown[8] = {0};
  cnn__text_add_bytes(out, unknown, sizeof unknown);
  CNN__TRY(cnn__json_append(out, header));
  cnn__text_add(out, "%*s", (int)(-out->length % ALIGNMENT), "");
  CNN__TRY(out->status);
  uint64_t length = out->length - sizeof unknown;
  if (length > CNN__MAX_HEADER)
    return cnn__fail(CNN_ESTATE, "the header of the file would take %llu bytes, at most %d", (unsigned long long)length,
                     CNN__MAX_HEADER);
  for (int i = 0; i < 8; i++)
    out->data[i] = (char)(length >> 8 * i & 255);
  return CNN_OK;
}

/* *data_bytes: what follows the header. */
static cnn_status describe(cnn__text *out, int64_t *data_bytes, const char *format, const cnn__note *notes,
                           int32_t note_count, const cnn__entry *entries, int32_t entry_count) {
  const cnn__entry checksum = {.name = CNN__CHECKSUM, .type = CNN_U8, .shape = {1, {CNN__CHECKSUM_BYTES}}};
  int64_t offset = 0;
  json_t *header = json_object();
  cnn_status status = header ? put_notes(header, format, notes, note_count) : no_memory();
  for (int32_t i = 0; i < entry_count && status == CNN_OK; i++)
    status = put_entry(header, &entries[i], &offset);
  if (status == CNN_OK)
    status = put_entry(header, &checksum, &offset);
  if (status == CNN_OK)
    status = make_header(out, header);
  *data_bytes = offset;
  json_decref(header);
  return status;
}

/* ---- the file ---- */

/* One of the two takes the bytes, as they are hashed. */
typedef struct writer {
  cnn__atomic_file *file; /* NULL: memory */
  unsigned char *at;
  cnn__checksum sum;
} writer;

static cnn_status put_bytes(writer *w, const void *data, size_t bytes) {
  if (w->file)
    return cnn__atomic_write(w->file, data, bytes);
  memcpy(w->at, data, bytes);
  w->at += bytes;
  return CNN_OK;
}

static cnn_status put_hashed(writer *w, const void *data, size_t bytes) {
  if (bytes == 0)
    return CNN_OK;
  cnn__checksum_add(&w->sum, data, bytes);
  return put_bytes(w, data, bytes);
}

static cnn_status put_all(writer *w, const cnn__text *header, const cnn__entry *entries, int32_t entry_count) {
  unsigned char checksum[CNN__CHECKSUM_BYTES];
  cnn__checksum_begin(&w->sum);
  CNN__TRY(put_hashed(w, header->data, header->length));
  for (int32_t i = 0; i < entry_count; i++)
    CNN__TRY(put_hashed(w, entries[i].data,
                        (size_t)cnn__shape_count(&entries[i].shape) * cnn_type_size(entries[i].type)));
  cnn__checksum_bytes(&w->sum, checksum);
  return put_bytes(w, checksum, sizeof checksum);
}

static cnn_status write_file(cnn_context *context, const char *path, const cnn__text *header, const cnn__entry *entries,
                             int32_t entry_count) {
  writer w = {0};
  CNN__TRY(cnn__atomic_open(&w.file, context, path));
  cnn_status status = put_all(&w, header, entries, entry_count);
  if (status == CNN_OK)
    return cnn__atomic_commit(w.file);
  cnn__atomic_abandon(w.file);
  return status;
}

static cnn_status write_memory(const cnn__target *target, int64_t data_bytes, const cnn__text *header,
                               const cnn__entry *entries, int32_t entry_count) {
  writer w = {.at = target->buffer};
  size_t length = header->length + (size_t)data_bytes;
  if (target->length)
    *target->length = length;
  if (!target->buffer)
    return CNN_OK;
  if (target->capacity < length)
    return cnn__fail(CNN_EINVAL, "the file takes %zu bytes, the buffer has %zu", length, target->capacity);
  return put_all(&w, header, entries, entry_count);
}

static cnn_status fill(cnn_container *out, const char *format, const cnn__note *notes, int32_t note_count, const cnn__entry *entries,
                       int32_t entry_count) {
  CNN__TRY(cnn_container_set_note(out, "format", format));
  for (int32_t i = 0; i < note_count; i++)
    CNN__TRY(cnn_container_set_note(out, notes[i].key, notes[i].text));
  for (int32_t i = 0; i < entry_count; i++)
    CNN__TRY(cnn__container_put(out, &entries[i]));
  return CNN_OK;
}

cnn_status cnn__container_write(cnn_context *context, const cnn__target *target, const char *format,
                                const cnn__note *notes, int32_t note_count, const cnn__entry *entries,
                                int32_t entry_count) {
  int64_t data_bytes = 0;
  CNN__TRY(cnn__container_supported());
  if (entry_count >= CNN__MAX_TENSORS || note_count + 3 > CNN__MAX_NOTES)
    return cnn__fail(CNN_ESTATE, "'%s': %d tensors and %d notes are more than a file holds",
                     target->path ? target->path : "(memory)", (int)entry_count, (int)note_count);
  if (target->container)
    return fill(target->container, format, notes, note_count, entries, entry_count);
  cnn__text header = {.context = context};
  cnn_status status = describe(&header, &data_bytes, format, notes, note_count, entries, entry_count);
  if (status == CNN_OK)
    status = target->path ? write_file(context, target->path, &header, entries, entry_count)
                          : write_memory(target, data_bytes, &header, entries, entry_count);
  cnn__text_free(&header);
  return status;
}
