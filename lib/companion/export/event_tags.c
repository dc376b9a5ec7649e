/* event_tags: reading the event files of a run that goes on, to know what it has written already. What they hold is taken as hostile:
 * no length is believed before the file has shown to be as long. */
#include "companion/export/crc32c.h"
#include "companion/export/event_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PREFIX "events.out.tfevents."

void cnn__event_tags_free(cnn__event_tags *tags) {
  for (size_t i = 0; i < tags->count; i++)
    free(tags->list[i].name);
  free(tags->list);
  *tags = (cnn__event_tags){0};
}

static cnn__event_tag *find(const cnn__event_tags *tags, const char *name) {
  for (size_t i = 0; i < tags->count; i++)
    if (!strcmp(tags->list[i].name, name))
      return &tags->list[i];
  return NULL;
}

int32_t cnn__event_tags_have(const cnn__event_tags *tags, const char *name, int64_t step) {
  const cnn__event_tag *tag = find(tags, name);
  return tag && step <= tag->step;
}

static cnn_status no_memory(void) { return cnn_error_set(CNN_ENOMEM, "tensorboard: no memory to read earlier event files"); }

static cnn_status add(cnn__event_tags *tags, const char *name, int64_t step) {
  cnn__event_tag *tag = find(tags, name);
  if (tag) {
    tag->step = step > tag->step ? step : tag->step;
    return CNN_OK;
  }
  if (tags->count == tags->capacity) {
    const size_t capacity = tags->capacity * 2 + 16;
    cnn__event_tag *list = realloc(tags->list, capacity * sizeof *list);
    if (!list)
      return no_memory();
    tags->list = list;
    tags->capacity = capacity;
  }
  char *copy = strdup(name);
  if (!copy)
    return no_memory();
  tags->list[tags->count++] = (cnn__event_tag){copy, step};
  return CNN_OK;
}

static uint64_t number(const unsigned char *at, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; i++)
    value |= (uint64_t)at[i] << 8 * i;
  return value;
}

/* The next whole record, to be freed by protobuf-c; NULL in *out where there is none or it is damaged. */
static cnn_status next_event(FILE *file, int64_t *left, Cnn__Events__Event **out) {
  unsigned char head[12], tail[4];
  *out = NULL;
  if (*left < 16 || fread(head, 1, sizeof head, file) != sizeof head || number(head + 8, 4) != cnn__crc32c_masked(head, 8))
    return CNN_OK;
  const uint64_t length = number(head, 8);
  if (length > (uint64_t)*left - 16)
    return CNN_OK;
  unsigned char *bytes = malloc((size_t)length + 1);
  if (!bytes)
    return no_memory();
  if (fread(bytes, 1, (size_t)length, file) == length && fread(tail, 1, sizeof tail, file) == sizeof tail &&
      number(tail, 4) == cnn__crc32c_masked(bytes, (size_t)length))
    *out = cnn__events__event__unpack(NULL, (size_t)length, bytes);
  free(bytes);
  *left -= (int64_t)length + 16;
  return CNN_OK;
}

static int32_t is_of(const Cnn__Events__Event *event, const char *writer) {
  return event->source_metadata && !strcmp(event->source_metadata->writer, writer) &&
         !strcmp(event->file_version, CNN__EVENT_FILE_VERSION);
}

static cnn_status add_event(cnn__event_tags *tags, const Cnn__Events__Event *event) {
  cnn_status status = CNN_OK;
  for (size_t i = 0; event->summary && i < event->summary->n_value && status == CNN_OK; i++)
    status = add(tags, event->summary->value[i]->tag, event->step);
  return status;
}

static cnn_status read_events(cnn__event_tags *tags, FILE *file, int64_t bytes, const char *writer, int32_t *ours) {
  Cnn__Events__Event *event = NULL;
  cnn_status status = next_event(file, &bytes, &event);
  *ours = event && is_of(event, writer);
  while (*ours && event && status == CNN_OK) {
    status = add_event(tags, event);
    cnn__events__event__free_unpacked(event, NULL);
    event = NULL;
    if (status == CNN_OK)
      status = next_event(file, &bytes, &event);
  }
  if (event)
    cnn__events__event__free_unpacked(event, NULL);
  return status;
}

static cnn_status read_file(cnn__event_tags *tags, const char *folder, const char *name, const char *writer) {
  char path[4608];
  struct stat about;
  int32_t ours = 0;
  cnn_format(path, sizeof path, "%s/%s", folder, name);
  if (stat(path, &about) < 0 || !S_ISREG(about.st_mode))
    return CNN_OK;
  FILE *file = fopen(path, "rbe");
  if (!file)
    return cnn_error_set(CNN_EIO, "tensorboard: '%s': cannot read what the run has written before: %s", path, cnn__event_errno(errno));
  cnn_status status = read_events(tags, file, about.st_size, writer, &ours);
  fclose(file);
  const int64_t seconds = strtoll(name + strlen(PREFIX), NULL, 10);
  if (ours && seconds > tags->newest && seconds < 100000000000)
    tags->newest = seconds;
  return status;
}

cnn_status cnn__event_tags_read(cnn__event_tags *tags, const char *folder, const char *writer) {
  DIR *list = opendir(folder);
  if (!list && errno == ENOENT)
    return CNN_OK;
  if (!list)
    return cnn_error_set(CNN_EIO, "tensorboard: '%s': cannot look for what the run has written before: %s", folder,
                         cnn__event_errno(errno));
  cnn_status status = CNN_OK;
  for (const struct dirent *entry = readdir(list); entry && status == CNN_OK; entry = readdir(list))
    if (!strncmp(entry->d_name, PREFIX, strlen(PREFIX)))
      status = read_file(tags, folder, entry->d_name, writer);
  closedir(list);
  return status;
}
