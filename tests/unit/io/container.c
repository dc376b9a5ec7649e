/* container: what is written is read back, is an ordinary safetensors file, and any damage is seen. */
#include "io/container.h"

#include "core/text.h"
#include "io/atomic_file.h"
#include "scratch.h"

#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COUNT 5
static float weights[7 * 11], bias[3];
static const unsigned char bytes[5] = {1, 2, 3, 4, 255};
static const int32_t numbers[2] = {INT32_MIN, 77};
static const int64_t scalar[1] = {INT64_MIN};
static const cnn__note notes[] = {{"config", "{\"name\": \"a \\\"quoted\\\" name, \xc3\xa4\"}"}, {"empty", ""}};

static void entries_make(cnn__entry entries[COUNT]) {
  for (int i = 0; i < 77; i++)
    weights[i] = (float)i * 0.37f;
  const cnn__entry made[COUNT] = {
      {.name = "conv1/kernel", .type = CNN_F32, .shape = {2, {7, 11}}, .data = weights},
      {.name = "g\xc3\xb6\xc3\x9f" "e", .type = CNN_U8, .shape = {1, {5}}, .data = bytes},
      {.name = "numbers", .type = CNN_I32, .shape = {3, {1, 2, 1}}, .data = numbers},
      {.name = "scalar", .type = CNN_I64, .shape = {0, {0}}, .data = scalar},
      {.name = "nothing", .type = CNN_F32, .shape = {2, {0, 3}}, .data = bias}};
  memcpy(entries, made, sizeof made);
}

static cnn_status save(cnn_context *context, const char *path) {
  cnn__entry entries[COUNT];
  entries_make(entries);
  return cnn__container_write(context, &(cnn__target){.path = path}, "test", notes, 2, entries, COUNT);
}

