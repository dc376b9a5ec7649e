/* h5_chunk: data sets that are cut into chunks, which may be compressed by deflate after their bytes were sorted by shuffle. How much they
 * unpack to is known before anything is allocated: deflate makes at most 1,032 bytes of one. */
#include "companion/keras/h5.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { DEFLATE = 1, SHUFFLE = 2, MOST_FILTERS = 2, MOST_RATIO = 1032 };

typedef struct chunks {
  keras__h5 *file;
  const keras__h5_space *space;
  const char *what;
  uint32_t element;                 /* bytes of one */
  uint64_t extent[CNN_MAX_RANK];    /* of a chunk */
  uint64_t chunk_bytes, stored, found;
  int32_t filters[MOST_FILTERS], filter_count;
  unsigned char *out, *chunk, *sorted; /* NULL while chunks are counted */
} chunks;

/* ---- the pipeline of filters [IV.A.2.l] ---- */

static cnn_status read_filters(chunks *c, const keras__h5_message *m) {
  uint32_t at = m->size > 0 && m->data[0] == 1 ? 8 : 2, count = m->size > 1 ? m->data[1] : 0;
  if (m->size < at || m->data[0] < 1 || m->data[0] > 2 || count > MOST_FILTERS)
    return cnn_error_set(CNN_EUNSUPPORTED, "'%s' goes through %u filters; deflate and shuffle alone are known", c->what, count);
  for (uint32_t i = 0; i < count; i++) {
    if (m->size < at + 8)
      return keras__h5_damaged("list of filters", KERAS__H5_NOWHERE);
    uint32_t id = keras__u16(m->data + at);
    int32_t named = m->data[0] == 1 || id >= 256;
    uint32_t name = named ? (keras__u16(m->data + at + 2) + 7) & ~7u : 0, values = keras__u16(m->data + at + (named ? 6 : 4));
    if (id != DEFLATE && id != SHUFFLE)
      return cnn_error_set(CNN_EUNSUPPORTED, "'%s' is packed by filter %u; deflate and shuffle alone are known", c->what, id);
    c->filters[c->filter_count++] = (int32_t)id;
    at += (named ? 8 : 6) + name + 4 * values + (m->data[0] == 1 && values & 1 ? 4 : 0);
  }
  return CNN_OK;
}

static cnn_status inflate_chunk(chunks *c, unsigned char *to, const unsigned char *from, uint64_t stored) {
  uLongf length = (uLongf)c->chunk_bytes;
  if (uncompress(to, &length, from, (uLong)stored) != Z_OK || length != c->chunk_bytes)
    return cnn_error_set(CNN_EFORMAT, "'%s': compressed data are damaged", c->what);
  return CNN_OK;
}

/* Shuffle keeps first bytes of all elements, then second bytes, ... */
static void unsort(unsigned char *to, const unsigned char *from, uint64_t bytes, uint32_t element) {
  uint64_t count = bytes / element;
  for (uint64_t i = 0; i < count; i++)
    for (uint32_t b = 0; b < element; b++)
      to[i * element + b] = from[b * count + i];
}

/* A chunk's bytes as they were before the filters, undone from the last to the first; mask: those that were left out. */
static cnn_status unpack(const unsigned char **bytes, chunks *c, const unsigned char *stored, uint64_t size, uint32_t mask) {
  const unsigned char *now = stored;
  for (int32_t i = c->filter_count; i-- > 0;) {
    if (mask >> i & 1)
      continue;
    unsigned char *to = now == c->chunk ? c->sorted : c->chunk;
    if (c->filters[i] == DEFLATE) {
      cnn_status status = inflate_chunk(c, to, now, now == stored ? size : c->chunk_bytes);
      if (status < 0)
        return status;
    } else {
      if (now == stored && size != c->chunk_bytes)
        return cnn_error_set(CNN_EFORMAT, "'%s': a chunk has %llu bytes instead of %llu", c->what, (unsigned long long)size, (unsigned long long)c->chunk_bytes);
      unsort(to, now, c->chunk_bytes, c->element);
    }
    now = to;
  }
  if (now == stored && size != c->chunk_bytes)
    return cnn_error_set(CNN_EFORMAT, "'%s': a chunk has %llu bytes instead of %llu", c->what, (unsigned long long)size, (unsigned long long)c->chunk_bytes);
  *bytes = now;
  return CNN_OK;
}

/* ---- the tree of chunks [III.A.1] ---- */

/* Rows of a chunk that are within the array, to their places. */
static void place(chunks *c, const unsigned char *bytes, const uint64_t *offset) {
  int32_t last = c->space->rank - 1;
  uint64_t row[CNN_MAX_RANK] = {0}, width = c->extent[last], have = (uint64_t)c->space->extent[last] - offset[last];
  size_t copied = (size_t)((width < have ? width : have) * c->element);
  for (;;) {
    uint64_t from = 0, to = 0;
    for (int32_t i = 0; i <= last; i++) {
      from = from * c->extent[i] + row[i];
      to = to * (uint64_t)c->space->extent[i] + offset[i] + row[i];
    }
    memcpy(c->out + to * c->element, bytes + from * c->element, copied);
    int32_t axis = last;
    while (--axis >= 0 && (++row[axis] == c->extent[axis] || offset[axis] + row[axis] == (uint64_t)c->space->extent[axis]))
      row[axis] = 0;
    if (axis < 0)
      return;
  }
}

