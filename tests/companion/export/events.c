/* events: see events.h. */
#include "events.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t events_crc(const unsigned char *bytes, size_t count) {
  uint32_t crc = 0xffffffffu;
  for (size_t i = 0; i < count; i++) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; bit++)
      crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
  }
  return ~crc;
}

static uint64_t little(const unsigned char *at, size_t bytes) {
  uint64_t value = 0;
  while (bytes--)
    value = value << 8 | at[bytes];
  return value;
}

static void check_sum(const unsigned char *bytes, size_t count, const unsigned char *at) {
  const uint32_t turned = (uint32_t)little(at, 4) - 0xa282ead8u;
  ck_assert_uint_eq(turned >> 17 | turned << 15, events_crc(bytes, count));
}

/* ---- protobuf's wire form ---- */

typedef struct field {
  int number;
  uint64_t value;           /* of numbers */
  const unsigned char *at;  /* of what has a length */
  size_t bytes;
} field;

static uint64_t varint(const unsigned char **at, const unsigned char *end) {
  uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    ck_assert(*at < end && shift < 64);
    value |= (uint64_t)(**at & 0x7f) << shift;
    if (!(*(*at)++ & 0x80))
      return value;
  }
}

/* The next field of a message, which it is taken out of; 0: there is none. */
static int next_field(field *f, field *message) {
  const unsigned char *end = message->at + message->bytes;
  if (!message->bytes)
    return 0;
  const uint64_t key = varint(&message->at, end);
  *f = (field){.number = (int)(key >> 3)};
  const int kind = (int)(key & 7);
  ck_assert_msg(kind <= 2 || kind == 5, "wire type %d", kind);
  if (kind == 0) {
    f->value = varint(&message->at, end);
  } else {
    f->bytes = kind == 2 ? varint(&message->at, end) : kind == 1 ? 8 : 4;
    ck_assert_uint_le(f->bytes, (size_t)(end - message->at));
    f->at = message->at;
    f->value = kind == 2 ? 0 : little(f->at, f->bytes);
    message->at += f->bytes;
  }
  message->bytes = (size_t)(end - message->at);
  return 1;
}

static void text(char *out, size_t room, const field *f) {
  ck_assert_uint_lt(f->bytes, room);
  memcpy(out, f->at, f->bytes);
  out[f->bytes] = 0;
}

static void read_shape(event *e, field shape) {
  field dim, size;
  while (next_field(&dim, &shape)) {
    ck_assert_int_eq(dim.number, 2);
    ck_assert_int_lt(e->rank, 4);
    e->shape[e->rank] = 0;
    while (next_field(&size, &dim)) {
      ck_assert_int_eq(size.number, 1);
      e->shape[e->rank] = (int64_t)size.value;
    }
    e->rank++;
  }
}

static void read_tensor(event *e, field tensor) {
  field f;
  int shapes = 0;
  while (next_field(&f, &tensor)) {
    if (f.number == 1) {
      e->type = (int32_t)f.value;
    } else if (f.number == 2) {
      read_shape(e, f);
      shapes++;
    } else if (f.number == 4) {
      e->numbers = f.at;
      e->number_bytes = f.bytes;
    } else {
      ck_assert_int_eq(f.number, 8);
      ck_assert_int_lt(e->string_count, 16);
      e->strings[e->string_count] = f.at;
      e->string_bytes[e->string_count++] = f.bytes;
    }
  }
  ck_assert_int_eq(shapes, 1); /* also a scalar has one, which is empty */
}

static void read_metadata(event *e, field metadata) {
  field plugin, f;
  while (next_field(&plugin, &metadata)) {
    ck_assert_int_eq(plugin.number, 1);
    while (next_field(&f, &plugin)) {
      if (f.number == 1)
        text(e->plugin, sizeof e->plugin, &f);
      else
        text(e->content, sizeof e->content, &f);
    }
  }
}

