/* format: what may not be registered, formats that fail or lie, files of forms that are not known. */
#include "cnn/train.h"
#include "io/atomic_file.h"
#include "scratch.h"
#include "small_model.h"
#include "toy_format.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static cnn_context *context;
static cnn_model *m;

static void begin(void) {
  context = scratch_context();
  m = dense_model(context, 3, "d");
}

static void end(void) {
  cnn_model_free(m);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}

static void refuse(cnn_file_format format, cnn_status code, const char *part) {
  ck_failed(cnn_format_register(context, &format), code, part);
}

#define TOY(...) (refused = toy_format, __VA_ARGS__, refused)

START_TEST(registering) {
  cnn_file_format refused, empty = {.size = sizeof empty, .name = "x"};
  begin();
  ck_failed(cnn_format_register(NULL, &toy_format), CNN_EINVAL, "context is NULL");
  ck_failed(cnn_format_register(context, NULL), CNN_EINVAL, "format is NULL");
  refuse(TOY(refused.size = 8), CNN_EINVAL, "cnn_file_format");
  refuse(TOY(refused.name = NULL), CNN_EINVAL, "name NULL is not");
  refuse(TOY(refused.name = "a\nb"), CNN_EINVAL, "name 'a?b' is not");
  refuse(TOY(refused.sniff = NULL), CNN_EINVAL, "'toy': load is given without sniff");
  refuse(TOY(refused.load = NULL), CNN_EINVAL, "'toy': sniff is given without load");
  refuse(empty, CNN_EINVAL, "'x': neither load nor save is given");
  refuse(TOY(refused.endings = NULL), CNN_EINVAL, "'toy': save is given without endings");
  refuse(TOY(refused.endings = " "), CNN_EINVAL, "'toy': save is given without endings");
  refuse(TOY(refused.endings = ".a toy"), CNN_EINVAL, "ending 'toy' is not '.'");
  refuse(TOY(refused.endings = ". .a"), CNN_EINVAL, "ending '.' is not");
  refuse(TOY(refused.endings = "./a"), CNN_EINVAL, "ending './a' is not");
  refuse(TOY(refused.endings = ".0123456789012345678901234567890123456789"), CNN_EINVAL, "is not '.' and 1 to 31 bytes");
  refuse(TOY(refused.endings = ".a .SafeTensors"), CNN_ENAME, "ending '.SafeTensors' is that of libcnn's own form");
  refuse(TOY(refused.name = "libcnn"), CNN_ENAME, "'libcnn': the name is that of libcnn's own form");
  ck_assert_int_eq(cnn_format_register(context, &toy_format), CNN_OK);
  refuse(TOY(refused.endings = ".b"), CNN_ENAME, "'toy': the name is registered in this context already");
  refuse(TOY(refused.name = "other", refused.endings = ".b .Toy"), CNN_ENAME,
         "'other': ending '.Toy' is that of format 'toy' already");
  ck_assert_int_eq(scratch_count(), 0);
  end();
}
END_TEST

/* ---- forms that are not known ---- */

START_TEST(endings_of_companions) {
  static const char *const names[] = {"m.h5", "M.HDF5", "a.weights.h5", "m.keras", "m.onnx", "m.tflite", "m.c", "m.npz"};
  begin();
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    const char *part = i < 4 ? "written once cnn_keras_register of libcnn-keras was called" : "written once cnn_export_register of libcnn-export was called";
    const char *path = scratch_path(names[i]);
    ck_failed(cnn_model_save(m, path, NULL), CNN_EUNSUPPORTED, part);
    ck_assert_msg(strncmp(cnn_error_text() + 1, path, strlen(path)) == 0, "%s", cnn_error_text());
    ck_assert_ptr_null(cnn_format_name(context, path));
    ck_failed(CNN_EUNSUPPORTED, CNN_EUNSUPPORTED, part);
  }
  ck_assert_int_eq(scratch_count(), 0);
  ck_assert_ptr_null(cnn_format_name(context, NULL));
  ck_assert_ptr_null(cnn_format_name(NULL, "x"));
  end();
}
END_TEST

