/* archive: zip archives, by libzip, from memory and into it. */
#include "companion/keras/archive.h"

#include <stdlib.h>
#include <string.h>
#include <zip.h>

enum {
  MOST_MEMBERS = 1024,
  DENSEST = 100,     /* bytes that one packed byte may stand for, beyond the first 2^20 */
  FIRST_DAY = 1 << 5 | 1 /* of 1980, as the archive counts */
};

struct keras__archive {
  zip_t *zip;
  size_t count;     /* bytes of all of it */
  uint64_t allowed; /* bytes of members yet to be unpacked */
};

/* ---- opening ---- */

/* The archive of these bytes; NULL: there is none, with libzip's reason in *error. */
static zip_t *begin(const void *bytes, size_t count, int flags, zip_error_t *error) {
  zip_source_t *source = zip_source_buffer_create(bytes, count, 0, error);
  zip_t *zip = source ? zip_open_from_source(source, flags, error) : NULL;
  if (!zip)
    zip_source_free(source);
  return zip;
}

/* Little-endian. */
static uint64_t number(const unsigned char *bytes, int32_t count) {
  uint64_t value = 0;
  for (int32_t i = count; i-- > 0;)
    value = value << 8 | bytes[i];
  return value;
}

/* A member of this name in the list that stands in [b, end) [APPNOTE.TXT of PKWARE, 4.3.12]. */
static int32_t lists(const unsigned char *b, const unsigned char *end, const char *name) {
  while (end - b >= 46 && memcmp(b, "PK\1\2", 4) == 0) {
    const size_t length = number(b + 28, 2), whole = 46 + length + number(b + 30, 2) + number(b + 32, 2);
    if (length == strlen(name) && (size_t)(end - b) - 46 >= length && memcmp(b + 46, name, length) == 0)
      return 1;
    b += whole < (size_t)(end - b) ? whole : (size_t)(end - b);
  }
  return 0;
}

/* By itself, since it must not fail for want of memory: an archive's end says where its list begins [4.3.16]. */
int32_t keras__archive_sniff(const void *bytes, size_t count) {
  enum { END = 22, COMMENT = 65535 };
  const unsigned char *first = bytes;
  if (count < END || memcmp(bytes, "PK\3\4", 4) != 0)
    return 0;
  for (size_t at = count - END, least = at > COMMENT ? at - COMMENT : 0; at > least; at--)
    if (memcmp(first + at, "PK\5\6", 4) == 0) {
      const size_t list = number(first + at + 16, 4);
      return list == UINT32_MAX || (list < at && lists(first + list, first + at, "config.json")); /* of 4 GiB: not looked into */
    }
  return 0;
}

/* libzip says nothing at all where it has no memory for a source. */
static int32_t is_memory(const zip_error_t *error) {
  const int code = zip_error_code_zip(error);
  return code == ZIP_ER_MEMORY || code == ZIP_ER_OK;
}

/* A part of a path that leads up. */
static int32_t leads_out(const char *name) {
  for (const char *at = name; *at; at += at[strcspn(at, "/")] != 0 ? strcspn(at, "/") + 1 : strcspn(at, "/"))
    if (strcspn(at, "/") == 2 && at[0] == '.' && at[1] == '.')
      return 1;
  return name[0] == '/' || strchr(name, '\\') || strchr(name, ':');
}

static cnn_status check_name(zip_t *zip, zip_int64_t index) {
  const char *name = zip_get_name(zip, (zip_uint64_t)index, ZIP_FL_ENC_RAW);
  if (!name || !*name)
    return cnn_error_set(CNN_EFORMAT, "the archive's member %lld has no name", (long long)index);
  if (leads_out(name))
    return cnn_error_set(CNN_EFORMAT, "the archive's member '%.96s' would lie outside of it", name);
  for (zip_int64_t other = 0; other < index; other++)
    if (strcmp(zip_get_name(zip, (zip_uint64_t)other, ZIP_FL_ENC_RAW), name) == 0)
      return cnn_error_set(CNN_EFORMAT, "the archive has two members '%.96s'", name);
  return CNN_OK;
}

