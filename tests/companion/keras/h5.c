/* The reader of HDF5 on what Keras wrote: every weight is found and has the values that Keras says it has; every cut is noticed. */
#include "companion/keras/h5.h"

#include "interop.h"
#include "reference.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cnn_context *context;
static cnn_context *a_context(void) {
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 1)), CNN_OK);
  return context;
}

static uint64_t object_at(keras__h5 *file, uint64_t from, const char *path) {
  uint64_t object;
  ck_assert_msg(keras__h5_find(&object, file, from, keras__slice_of(path)) == CNN_OK, "%s: %s", path, cnn_error_text());
  ck_assert_msg(object != 0, "%s is not there", path);
  return object;
}

static void compare(keras__h5 *file, uint64_t object, const reference *expected, const char *name) {
  cnn_tensor *tensor;
  const reference_tensor *want = reference_get(expected, name);
  ck_assert_msg(keras__h5_tensor(&tensor, context, file, object, name) == CNN_OK, "%s", cnn_error_text());
  ck_assert_int_eq(cnn_tensor_rank(tensor), want->rank);
  ck_assert_mem_eq(cnn_tensor_shape(tensor), want->shape, (size_t)want->rank * sizeof(int64_t));
  reference_compare(name, (const float *)cnn_tensor_read(tensor), want, 0);
  cnn_tensor_free(tensor);
}

/* Whole models and weights in the legacy layout, by the names that the file lists. @return how many weights. */
static int32_t compare_legacy(keras__h5 *file, const char *top, const reference *expected) {
  keras__slice *layers, *weights;
  size_t layer_count, count;
  int32_t all = 0;
  uint64_t group = object_at(file, file->root, top);
  ck_assert_int_eq(keras__h5_texts(&layers, &layer_count, file, group, "layer_names", 1), CNN_OK);
  ck_assert_uint_eq(layer_count, 12);
  for (size_t i = 0; i < layer_count; i++) {
    uint64_t layer;
    ck_assert_int_eq(keras__h5_find(&layer, file, group, layers[i]), CNN_OK);
    ck_assert_int_eq(keras__h5_texts(&weights, &count, file, layer, "weight_names", 1), CNN_OK);
    for (size_t k = 0; k < count; k++) {
      uint64_t data;
      char name[64], *last;
      snprintf(name, sizeof name, "%.*s", (int)weights[k].length, weights[k].text);
      ck_assert_int_eq(keras__h5_find(&data, file, layer, weights[k]), CNN_OK);
      last = strrchr(name, '/') + 1;
      last[strcspn(last, ":")] = 0;
      char plain[64];
      snprintf(plain, sizeof plain, "%.*s/%s", (int)layers[i].length, layers[i].text, last);
      compare(file, data, expected, plain);
      all++;
    }
    free(weights);
  }
  free(layers);
  return all;
}

START_TEST(weights_are_found) {
  static const struct {
    const char *file, *top, *expected;
  } cases[] = {{"small/keras2.h5", "model_weights", "small/keras2_expected"},
               {"small/keras2_save_weights.h5", "", "small/keras2_expected"},
               {"small/keras3.h5", "model_weights", "small/keras3_expected"}};
  a_context();
  for (size_t i = 0; i < 3; i++) {
    size_t bytes;
    keras__h5 file;
    unsigned char *data = interop_file(cases[i].file, &bytes);
    reference *expected = reference_open("interop", cases[i].expected);
    ck_assert_int_eq(keras__h5_open(&file, data, bytes), CNN_OK);
    ck_assert_int_eq(compare_legacy(&file, cases[i].top, expected), 16);
    reference_close(expected);
    free(data);
  }
  cnn_context_free(context);
}
END_TEST

START_TEST(numbered_weights_and_counters) {
  size_t bytes;
  keras__h5 file;
  int64_t iteration;
  uint64_t links;
  unsigned char *data = interop_file("small/keras3.weights.h5", &bytes);
  reference *expected = reference_open("interop", "small/keras3_expected");
  a_context();
  ck_assert_int_eq(keras__h5_open(&file, data, bytes), CNN_OK);
  compare(&file, object_at(&file, file.root, "layers/conv2d_1/vars/0"), expected, "conv2/kernel");
  compare(&file, object_at(&file, file.root, "/layers//batch_normalization/vars/3"), expected, "bn1/moving_variance");
  compare(&file, object_at(&file, file.root, "optimizer/vars/1"), expected, "optimizer.1.adam.learning_rate");
  compare(&file, object_at(&file, file.root, "optimizer/vars/25"), expected, "optimizer.25.adam.sequential_output_bias_velocity");
  ck_assert_int_eq(keras__h5_integer(&iteration, &file, object_at(&file, file.root, "optimizer/vars/0"), "iteration"), CNN_OK);
  ck_assert_int_eq(iteration, 1);
  ck_assert_int_eq(keras__h5_size(&links, &file, object_at(&file, file.root, "optimizer/vars")), CNN_OK);
  ck_assert_uint_eq(links, 26);
  uint64_t object = 1;
  ck_assert_int_eq(keras__h5_find(&object, &file, file.root, keras__slice_of("layers/conv2d_2")), CNN_OK);
  ck_assert_uint_eq(object, 0);
  reference_close(expected);
  cnn_context_free(context);
  free(data);
}
END_TEST