/* What Keras calls an archive and NumPy calls one differ in their first file alone. */
START_TEST(archives_of_arrays) {
  static const unsigned char head[30] = {'P', 'K', 3, 4, 20, [26] = 5};
  char bytes[64] = {0};
  cnn_model *none = NULL;
  begin();
  memcpy(bytes, head, sizeof head);
  memcpy(bytes + sizeof head, "x.npy", 5);
  for (int32_t longer = 0; longer < 2; longer++) {
    bytes[26] = (char)(5 + longer);
    scratch_write("f", bytes, sizeof bytes);
    ck_failed(cnn_model_load(&none, context, scratch_path("f"), NULL), CNN_EUNSUPPORTED,
              longer ? "/f': is a zip file" : "/f': holds arrays of NumPy and no model");
    ck_failed(cnn_model_load_memory(&none, context, bytes, 34, NULL), CNN_EUNSUPPORTED, ": is a zip file"); /* it ends in the name */
  }
  end();
}
END_TEST

START_TEST(contents_of_companions) {
  static const struct {
    size_t at;
    const char *mark, *part;
  } files[] = {{0, "\x89HDF\r\n\x1a\n", "/f': is an HDF5 file, which is read once cnn_keras_register of libcnn-keras"},
               {512, "\x89HDF\r\n\x1a\n", "/f': is an HDF5 file"},
               {2048, "\x89HDF\r\n\x1a\n", "/f': is an HDF5 file"},
               {0, "PK\3\4\x14", "/f': is a zip file, as Keras's .keras is, which is read once cnn_keras_register of libcnn-keras"},
               {0, "PK\3\4..............................", "/f': is a zip file"},
               {0, "\x93NUMPY\1", "/f': holds arrays of NumPy and no model: cnn_npz_load and cnn_npy_load read them"},
               {4, "TFL3", "/f': is a TensorFlow Lite file, which is written by libcnn-export and not read"}};
  char bytes[4096];
  cnn_model *none = NULL;
  cnn_container *nothing = NULL;
  begin();
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    memset(bytes, 'x', sizeof bytes);
    memcpy(bytes + files[i].at, files[i].mark, strlen(files[i].mark));
    scratch_write("f", bytes, sizeof bytes);
    ck_failed(cnn_model_load(&none, context, scratch_path("f"), NULL), CNN_EUNSUPPORTED, files[i].part);
    ck_failed(cnn_model_load_weights(m, scratch_path("f"), NULL), CNN_EUNSUPPORTED, files[i].part);
    ck_failed(cnn_container_load(&nothing, context, scratch_path("f"), NULL), CNN_EUNSUPPORTED, files[i].part);
    ck_failed(cnn_model_load_memory(&none, context, bytes, sizeof bytes, NULL), CNN_EUNSUPPORTED, files[i].part + 5);
  }
  scratch_write("f", bytes, 4); /* "xxxx" */
  ck_failed(cnn_model_load(&none, context, scratch_path("f"), NULL), CNN_EFORMAT, "too few for a model file");
  ck_assert(!none && !nothing);
  end();
}
END_TEST

/* ---- formats that fail or lie ---- */

static cnn_status answer;
static int32_t says;
static const char *note_key, *note_text, *tensor_name;
static int64_t extents[2];
static int32_t type;
static float value;

static int32_t sniff_lie(const void *bytes, size_t count) { return count >= 3 && memcmp(bytes, "lie", 3) == 0; }