static cnn_status check(zip_t *zip) {
  zip_int64_t count = zip_get_num_entries(zip, 0);
  if (count > MOST_MEMBERS)
    return cnn_error_set(CNN_EFORMAT, "the archive has %lld members, at most %d are read", (long long)count, MOST_MEMBERS);
  for (zip_int64_t i = 0; i < count; i++) {
    zip_stat_t about;
    cnn_status status = check_name(zip, i);
    if (status < 0)
      return status;
    if (zip_stat_index(zip, (zip_uint64_t)i, 0, &about) < 0 || !(about.valid & ZIP_STAT_ENCRYPTION_METHOD))
      return cnn_error_set(CNN_EFORMAT, "the archive's member %lld is damaged", (long long)i);
    if (about.encryption_method != ZIP_EM_NONE)
      return cnn_error_set(CNN_EUNSUPPORTED, "the archive's member '%.96s' is encrypted", about.name);
  }
  return CNN_OK;
}

cnn_status keras__archive_open(keras__archive **out, const void *bytes, size_t count) {
  zip_error_t error;
  zip_error_init(&error);
  keras__archive *made = calloc(1, sizeof *made);
  zip_t *zip = made ? begin(bytes, count, ZIP_RDONLY, &error) : NULL;
  if (made && !zip && !is_memory(&error)) /* libzip calls an archive none, too, for whose list it had no memory: not twice in a row */
    zip = begin(bytes, count, ZIP_RDONLY, &error);
  cnn_status status = !made ? cnn_error_set(CNN_ENOMEM, "no memory for an archive") : CNN_OK;
  if (made && !zip)
    status = is_memory(&error) ? cnn_error_set(CNN_ENOMEM, "no memory for an archive")
                               : cnn_error_set(CNN_EFORMAT, "no archive that can be read: %s", zip_error_strerror(&error));
  zip_error_fini(&error);
  if (status == CNN_OK)
    status = check(zip);
  if (status < 0) {
    if (zip)
      zip_discard(zip);
    free(made);
    return status;
  }
  *made = (keras__archive){zip, count, UINT64_MAX};
  *out = made;
  return CNN_OK;
}

void keras__archive_close(keras__archive *archive) {
  if (archive)
    zip_discard(archive->zip);
  free(archive);
}

void keras__archive_allow(keras__archive *archive, uint64_t bytes) { archive->allowed = bytes; }

/* ---- a member ---- */

static cnn_status check_size(const zip_stat_t *about, const keras__archive *archive, uint64_t most) {
  const zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
  if ((about->valid & needed) != needed || about->comp_size > archive->count)
    return cnn_error_set(CNN_EFORMAT, "the archive's member '%.96s' is damaged", about->name);
  if (about->comp_method != ZIP_CM_STORE && about->comp_method != ZIP_CM_DEFLATE)
    return cnn_error_set(CNN_EUNSUPPORTED, "the archive's member '%.96s' is packed by method %u; stored and deflated ones are read", about->name,
                         (unsigned)about->comp_method);
  if (about->size > most)
    return cnn_error_set(CNN_EUNSUPPORTED, "the archive's member '%.96s' has %llu bytes, at most %llu are read", about->name,
                         (unsigned long long)about->size, (unsigned long long)most);
  if (about->size > archive->allowed)
    return cnn_error_set(CNN_EFORMAT, "the archive's member '%.96s' unpacks to %llu bytes, more than the %llu left of max_bytes", about->name,
                         (unsigned long long)about->size, (unsigned long long)archive->allowed);
  if (about->size > about->comp_size * DENSEST + (1 << 20))
    return cnn_error_set(CNN_EFORMAT, "the archive's member '%.96s' says that its %llu bytes become %llu, more than any model's", about->name,
                         (unsigned long long)about->comp_size, (unsigned long long)about->size);
  return CNN_OK;
}

