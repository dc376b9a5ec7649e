/* npy: NumPy's file of one array: magic, version, then a Python dictionary of element type, order and shape as text, then
 * the elements. The dictionary is read by a grammar of exactly these three keys; nothing that it says is believed before
 * the file bears it out. (Format: NumPy Enhancement Proposal 1.) */
#include "data/npy.h"

#include "core/memory.h"
#include "core/text.h"
#include "tensor/tensor_internal.h"

#include <string.h>

#define MOST_HEADER 4096 /* bytes of text; an array of a type that we take needs 128 */

static const struct element {
  const char *descr;
  int32_t type;
} elements[] = {{"|u1", CNN_U8}, {"|b1", CNN_U8}, {"<i4", CNN_I32}, {"<i8", CNN_I64}, {"<f4", CNN_F32}};
#define ELEMENTS (sizeof elements / sizeof elements[0])

typedef struct header {
  char descr[16];
  int32_t fortran_order;
  cnn__shape shape;
  int32_t too_many_axes;
} header;

/* ---- the dictionary; readers return non-zero where it is something else ---- */

static void skip_blanks(const char **at) { *at += strspn(*at, " \n\t"); }

static int32_t take(const char **at, char wanted) {
  skip_blanks(at);
  if (**at != wanted)
    return 1;
  (*at)++;
  return 0;
}

static int32_t take_text(const char **at, char *to, size_t room) {
  skip_blanks(at);
  char quote = **at;
  const char *end = quote == '\'' || quote == '"' ? strchr(*at + 1, quote) : NULL;
  size_t length = end ? (size_t)(end - *at) - 1 : room;
  if (length >= room)
    return 1;
  memcpy(to, *at + 1, length);
  to[length] = 0;
  *at = end + 1;
  return 0;
}

static int32_t take_flag(const char **at, int32_t *out) {
  skip_blanks(at);
  *out = strncmp(*at, "True", 4) == 0;
  if (!*out && strncmp(*at, "False", 5) != 0)
    return 1;
  *at += *out ? 4 : 5;
  return 0;
}

static int32_t take_extent(const char **at, int64_t *out) {
  size_t digits = strspn(*at, "0123456789");
  if (digits == 0 || digits > 18)
    return 1;
  *out = 0;
  for (size_t i = 0; i < digits; i++)
    *out = *out * 10 + ((*at)[i] - '0');
  *at += digits;
  if (**at == 'L') /* as Python 2 wrote them */
    (*at)++;
  return 0;
}

static int32_t take_shape(const char **at, header *h) {
  if (take(at, '('))
    return 1;
  for (int32_t comma = 1;; comma = !take(at, ',')) {
    int64_t extent;
    if (!take(at, ')'))
      return 0;
    if (!comma || take_extent(at, &extent))
      return 1;
    if (h->shape.rank == CNN_MAX_RANK)
      h->too_many_axes = 1;
    else
      h->shape.extent[h->shape.rank++] = extent;
  }
}

static int32_t take_value(const char **at, const char *key, header *h, int32_t *seen) {
  static const char *const keys[] = {"descr", "fortran_order", "shape"};
  int32_t which = 0;
  while (which < 3 && strcmp(key, keys[which]) != 0)
    which++;
  if (which == 3 || *seen >> which & 1)
    return 1;
  *seen |= 1 << which;
  return which == 0 ? take_text(at, h->descr, sizeof h->descr) : which == 1 ? take_flag(at, &h->fortran_order) : take_shape(at, h);
}

static int32_t read_dictionary(const char *text, header *h) {
  char key[16];
  int32_t seen = 0;
  if (take(&text, '{'))
    return 1;
  for (int32_t comma = 1; take(&text, '}'); comma = !take(&text, ','))
    if (!comma || take_text(&text, key, sizeof key) || take(&text, ':') || take_value(&text, key, h, &seen))
      return 1;
  skip_blanks(&text);
  return *text != 0 || seen != 7;
}

/* ---- the file ---- */

static cnn_status read_part(cnn__source *source, void *to, size_t bytes) {
  size_t got;
  CNN__TRY(cnn__source_read(source, to, bytes, &got));
  return got == bytes ? CNN_OK : cnn__fail(CNN_EFORMAT, "npy '%s': ends within its header", source->name);
}