static cnn_status load_lie(cnn_container *out, cnn_context *c, const void *bytes, size_t count, const cnn_container *like) {
  cnn_tensor *t;
  (void)bytes, (void)count, (void)like;
  if (says)
    return says == 1 ? cnn_error_set(answer, "the format says no") : answer;
  if (note_key && cnn_container_set_note(out, note_key, note_text) < 0)
    return CNN_EINVAL;
  if (cnn_tensor_new(&t, c, type, 2, extents, NULL) < 0)
    return CNN_ENOMEM;
  if (type == CNN_F32 && cnn_tensor_count(t))
    ((float *)cnn_tensor_data(t))[0] = value;
  cnn_status status = cnn_container_set_tensor(out, tensor_name, t);
  cnn_tensor_free(t);
  return status;
}

static cnn_status save_lie(const cnn_container *container, cnn_context *c, const cnn_save_opts *options, const cnn_sink *to) {
  (void)container, (void)c, (void)options;
  to->write(to->user, "lie", 3);
  return says == 1 ? cnn_error_set(answer, "the format says no") : answer;
}

static void begin_lie(void) {
  static const cnn_file_format lie = {
      .size = sizeof lie, .name = "lie", .endings = ".lie", .sniff = sniff_lie, .load = load_lie, .save = save_lie};
  begin();
  ck_assert_int_eq(cnn_format_register(context, &lie), CNN_OK);
  scratch_write("f", "lie.....", 8);
  answer = CNN_OK;
  says = 0;
  note_key = note_text = NULL;
  tensor_name = "d/kernel";
  type = CNN_F32;
  value = 0;
  extents[0] = 3;
  extents[1] = 3;
}

static void ck_load(cnn_status code, const char *part) {
  cnn_model *none = NULL;
  ck_failed(cnn_model_load(&none, context, scratch_path("f"), NULL), code, part);
  ck_assert_ptr_null(none);
}

START_TEST(what_a_format_returns) {
  const struct {
    int32_t says;
    cnn_status answer, code;
    const char *part;
  } cases[] = {{1, CNN_EFORMAT, CNN_EFORMAT, "': the format says no"},
               {1, CNN_ENOMEM, CNN_ENOMEM, "': the format says no"},
               {1, CNN_EUNSUPPORTED, CNN_EUNSUPPORTED, "': the format says no"},
               {2, CNN_EFORMAT, CNN_ECALLBACK, " of format 'lie' returned CNN_EFORMAT (-8) without a text"},
               {2, CNN_STOP, CNN_ECALLBACK, " of format 'lie' returned 1, must be CNN_OK or an error"},
               {2, -99, CNN_ECALLBACK, " of format 'lie' returned unknown status (-99)"}};
  begin_lie();
  scratch_write("old.lie", "old", 3);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    says = cases[i].says;
    answer = cases[i].answer;
    ck_load(cases[i].code, cases[i].part);
    ck_failed(cnn_model_load_weights(m, scratch_path("f"), NULL), cases[i].code, cases[i].part);
    ck_failed(cnn_model_save(m, scratch_path("old.lie"), NULL), cases[i].code, cases[i].part);
    ck_assert_ptr_nonnull(strstr(cnn_error_text(), "/old.lie': "));
  }
  size_t count;
  unsigned char *old = scratch_read("old.lie", &count);
  ck_assert(count == 3 && memcmp(old, "old", 3) == 0);
  free(old);
  ck_assert_int_eq(scratch_count(), 2);
  says = 1;
  answer = CNN_EINVAL; /* of a file, what is wrong is the file */
  ck_load(CNN_EFORMAT, "/f': the format says no");
  end();
}
END_TEST

/* As the model's that wants the weights; else the file's. */
START_TEST(what_does_not_fit_the_model) {
  begin_lie();
  says = 1;
  answer = CNN_ESHAPE;
  ck_failed(cnn_model_load_weights(m, scratch_path("f"), NULL), CNN_ESHAPE, "/f': the format says no");
  ck_load(CNN_EFORMAT, "/f': the format says no");
  answer = CNN_ESTATE;
  ck_failed(cnn_model_load_weights(m, scratch_path("f"), NULL), CNN_EFORMAT, "/f': the format says no");
  end();
}
END_TEST

