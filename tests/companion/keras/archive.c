/* archive: .keras archives of the real Keras, archives made and read back, and those that nobody should have made. */
#include "companion/keras/archive.h"
#include "companion/keras/json.h"

#include "interop.h"
#include "suite.h"

#include <cnn/base.h>

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

typedef struct bytes {
  unsigned char *at;
  size_t count;
} bytes;

static void collect(void *user, const char *text, size_t length) {
  bytes *to = user;
  to->at = realloc(to->at, to->count + length + 1);
  memcpy(to->at + to->count, text, length);
  to->count += length;
}

static bytes made_of(const keras__member *members, int32_t count) {
  bytes to = {0};
  ck_assert_int_eq(keras__archive_write(members, count, &(cnn_sink){.size = sizeof(cnn_sink), .user = &to, .write = collect}), CNN_OK);
  return to;
}

#define MEMBERS(...) made_of((const keras__member[]){__VA_ARGS__}, sizeof((const keras__member[]){__VA_ARGS__}) / sizeof(keras__member))
#define CONFIG {"config.json", "{\"a\": 1}", 8}

START_TEST(files_of_keras) {
  static const char *const names[] = {"small/keras3.keras", "small/keras2.keras"};
  for (int i = 0; i < 2; i++) {
    size_t count, length;
    char *text, *weights;
    json_t *config = NULL;
    keras__archive *archive;
    unsigned char *file = interop_file(names[i], &count);
    ck_assert_int_eq(keras__archive_sniff(file, count), 1);
    ck_assert_int_eq(keras__archive_open(&archive, file, count), CNN_OK);
    ck_assert_int_eq(keras__archive_member(&text, &length, archive, "config.json", 1 << 20), CNN_OK);
    ck_assert_int_eq(keras__json_parse(&config, text, length, "config.json"), CNN_OK);
    ck_assert_str_eq(json_string_value(json_object_get(config, "class_name")), "Sequential");
    ck_assert_int_eq(keras__archive_member(&weights, &length, archive, "model.weights.h5", 1 << 20), CNN_OK);
    ck_assert_int_eq(memcmp(weights, "\x89HDF\r\n\x1a\n", 8), 0);
    free(text);
    free(weights);
    json_decref(config);
    keras__archive_close(archive);
    free(file);
  }
}
END_TEST

START_TEST(made_and_read_back) {
  char *text;
  size_t length;
  keras__archive *archive;
  bytes once = MEMBERS({"metadata.json", "{}", 2}, CONFIG, {"empty", "", 0}), twice = MEMBERS({"metadata.json", "{}", 2}, CONFIG, {"empty", "", 0});
  ck_assert_uint_eq(once.count, twice.count);
  ck_assert_int_eq(memcmp(once.at, twice.at, once.count), 0);
  ck_assert_int_eq(keras__archive_sniff(once.at, once.count), 1);
  ck_assert_int_eq(keras__archive_open(&archive, once.at, once.count), CNN_OK);
  ck_assert_int_eq(keras__archive_member(&text, &length, archive, "config.json", 8), CNN_OK);
  ck_assert_str_eq(text, "{\"a\": 1}");
  free(text);
  ck_assert_int_eq(keras__archive_member(&text, &length, archive, "empty", 0), CNN_OK);
  ck_assert_uint_eq(length, 0);
  free(text);
  ck_assert_int_eq(keras__archive_member(&text, &length, archive, "config.json", 7), CNN_EUNSUPPORTED);
  ck_assert_int_eq(keras__archive_member(&text, &length, archive, "gone", 7), CNN_EFORMAT);
  ck_assert_msg(strstr(cnn_error_text(), "has no 'gone'") != NULL, "%s", cnn_error_text());
  keras__archive_close(archive);
  free(once.at);
  free(twice.at);
}
END_TEST

/* ---- hostile ---- */

static void refused(bytes file, cnn_status code, const char *part) {
  keras__archive *archive = NULL;
  cnn_status status = keras__archive_open(&archive, file.at, file.count);
  char *text = NULL;
  size_t length;
  if (status == CNN_OK)
    status = keras__archive_member(&text, &length, archive, "config.json", (uint64_t)1 << 32);
  ck_assert_msg(status == code && strstr(cnn_error_text(), part), "%s: %s", cnn_status_name(status), cnn_error_text());
  ck_assert_ptr_null(text);
  keras__archive_close(archive);
  free(file.at);
}

/* Every place where one text stands gets another of the same length. */
static bytes replaced(bytes file, const char *from, const char *to) {
  size_t length = strlen(from);
  int found = 0;
  for (size_t i = 0; i + length <= file.count; i++)
    if (memcmp(file.at + i, from, length) == 0) {
      memcpy(file.at + i, to, length);
      found++;
    }
  ck_assert_int_eq(found, 2);
  return file;
}

/* A value of the first member in its own header (at `local`) and in the directory's (at `central`). */
static bytes patched(bytes file, size_t local, size_t central, uint32_t value, size_t size) {
  size_t directory = 0;
  while (memcmp(file.at + directory, "PK\1\2", 4) != 0)
    directory++;
  memcpy(file.at + local, &value, size);
  memcpy(file.at + directory + central, &value, size);
  return file;
}

