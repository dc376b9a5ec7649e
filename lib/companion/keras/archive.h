/* archive: .keras files, which are zip archives of metadata.json, config.json and model.weights.h5. Nothing is unpacked but the members
 * that are asked for, and into memory alone. */
#ifndef CNN_KERAS_ARCHIVE_H
#define CNN_KERAS_ARCHIVE_H

#include <cnn/context.h>

typedef struct keras__archive keras__archive;

/* 1: a zip archive with a config.json. Allocates nothing. */
int32_t keras__archive_sniff(const void *bytes, size_t count);

/* The bytes must outlive *out. Looked at are all members: a name that is absolute, leads out of the archive or stands there twice, and an
 * encrypted member, refuse the whole of it; other members than Keras's are let be. Errors: CNN_EFORMAT, CNN_EUNSUPPORTED, CNN_ENOMEM. */
cnn_status keras__archive_open(keras__archive **out, const void *bytes, size_t count);
void keras__archive_close(keras__archive *archive);

/* From now on members unpack to no more than this, all together. */
void keras__archive_allow(keras__archive *archive, uint64_t bytes);

/* A member's bytes, which the caller frees with free(). Its declared size is held against `most` and the packed size before memory is asked
 * for, its real size and checksum against the declared ones. Errors: CNN_EFORMAT there is none, it is damaged, it is
 * more than keras__archive_allow allows; CNN_EUNSUPPORTED too large. */
cnn_status keras__archive_member(char **out, size_t *count, keras__archive *archive, const char *name, uint64_t most);

/* What is to be written. */
typedef struct keras__member {
  const char *name;
  const void *bytes;
  size_t count;
} keras__member;

/* Stored, in this order, with the date that Keras gives them too, the first of 1980: the same members make the same bytes. Errors: CNN_ENOMEM. */
cnn_status keras__archive_write(const keras__member *members, int32_t count, const cnn_sink *to);

#endif