START_TEST(what_a_format_puts_into_the_container) {
  cnn_container *c;
  begin_lie();
  ck_assert_int_eq(cnn_model_to_container(&c, m, NULL), CNN_OK);
  ck_load(CNN_EFORMAT, "/f': holds weights alone");
  note_key = "config";
  note_text = "[]";
  ck_load(CNN_EFORMAT, "/f': ");
  note_text = "{\"name\":\"a\",\"layers\":[{\"type\":\"sorcery\",\"name\":\"b\",\"inputs\":[],\"attributes\":{}}]}";
  ck_load(CNN_EUNSUPPORTED, "sorcery");
  note_text = cnn_container_note(c, "config");
  ck_load(CNN_EFORMAT, "/f': ");
  ck_assert_ptr_nonnull(strstr(cnn_error_text(), "is missing in the file"));
  tensor_name = cnn_container_tensor_name(c, 0);
  extents[0] = 1 << 20;
  extents[1] = 0;
  ck_load(CNN_EFORMAT, "(1048576, 0) in the file");
  extents[0] = extents[1] = 7;
  ck_load(CNN_EFORMAT, "float32 (7, 7) in the file");
  type = CNN_I32;
  ck_load(CNN_EFORMAT, "int32 (7, 7) in the file");
  ck_failed(cnn_model_load_weights(m, scratch_path("f"), NULL), CNN_ESHAPE, "int32 (7, 7) in the file");
  tensor_name = "__checksum__";
  ck_load(CNN_EFORMAT, "'__checksum__' cannot be a tensor's name");
  extents[0] = -1;
  says = 0;
  type = CNN_F32;
  ck_load(CNN_ECALLBACK, "load of format 'lie' returned CNN_ENOMEM");
  extents[0] = 7;
  note_key = "two\nlines";
  ck_load(CNN_EFORMAT, "'two?lines' cannot be a key");
  cnn_container_free(c);
  end();
}
END_TEST

START_TEST(only_read_or_only_written) {
  cnn_file_format readable = toy_format, writable = toy_format;
  cnn_model *none = NULL;
  begin();
  readable.save = NULL;
  readable.name = "readable";
  readable.endings = ".r";
  writable.sniff = NULL;
  writable.load = NULL;
  ck_assert_int_eq(cnn_format_register(context, &readable), CNN_OK);
  ck_failed(cnn_model_save(m, scratch_path("m.r"), NULL), CNN_EUNSUPPORTED, "/m.r': files of the form 'readable' are only read");
  cnn_context *other;
  ck_assert_int_eq(cnn_context_new(&other, NULL), CNN_OK);
  ck_assert_int_eq(cnn_format_register(other, &writable), CNN_OK);
  cnn_model *there = dense_model(other, 3, "d");
  small_model_save(there, "w.toy", NULL);
  ck_failed(cnn_model_load(&none, other, scratch_path("w.toy"), NULL), CNN_EFORMAT, "/w.toy': is no model file");
  ck_assert_int_eq(cnn_model_load(&none, context, scratch_path("w.toy"), NULL), CNN_OK);
  cnn_model_free(none);
  cnn_model_free(there);
  cnn_context_free(other);
  end();
}
END_TEST

/* ---- failures ---- */

static int full(int file) {
  (void)file;
  errno = ENOSPC;
  return -1;
}