START_TEST(names_that_lead_out) {
  static const char *const names[] = {"../config.json", "a/../../b", "/etc/passwd", "a\\b", "C:x", ".."};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    refused(MEMBERS(CONFIG, {names[i], "x", 1}), CNN_EFORMAT, "would lie outside");
  refused(replaced(MEMBERS(CONFIG, {"aaaaaa.json", "x", 1}), "aaaaaa.json", "config.json"), CNN_EFORMAT, "two members 'config.json'");
  bytes harmless = MEMBERS(CONFIG, {"assets/..name", "x", 1}, {"a..", "x", 1});
  keras__archive *archive;
  ck_assert_msg(keras__archive_open(&archive, harmless.at, harmless.count) == CNN_OK, "%s", cnn_error_text());
  keras__archive_close(archive);
  free(harmless.at);
}
END_TEST

START_TEST(members_that_lie) {
  refused(patched(MEMBERS(CONFIG), 6, 8, 1, 2), CNN_EUNSUPPORTED, "is encrypted");
  refused(patched(MEMBERS(CONFIG), 8, 10, 12, 2), CNN_EUNSUPPORTED, "packed by method 12");
  refused(patched(MEMBERS(CONFIG), 22, 24, 0x7fffffff, 4), CNN_EFORMAT, "more than any model's");
  refused(patched(MEMBERS(CONFIG), 22, 24, 9, 4), CNN_EFORMAT, "damaged");
  refused(patched(MEMBERS(CONFIG), 14, 16, 1, 4), CNN_EFORMAT, "damaged");
  refused((bytes){calloc(1, 100), 100}, CNN_EFORMAT, "no archive that can be read");
  refused(MEMBERS({"other", "x", 1}), CNN_EFORMAT, "has no 'config.json'");
}
END_TEST

/* A member of deflated zeros: stored, and then said to be what it is. */
static bytes deflated(size_t zeros) {
  unsigned char *plain = calloc(1, zeros), *packed = malloc(1 << 20);
  z_stream stream = {.next_in = plain, .avail_in = (uInt)zeros, .next_out = packed, .avail_out = 1 << 20};
  ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
  ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
  bytes file = MEMBERS({"config.json", packed, stream.total_out});
  patched(file, 8, 10, 8, 2);
  patched(file, 14, 16, (uint32_t)crc32(0, plain, (uInt)zeros), 4);
  patched(file, 22, 24, (uint32_t)zeros, 4);
  deflateEnd(&stream);
  free(plain);
  free(packed);
  return file;
}

START_TEST(bombs) {
  refused(deflated((size_t)64 << 20), CNN_EFORMAT, "more than any model's");
  bytes small = deflated(1 << 20);
  char *text;
  size_t length;
  keras__archive *archive;
  ck_assert_int_eq(keras__archive_open(&archive, small.at, small.count), CNN_OK);
  ck_assert_msg(keras__archive_member(&text, &length, archive, "config.json", 1 << 20) == CNN_OK, "%s", cnn_error_text());
  ck_assert_uint_eq(length, 1 << 20);
  free(text);
  keras__archive_close(archive);
  free(small.at);
}
END_TEST

/* Whatever is read is what was written. */
static void same_or_refused(const unsigned char *at, size_t count, const char *wanted) {
  char *text;
  size_t length;
  keras__archive *archive;
  keras__archive_sniff(at, count);
  if (keras__archive_open(&archive, at, count) < 0)
    return;
  if (keras__archive_member(&text, &length, archive, "config.json", 1 << 20) == CNN_OK) {
    ck_assert_int_eq(memcmp(text, wanted, length), 0);
    free(text);
  }
  keras__archive_close(archive);
}

START_TEST(damaged_anywhere) {
  size_t count, length;
  char *wanted;
  keras__archive *archive;
  unsigned char *file = interop_file("small/keras3.keras", &count);
  ck_assert_int_eq(keras__archive_open(&archive, file, count), CNN_OK);
  ck_assert_int_eq(keras__archive_member(&wanted, &length, archive, "config.json", 1 << 20), CNN_OK);
  keras__archive_close(archive);
  for (size_t cut = 0; cut < count; cut += 509) {
    unsigned char *shorter = malloc(cut + 1);
    memcpy(shorter, file, cut);
    same_or_refused(shorter, cut, wanted);
    free(shorter);
  }
  for (size_t bit = 0; bit < 8 * count; bit += bit < 8 * 10000 || bit > 8 * (count - 400) ? 23 : 4001) {
    file[bit / 8] ^= (unsigned char)(1u << bit % 8);
    same_or_refused(file, count, wanted);
    file[bit / 8] ^= (unsigned char)(1u << bit % 8);
  }
  free(file);
  free(wanted);
}
END_TEST

int main(void) {
  return RUN_SUITE("archive", 60, files_of_keras, made_and_read_back, names_that_lead_out, members_that_lie, bombs, damaged_anywhere);
}