/* All of it, and then no more: only the end shows the checksum. */
static cnn_status read_all(zip_file_t *file, char *bytes, const zip_stat_t *about) {
  char beyond;
  zip_uint64_t done = 0;
  zip_int64_t got = 1;
  while (got > 0 && done < about->size) {
    got = zip_fread(file, bytes + done, about->size - done);
    done += got > 0 ? (zip_uint64_t)got : 0;
  }
  if (got >= 0)
    got = zip_fread(file, &beyond, 1);
  if (done == about->size && got == 0)
    return CNN_OK;
  return cnn_error_set(got < 0 && is_memory(zip_file_get_error(file)) ? CNN_ENOMEM : CNN_EFORMAT, "the archive's member '%.96s' is damaged: %s", about->name,
                       got < 0 ? zip_error_strerror(zip_file_get_error(file)) : "its size is not the one that is said");
}

cnn_status keras__archive_member(char **out, size_t *count, keras__archive *archive, const char *name, uint64_t most) {
  zip_stat_t about;
  zip_int64_t index = zip_name_locate(archive->zip, name, ZIP_FL_ENC_RAW);
  if (index < 0 || zip_stat_index(archive->zip, (zip_uint64_t)index, 0, &about) < 0)
    return cnn_error_set(CNN_EFORMAT, "the archive has no '%s', which a model of Keras has", name);
  cnn_status status = check_size(&about, archive, most);
  if (status < 0)
    return status;
  char *bytes = malloc(about.size + 1);
  zip_file_t *file = bytes ? zip_fopen_index(archive->zip, (zip_uint64_t)index, 0) : NULL;
  if (!bytes)
    status = cnn_error_set(CNN_ENOMEM, "no memory for %llu bytes of '%s'", (unsigned long long)about.size, name);
  else if (!file)
    status = cnn_error_set(is_memory(zip_get_error(archive->zip)) ? CNN_ENOMEM : CNN_EFORMAT, "the archive's member '%s' cannot be read: %s", name, zip_strerror(archive->zip));
  else
    status = read_all(file, bytes, &about);
  if (file)
    zip_fclose(file);
  if (status < 0) {
    free(bytes);
    return status;
  }
  archive->allowed -= about.size;
  bytes[about.size] = 0;
  *out = bytes;
  *count = about.size;
  return CNN_OK;
}

/* ---- writing ---- */

static int32_t add(zip_t *zip, const keras__member *member) {
  zip_source_t *source = zip_source_buffer(zip, member->bytes, member->count, 0);
  zip_int64_t index = source ? zip_file_add(zip, member->name, source, ZIP_FL_ENC_UTF_8) : -1;
  if (index < 0) {
    zip_source_free(source);
    return 1;
  }
  return zip_set_file_compression(zip, (zip_uint64_t)index, ZIP_CM_STORE, 0) < 0 ||
         zip_file_set_dostime(zip, (zip_uint64_t)index, 0, FIRST_DAY, 0) < 0 ||
         zip_file_set_external_attributes(zip, (zip_uint64_t)index, 0, ZIP_OPSYS_UNIX, (zip_uint32_t)0600 << 16) < 0;
}

/* The source keeps what is written into it. */
static int32_t fill(zip_source_t *target, const keras__member *members, int32_t count) {
  zip_source_keep(target);
  zip_t *zip = zip_open_from_source(target, ZIP_CREATE | ZIP_TRUNCATE, NULL);
  int32_t failed = !zip;
  if (!zip)
    zip_source_free(target);
  for (int32_t i = 0; i < count && !failed; i++)
    failed = add(zip, &members[i]);
  if (!failed && zip_close(zip) == 0)
    return 0;
  if (zip)
    zip_discard(zip);
  return 1;
}

static int32_t pass_on(zip_source_t *from, const cnn_sink *to) {
  char piece[1 << 14];
  zip_int64_t got = zip_source_open(from) < 0 ? -1 : 0;
  while (got >= 0 && (got = zip_source_read(from, piece, sizeof piece)) > 0)
    to->write(to->user, piece, (size_t)got);
  zip_source_close(from);
  return got < 0;
}

cnn_status keras__archive_write(const keras__member *members, int32_t count, const cnn_sink *to) {
  zip_source_t *target = zip_source_buffer_create(NULL, 0, 0, NULL);
  int32_t failed = !target || fill(target, members, count) || pass_on(target, to);
  zip_source_free(target);
  return failed ? cnn_error_set(CNN_ENOMEM, "no memory to make an archive") : CNN_OK;
}