static cnn_status take_chunk(chunks *c, const unsigned char *key, uint64_t address) {
  uint64_t offset[CNN_MAX_RANK], size = keras__u32(key);
  for (int32_t i = 0; i < c->space->rank; i++) {
    offset[i] = keras__u64(key + 8 + 8 * i);
    if (offset[i] >= (uint64_t)c->space->extent[i] || offset[i] % c->extent[i])
      return keras__h5_damaged("chunk", address);
  }
  const unsigned char *stored = keras__h5_at(c->file, address, size), *bytes = NULL;
  if (!stored)
    return keras__h5_damaged("chunk", address);
  c->found++;
  c->stored += size;
  if (!c->out)
    return CNN_OK;
  cnn_status status = unpack(&bytes, c, stored, size, keras__u32(key + 4));
  if (status == CNN_OK)
    place(c, bytes, offset);
  return status;
}

static cnn_status tree(chunks *c, uint64_t address, int32_t level) {
  const unsigned char *b = keras__h5_at(c->file, address, 24);
  uint32_t count = b ? keras__u16(b + 6) : 0, key = 8 + 8 * ((uint32_t)c->space->rank + 1);
  if (!b || memcmp(b, "TREE", 4) != 0 || b[4] != 1 || (level >= 0 && b[5] != level) || b[5] > 16)
    return keras__h5_damaged("tree of chunks", address);
  level = b[5];
  if (!(b = keras__h5_at(c->file, address + 24, (uint64_t)count * (key + 8) + key)))
    return keras__h5_damaged("tree of chunks", address);
  cnn_status status = CNN_OK;
  for (uint32_t i = 0; i < count && status == CNN_OK; i++) {
    const unsigned char *entry = b + (size_t)i * (key + 8);
    status = keras__h5_step(c->file);
    if (status == CNN_OK)
      status = level ? tree(c, keras__u64(entry + key), level - 1) : take_chunk(c, entry, keras__u64(entry + key));
  }
  return status;
}

/* ---- all of it ---- */

static cnn_status read_layout(chunks *c, uint64_t *address, uint64_t *wanted, const keras__h5_message *m) {
  int32_t rank = c->space->rank;
  if (m->size < 3 || rank < 1 || m->data[2] != rank + 1 || m->size < 11 + 4 * (uint32_t)m->data[2] ||
      keras__u32(m->data + 11 + 4 * rank) != c->element)
    return keras__h5_damaged("layout of chunks", KERAS__H5_NOWHERE);
  *address = keras__u64(m->data + 3);
  *wanted = 1;
  c->chunk_bytes = c->element;
  for (int32_t i = 0; i < rank; i++) {
    uint64_t have = (uint64_t)c->space->extent[i], extent = keras__u32(m->data + 11 + 4 * i);
    if (extent == 0 || c->chunk_bytes > UINT32_MAX / extent)
      return keras__h5_damaged("layout of chunks", KERAS__H5_NOWHERE);
    c->extent[i] = extent;
    c->chunk_bytes *= extent;
    *wanted *= have / extent + (have % extent != 0);
  }
  return CNN_OK;
}

/* Counted first, so that what is to be allocated stands against what the file holds. */
static cnn_status count_chunks(chunks *c, uint64_t address, uint64_t wanted) {
  cnn_status status = tree(c, address, -1);
  if (status < 0)
    return status;
  uint64_t bytes = c->space->count * c->element, unpacked;
  if (c->found != wanted)
    return cnn_error_set(CNN_EFORMAT, "'%s' has %llu of its %llu chunks", c->what, (unsigned long long)c->found, (unsigned long long)wanted);
  /* Chunks may reach far beyond the array: that is work for nothing, which is taken from what the file is given. */
  if (__builtin_mul_overflow(wanted, c->chunk_bytes, &unpacked) || unpacked - bytes > c->file->left)
    return cnn_error_set(CNN_EFORMAT, "'%s' has %llu chunks of %llu bytes for %llu bytes of data", c->what, (unsigned long long)wanted,
                         (unsigned long long)c->chunk_bytes, (unsigned long long)bytes);
  c->file->left -= unpacked - bytes;
  if (bytes / MOST_RATIO > c->stored || c->chunk_bytes / MOST_RATIO > c->stored || bytes > c->file->left || c->chunk_bytes > c->file->left)
    return cnn_error_set(CNN_EFORMAT, "'%s' would unpack %llu bytes to %llu, more than is allowed", c->what,
                         (unsigned long long)c->stored, (unsigned long long)(bytes > c->chunk_bytes ? bytes : c->chunk_bytes));
  return CNN_OK;
}

cnn_status keras__h5_chunks(unsigned char **out, keras__h5 *file, const keras__h5_space *space, uint32_t element,
                            const keras__h5_message *layout, const keras__h5_message *filters, const char *what) {
  chunks c = {.file = file, .space = space, .what = what, .element = element};
  uint64_t address = 0, wanted = 0;
  cnn_status status = filters ? read_filters(&c, filters) : CNN_OK;
  if (status == CNN_OK)
    status = read_layout(&c, &address, &wanted, layout);
  if (status == CNN_OK)
    status = count_chunks(&c, address, wanted);
  if (status < 0)
    return status;
  c.out = calloc(1, (size_t)(space->count * element));
  c.chunk = malloc((size_t)c.chunk_bytes);
  c.sorted = malloc((size_t)c.chunk_bytes);
  c.found = c.stored = 0;
  status = c.out && c.chunk && c.sorted ? tree(&c, address, -1) : cnn_error_set(CNN_ENOMEM, "no memory for '%s'", what);
  free(c.chunk);
  free(c.sorted);
  if (status < 0)
    free(c.out);
  else
    *out = c.out;
  return status;
}