START_TEST(a_failed_save_keeps_the_old_file) {
  size_t counts[2];
  begin();
  ck_assert_int_eq(cnn_format_register(context, &toy_format), CNN_OK);
  small_model_save(m, "m.toy", NULL);
  unsigned char *old = scratch_read("m.toy", &counts[0]), *now;
  cnn_model *other = dense_model(context, 5, "other");
  const cnn__file_calls whole = cnn__file_ops;
  cnn__file_ops.sync = full;
  ck_failed(cnn_model_save(other, scratch_path("m.toy"), NULL), CNN_EIO, "/m.toy': cannot sync: No space left on device");
  ck_failed(cnn_file_replace(context, scratch_path("m.toy"), "x", 1), CNN_EIO, "/m.toy': cannot sync");
  cnn__file_ops = whole;
  now = scratch_read("m.toy", &counts[1]);
  ck_assert(counts[0] == counts[1] && memcmp(old, now, counts[0]) == 0);
  ck_failed(cnn_model_save(m, scratch_path("none/m.toy"), NULL), CNN_EIO, "/none/m.toy': cannot open its folder");
  ck_assert_int_eq(scratch_count(), 1);
  free(old);
  free(now);
  cnn_model_free(other);
  end();
}
END_TEST

START_TEST(limits) {
  cnn_model *none = NULL;
  size_t count;
  begin();
  ck_assert_int_eq(cnn_format_register(context, &toy_format), CNN_OK);
  small_model_save(m, "m.toy", NULL);
  free(scratch_read("m.toy", &count));
  ck_failed(cnn_model_load(&none, context, scratch_path("m.toy"), cnn_load_opts(.max_bytes = (int64_t)count - 1)), CNN_EFORMAT,
            "more than the");
  ck_failed(cnn_file_replace(NULL, "x", "y", 1), CNN_EINVAL, "context is NULL");
  ck_failed(cnn_file_replace(context, NULL, "y", 1), CNN_EINVAL, "path is NULL");
  ck_failed(cnn_file_replace(context, "x", NULL, 1), CNN_EINVAL, "bytes is NULL");
  ck_assert_int_eq(cnn_file_replace(context, scratch_path("empty"), NULL, 0), CNN_OK);
  free(scratch_read("empty", &count));
  ck_assert_uint_eq(count, 0);
  end();
}
END_TEST

static cnn_status there_and_back(const cnn_allocator *allocator, void *user) {
  cnn_context *c;
  cnn_model *model = NULL, *copy = NULL;
  cnn_container *container = NULL;
  (void)user;
  cnn_status status = cnn_context_new(&c, cnn_context_opts(.threads = 1, .allocator = allocator));
  if (status < 0)
    return status;
  status = cnn_format_register(c, &toy_format);
  if (status == CNN_OK)
    status = cnn_model_new(&model, c, NULL);
  if (status == CNN_OK) {
    cnn_input(model, 1, (const int64_t[]){3}, NULL);
    cnn_dense(model, 5, NULL);
    status = cnn_model_save(model, scratch_path("f.toy"), NULL);
  }
  if (status == CNN_OK)
    status = cnn_model_load(&copy, c, scratch_path("f.toy"), NULL);
  if (status == CNN_OK)
    status = cnn_model_load_weights(model, scratch_path("f.toy"), NULL);
  if (status == CNN_OK)
    status = cnn_container_load(&container, c, scratch_path("f.toy"), NULL);
  if (status == CNN_OK)
    status = cnn_container_save(container, scratch_path("f"), NULL);
  cnn_container_free(container);
  cnn_model_free(copy);
  cnn_model_free(model);
  cnn_context_free(c);
  return status;
}

START_TEST(failing_allocations) {
  scratch_without_sync();
  ck_assert_int_gt(test_alloc_fail_each(there_and_back, NULL), 60);
}
END_TEST

static void add(TCase *tests) {
  tcase_add_test(tests, registering);
  tcase_add_test(tests, endings_of_companions);
  tcase_add_test(tests, archives_of_arrays);
  tcase_add_test(tests, contents_of_companions);
  tcase_add_test(tests, what_a_format_returns);
  tcase_add_test(tests, what_does_not_fit_the_model);
  tcase_add_test(tests, what_a_format_puts_into_the_container);
  tcase_add_test(tests, only_read_or_only_written);
  tcase_add_test(tests, a_failed_save_keeps_the_old_file);
  tcase_add_test(tests, limits);
  tcase_add_test(tests, failing_allocations);
}

int main(void) { return scratch_run("format_errors", add); }
