/* toy_format: after the mark lines "note KEY LENGTH" and "tensor NAME TYPE RANK EXTENT ...", each followed by its bytes and a newline:
 * a note's as they are, a tensor's in hexadecimal. */
#include "toy_format.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

typedef struct reader {
  const char *at, *end;
} reader;

/* The line without its newline, of at most 511 bytes. Non-zero: there is none. */
static int take_line(reader *r, char line[512]) {
  const char *stop = memchr(r->at, '\n', (size_t)(r->end - r->at));
  if (!stop || stop - r->at > 511)
    return -1;
  memcpy(line, r->at, (size_t)(stop - r->at));
  line[stop - r->at] = 0;
  r->at = stop + 1;
  return 0;
}

/* `count` bytes and a newline. NULL: they are not there. */
static const char *take_bytes(reader *r, size_t count) {
  const char *from = r->at;
  if ((size_t)(r->end - from) <= count || from[count] != '\n')
    return NULL;
  r->at += count + 1;
  return from;
}

static cnn_status read_note(cnn_container *out, reader *r, const char *line) {
  char key[400], *text;
  size_t count;
  if (sscanf(line, "note %399s %zu", key, &count) != 2)
    return cnn_error_set(CNN_EFORMAT, "toy: '%s' is no note", line);
  const char *bytes = take_bytes(r, count);
  if (!bytes)
    return cnn_error_set(CNN_EFORMAT, "toy: note '%s' is cut off", key);
  text = strndup(bytes, count);
  cnn_status status = cnn_container_set_note(out, key, text);
  free(text);
  return status;
}

static cnn_status read_values(cnn_tensor *value, reader *r, const char *name) {
  unsigned char *data = cnn_tensor_data(value);
  size_t count = cnn_tensor_bytes(value);
  const char *text = take_bytes(r, 2 * count);
  if (!text)
    return cnn_error_set(CNN_EFORMAT, "toy: tensor '%s' is cut off", name);
  for (size_t i = 0; i < count; i++) {
    unsigned byte;
    if (sscanf(text + 2 * i, "%2x", &byte) != 1)
      return cnn_error_set(CNN_EFORMAT, "toy: tensor '%s' has no byte %zu", name, i);
    data[i] = (unsigned char)byte;
  }
  return CNN_OK;
}

/* The name that the tensor of this place has where only the order is known. */
static const char *name_of(const cnn_container *like, const char *name) {
  int index;
  const char *known = like && sscanf(name, "weight/%d", &index) == 1 ? cnn_container_tensor_name(like, index) : NULL;
  return known ? known : name;
}

static cnn_status read_tensor(cnn_container *out, cnn_context *context, reader *r, const char *line, const cnn_container *like) {
  char name[400];
  int type, rank, used;
  long long shape[CNN_MAX_RANK];
  int64_t extents[CNN_MAX_RANK];
  cnn_tensor *value;
  if (sscanf(line, "tensor %399s %d %d%n", name, &type, &rank, &used) != 3 || rank < 0 || rank > CNN_MAX_RANK)
    return cnn_error_set(CNN_EFORMAT, "toy: '%s' is no tensor", line);
  for (int i = 0; i < rank; i++) {
    int more;
    if (sscanf(line + used, " %lld%n", &shape[i], &more) != 1 || shape[i] > r->end - r->at)
      return cnn_error_set(CNN_EFORMAT, "toy: tensor '%s' has no extent %d that the file could hold", name, i);
    extents[i] = shape[i];
    used += more;
  }
  cnn_status status = cnn_tensor_new(&value, context, type, rank, extents, NULL);
  if (status < 0)
    return status;
  status = read_values(value, r, name);
  if (status == CNN_OK)
    status = cnn_container_set_tensor(out, name_of(like, name), value);
  cnn_tensor_free(value);
  return status;
}

static cnn_status load(cnn_container *out, cnn_context *context, const void *bytes, size_t count, const cnn_container *like) {
  reader r = {(const char *)bytes + strlen(TOY_MARK), (const char *)bytes + count};
  char line[512];
  cnn_status status = CNN_OK;
  while (status == CNN_OK && r.at < r.end) {
    if (take_line(&r, line))
      return cnn_error_set(CNN_EFORMAT, "toy: a line without end");
    status = strncmp(line, "note ", 5) == 0 ? read_note(out, &r, line) : read_tensor(out, context, &r, line, like);
  }
  return status;
}

static int32_t sniff(const void *bytes, size_t count) {
  return count >= strlen(TOY_MARK) && memcmp(bytes, TOY_MARK, strlen(TOY_MARK)) == 0;
}

/* ---- writing ---- */

static void write_notes(const cnn_container *container, const cnn_sink *to) {
  char line[512];
  for (int32_t i = 0; i < cnn_container_note_count(container); i++) {
    const char *key = cnn_container_note_key(container, i), *text = cnn_container_note(container, key);
    to->write(to->user, line, (size_t)snprintf(line, sizeof line, "note %s %zu\n", key, strlen(text)));
    to->write(to->user, text, strlen(text));
    to->write(to->user, "\n", 1);
  }
}

static void write_tensor(const char *name, const cnn_tensor *value, const cnn_sink *to) {
  char line[512];
  const unsigned char *data = cnn_tensor_read(value);
  int used = snprintf(line, sizeof line, "tensor %s %d %d", name, (int)cnn_tensor_type(value), (int)cnn_tensor_rank(value));
  for (int32_t i = 0; i < cnn_tensor_rank(value); i++)
    used += snprintf(line + used, sizeof line - (size_t)used, " %lld", (long long)cnn_tensor_shape(value)[i]);
  to->write(to->user, line, (size_t)used);
  to->write(to->user, "\n", 1);
  for (size_t i = 0; i < cnn_tensor_bytes(value); i++)
    to->write(to->user, line, (size_t)snprintf(line, sizeof line, "%02x", data[i]));
  to->write(to->user, "\n", 1);
}

static cnn_status save(const cnn_container *container, cnn_context *context, const cnn_save_opts *options, const cnn_sink *to) {
  (void)context;
  to->write(to->user, TOY_MARK, strlen(TOY_MARK));
  if (!options->weights_only)
    write_notes(container, to);
  for (int32_t i = 0; i < cnn_container_tensor_count(container); i++) {
    char place[32];
    const char *name = cnn_container_tensor_name(container, i);
    snprintf(place, sizeof place, "weight/%d", (int)i);
    write_tensor(options->weights_only ? place : name, cnn_container_tensor(container, name), to);
  }
  return CNN_OK;
}

const cnn_file_format toy_format = {
    .size = sizeof toy_format, .name = "toy", .endings = ".toy .weights.toy", .sniff = sniff, .load = load, .save = save};

void toy_register(cnn_context *context, const char *name, const char *endings) {
  cnn_file_format format = toy_format;
  format.name = name;
  format.endings = endings;
  ck_assert_int_eq(cnn_format_register(context, &format), CNN_OK);
}
