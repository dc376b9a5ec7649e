/* h5_group: from a group to what it holds, in the form of HDF5 1.0 (symbol table: B-tree, heap of names) and as messages in its header. */
#include "companion/keras/h5.h"

#include <string.h>

/* What is looked for, and what was found. */
typedef struct search {
  keras__slice name;   /* text NULL: links are counted, up to `nth`, whose name this then is */
  uint64_t nth, links, object;
  uint64_t heap, heap_bytes; /* of the names */
  int32_t is_group;
} search;

static cnn_status refused(const char *kind, keras__slice name) {
  char shown[KERAS__SHOWN];
  return cnn_error_set(CNN_EUNSUPPORTED, "'%s' is %s: only links within the file are followed", keras__shown(shown, name), kind);
}

static int32_t is_wanted(search *s, keras__slice name) {
  uint64_t place = s->links++;
  if (s->name.text)
    return keras__slice_equal(s->name, name);
  if (place == s->nth)
    s->name = name;
  return place == s->nth;
}

/* ---- symbol tables [III.B to III.E] ---- */

static cnn_status take_entry(keras__h5 *file, const unsigned char *entry, search *s) {
  uint64_t offset = keras__u64(entry);
  if (offset >= s->heap_bytes)
    return keras__h5_damaged("name of a link", s->heap + (offset < file->count ? offset : 0));
  const char *name = (const char *)keras__h5_at(file, s->heap + offset, 1);
  const char *end = name ? memchr(name, 0, (size_t)(s->heap_bytes - offset)) : NULL;
  if (!end)
    return keras__h5_damaged("name of a link", s->heap + offset);
  cnn_status status = keras__h5_steps(file, (uint64_t)(end - name));
  if (status < 0)
    return status;
  if (!is_wanted(s, (keras__slice){name, (size_t)(end - name)}))
    return CNN_OK;
  if (keras__u32(entry + 16) == 2)
    return refused("a soft link", s->name);
  s->object = keras__u64(entry + 8);
  return CNN_STOP;
}

static cnn_status node_entries(keras__h5 *file, uint64_t address, search *s) {
  const unsigned char *b = keras__h5_at(file, address, 8);
  uint32_t count = b ? keras__u16(b + 6) : 0;
  if (!b || memcmp(b, "SNOD", 4) != 0 || b[4] != 1 || !(b = keras__h5_at(file, address + 8, (uint64_t)count * 40)))
    return keras__h5_damaged("list of links", address);
  cnn_status status = CNN_OK;
  for (uint32_t i = 0; i < count && status == CNN_OK; i++) {
    status = take_entry(file, b + 40 * i, s);
  }
  return status;
}

/* level: what the node's must be, so that a tree cannot lead into itself; -1: any, for the root. */
static cnn_status tree(keras__h5 *file, uint64_t address, int32_t level, search *s) {
  const unsigned char *b = keras__h5_at(file, address, 24);
  uint32_t count = b ? keras__u16(b + 6) : 0;
  if (!b || memcmp(b, "TREE", 4) != 0 || b[4] != 0 || (level >= 0 && b[5] != level) || b[5] > 16)
    return keras__h5_damaged("tree of links", address);
  level = b[5];
  if (!(b = keras__h5_at(file, address + 24, (uint64_t)count * 16 + 8)))
    return keras__h5_damaged("tree of links", address);
  cnn_status status = keras__h5_step(file);
  for (uint32_t i = 0; i < count && status == CNN_OK; i++) {
    uint64_t child = keras__u64(b + 8 + 16 * i);
    status = level ? tree(file, child, level - 1, s) : node_entries(file, child, s);
  }
  return status;
}

static cnn_status table(keras__h5 *file, const keras__h5_message *m, search *s) {
  if (m->size < 16)
    return keras__h5_damaged("symbol table", KERAS__H5_NOWHERE);
  uint64_t address = keras__u64(m->data + 8);
  const unsigned char *heap = keras__h5_at(file, address, 32);
  if (!heap || memcmp(heap, "HEAP", 4) != 0 || heap[4] != 0)
    return keras__h5_damaged("heap of names", address);
  s->heap_bytes = keras__u64(heap + 8);
  s->heap = keras__u64(heap + 24);
  if (!keras__h5_at(file, s->heap, s->heap_bytes))
    return keras__h5_damaged("heap of names", address);
  return tree(file, keras__u64(m->data), -1, s);
}

