/* container: files made to do harm, each with a valid checksum, so that nothing but the check in question stands
 * in their way. */
#include "io/container.h"

#include "core/text.h"
#include "scratch.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define META "\"__metadata__\":{\"format\":\"t\",\"format_version\":\"1\"}"
#define SUM(from, to) "\"__checksum__\":{\"dtype\":\"U8\",\"shape\":[16],\"data_offsets\":[" #from "," #to "]}"
#define TENSOR(name, dtype, shape, offsets)                                                                            \
  "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

#define WITH(tensors, from, to) "{" META "," tensors "," SUM(from, to) "}"

/* A file of this header and `data` zero bytes, the last 16 of which become the right checksum. claimed: the
 * header's length. */
static void forge_claiming(uint64_t claimed, const char *header, size_t length, size_t data) {
  size_t count = 8 + length + data;
  unsigned char *file = calloc(1, count);
  for (int i = 0; i < 8; i++)
    file[i] = (unsigned char)(claimed >> 8 * i);
  memcpy(file + 8, header, length);
  if (data >= 16) {
    XXH128_canonical_t digest;
    XXH128_canonicalFromHash(&digest, XXH3_128bits(file, count - 16));
    memcpy(file + count - 16, digest.digest, 16);
  }
  scratch_write("h", file, count);
  free(file);
}

static void forge(const char *header, size_t data) { forge_claiming(strlen(header), header, strlen(header), data); }

/* Refused, and without asking for more memory than a few times the size of the file. */
static void refused(cnn_context *context, cnn_status code, const char *part) {
  cnn_container *c = (cnn_container *)&c;
  atomic_store(&scratch_alloc.peak_bytes, 0);
  ck_failed(cnn__container_read(&c, context, &(cnn__origin){.path = scratch_path("h")}, 0), code, part);
  ck_assert_ptr_null(c);
  ck_assert_int_lt(scratch_alloc.peak_bytes, 2 << 20);
}

