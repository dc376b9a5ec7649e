/* events: a reader of TensorBoard's event files that shares nothing with the writer: checksums bit by bit, the wire form of protobuf by hand. */
#ifndef CNN_TESTS_EXPORT_EVENTS_H
#define CNN_TESTS_EXPORT_EVENTS_H

#include <stddef.h>
#include <stdint.h>

typedef struct event {
  double wall_time;
  int64_t step;
  char version[32], writer[96]; /* of a file's first event */
  char tag[160], plugin[32], content[8];
  int32_t type, rank, string_count; /* TensorFlow's: 1 float, 2 double, 7 string */
  int64_t shape[4];
  const unsigned char *numbers; /* little-endian bytes */
  size_t number_bytes;
  const unsigned char *strings[16];
  size_t string_bytes[16];
} event;

typedef struct events {
  event *list;
  size_t count;
  unsigned char *files[64]; /* what the events point into */
  int file_count;
  size_t torn; /* bytes behind the last whole record, of all files */
} events;

/* Add a file's events; any damage but half a record at its end fails the running test. */
void events_add(events *all, const char *path);

/* All event files of a folder in the order of their names; none where there is no folder. */
void events_of(events *all, const char *folder);
void events_free(events *all);

/* A scalar's value; number `index` of a tensor of doubles. */
double events_scalar(const event *e);
double events_double(const event *e, size_t index);

/* The event of this tag and step; there must be exactly one. NULL: there is none. */
const event *events_find(const events *all, const char *tag, int64_t step);

uint32_t events_crc(const unsigned char *bytes, size_t count); /* not masked */

#endif