START_TEST(texts) {
  size_t bytes, count;
  keras__h5 file;
  keras__slice *list;
  unsigned char *data = interop_file("small/keras3.h5", &bytes);
  ck_assert_int_eq(keras__h5_open(&file, data, bytes), CNN_OK);
  ck_assert_int_eq(keras__h5_texts(&list, &count, &file, file.root, "keras_version", 0), CNN_OK);
  ck_assert(count == 1 && keras__slice_equal(list[0], keras__slice_of("3.15.1")));
  free(list);
  ck_assert_int_eq(keras__h5_texts(&list, &count, &file, file.root, "model_config", 0), CNN_OK);
  ck_assert(count == 1 && list[0].text[0] == '{' && list[0].text[list[0].length - 1] == '}');
  free(list);
  ck_assert_int_eq(keras__h5_texts(&list, &count, &file, file.root, "keras_versio", 1), CNN_OK);
  ck_assert_ptr_null(list);
  ck_assert_int_eq(keras__h5_texts(&list, &count, &file, object_at(&file, file.root, "model_weights/flatten"), "weight_names", 1), CNN_OK);
  ck_assert(list && count == 0);
  free(list);
  free(data);
}
END_TEST

/* Names that lead nowhere are work all the same. */
START_TEST(every_name_is_a_step) {
  static char slashes[4096], name[4096];
  static const char *const message = "lead on for ever";
  size_t bytes;
  uint64_t object;
  keras__h5 file;
  unsigned char *data = interop_file("small/keras3.h5", &bytes);
  memset(slashes, '/', sizeof slashes);
  memset(name, 'n', sizeof name);
  ck_assert_int_eq(keras__h5_open(&file, data, bytes), CNN_OK);
  file.steps = sizeof slashes;
  ck_assert_int_eq(keras__h5_find(&object, &file, file.root, (keras__slice){slashes, sizeof slashes}), CNN_OK);
  ck_assert_uint_eq(file.steps, 0);
  file.steps = sizeof slashes - 1;
  ck_assert_int_eq(keras__h5_find(&object, &file, file.root, (keras__slice){slashes, sizeof slashes}), CNN_EFORMAT);
  ck_assert_ptr_nonnull(strstr(cnn_error_text(), message));
  file.steps = 60;
  ck_assert_int_eq(keras__h5_find(&object, &file, file.root, (keras__slice){name, sizeof name}), CNN_EFORMAT);
  ck_assert_ptr_nonnull(strstr(cnn_error_text(), message));
  /* the heap of the root's names, as if it were one long name */
  unsigned char *heap = memmem(data, bytes, "HEAP", 4);
  ck_assert_ptr_nonnull(heap);
  unsigned char *names = data + keras__u64(heap + 24);
  for (uint64_t i = 0; i + 1 < keras__u64(heap + 8); i++)
    names[i] = names[i] ? names[i] : 'x';
  const uint64_t few = 20;
  file.steps = few;
  (void)!keras__h5_find(&object, &file, file.root, keras__slice_of("model_weights"));
  ck_assert_uint_lt(file.steps, few - 3);
  free(data);
}
END_TEST

START_TEST(cut_files) {
  size_t bytes;
  keras__h5 file;
  unsigned char *data = interop_file("small/keras3.h5", &bytes);
  for (size_t n = 0; n < bytes; n += n < 1024 ? 1 : 512) {
    unsigned char *cut = malloc(n ? n : 1); /* exactly as long, so that a sanitizer sees what is read behind it */
    memcpy(cut, data, n);
    ck_assert_int_eq(keras__h5_open(&file, cut, n), CNN_EFORMAT);
    free(cut);
  }
  free(data);
}
END_TEST

int main(void) { return RUN_SUITE("h5", 60, weights_are_found, numbered_weights_and_counters, texts, every_name_is_a_step, cut_files); }
