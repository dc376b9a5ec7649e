/* event_file: an event file of TensorBoard: records that are added at its end, and what earlier files of the same run hold. */
#ifndef CNN_COMPANION_EXPORT_EVENT_FILE_H
#define CNN_COMPANION_EXPORT_EVENT_FILE_H

#include "companion/export/event.pb-c.h"

#include <cnn/base.h>

#define CNN__EVENT_FILE_VERSION "brain.Event:2"

/* The largest step of a tag. */
typedef struct cnn__event_tag {
  char *name;
  int64_t step;
} cnn__event_tag;

typedef struct cnn__event_tags {
  cnn__event_tag *list;
  size_t count, capacity;
  int64_t newest; /* seconds in the names of the files that were read: the largest; 0: none */
} cnn__event_tags;

/* What the event files of `folder` hold whose first event names this writer, up to the first damage of each (a killed program leaves half a
 * record). A folder that is not there holds nothing. CNN_EIO, CNN_ENOMEM; free in any case. */
cnn_status cnn__event_tags_read(cnn__event_tags *tags, const char *folder, const char *writer);
void cnn__event_tags_free(cnn__event_tags *tags);
int32_t cnn__event_tags_have(const cnn__event_tags *tags, const char *name, int64_t step);

typedef struct cnn__event_file {
  char folder[4096];
  char writer[96];
  char path[4608];      /* of the open file */
  int file;             /* -1: none yet */
  cnn__event_tags tags; /* of earlier files of the run */
  unsigned char *bytes; /* records not yet written */
  size_t used, capacity;
  int64_t whole;        /* bytes of the file that are whole records */
  double flushed;       /* when, by the clock that never goes back */
} cnn__event_file;

/* A run's file in folder/name, made when the first event comes. again: go on with the run of this writer, whose events are not
 * written a second time. CNN_EINVAL the path is too long; CNN_EIO; CNN_ENOMEM. */
cnn_status cnn__event_file_begin(cnn__event_file *file, const char *folder, const char *name, const char *writer, int32_t again);
cnn_status cnn__event_file_open(cnn__event_file *file); /* now; nothing where it is open */

/* Add an event with one value, unless the run has it. They are handed to the system by flush, or when there are many. After an
 * error of the disk the file ends with the last whole record. */
cnn_status cnn__event_file_add(cnn__event_file *file, int64_t step, Cnn__Events__Value *value);
cnn_status cnn__event_file_flush(cnn__event_file *file, double not_before); /* seconds since the last time */
cnn_status cnn__event_file_end(cnn__event_file *file); /* flush, and close in any case */
void cnn__event_file_close(cnn__event_file *file);

double cnn__event_seconds(void);      /* of the clock that never goes back */
const char *cnn__event_errno(int number); /* an errno in words, whatever the locale */

#endif
