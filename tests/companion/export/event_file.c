/* event_file: records as TensorFlow writes them, and the reader of these tests on files that the real one wrote. */
#include "companion/export/buckets.h"
#include "companion/export/crc32c.h"
#include "companion/export/summary.h"
#include "events.h"
#include "reference.h"
#include "suite.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

START_TEST(checksums) {
  unsigned char bytes[300];
  ck_assert_uint_eq(cnn__crc32c("123456789", 9), 0xe3069283u);
  ck_assert_uint_eq(cnn__crc32c_masked("123456789", 9), 0xc78ab0e5u);
  memset(bytes, 0, 32);
  ck_assert_uint_eq(cnn__crc32c(bytes, 32), 0x8a9136aau); /* RFC 3720, B.4 */
  for (int i = 0; i < 300; i++)
    bytes[i] = (unsigned char)(i * 37);
  for (size_t count = 0; count <= 300; count++)
    ck_assert_uint_eq(cnn__crc32c(bytes, count), events_crc(bytes, count));
}
END_TEST

/* ---- what the real one wrote ---- */

static void same_value(const event *e, const json_t *value) {
  size_t row, column;
  json_t *list, *number;
  if (json_is_number(value)) {
    ck_assert_double_eq(events_scalar(e), json_number_value(value));
    return;
  }
  json_array_foreach((json_t *)(uintptr_t)value, row, list) {
    if (json_is_array(list))
      json_array_foreach(list, column, number)
          ck_assert_double_eq(events_double(e, row * 3 + column), json_number_value(number));
  }
}

static void same_record(const event *e, const json_t *record) {
  size_t i;
  json_t *extent;
  ck_assert_int_eq(e->step, json_integer_value(json_object_get(record, "step")));
  if (!strcmp(json_string_value(json_object_get(record, "what")), "file_version")) {
    ck_assert_str_eq(e->version, json_string_value(json_object_get(record, "file_version")));
    return;
  }
  ck_assert_str_eq(e->tag, json_string_value(json_object_get(record, "tag")));
  ck_assert_str_eq(e->plugin, json_string_value(json_object_get(record, "plugin")));
  json_array_foreach(json_object_get(record, "shape"), i, extent)
    if (e->type != 7 || strcmp(e->tag, "keras") != 0) /* decoded.json has a list of one there */
      ck_assert_int_eq(e->shape[i], json_integer_value(extent));
  same_value(e, json_object_get(record, "value"));
}

START_TEST(files_of_the_real_one) {
  const char *name;
  json_t *file, *record, *decoded = reference_json("interop/tensorboard/decoded.json");
  size_t i, histograms = 0;
  json_object_foreach(json_object_get(decoded, "files"), name, file) {
    char path[512];
    events all = {0};
    snprintf(path, sizeof path, "%s/interop/tensorboard/%s", REFERENCE_DIR, name);
    events_add(&all, path);
    ck_assert_uint_eq(all.torn, 0);
    ck_assert_uint_eq(all.count, json_array_size(json_object_get(file, "records")));
    json_array_foreach(json_object_get(file, "records"), i, record) {
      same_record(&all.list[i], record);
      histograms += !strcmp(all.list[i].plugin, "histograms");
    }
    events_free(&all);
  }
  ck_assert_uint_eq(histograms, 8);
  json_decref(decoded);
}
END_TEST

/* A value in the middle of each bucket, as often as it counts, and the two ends: that makes its rows, edges to the last bit. */
START_TEST(buckets_of_the_real_one) {
  char path[512];
  events all = {0};
  int tried = 0;
  snprintf(path, sizeof path, "%s/interop/tensorboard/train.tfevents", REFERENCE_DIR);
  events_add(&all, path);
  for (size_t i = 0; i < all.count; i++) {
    const event *e = &all.list[i];
    float values[64];
    double rows[CNN__BUCKETS][3];
    int64_t count = 0;
    if (strcmp(e->plugin, "histograms") != 0 || events_double(e, 0) == events_double(e, 88))
      continue;
    for (size_t row = 0; row < CNN__BUCKETS; row++)
      for (int k = 0; k < (int)events_double(e, 3 * row + 2); k++)
        values[count++] = row == 0 && k == 0                 ? (float)events_double(e, 0)
                          : row + 1 == CNN__BUCKETS && k == 0 ? (float)events_double(e, 88)
                                                             : (float)((events_double(e, 3 * row) + events_double(e, 3 * row + 1)) / 2);
    cnn__buckets(rows, values, count);
    for (size_t k = 0; k < 3 * CNN__BUCKETS; k++)
      ck_assert_double_eq(rows[k / 3][k % 3], events_double(e, k));
    tried++;
  }
  ck_assert_int_ge(tried, 4);
  events_free(&all);
}
END_TEST