static const struct {
  const char *header;
  size_t data;
  const char *part;
} cases[] = {
    /* the frame */
    {"", 16, "does not begin with '{'"},
    {" {" META "," SUM(0, 16) "}", 16, "does not begin with '{'"},
    {"[]", 16, "does not begin with '{'"},
    {"{}", 16, "no __metadata__ object"},
    {"{" META "," SUM(0, 16) "}}", 16, "header: "},
    {"{" META "," SUM(0, 16), 16, "header: "},
    {"{" META "," SUM(0, 16) ",}", 16, "header: "},
    {"{" META "," SUM(0, 16) "} x", 16, "header: "},
    {"{" META "}", 16, "no tensor __checksum__"},
    {"{" META "," SUM(0, 16) "}", 17, "the header puts the end at"},
    {"{" META "," SUM(1, 17) "}", 17, "'__checksum__': begins at 1, the data before it end at 0"},
    {"{" META "," SUM(0, 16) "}", 15, "data_offsets lie outside the 15 bytes"},
    {"{" META ",\"__checksum__\":{\"dtype\":\"U8\",\"shape\":[4,4],\"data_offsets\":[0,16]}}",
     16, "is not U8 of shape (16,)"},
    {"{" META ",\"__checksum__\":{\"dtype\":\"I32\",\"shape\":[4],\"data_offsets\":[0,16]}}",
     16, "is not U8 of shape (16,)"},
    {"{" META ",\"__checksum__\":{\"dtype\":\"U8\",\"shape\":[15],\"data_offsets\":[1,16]}}",
     16, "is not U8 of shape (16,)"},
    {"{" META ",\"__checksum__\":1}", 16, "is not described by"},
    /* metadata */
    {"{\"__metadata__\":[]," SUM(0, 16) "}", 16, "no __metadata__ object"},
    {"{\"__metadata__\":{\"a\":1}," SUM(0, 16) "}", 16, "metadata 'a' is not a named string"},
    {"{\"__metadata__\":{\"a\":null}," SUM(0, 16) "}", 16, "metadata 'a' is not a named string"},
    {"{\"__metadata__\":{\"\":\"\"}," SUM(0, 16) "}", 16, "metadata '' is not a named string"},
    {"{\"__metadata__\":{\"a\\n\":\"\"}," SUM(0, 16) "}", 16, "metadata 'a?' is not a named string"},
    {"{\"__metadata__\":{\"a\":\"\\u0000\"}," SUM(0, 16) "}", 16, "header: "},
    {"{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}," SUM(0, 16) "}", 16, "header: duplicate object key"},
    {"{\"__metadata__\":{}," SUM(0, 16) "}", 16, "'format_version' is missing or not a number"},
    {"{\"__metadata__\":{\"format_version\":\"0\"}," SUM(0, 16) "}", 16, "'format_version' is missing or not a number"},
    {"{\"__metadata__\":{\"format_version\":\"1.0\"}," SUM(0, 16) "}",
     16, "'format_version' is missing or not a number"},
    {"{\"__metadata__\":{\"format_version\":\"99999999999999999999\"}," SUM(0, 16) "}",
     16, "'format_version' is missing"},
    /* names */
    {WITH(TENSOR("", "U8", "[0]", "[0,0]"), 0, 16), 16, "cannot be a tensor's name"},
    {WITH(TENSOR("a\\u001b[31m", "U8", "[0]", "[0,0]"), 0, 16), 16, "'a?[31m' cannot be a tensor's name"},
    {WITH(TENSOR("a\\u0085", "U8", "[0]", "[0,0]"), 0, 16), 16, "cannot be a tensor's name"},
    {WITH(TENSOR("a\\u0000b", "U8", "[0]", "[0,0]"), 0, 16), 16, "header: "},
    {WITH(TENSOR("a\xff", "U8", "[0]", "[0,0]"), 0, 16), 16, "header: "},
    {WITH(TENSOR("a\\ud800", "U8", "[0]", "[0,0]"), 0, 16), 16, "header: "},
    {WITH(TENSOR("a", "U8", "[0]", "[0,0]") "," TENSOR("a", "U8", "[0]", "[0,0]"), 0, 16), 16, "duplicate object key"},
    {WITH(TENSOR("a", "U8", "[0]", "[0,0]") "," TENSOR("\\u0061", "U8", "[0]", "[0,0]"), 0, 16),
     16, "duplicate object key"},
    /* descriptions */
    {"{" META ",\"a\":null," SUM(0, 16) "}", 16, "'a': is not described by"},
    {"{" META ",\"a\":[]," SUM(0, 16) "}", 16, "'a': is not described by"},
    {"{" META ",\"a\":{\"dtype\":\"U8\",\"shape\":[0]}," SUM(0, 16) "}", 16, "'a': is not described by"},
    {"{" META ",\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0],\"x\":1}," SUM(0, 16) "}",
     16, "'a': is not described by"},
    {"{" META ",\"a\":{\"dtype\":\"U8\",\"form\":[0],\"data_offsets\":[0,0]}," SUM(0, 16) "}",
     16, "the shape is not an array"},
    {WITH(TENSOR("a", "U8", "[0]", "[0]"), 0, 16), 16, "'a': is not described by"},
    {WITH(TENSOR("a", "U8", "[0]", "[0,0,0]"), 0, 16), 16, "'a': is not described by"},
    {WITH(TENSOR("a", "U8", "[0]", "{\"0\":0,\"1\":0}"), 0, 16), 16, "'a': is not described by"},
    {WITH(TENSOR("a", "F16", "[0]", "[0,0]"), 0, 16), 16, "none of F32, U8, I32, I64"},
    {WITH(TENSOR("a", "f32", "[0]", "[0,0]"), 0, 16), 16, "none of F32, U8, I32, I64"},
    {WITH(TENSOR("a", "U8", "0", "[0,0]"), 0, 16), 16, "the shape is not an array"},
    {WITH(TENSOR("a", "U8", "[1,1,1,1,1,1,1,1,0]", "[0,0]"), 0, 16), 16, "not an array of at most 8"},
    {WITH(TENSOR("a", "U8", "[-1]", "[0,0]"), 0, 16), 16, "extent 0 of the shape"},
    {WITH(TENSOR("a", "U8", "[0,0.0]", "[0,0]"), 0, 16), 16, "extent 1 of the shape"},
    {WITH(TENSOR("a", "U8", "[1e0]", "[0,1]"), 1, 17), 17, "extent 0 of the shape"},
    {WITH(TENSOR("a", "U8", "[true]", "[0,0]"), 0, 16), 16, "extent 0 of the shape"},
    {WITH(TENSOR("a", "U8", "[9223372036854775808]", "[0,0]"), 0, 16), 16, "header: "},
    /* products that wrap to what is there */
    {WITH(TENSOR("a", "F32", "[4611686018427387904]", "[0,0]"), 0, 16), 16, "its shape does not take the 0 bytes"},
    {WITH(TENSOR("a", "U8", "[4294967296,4294967296]", "[0,0]"), 0, 16), 16, "its shape does not take the 0 bytes"},
    {WITH(TENSOR("a", "F32", "[1073741825,4294967296]", "[0,0]"), 0, 16), 16, "its shape does not take"},
    {WITH(TENSOR("a", "U8", "[3,6148914691236517206]", "[0,2]"), 2, 18), 18, "its shape does not take"},
    {WITH(TENSOR("a", "I64", "[2305843009213693953]", "[0,8]"), 8, 24), 24, "its shape does not take the 8 bytes"},
    {WITH(TENSOR("a", "F32", "[1099511627776]", "[0,4398046511104]"), 4398046511104, 4398046511120), 16, "lie outside"},
    /* places */
    {WITH(TENSOR("a", "U8", "[2]", "[0,3]"), 3, 19), 19, "does not take the 3 bytes from 0 to 3"},
    {WITH(TENSOR("a", "U8", "[0]", "[-1,-1]"), 0, 16), 16, "lie outside"},
    {WITH(TENSOR("a", "U8", "[1]", "[-1,0]"), 0, 16), 16, "lie outside"},
    {WITH(TENSOR("a", "U8", "[1]", "[1,0]"), 1, 17), 17, "lie outside"},
    {WITH(TENSOR("a", "U8", "[1]", "[17,18]"), 1, 17), 17, "lie outside"},
    {WITH(TENSOR("a", "U8", "[1]", "[9223372036854775807,9223372036854775807]"), 1, 17), 17, "lie outside"},
    {WITH(TENSOR("a", "U8", "[1.5]", "[0,1]"), 1, 17), 17, "extent 0"},
    {WITH(TENSOR("a", "U8", "[1]", "[0,\"1\"]"), 1, 17), 17, "lie outside"},
    {WITH(TENSOR("a", "U8", "[2]", "[0,2]") "," TENSOR("b", "U8", "[2]", "[1,3]"), 3, 19),
     19, "'b': begins at 1, the data before it end at 2"},
    {WITH(TENSOR("a", "U8", "[2]", "[0,2]") "," TENSOR("b", "U8", "[2]", "[0,2]"), 2, 18),
     18, "begins at 0, the data before it end at 2"},
    {WITH(TENSOR("a", "U8", "[1]", "[0,1]") "," TENSOR("b", "U8", "[1]", "[2,3]"), 3, 19),
     19, "'b': begins at 2, the data before it end at 1"},
    {WITH(TENSOR("a", "U8", "[17]", "[0,17]"), 1, 17), 17, "'__checksum__': begins at 1, the data before it end at 17"},
    {WITH(TENSOR("a", "U8", "[0]", "[16,16]"), 0, 16), 16, "'a' is the last, not __checksum__"},
    {WITH(TENSOR("a", "U8", "[0]", "[8,8]"), 0, 16), 16, "'a': begins at 8, the data before it end at 16"},
};