/* ---- links as messages [IV.A.2.c, IV.A.2.g] ---- */

static cnn_status links(const keras__h5_message *m) {
  uint32_t at = m->size > 1 && m->data[1] & 1 ? 10 : 2;
  if (m->size < at + 16)
    return keras__h5_damaged("link information", KERAS__H5_NOWHERE);
  return keras__u64(m->data + at) == KERAS__H5_NOWHERE ? CNN_OK : keras__h5_newer("links in a heap of their own");
}

static cnn_status take_link(const keras__h5_message *m, search *s) {
  const unsigned char *b = m->data;
  if (m->size < 2 || b[0] != 1)
    return keras__h5_damaged("link", KERAS__H5_NOWHERE);
  uint32_t flags = b[1], width = 1u << (flags & 3);
  uint32_t at = 2 + (flags & 8 ? 1u : 0) + (flags & 4 ? 8u : 0) + (flags & 16 ? 1u : 0);
  uint32_t kind = flags & 8 && m->size > 2 ? b[2] : 0;
  if (at + width > m->size)
    return keras__h5_damaged("link", KERAS__H5_NOWHERE);
  uint64_t length = keras__h5_number(b + at, (int32_t)width);
  at += width;
  if (length > m->size - at)
    return keras__h5_damaged("link", KERAS__H5_NOWHERE);
  if (!is_wanted(s, (keras__slice){(const char *)b + at, (size_t)length}))
    return CNN_OK;
  if (kind != 0)
    return refused(kind == 1 ? "a soft link" : kind == 64 ? "a link to another file" : "a link of an unknown kind", s->name);
  if (m->size - at - length < 8)
    return keras__h5_damaged("link", KERAS__H5_NOWHERE);
  s->object = keras__u64(b + at + length);
  return CNN_STOP;
}

static cnn_status look(keras__h5 *file, const keras__h5_message *m, void *user) {
  search *s = user;
  if (m->type == KERAS__H5_TABLE || m->type == KERAS__H5_LINKS || m->type == KERAS__H5_LINK)
    s->is_group = 1;
  if (m->flags & 2 && s->is_group)
    return keras__h5_newer("shared messages");
  return m->type == KERAS__H5_TABLE  ? table(file, m, s)
         : m->type == KERAS__H5_LINKS ? links(m)
         : m->type == KERAS__H5_LINK  ? take_link(m, s)
                                      : CNN_OK;
}

/* ---- paths ---- */

cnn_status keras__h5_find(uint64_t *object, keras__h5 *file, uint64_t from, keras__slice path) {
  *object = 0;
  uint64_t here = from;
  for (size_t at = 0; at < path.length;) {
    const char *slash = memchr(path.text + at, '/', path.length - at);
    size_t end = slash ? (size_t)(slash - path.text) : path.length;
    search s = {.name = {path.text + at, end - at}};
    at = end + 1;
    cnn_status status = keras__h5_steps(file, s.name.length);
    if (status == CNN_OK && s.name.length == 0)
      continue;
    if (status == CNN_OK)
      status = keras__h5_messages(file, here, look, &s);
    if (status < 0)
      return status;
    if (status != CNN_STOP)
      return CNN_OK;
    here = s.object;
  }
  *object = here;
  return CNN_OK;
}

cnn_status keras__h5_size(uint64_t *count, keras__h5 *file, uint64_t group) {
  search s = {.nth = UINT64_MAX};
  cnn_status status = keras__h5_messages(file, group, look, &s);
  *count = s.links;
  return status < 0 ? status : CNN_OK;
}

cnn_status keras__h5_link(keras__slice *name, keras__h5 *file, uint64_t group, uint64_t index) {
  search s = {.nth = index};
  cnn_status status = keras__h5_messages(file, group, look, &s);
  *name = s.name;
  return status < 0 ? status : CNN_OK;
}