static void read_value(event *e, field summary) {
  field value, f;
  int values = 0;
  while (next_field(&value, &summary)) {
    ck_assert_int_eq(value.number, 1);
    values++;
    while (next_field(&f, &value)) {
      if (f.number == 1)
        text(e->tag, sizeof e->tag, &f);
      else if (f.number == 8)
        read_tensor(e, f);
      else if (f.number == 9)
        read_metadata(e, f);
      else
        ck_abort_msg("a value with field %d", f.number);
    }
  }
  ck_assert_int_eq(values, 1);
}

static event read_event(const unsigned char *bytes, size_t count) {
  event e = {0};
  field f, writer;
  field whole = {.at = bytes, .bytes = count};
  while (next_field(&f, &whole)) {
    if (f.number == 1)
      memcpy(&e.wall_time, &f.value, 8);
    else if (f.number == 2)
      e.step = (int64_t)f.value;
    else if (f.number == 3)
      text(e.version, sizeof e.version, &f);
    else if (f.number == 5)
      read_value(&e, f);
    else if (f.number == 10)
      while (next_field(&writer, &f))
        text(e.writer, sizeof e.writer, &writer);
    else
      ck_abort_msg("an event with field %d", f.number);
  }
  return e;
}

/* ---- files ---- */

static unsigned char *read_file(const char *path, size_t *count) {
  FILE *file = fopen(path, "rb");
  ck_assert_msg(file != NULL, "%s cannot be read", path);
  ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
  *count = (size_t)ftell(file);
  rewind(file);
  unsigned char *bytes = malloc(*count + 1);
  ck_assert_uint_eq(fread(bytes, 1, *count, file), *count);
  fclose(file);
  return bytes;
}

void events_add(events *all, const char *path) {
  size_t count;
  unsigned char *bytes = read_file(path, &count), *at = bytes;
  ck_assert_int_lt(all->file_count, 64);
  all->files[all->file_count++] = bytes;
  while (count >= 16 && little(at, 8) <= count - 16) {
    const size_t length = (size_t)little(at, 8);
    check_sum(at, 8, at + 8);
    check_sum(at + 12, length, at + 12 + length);
    all->list = realloc(all->list, (all->count + 1) * sizeof *all->list);
    all->list[all->count] = read_event(at + 12, length);
    ck_assert_str_eq(all->list[all->count++].version, at == bytes ? "brain.Event:2" : "");
    at += length + 16;
    count -= length + 16;
  }
  all->torn += count;
}

static int is_event_file(const struct dirent *entry) { return strncmp(entry->d_name, "events.out.tfevents.", 20) == 0; }

void events_of(events *all, const char *folder) {
  struct dirent **entries;
  const int count = scandir(folder, &entries, is_event_file, alphasort);
  for (int i = 0; i < count; i++) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
    const size_t length = strlen(path);
    ck_assert_str_eq(path + length - 3, ".v2");
    events_add(all, path);
    free(entries[i]);
  }
  if (count >= 0)
    free(entries);
}

void events_free(events *all) {
  for (int i = 0; i < all->file_count; i++)
    free(all->files[i]);
  free(all->list);
  *all = (events){0};
}

double events_scalar(const event *e) {
  float value;
  ck_assert_str_eq(e->plugin, "scalars");
  ck_assert(e->type == 1 && e->rank == 0 && e->number_bytes == 4);
  const uint32_t bits = (uint32_t)little(e->numbers, 4);
  memcpy(&value, &bits, 4);
  return (double)value;
}

double events_double(const event *e, size_t index) {
  double value;
  ck_assert(e->type == 2 && 8 * (index + 1) <= e->number_bytes);
  const uint64_t bits = little(e->numbers + 8 * index, 8);
  memcpy(&value, &bits, 8);
  return value;
}

const event *events_find(const events *all, const char *tag, int64_t step) {
  const event *found = NULL;
  for (size_t i = 0; i < all->count; i++) {
    const event *e = &all->list[i];
    if (strcmp(e->tag, tag) != 0 || e->step != step)
      continue;
    ck_assert_msg(!found, "%s at step %d stands there twice", tag, (int)step);
    found = e;
  }
  return found;
}