/* *bytes: of all that stands before the elements. */
static cnn_status read_header(cnn__source *source, header *h, int64_t *bytes) {
  unsigned char start[12] = {0};
  char text[MOST_HEADER + 1], shown[64];
  CNN__TRY(read_part(source, start, 8));
  if (memcmp(start, "\x93NUMPY", 6) != 0)
    return cnn__fail(CNN_EFORMAT, "npy '%s': does not begin as a NumPy array file", source->name);
  size_t width = start[6] == 1 ? 2 : 4;
  if (start[6] < 1 || start[6] > 3)
    return cnn__fail(CNN_EUNSUPPORTED, "npy '%s': version %d.%d; versions 1 to 3 are read", source->name, start[6], start[7]);
  CNN__TRY(read_part(source, start + 8, width));
  uint32_t length = (uint32_t)start[8] | (uint32_t)start[9] << 8 | (uint32_t)start[10] << 16 | (uint32_t)start[11] << 24;
  if (length > MOST_HEADER)
    return cnn__fail(CNN_EUNSUPPORTED, "npy '%s': a header of %lu bytes, at most %d are read", source->name,
                     (unsigned long)length, MOST_HEADER);
  CNN__TRY(read_part(source, text, length));
  text[length] = 0;
  if (strlen(text) != length || read_dictionary(text, h)) {
    cnn__clean(shown, sizeof shown, text);
    return cnn__fail(CNN_EFORMAT, "npy '%s': its header is no dictionary of descr, fortran_order and shape: '%s'",
                     source->name, shown);
  }
  *bytes = 8 + (int64_t)width + (int64_t)length;
  return CNN_OK;
}

static cnn_status check_header(const cnn__source *source, const header *h, int32_t *type, int64_t *bytes) {
  char text[160];
  *type = 0;
  for (size_t i = 0; i < ELEMENTS; i++)
    if (strcmp(elements[i].descr, h->descr) == 0)
      *type = elements[i].type;
  if (!*type) {
    cnn__clean(text, sizeof text, h->descr);
    return cnn__fail(CNN_EUNSUPPORTED,
                     "npy '%s': elements are '%s'; tensors are uint8, int32, int64 or float32: convert with astype",
                     source->name, text);
  }
  if (h->too_many_axes)
    return cnn__fail(CNN_EUNSUPPORTED, "npy '%s': more than %d axes", source->name, CNN_MAX_RANK);
  if (h->fortran_order && h->shape.rank > 1)
    return cnn__fail(CNN_EUNSUPPORTED, "npy '%s': the array is in Fortran order: save numpy.ascontiguousarray of it",
                     source->name);
  int64_t count = cnn__shape_count(&h->shape);
  if (count < 0 || cnn__mul(count, (int64_t)cnn_type_size(*type), bytes))
    return cnn__fail(CNN_EFORMAT, "npy '%s': shape %s is more than any file holds", source->name,
                     cnn__shape_text(text, &h->shape, 0));
  return CNN_OK;
}

/* Little-endian elements of `width` bytes to the machine's order, in place. */
static void to_host(void *data, int64_t bytes, size_t width) {
  const uint16_t one = 1;
  unsigned char *element = data, first;
  memcpy(&first, &one, 1);
  for (int64_t at = 0; !first && at < bytes; at += (int64_t)width)
    for (size_t i = 0; i < width / 2; i++) {
      unsigned char swapped = element[at + (int64_t)i];
      element[at + (int64_t)i] = element[at + (int64_t)(width - 1 - i)];
      element[at + (int64_t)(width - 1 - i)] = swapped;
    }
}

cnn_status cnn__npy_read(cnn_tensor **out, cnn__source *source) {
  header h = {0};
  int64_t before, bytes;
  int32_t type;
  void *data;
  CNN__TRY(read_header(source, &h, &before));
  CNN__TRY(check_header(source, &h, &type, &bytes));
  CNN__TRY(cnn__source_read_rest(&data, source, before, bytes, "npy"));
  to_host(data, bytes, cnn_type_size(type));
  cnn_status status = cnn_tensor_new(out, source->context, type, h.shape.rank, h.shape.extent, cnn_tensor_opts(.data = data));
  if (status < 0)
    cnn__free(source->context, data);
  else
    (*out)->owns_data = 1;
  return status;
}

cnn_status cnn_npy_load(cnn_tensor **out, cnn_context *context, const char *path) {
  cnn__source source;
  if (!out || !context || !path)
    return cnn__fail(CNN_EINVAL, "npy: out, context or path is NULL");
  *out = NULL;
  CNN__TRY(cnn__source_open(&source, context, path));
  cnn_status status = cnn__npy_read(out, &source);
  cnn__source_close(&source);
  return status;
}
