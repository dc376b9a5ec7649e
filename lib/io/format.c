/* format: rows are registered and never go; a path's ending names the one that writes, a file's content the one that reads. */
#include "io/format.h"

#include "core/fp.h"
#include "core/memory.h"
#include "core/options.h"
#include "core/registered.h"
#include "core/text.h"
#include "io/json.h"

#include <string.h>
#include <strings.h>

#define LONGEST_ENDING 32
#define OWN "libcnn"
#define OWN_ENDING ".safetensors"

typedef struct row {
  cnn__registered entry; /* first: the registered thing */
  cnn_file_format format;
} row;

static const row *next(const cnn_context *context, const row *after) {
  return (const void *)cnn__registered_next(context, CNN__REGISTERED_FORMAT, after ? &after->entry : NULL);
}

/* ---- endings ---- */

/* One of a list apart by blanks; the list moves behind it. Length 0: there are no more. */
static size_t take_ending(const char **list, const char **ending) {
  *ending = *list + strspn(*list, " ");
  size_t length = strcspn(*ending, " ");
  *list = *ending + length;
  return length;
}

/* Length of the longest ending of the list that fits, 0: none does. */
static size_t fits(const char *list, const char *path) {
  size_t best = 0, length, path_length = strlen(path);
  const char *ending;
  while (list && (length = take_ending(&list, &ending)) > 0)
    if (length > best && length <= path_length && strncasecmp(path + path_length - length, ending, length) == 0)
      best = length;
  return best;
}

static const cnn_file_format *find_ending(const cnn_context *context, const char *path) {
  const cnn_file_format *found = NULL;
  size_t best = 0;
  for (const row *r = next(context, NULL); r; r = next(context, r)) {
    size_t length = fits(r->format.endings, path);
    if (length > best) {
      best = length;
      found = &r->format;
    }
  }
  return found;
}

/* What libcnn's companions know. */
static const struct {
  const char *endings, *call, *library;
} companions[] = {{".h5 .hdf5 .keras", "cnn_keras_register", "libcnn-keras"},
                  {".onnx .tflite .c .npz", "cnn_export_register", "libcnn-export"}};
enum { KERAS, EXPORT, COMPANIONS };

cnn_status cnn__format_by_ending(const cnn_file_format **out, const cnn_context *context, const char *path) {
  const cnn_file_format *found = find_ending(context, path);
  *out = found;
  if (found && !found->save)
    return cnn__fail(CNN_EUNSUPPORTED, "'%s': files of the form '%s' are only read", path, found->name);
  for (int i = 0; i < COMPANIONS && !found; i++)
    if (fits(companions[i].endings, path))
      return cnn__fail(CNN_EUNSUPPORTED, "'%s': files with this ending are written once %s of %s was called for the context", path,
                       companions[i].call, companions[i].library);
  return CNN_OK;
}

const char *cnn_format_name(const cnn_context *context, const char *path) {
  const cnn_file_format *format;
  if (!context || !path) {
    (void)cnn__fail(CNN_EINVAL, "cnn_format_name: %s is NULL", context ? "path" : "context");
    return NULL;
  }
  if (cnn__format_by_ending(&format, context, path) < 0)
    return NULL;
  return format ? format->name : OWN;
}

/* ---- content ---- */

const cnn_file_format *cnn__format_by_content(const cnn_context *context, const void *bytes, size_t count) {
  for (const row *r = next(context, NULL); r; r = next(context, r))
    if (r->format.sniff && r->format.sniff(bytes, count) == 1)
      return &r->format;
  return NULL;
}

static int32_t has(const void *bytes, size_t count, size_t at, const char *mark, size_t length) {
  return at <= count && length <= count - at && memcmp((const char *)bytes + at, mark, length) == 0;
}

/* The mark stands at the beginning, or where a block of the user's before it ends: 512 bytes, 1024, 2048 ... */
static int32_t is_hdf5(const void *bytes, size_t count) {
  static const char mark[] = "\x89HDF\r\n\x1a\n";
  int32_t found = has(bytes, count, 0, mark, 8);
  for (size_t at = 512; !found && at < count && at <= SIZE_MAX / 2; at *= 2)
    found = has(bytes, count, at, mark, 8);
  return found;
}

static cnn_status missing(const char *what, int which) {
  return cnn__fail(CNN_EUNSUPPORTED, "is %s, which is read once %s of %s was called for the context", what,
                   companions[which].call, companions[which].library);
}

/* Its first file, an array, is named behind a head of 30 bytes. */
static int32_t is_npz(const char *bytes, size_t count) {
  const size_t length = count >= 30 ? (size_t)(unsigned char)bytes[26] + (size_t)(unsigned char)bytes[27] * 256 : 0;
  return has(bytes, count, 0, "PK\3\4", 4) && length >= 4 && has(bytes, count, 26 + length, ".npy", 4);
}

cnn_status cnn__format_missing(const void *bytes, size_t count) {
  if (is_npz(bytes, count) || has(bytes, count, 0, "\x93NUMPY", 6))
    return cnn__fail(CNN_EUNSUPPORTED, "holds arrays of NumPy and no model: cnn_npz_load and cnn_npy_load read them, "
                                       "cnn_model_set_weight takes one into a model");
  if (is_hdf5(bytes, count))
    return missing("an HDF5 file", KERAS);
  if (has(bytes, count, 0, "PK\3\4", 4))
    return missing("a zip file, as Keras's .keras is", KERAS);
  if (has(bytes, count, 4, "TFL3", 4))
    return cnn__fail(CNN_EUNSUPPORTED, "is a TensorFlow Lite file, which is written by libcnn-export and not read");
  return CNN_OK;
}