START_TEST(buckets_of_odd_values) {
  double rows[CNN__BUCKETS][3];
  const float equal[] = {0.5f, 0.5f, 0.5f}, none[] = {NAN, INFINITY, -INFINITY}, mixed[] = {NAN, -1, 0, INFINITY, 1};
  cnn__buckets(rows, equal, 3);
  for (int i = 0; i < CNN__BUCKETS; i++)
    ck_assert(rows[i][0] == 0.5 && rows[i][1] == 0.5 && rows[i][2] == (i + 1 == CNN__BUCKETS ? 3 : 0));
  for (int64_t count = 0; count < 4; count += 3) {
    cnn__buckets(rows, none, count);
    for (int i = 0; i < CNN__BUCKETS * 3; i++)
      ck_assert_double_eq(rows[i / 3][i % 3], 0);
  }
  cnn__buckets(rows, mixed, 5);
  ck_assert(rows[0][0] == -1 && rows[0][2] == 1 && rows[15][2] == 1 && rows[29][1] == 1 && rows[29][2] == 1);
}
END_TEST

/* ---- our own, to the byte ---- */

static char folder[64];

static void remove_folder(void) {
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  ck_assert_int_eq(system(command), 0);
}

static void begin(cnn__event_file *file, const char *writer, int32_t again) {
  if (!again) {
    strcpy(folder, "/tmp/cnn-events-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
  }
  *file = (cnn__event_file){.file = -1};
  ck_assert_msg(cnn__event_file_begin(file, folder, "run/train", writer, again) == CNN_OK, "%s", cnn_error_text());
}

static size_t read_all(const char *path, unsigned char *bytes, size_t room) {
  FILE *file = fopen(path, "rb");
  ck_assert_ptr_nonnull(file);
  size_t count = fread(bytes, 1, room, file);
  fclose(file);
  return count;
}

/* The time of the day apart, the bytes are those of a file of TensorFlow's with these values. */
START_TEST(bytes_of_a_scalar) {
  static const unsigned char scalar[] = {0x10, 0x03, 0x2a, 0x27, 0x0a, 0x25, 0x0a, 0x0a, 'e', 'p',  'o',  'c',  'h', '_', 'l', 'o',
                                         's',  's',  0x42, 0x0a, 0x08, 0x01, 0x12, 0x00, 0x22, 0x04, 0x00, 0x00, 0x00, 0x3f, 0x4a, 0x0b,
                                         0x0a, 0x09, 0x0a, 0x07, 's',  'c',  'a',  'l',  'a',  'r',  's'};
  static const unsigned char version[] = {0x1a, 0x0d, 'b', 'r', 'a', 'i', 'n', '.', 'E', 'v', 'e', 'n', 't', ':', '2', 0x52, 0x24, 0x0a, 0x22};
  cnn__event_file file;
  unsigned char bytes[512];
  char path[4608];
  begin(&file, "tensorflow.core.util.events_writer", 0);
  ck_assert_int_eq(cnn__summary_scalar(&file, "epoch_loss", 3, 0.5), CNN_OK);
  strcpy(path, file.path);
  ck_assert_int_eq(cnn__event_file_end(&file), CNN_OK);
  ck_assert_uint_eq(read_all(path, bytes, sizeof bytes), 16 + 62 + 16 + 52);
  ck_assert(bytes[0] == 0x3e && bytes[8] == 0xd9 && bytes[9] == 0xd2 && bytes[10] == 0x40 && bytes[11] == 0xe7);
  ck_assert_int_eq(memcmp(bytes + 12 + 9, version, sizeof version), 0);
  const unsigned char *second = bytes + 78;
  ck_assert(second[0] == 0x34 && second[8] == 0x5e && second[9] == 0x33 && second[10] == 0x17 && second[11] == 0x5c);
  ck_assert_int_eq(memcmp(second + 12 + 9, scalar, sizeof scalar), 0);
  remove_folder();
}
END_TEST

/* A second file of the run leaves out what the first has, one of another run does not; half a record is as if it were not there. */
START_TEST(goes_on) {
  for (size_t torn = 0; torn < 60; torn += 7) {
    cnn__event_file file;
    char first[4608];
    events all = {0};
    begin(&file, "run 1", 0);
    for (int64_t step = 0; step < 3; step++)
      ck_assert_int_eq(cnn__summary_scalar(&file, "a", step, (double)step), CNN_OK);
    strcpy(first, file.path);
    ck_assert_int_eq(cnn__event_file_end(&file), CNN_OK);
    unsigned char bytes[512];
    const size_t count = read_all(first, bytes, sizeof bytes);
    ck_assert_int_eq(truncate(first, (off_t)(count - torn)), 0);
    begin(&file, "run 1", 1);
    for (int64_t step = 1; step < 5; step++)
      ck_assert_int_eq(cnn__summary_scalar(&file, "a", step, (double)step), CNN_OK);
    ck_assert_int_gt(strcmp(file.path, first), 0); /* also within the same second */
    ck_assert_int_eq(cnn__event_file_end(&file), CNN_OK);
    begin(&file, "run 2", 1);
    ck_assert_int_eq(cnn__summary_scalar(&file, "b", 0, 1), CNN_OK);
    ck_assert_int_eq(cnn__event_file_end(&file), CNN_OK);
    char run[128];
    snprintf(run, sizeof run, "%s/run/train", folder);
    events_of(&all, run);
    for (int64_t step = 0; step < 5; step++) {
      const event *e = events_find(&all, "a", step);
      ck_assert_msg(e != NULL || (torn > 51 && step == 0), "step %d is lost with %zu bytes torn off", (int)step, torn);
      ck_assert(!e || events_scalar(e) == (double)step);
    }
    ck_assert_uint_eq(all.count, 3 + 6);
    ck_assert_int_eq(all.file_count, 3);
    events_free(&all);
    remove_folder();
  }
}
END_TEST

/* Where the disk ends within a record, the file ends before it, and what was asked for is refused in words. */
START_TEST(full_disk) {
  cnn__event_file file;
  events all = {0};
  char path[4608], run[128];
  begin(&file, "run", 0);
  ck_assert_int_eq(cnn__event_file_open(&file), CNN_OK);
  strcpy(path, file.path);
  snprintf(run, sizeof run, "%s/run/train", folder);
  (void)signal(SIGXFSZ, SIG_IGN);
  ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){200, 200}), 0);
  cnn_status status = CNN_OK;
  int64_t step = 0;
  for (; status == CNN_OK; step++) {
    status = cnn__summary_scalar(&file, "a", step, 1);
    if (status == CNN_OK)
      status = cnn__event_file_flush(&file, 0);
  }
  ck_assert_int_eq(status, CNN_EIO);
  ck_assert_msg(strstr(cnn_error_text(), path) && strstr(cnn_error_text(), "cannot write: File too large; choose a folder"), "%s",
                cnn_error_text());
  ck_assert_int_eq(cnn__event_file_end(&file), CNN_OK); /* nothing is left to be written */
  events_of(&all, run);
  ck_assert_uint_eq(all.torn, 0);
  ck_assert_uint_eq(all.count, (size_t)step);
  ck_assert_int_ge(step, 2);
  events_free(&all);
  remove_folder();
}
END_TEST

int main(void) {
  return RUN_SUITE("event_file", 60, checksums, files_of_the_real_one, buckets_of_the_real_one, buckets_of_odd_values, bytes_of_a_scalar,
                   goes_on, full_disk);
}