START_TEST(each_is_refused) {
  cnn_context *context = scratch_context();
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    forge(cases[i].header, cases[i].data);
    refused(context, CNN_EFORMAT, cases[i].part);
  }
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

/* The same forging makes good files too, so the refusals above mean something. */
START_TEST(honest_ones_are_taken) {
  cnn_context *context = scratch_context();
  cnn_container *c;
  static const struct {
    const char *header;
    size_t data;
    int32_t tensors;
  } honest[] = {
      {"{" META "," SUM(0, 16) "}", 16, 0},
      {"{" SUM(0, 16) "," META "}      ", 16, 0},
      {WITH(TENSOR("a", "F32", "[]", "[1,5]") "," TENSOR("b", "U8", "[1]", "[0,1]"), 5, 21), 21, 2},
      {WITH(TENSOR("a", "I64", "[0,4611686018427387904]", "[0,0]"), 0, 16), 16, 1},
  };
  for (size_t i = 0; i < sizeof honest / sizeof honest[0]; i++) {
    forge(honest[i].header, honest[i].data);
    ck_assert_msg(cnn__container_read(&c, context, &(cnn__origin){.path = scratch_path("h")}, 0) == CNN_OK, "%zu: %s", i, cnn_error_text());
    ck_assert_int_eq(c->entry_count, honest[i].tensors);
    cnn_container_free(c);
  }
  cnn_context_free(context);
}
END_TEST

