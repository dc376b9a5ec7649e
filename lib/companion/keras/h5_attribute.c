/* h5_attribute: attributes that are texts or lists of them: their messages, and the heap where texts without a fixed length lie. */
#include "companion/keras/h5.h"

#include <stdlib.h>
#include <string.h>

/* What is looked for, and what was found. */
typedef struct wanted {
  keras__slice name;
  keras__slice *list;
  size_t count;
} wanted;

static uint32_t round_up(uint32_t n) { return (n + 7) & ~7u; }

/* An element of the heap of texts [III.E]: `b` holds its collection's address and its place there. */
static cnn_status heap_text(keras__slice *text, keras__h5 *file, const unsigned char *b) {
  uint64_t length = keras__u32(b), address = keras__u64(b + 4), index = keras__u32(b + 12);
  *text = (keras__slice){"", 0};
  if (length == 0)
    return CNN_OK;
  const unsigned char *heap = keras__h5_at(file, address, 16);
  uint64_t size = heap ? keras__u64(heap + 8) : 0;
  if (!heap || memcmp(heap, "GCOL", 4) != 0 || heap[4] != 1 || !keras__h5_at(file, address, size))
    return keras__h5_damaged("heap of texts", address);
  for (uint64_t at = 16; size >= 16 && at <= size - 16;) {
    cnn_status status = keras__h5_step(file);
    if (status < 0)
      return status;
    uint64_t here = keras__u16(heap + at), bytes = keras__u64(heap + at + 8);
    if (here == 0 || bytes > size - at - 16)
      break;
    if (here == index && length <= bytes) {
      *text = (keras__slice){(const char *)heap + at + 16, (size_t)length};
      return CNN_OK;
    }
    at += 16 + ((bytes + 7) & ~(uint64_t)7);
  }
  return keras__h5_damaged("text in the heap", address);
}

static keras__slice fixed_text(const unsigned char *b, size_t bytes) {
  const char *text = (const char *)b;
  while (bytes && (text[bytes - 1] == 0))
    bytes--;
  const char *end = memchr(text, 0, bytes);
  return (keras__slice){text, end ? (size_t)(end - text) : bytes};
}

static cnn_status take_texts(keras__h5 *file, const keras__h5_type *type, const keras__h5_space *space, const unsigned char *data,
                             uint32_t size, wanted *w) {
  char shown[KERAS__SHOWN];
  if (space->count == 0)
    return (w->list = malloc(sizeof *w->list)) ? CNN_STOP : cnn_error_set(CNN_ENOMEM, "no memory for an attribute");
  if (type->kind != KERAS__H5_TEXT && type->kind != KERAS__H5_FIXED_TEXT)
    return cnn_error_set(CNN_EFORMAT, "attribute '%s' is no text", keras__shown(shown, w->name));
  if (space->count > size / type->bytes)
    return cnn_error_set(CNN_EFORMAT, "attribute '%s' has %llu texts in %u bytes", keras__shown(shown, w->name),
                         (unsigned long long)space->count, size);
  w->list = malloc((size_t)space->count * sizeof *w->list);
  if (!w->list)
    return cnn_error_set(CNN_ENOMEM, "no memory for an attribute");
  for (; w->count < space->count; w->count++) {
    const unsigned char *element = data + w->count * type->bytes;
    cnn_status status = CNN_OK;
    if (type->kind == KERAS__H5_FIXED_TEXT)
      w->list[w->count] = fixed_text(element, type->bytes);
    else
      status = heap_text(&w->list[w->count], file, element);
    if (status < 0)
      return status;
  }
  return CNN_STOP;
}

/* An attribute's message [IV.A.2.m]: name, type, shape and data, one after the other, in version 1 each filled up to 8 bytes. */
static cnn_status take_attribute(keras__h5 *file, const keras__h5_message *m, wanted *w) {
  const unsigned char *b = m->data;
  uint32_t version = m->size < 8 ? 0 : b[0], at = version == 3 ? 9 : 8;
  if (version < 1 || version > 3 || m->size < at)
    return keras__h5_damaged("attribute", KERAS__H5_NOWHERE);
  uint32_t sizes[3] = {keras__u16(b + 2), keras__u16(b + 4), keras__u16(b + 6)}, starts[3];
  for (int32_t i = 0; i < 3; i++) {
    starts[i] = at;
    at += version == 1 ? round_up(sizes[i]) : sizes[i];
  }
  if (at > m->size || sizes[0] == 0)
    return keras__h5_damaged("attribute", KERAS__H5_NOWHERE);
  if (!keras__slice_equal(w->name, (keras__slice){(const char *)b + starts[0], sizes[0] - 1}))
    return CNN_OK;
  if (m->flags & 2 || (version > 1 && b[1] & 3))
    return keras__h5_newer("attributes of a committed type");
  keras__h5_type type;
  keras__h5_space space;
  cnn_status status = keras__h5_type_of(&type, b + starts[1], sizes[1]);
  if (status == CNN_OK)
    status = keras__h5_space_of(&space, b + starts[2], sizes[2]);
  return status == CNN_OK ? take_texts(file, &type, &space, b + at, m->size - at, w) : status;
}

static cnn_status look(keras__h5 *file, const keras__h5_message *m, void *user) {
  if (m->type == KERAS__H5_ATTRIBUTES) { /* [IV.A.2.v] */
    uint32_t at = m->size > 1 && m->data[1] & 1 ? 4 : 2;
    if (m->size < at + 8 || keras__u64(m->data + at) != KERAS__H5_NOWHERE)
      return keras__h5_newer("attributes in a heap of their own");
  }
  return m->type == KERAS__H5_ATTRIBUTE ? take_attribute(file, m, user) : CNN_OK;
}

static cnn_status one(keras__slice **list, size_t *count, keras__h5 *file, uint64_t object, keras__slice name) {
  wanted w = {.name = name};
  cnn_status status = keras__h5_messages(file, object, look, &w);
  if (status < 0)
    free(w.list);
  *list = status < 0 ? NULL : w.list;
  *count = status < 0 ? 0 : w.count;
  return status < 0 ? status : CNN_OK;
}

cnn_status keras__h5_texts(keras__slice **list, size_t *count, keras__h5 *file, uint64_t object, const char *name, int32_t parts) {
  cnn_status status = one(list, count, file, object, keras__slice_of(name));
  for (int32_t i = 0; status == CNN_OK && parts && (i > 0 || !*list); i++) {
    char numbered[64];
    keras__slice *part;
    size_t more;
    cnn_format(numbered, sizeof numbered, "%s%d", name, i);
    status = one(&part, &more, file, object, keras__slice_of(numbered));
    if (status < 0 || !part)
      break;
    keras__slice *longer = realloc(*list, (*count + more + 1) * sizeof **list);
    if (longer) {
      memcpy(longer + *count, part, more * sizeof *part);
      *list = longer;
      *count += more;
    } else {
      status = cnn_error_set(CNN_ENOMEM, "no memory for attribute '%s'", name);
    }
    free(part);
  }
  if (status < 0) {
    free(*list);
    *list = NULL;
  }
  return status;
}
