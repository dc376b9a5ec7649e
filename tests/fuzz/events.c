/* events: TensorBoard's event files of a run that goes on, with the checksums of their records as they are and made right. */
#include "fuzz.h"

#include "companion/export/crc32c.h"
#include "companion/export/event_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAME = 16, HEAD = 12 };

#define WRITER "libcnn tensorboard, run 1" /* of the corpus */

static uint64_t length_at(const uint8_t *at) {
  uint64_t value = 0;
  for (int i = 7; i >= 0; i--)
    value = value << 8 | at[i];
  return value;
}

static void put_sum(uint8_t *at, uint32_t sum) {
  for (int i = 0; i < 4; i++)
    at[i] = (uint8_t)(sum >> 8 * i);
}

/* Up to the first record that is longer than what is left. Valid until the next call. */
static const uint8_t *mended(const uint8_t *data, size_t bytes) {
  static uint8_t copy[FUZZ_MOST_BYTES];
  if (bytes > sizeof copy)
    return data;
  memcpy(copy, data, bytes);
  for (uint8_t *at = copy; (size_t)(copy + bytes - at) >= FRAME;) {
    const uint64_t length = length_at(at);
    if (length > (size_t)(copy + bytes - at) - FRAME)
      break;
    put_sum(at + 8, cnn__crc32c_masked(at, 8));
    put_sum(at + HEAD + length, cnn__crc32c_masked(at + HEAD, (size_t)length));
    at += FRAME + length;
  }
  return copy;
}

/* Every tag is listed once, and known at its largest step. */
static void look(const cnn__event_tags *tags) {
  for (size_t i = 0; i < tags->count; i++) {
    const cnn__event_tag *tag = &tags->list[i];
    if (!cnn__event_tags_have(tags, tag->name, tag->step) ||
        (tag->step < INT64_MAX && cnn__event_tags_have(tags, tag->name, tag->step + 1)))
      abort();
  }
}

static void read_events(const uint8_t *data, size_t bytes) {
  char folder[128], name[192];
  const char *path = fuzz_file(data, bytes);
  cnn__event_tags tags = {0};
  snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
  snprintf(name, sizeof name, "%s/events.out.tfevents.0000000001.here", folder);
  if (rename(path, name) < 0)
    abort();
  fuzz_said(cnn__event_tags_read(&tags, folder, WRITER));
  look(&tags);
  cnn__event_tags_free(&tags);
  if (rename(name, path) < 0)
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  read_events(data, bytes);
  read_events(mended(data, bytes), bytes);
  return 0;
}