START_TEST(newer_files) {
  cnn_context *context = scratch_context();
  forge("{\"__metadata__\":{\"format_version\":\"2\",\"library\":\"libcnn 9.9\"}," SUM(0, 16) "}", 16);
  refused(context, CNN_ETOONEW, "is of format version 2, written by libcnn 9.9; this library reads up to 1");
  forge("{\"__metadata__\":{\"format_version\":\"3\"},\"a\":{\"dtype\":\"Q4\"}," SUM(0, 16) "}", 16);
  refused(context, CNN_ETOONEW, "is of format version 3");
  cnn_context_free(context);
}
END_TEST

START_TEST(lengths_that_lie) {
  cnn_context *context = scratch_context();
  const char *header = "{" META "," SUM(0, 16) "}";
  size_t length = strlen(header);
  static const uint64_t huge[] = {UINT64_MAX, UINT64_MAX - 7, (uint64_t)1 << 63, (uint64_t)1 << 32, (16 << 20) + 1};
  for (size_t i = 0; i < sizeof huge / sizeof huge[0]; i++) {
    forge_claiming(huge[i], header, length, 16);
    refused(context, CNN_EFORMAT, "is no model file, or damaged: its header would have");
  }
  forge_claiming(16 << 20, header, length, 16);
  refused(context, CNN_EFORMAT, "is cut off");
  forge_claiming(length + 17, header, length, 16);
  refused(context, CNN_EFORMAT, "is cut off");
  forge_claiming(length + 16, header, length, 16);
  refused(context, CNN_EFORMAT, "header: ");
  forge_claiming(length - 1, header, length, 16);
  refused(context, CNN_EFORMAT, "header: ");
  forge_claiming(0, header, 0, 0);
  refused(context, CNN_EFORMAT, "does not begin with '{'");
  scratch_write("h", "", 0);
  refused(context, CNN_EFORMAT, "has 0 bytes, too few");
  scratch_write("h", "1234567", 7);
  refused(context, CNN_EFORMAT, "has 7 bytes, too few");
  cnn_context_free(context);
}
END_TEST

static char *repeated(const char *begin, const char *unit, size_t count, const char *end) {
  size_t unit_length = strlen(unit);
  char *text = malloc(strlen(begin) + unit_length * count + strlen(end) + 1), *at = text;
  strcpy(at, begin);
  at += strlen(begin);
  for (size_t i = 0; i < count; i++, at += unit_length)
    memcpy(at, unit, unit_length);
  strcpy(at, end);
  return text;
}