/* ---- what formats do ---- */

static cnn_status settle(const cnn_file_format *format, const char *function, cnn_status status, uint64_t before) {
  char what[CNN__SHOWN_BYTES + 32], shown[CNN__SHOWN_BYTES];
  if (status == CNN_OK)
    return CNN_OK;
  cnn__format(what, sizeof what, "%s of format '%s'", function, cnn__shown(shown, format->name));
  return cnn__returned(status, what, before);
}

cnn_status cnn__format_load(const cnn_file_format *format, cnn_container *out, cnn_context *context, const void *bytes, size_t count,
                            const cnn_container *like) {
  uint64_t before = cnn__fail_count();
  cnn__fp saved = cnn__fp_enter();
  cnn_status status = format->load(out, context, bytes, count, like);
  cnn__fp_leave(saved);
  return settle(format, "load", status, before);
}

cnn_status cnn__format_save(const cnn_file_format *format, const cnn_container *container, cnn_context *context,
                            const cnn_save_opts *options, const cnn_sink *to) {
  uint64_t before = cnn__fail_count();
  cnn__fp saved = cnn__fp_enter();
  cnn_status status = format->save(container, context, options, to);
  cnn__fp_leave(saved);
  return settle(format, "save", status, before);
}

/* ---- registering ---- */

static cnn_status check_endings(const cnn_file_format *format) {
  const char *list = format->endings, *ending;
  size_t length, count = 0;
  for (; list && (length = take_ending(&list, &ending)) > 0; count++) {
    if (length > LONGEST_ENDING || length < 2 || *ending != '.' || memchr(ending, '/', length))
      return cnn__fail(CNN_EINVAL, "format '%s': ending '%.*s' is not '.' and 1 to %d bytes other than '/'", format->name,
                       (int)(length > 64 ? 64 : length), ending, LONGEST_ENDING - 1);
    if (length == strlen(OWN_ENDING) && strncasecmp(ending, OWN_ENDING, length) == 0)
      return cnn__fail(CNN_ENAME, "format '%s': ending '%.*s' is that of libcnn's own form", format->name, (int)length, ending);
  }
  return count || !format->save ? CNN_OK : cnn__fail(CNN_EINVAL, "format '%s': save is given without endings", format->name);
}

/* An ending of the first that the second has too, NULL: they have none in common. */
static const char *shared_ending(const cnn_file_format *a, const cnn_file_format *b, size_t *length) {
  const char *list = a->endings, *ending;
  while (list && (*length = take_ending(&list, &ending)) > 0) {
    char one[LONGEST_ENDING + 1];
    cnn__format(one, sizeof one, "%.*s", (int)*length, ending);
    if (fits(b->endings, one) == *length)
      return ending;
  }
  return NULL;
}

static int32_t clash(const cnn__registered *there, const cnn__registered *entry) {
  size_t length;
  return shared_ending(&((const row *)(const void *)entry)->format, &((const row *)(const void *)there)->format, &length) != NULL;
}

static cnn_status check(const cnn_file_format *format) {
  char shown[CNN__SHOWN_BYTES];
  if (!format->name || !cnn__name_is_fit(format->name))
    return cnn__fail(CNN_EINVAL, "cnn_format_register: name %s%s%s is not 1 to %d bytes of UTF-8 without control characters",
                     format->name ? "'" : "", format->name ? cnn__shown(shown, format->name) : "NULL", format->name ? "'" : "",
                     CNN__FILE_NAME_BYTES);
  if (!format->sniff != !format->load)
    return cnn__fail(CNN_EINVAL, "format '%s': %s is given without %s", format->name, format->sniff ? "sniff" : "load",
                     format->sniff ? "load" : "sniff");
  return format->load || format->save ? CNN_OK : cnn__fail(CNN_EINVAL, "format '%s': neither load nor save is given", format->name);
}

static cnn_status name_taken(const char *name, const char *how) {
  return cnn__fail(CNN_ENAME, "format '%s': the name is %s", name, how);
}

/* What the context has already. */
static cnn_status check_free(const cnn_context *context, const cnn_file_format *format) {
  size_t length = 0;
  if (cnn__registered_find(context, CNN__REGISTERED_FORMAT, format->name))
    return name_taken(format->name, "registered in this context already");
  for (const row *r = next(context, NULL); r; r = next(context, r)) {
    const char *ending = shared_ending(format, &r->format, &length);
    if (ending)
      return cnn__fail(CNN_ENAME, "format '%s': ending '%.*s' is that of format '%s' already", format->name, (int)length, ending,
                       r->format.name);
  }
  return CNN_OK;
}

cnn_status cnn_format_register(cnn_context *context, const cnn_file_format *format) {
  cnn_file_format given;
  if (!context || !format)
    return cnn__fail(CNN_EINVAL, "cnn_format_register: %s is NULL", context ? "format" : "context");
  CNN__TRY(cnn__options(&given, sizeof given, CNN__FIRST(cnn_file_format, save), format, "cnn_file_format"));
  CNN__TRY(check(&given));
  if (strcmp(given.name, OWN) == 0)
    return name_taken(OWN, "that of libcnn's own form");
  CNN__TRY(check_endings(&given));
  CNN__TRY(check_free(context, &given));
  row *made = cnn__alloc_zero(context, sizeof *made, "file format");
  if (!made)
    return CNN_ENOMEM;
  *made = (row){.entry = {.kind = CNN__REGISTERED_FORMAT, .name = given.name}, .format = given};
  if (!cnn__registered_add(context, &made->entry, clash))
    return CNN_OK;
  cnn__free(context, made);
  return check_free(context, &given); /* another thread has since taken what was free */
}