START_TEST(round_trip) {
  cnn_context *context = scratch_context();
  cnn__entry entries[COUNT];
  cnn_container *c;
  entries_make(entries);
  ck_assert_int_eq(save(context, scratch_path("f")), CNN_OK);
  ck_assert_int_eq(cnn__container_read(&c, context, &(cnn__origin){.path = scratch_path("f")}, 0), CNN_OK);
  ck_assert_int_eq(c->entry_count, COUNT);
  ck_assert_int_eq(c->data_start % 64, 0);
  for (int i = 0; i < COUNT; i++) {
    const cnn__entry *entry = cnn__container_find(c, entries[i].name);
    ck_assert_ptr_nonnull(entry);
    ck_assert_int_eq(entry->type, entries[i].type);
    ck_assert(cnn__shape_equal(&entry->shape, &entries[i].shape));
    ck_assert_int_eq(entry->bytes, cnn__shape_count(&entry->shape) * (int64_t)cnn_type_size(entry->type));
    ck_assert(memcmp(entry->data, entries[i].data, (size_t)entry->bytes) == 0);
  }
  ck_assert_ptr_null(cnn__container_find(c, "__checksum__"));
  ck_assert_ptr_null(cnn__container_find(c, "conv1"));
  ck_assert_str_eq(cnn_container_note(c, "config"), notes[0].text);
  ck_assert_str_eq(cnn_container_note(c, "empty"), "");
  ck_assert_str_eq(cnn_container_note(c, "format"), "test");
  ck_assert_str_eq(cnn_container_note(c, "format_version"), "1");
  ck_assert_ptr_null(cnn_container_note(c, "other"));
  cnn_container_free(c);
  cnn_container_free(NULL);
  ck_assert_int_eq(scratch_count(), 1);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

START_TEST(no_tensors_at_all) {
  cnn_context *context = scratch_context();
  cnn_container *c;
  ck_assert_int_eq(cnn__container_write(context, &(cnn__target){.path = scratch_path("f")}, "test", NULL, 0, NULL, 0), CNN_OK);
  ck_assert_int_eq(cnn__container_read(&c, context, &(cnn__origin){.path = scratch_path("f")}, 0), CNN_OK);
  ck_assert_int_eq(c->entry_count, 0);
  cnn_container_free(c);
  cnn_context_free(context);
}
END_TEST

/* A strict reader that shares no code with the library. */
START_TEST(another_reader_takes_it) {
  cnn_context *context = scratch_context();
  char command[2048];
  if (access("/usr/bin/python3", X_OK) != 0)
    return;
  ck_assert_int_eq(save(context, scratch_path("f")), CNN_OK);
  cnn__format(command, sizeof command, "/usr/bin/python3 %s %s", SAFETENSORS_CHECK, scratch_path("f"));
  ck_assert_int_eq(system(command), 0);
  cnn_context_free(context);
}
END_TEST

START_TEST(names_that_cannot_be_written) {
  cnn_context *context = scratch_context();
  cnn__entry pair[2];
  char longest[CNN_MAX_RANK * 64];
  memset(longest, 'n', sizeof longest - 1);
  longest[sizeof longest - 1] = 0;
  for (int i = 0; i < 2; i++)
    pair[i] = (cnn__entry){.name = "same", .type = CNN_F32, .shape = {1, {3}}, .data = bias};
  ck_failed(cnn__container_write(context, &(cnn__target){.path = scratch_path("f")}, "t", NULL, 0, pair, 2), CNN_ESTATE,
            "'same' would stand twice");
  pair[1].name = "__checksum__";
  ck_failed(cnn__container_write(context, &(cnn__target){.path = scratch_path("f")}, "t", NULL, 0, pair, 2), CNN_ESTATE, "twice");
  pair[1].name = "__metadata__";
  ck_failed(cnn__container_write(context, &(cnn__target){.path = scratch_path("f")}, "t", NULL, 0, pair, 2), CNN_ESTATE, "twice");
  pair[1].name = "";
  ck_failed(cnn__container_write(context, &(cnn__target){.path = scratch_path("f")}, "t", NULL, 0, pair, 2), CNN_ESTATE, "cannot be a name");
  pair[1].name = "a\nb";
  ck_failed(cnn__container_write(context, &(cnn__target){.path = scratch_path("f")}, "t", NULL, 0, pair, 2), CNN_ESTATE,
            "'a?b' cannot be a name");
  pair[1].name = longest;
  ck_failed(cnn__container_write(context, &(cnn__target){.path = scratch_path("f")}, "t", NULL, 0, pair, 2), CNN_ESTATE, "cannot be a name");
  pair[1].name = "huge";
  pair[1].shape = (cnn__shape){2, {INT64_MAX / 4, 3}};
  ck_failed(cnn__container_write(context, &(cnn__target){.path = scratch_path("f")}, "t", NULL, 0, pair, 2), CNN_ESTATE, "'huge' is too large");
  const cnn__note twice[] = {{"format", "x"}};
  ck_failed(cnn__container_write(context, &(cnn__target){.path = scratch_path("f")}, "t", twice, 1, pair, 1), CNN_ESTATE, "twice");
  ck_assert_int_eq(scratch_count(), 0);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

/* ---- damage ---- */

static void refuse(cnn_context *context, const char *what) {
  cnn_container *c = NULL;
  cnn_status status = cnn__container_read(&c, context, &(cnn__origin){.path = scratch_path("d")}, 0);
  ck_assert_msg(status == CNN_EFORMAT && !c, "%s: status %s", what, cnn_status_name(status));
}

START_TEST(every_truncation_is_seen) {
  cnn_context *context = scratch_context();
  size_t count;
  ck_assert_int_eq(save(context, scratch_path("f")), CNN_OK);
  unsigned char *whole = scratch_read("f", &count);
  for (size_t length = 0; length < count; length++) {
    scratch_write("d", whole, length);
    refuse(context, "truncated");
  }
  unsigned char *longer = calloc(1, count + 64);
  memcpy(longer, whole, count);
  for (size_t length = count + 1; length <= count + 64; length += 21) {
    scratch_write("d", longer, length);
    refuse(context, "longer");
  }
  free(longer);
  free(whole);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

START_TEST(every_flipped_bit_is_seen) {
  cnn_context *context = scratch_context();
  size_t count;
  ck_assert_int_eq(save(context, scratch_path("f")), CNN_OK);
  unsigned char *whole = scratch_read("f", &count);
  for (size_t bit = 0; bit < 8 * count; bit++) {
    whole[bit / 8] ^= (unsigned char)(1u << bit % 8);
    scratch_write("d", whole, count);
    refuse(context, "flipped");
    whole[bit / 8] ^= (unsigned char)(1u << bit % 8);
  }
  free(whole);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

START_TEST(only_regular_files_within_the_limit) {
  cnn_context *context = scratch_context();
  cnn_container *c;
  struct stat st;
  ck_assert_int_eq(save(context, scratch_path("f")), CNN_OK);
  ck_assert_int_eq(stat(scratch_path("f"), &st), 0);
  ck_failed(cnn__container_read(&c, context, &(cnn__origin){.path = scratch_path("f")}, st.st_size - 1), CNN_EFORMAT, "bytes, more than the");
  ck_assert_int_eq(cnn__container_read(&c, context, &(cnn__origin){.path = scratch_path("f")}, st.st_size), CNN_OK);
  cnn_container_free(c);
  ck_failed(cnn__container_read(&c, context, &(cnn__origin){.path = scratch_path("none")}, 0), CNN_EIO, "/none': cannot open: No such file");
  ck_assert_int_eq(mkfifo(scratch_path("pipe"), 0600), 0);
  ck_failed(cnn__container_read(&c, context, &(cnn__origin){.path = scratch_path("pipe")}, 0), CNN_EIO, "is not a regular file");
  ck_failed(cnn__container_read(&c, context, &(cnn__origin){.path = scratch_path("")}, 0), CNN_EIO, "is not a regular file");
  ck_failed(cnn__container_read(&c, context, &(cnn__origin){.path = "/dev/zero"}, 0), CNN_EIO, "is not a regular file");
  ck_failed(cnn__container_read(&c, context, &(cnn__origin){.path = "no\x1b[31m\nfile"}, 0), CNN_EIO, "'no?[31m?file': cannot open");
  int64_t peak = scratch_alloc.peak_bytes;
  ck_assert_int_eq(truncate(scratch_path("f"), (off_t)1 << 40), 0);
  ck_failed(cnn__container_read(&c, context, &(cnn__origin){.path = scratch_path("f")}, 0), CNN_EFORMAT, "more than the 1073741824 allowed");
  ck_assert_int_eq(scratch_alloc.peak_bytes, peak);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

/* ---- memory ---- */

static cnn_status save_and_read(const cnn_allocator *allocator, void *user) {
  cnn_context *context;
  cnn_container *c;
  (void)user;
  cnn_status status = cnn_context_new(&context, cnn_context_opts(.threads = 1, .allocator = allocator));
  if (status < 0)
    return status;
  status = save(context, scratch_path("f"));
  if (status == CNN_OK)
    status = cnn__container_read(&c, context, &(cnn__origin){.path = scratch_path("f")}, 0);
  if (status == CNN_OK)
    cnn_container_free(c);
  cnn_context_free(context);
  return status;
}

START_TEST(failing_allocations) {
  scratch_without_sync();
  ck_assert_int_gt(test_alloc_fail_each(save_and_read, NULL), 3);
}
END_TEST

/* The JSON library's own memory: what fails is reported, nothing is left behind, and the old file stays. */
static long json_left = -1, json_live;
static void *json_alloc(size_t count) {
  if (json_left == 0 || (json_left > 0 && --json_left == 0))
    return NULL;
  json_live++;
  return malloc(count);
}
static void json_release(void *pointer) {
  json_live -= pointer != NULL;
  free(pointer);
}

START_TEST(failing_allocations_of_json) {
  cnn_context *context = scratch_context();
  scratch_without_sync();
  size_t count;
  ck_assert_int_eq(save(context, scratch_path("f")), CNN_OK);
  unsigned char *whole = scratch_read("f", &count);
  json_set_alloc_funcs(json_alloc, json_release);
  for (long n = 1, done = 0; !done; n++) {
    cnn_container *c = NULL;
    json_left = n;
    cnn_status status = save(context, scratch_path("f"));
    if (status == CNN_OK)
      status = cnn__container_read(&c, context, &(cnn__origin){.path = scratch_path("f")}, 0);
    done = status == CNN_OK;
    json_left = -1;
    /* the parser calls a word for which it has no memory an invalid one */
    ck_assert(done || status == CNN_ENOMEM || status == CNN_EFORMAT);
    cnn_container_free(c);
    ck_assert_int_eq(json_live, 0);
    size_t now;
    unsigned char *after = scratch_read("f", &now);
    ck_assert(now == count && memcmp(after, whole, count) == 0);
    free(after);
  }
  free(whole);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

/* ---- a killed writer ---- */

/* Writes files whose tensor is one number repeated, until it is killed. */
static void write_forever(void) {
  enum { FLOATS = 200000 };
  cnn_context *context = scratch_context();
  float *values = malloc(FLOATS * sizeof *values);
  for (float value = 1;; value++) {
    for (int i = 0; i < FLOATS; i++)
      values[i] = value;
    const cnn__entry entry = {.name = "values", .type = CNN_F32, .shape = {1, {FLOATS}}, .data = values};
    if (cnn__container_write(context, &(cnn__target){.path = scratch_path("f")}, "test", NULL, 0, &entry, 1) < 0)
      _exit(3);
  }
}

START_TEST(killed_at_any_moment) {
  cnn_context *context = scratch_context();
  for (int round = 0; round < 20; round++) {
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
      write_forever();
    while (access(scratch_path("f"), F_OK) != 0)
      usleep(1000);
    usleep((useconds_t)(1000 + 1777 * round % 9000));
    int status;
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status));
    cnn_container *c;
    ck_assert_msg(cnn__container_read(&c, context, &(cnn__origin){.path = scratch_path("f")}, 0) == CNN_OK, "%s", cnn_error_text());
    cnn_container_free(c);
    if (round % 5 == 4)
      unlink(scratch_path("f"));
  }
  cnn_context_free(context);
}
END_TEST

static void add(TCase *tests) {
  tcase_add_test(tests, round_trip);
  tcase_add_test(tests, no_tensors_at_all);
  tcase_add_test(tests, another_reader_takes_it);
  tcase_add_test(tests, names_that_cannot_be_written);
  tcase_add_test(tests, every_truncation_is_seen);
  tcase_add_test(tests, every_flipped_bit_is_seen);
  tcase_add_test(tests, only_regular_files_within_the_limit);
  tcase_add_test(tests, failing_allocations);
  tcase_add_test(tests, failing_allocations_of_json);
  tcase_add_test(tests, killed_at_any_moment);
}

int main(void) { return scratch_run("container", add); }