/* Depth, number and size are limited before the parser sees the text. */
START_TEST(json_bombs) {
  cnn_context *context = scratch_context();
  static const struct {
    const char *begin, *unit;
    size_t count;
    const char *end, *part;
  } bombs[] = {
      {"{\"a\":", "[", 9, "", "nested deeper than 8"},
      {"{\"a\":", "[", 1000000, "", "nested deeper than 8"},
      {"{\"a\":", "{\"a\":", 100000, "", "nested deeper than 8"},
      {"{\"a\":[", "0,", 200000, "0]}", "more than 131072 values"},
      {"{\"a\":[", "{},", 100000, "{}]}", "more than 131072 values"},
      {"{\"a\":\"", "\\\"[", 100000, "\"}", "no __metadata__ object"}, /* brackets in a string are none */
      {"{" META ",\"", "n", 321, "\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}," SUM(0, 16) "}",
       "cannot be a tensor's name"},
  };
  for (size_t i = 0; i < sizeof bombs / sizeof bombs[0]; i++) {
    char *text = repeated(bombs[i].begin, bombs[i].unit, bombs[i].count, bombs[i].end);
    forge(text, 16);
    refused(context, CNN_EFORMAT, bombs[i].part);
    free(text);
  }
  cnn_context_free(context);
}
END_TEST

START_TEST(too_many_names) {
  cnn_context *context = scratch_context();
  cnn__text header = {.context = context};
  cnn__text_add(&header, "{" META "," SUM(0, 16));
  for (int i = 0; i < 4096; i++)
    cnn__text_add(&header, "," TENSOR("t%d", "U8", "[0]", "[0,0]"), i);
  cnn__text_add(&header, "}");
  forge(header.data, 16);
  refused(context, CNN_EFORMAT, "4097 tensors, at most 4096");
  cnn__text_free(&header);
  cnn__text_add(&header, "{\"__metadata__\":{\"format_version\":\"1\"");
  for (int i = 0; i < 64; i++)
    cnn__text_add(&header, ",\"k%d\":\"\"", i);
  cnn__text_add(&header, "}," SUM(0, 16) "}");
  forge(header.data, 16);
  refused(context, CNN_EFORMAT, "65 keys of metadata, at most 64");
  cnn__text_free(&header);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

/* Random changes to a header under a valid checksum: anything but a crash, a leak or a file that does not keep its
 * word. */
START_TEST(mutated_headers) {
  cnn_context *context = scratch_context();
  static const char good[] = WITH(TENSOR("a", "F32", "[2,3]", "[0,24]") "," TENSOR("b", "I64", "[1]", "[24,32]"), 32,
                                  48);
  static const char letters[] = "{}[]\",:0123456789-.eE\\u abtfn\x01\x80\xff";
  uint32_t state = 12345;
  int taken = 0;
  for (int round = 0; round < 20000; round++) {
    char text[sizeof good];
    memcpy(text, good, sizeof good);
    for (int change = 0; change <= round % 3; change++) {
      state = state * 1664525u + 1013904223u;
      text[(state >> 8) % (sizeof good - 1)] = letters[(state >> 24) % (sizeof letters - 1)];
    }
    cnn_container *c;
    forge(text, 48);
    if (cnn__container_read(&c, context, &(cnn__origin){.path = scratch_path("h")}, 0) < 0)
      continue;
    int64_t covered = 0;
    for (int32_t i = 0; i < c->entry_count; i++) {
      ck_assert((const unsigned char *)c->entries[i].data == c->bytes + c->data_start + covered);
      covered += c->entries[i].bytes;
    }
    ck_assert_int_eq(c->data_start + covered + 16, c->byte_count);
    cnn_container_free(c);
    taken++;
  }
  ck_assert_int_gt(taken, 10);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

static void add(TCase *tests) {
  tcase_add_test(tests, each_is_refused);
  tcase_add_test(tests, honest_ones_are_taken);
  tcase_add_test(tests, newer_files);
  tcase_add_test(tests, lengths_that_lie);
  tcase_add_test(tests, json_bombs);
  tcase_add_test(tests, too_many_names);
  tcase_add_test(tests, mutated_headers);
}

int main(void) { return scratch_run("container_hostile", add); }
