/* tensor: made, wrapped, refused, counted. */
#include "suite.h"

#include "alloc.h"
#include "tensor/tensor_internal.h"

#include <math.h>
#include <string.h>

static test_alloc counting;

static cnn_context *new_context(void) {
  cnn_context *context;
  test_alloc_init(&counting);
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 1, .allocator = &counting.allocator)), CNN_OK);
  return context;
}

static void free_context(cnn_context *context) {
  cnn_context_free(context);
  test_alloc_check(&counting);
}

START_TEST(types) {
  ck_assert_str_eq(cnn_type_name(CNN_F32), "float32");
  ck_assert_str_eq(cnn_type_name(CNN_U8), "uint8");
  ck_assert_str_eq(cnn_type_name(CNN_I32), "int32");
  ck_assert_str_eq(cnn_type_name(CNN_I64), "int64");
  ck_assert_str_eq(cnn_type_name(0), "unknown type");
  ck_assert_uint_eq(cnn_type_size(CNN_F32), 4);
  ck_assert_uint_eq(cnn_type_size(CNN_U8), 1);
  ck_assert_uint_eq(cnn_type_size(CNN_I32), 4);
  ck_assert_uint_eq(cnn_type_size(CNN_I64), 8);
  ck_assert_uint_eq(cnn_type_size(99), 0);
}
END_TEST

START_TEST(a_new_tensor_is_zero) {
  cnn_context *context = new_context();
  for (int32_t type = CNN_F32; type <= CNN_I64; type++) {
    cnn_tensor *tensor;
    ck_assert_int_eq(cnn_tensor_new(&tensor, context, type, 4, (const int64_t[]){2, 3, 5, 1}, NULL), CNN_OK);
    ck_assert_int_eq(cnn_tensor_type(tensor), type);
    ck_assert_int_eq(cnn_tensor_rank(tensor), 4);
    ck_assert_int_eq(cnn_tensor_shape(tensor)[2], 5);
    ck_assert_int_eq(cnn_tensor_count(tensor), 30);
    ck_assert_uint_eq(cnn_tensor_bytes(tensor), 30 * cnn_type_size(type));
    ck_assert_ptr_eq(cnn_tensor_data(tensor), cnn_tensor_read(tensor));
    ck_assert_uint_eq((uintptr_t)cnn_tensor_data(tensor) % 64, 0);
    for (size_t i = 0; i < cnn_tensor_bytes(tensor); i++)
      ck_assert_int_eq(((const unsigned char *)cnn_tensor_read(tensor))[i], 0);
    cnn_tensor_free(tensor);
  }
  cnn_tensor_free(NULL);
  ck_assert_int_eq(cnn_tensor_type(NULL) + cnn_tensor_rank(NULL) + cnn_tensor_count(NULL), 0);
  ck_assert_uint_eq(cnn_tensor_bytes(NULL), 0);
  ck_assert(!cnn_tensor_shape(NULL) && !cnn_tensor_data(NULL) && !cnn_tensor_read(NULL));
  free_context(context);
}
END_TEST

START_TEST(scalars_and_empty_ones) {
  cnn_tensor *tensor;
  cnn_context *context = new_context();
  ck_assert_int_eq(cnn_tensor_new(&tensor, context, CNN_F32, 0, NULL, NULL), CNN_OK);
  ck_assert_int_eq(cnn_tensor_count(tensor), 1);
  cnn_tensor_free(tensor);
  ck_assert_int_eq(cnn_tensor_new(&tensor, context, CNN_F32, 2, (const int64_t[]){0, 5}, NULL), CNN_OK);
  ck_assert_int_eq(cnn_tensor_count(tensor), 0);
  ck_assert_uint_eq(cnn_tensor_bytes(tensor), 0);
  ck_assert_ptr_nonnull(cnn_tensor_data(tensor));
  cnn_tensor_free(tensor);
  free_context(context);
}
END_TEST

static int32_t released;
static void release(void *user, void *data) {
  ck_assert_ptr_eq(user, &released);
  ck_assert_ptr_nonnull(data);
  released++;
}

START_TEST(wrapped_memory_is_released_once) {
  float data[6] = {1, 2, 3, 4, 5, 6};
  cnn_tensor *tensor;
  cnn_context *context = new_context();
  ck_assert_int_eq(cnn_tensor_new(&tensor, context, CNN_F32, 2, (const int64_t[]){2, 3},
                                  cnn_tensor_opts(.data = data, .release = release, .user = &released)),
                   CNN_OK);
  ck_assert_ptr_eq(cnn_tensor_data(tensor), data);
  ck_assert(data[5] == 6);
  ck_assert_ptr_eq(cnn__tensor_hold(tensor), tensor);
  cnn_tensor_free(tensor);
  ck_assert_int_eq(released, 0);
  cnn_tensor_free(tensor);
  ck_assert_int_eq(released, 1);
  ck_assert_int_eq(cnn_tensor_new(&tensor, context, CNN_F32, 1, (const int64_t[]){6}, cnn_tensor_opts(.data = data)), CNN_OK);
  cnn_tensor_free(tensor);
  ck_assert_int_eq(released, 1);
  free_context(context);
}
END_TEST

START_TEST(copies_have_memory_of_their_own) {
  _Alignas(8) char memory[28];
  float values[6] = {1, 2, 3, 4, 5, 6};
  cnn_tensor *tensor, *copy;
  cnn_context *context = new_context();
  memcpy(memory + 1, values, sizeof values); /* at an odd address */
  released = 0;
  ck_assert_int_eq(cnn_tensor_new(&tensor, context, CNN_F32, 2, (const int64_t[]){2, 3},
                                  cnn_tensor_opts(.data = memory + 1, .copy = 1, .release = release, .user = &released)),
                   CNN_OK);
  ck_assert_int_eq(released, 1);
  memset(memory, 0, sizeof memory);
  ck_assert(memcmp(cnn_tensor_read(tensor), values, sizeof values) == 0);
  ck_assert_int_eq(cnn_tensor_copy(&copy, tensor), CNN_OK);
  ((float *)cnn_tensor_data(tensor))[0] = 9;
  cnn_tensor_free(tensor);
  ck_assert(memcmp(cnn_tensor_read(copy), values, sizeof values) == 0);
  ck_assert(cnn_tensor_rank(copy) == 2 && cnn_tensor_shape(copy)[1] == 3);
  cnn_tensor_free(copy);
  ck_assert_int_eq(released, 1);
  ck_assert_int_eq(cnn_tensor_copy(&copy, NULL), CNN_EINVAL);
  ck_assert_ptr_null(copy);
  ck_assert_int_eq(cnn_tensor_copy(NULL, NULL), CNN_EINVAL);
  free_context(context);
}
END_TEST

static void refuse(cnn_context *context, int32_t type, int32_t rank, const int64_t *shape, const cnn_tensor_opts *options,
                   cnn_status status, const char *text) {
  cnn_tensor *tensor = (cnn_tensor *)(uintptr_t)64;
  ck_assert_int_eq(cnn_tensor_new(&tensor, context, type, rank, shape, options), status);
  ck_assert_ptr_null(tensor);
  ck_assert_msg(strstr(cnn_error_text(), text) != NULL, "the text is '%s'", cnn_error_text());
}

START_TEST(bad_arguments_are_refused) {
  _Alignas(8) char data[16];
  const int64_t one[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
  cnn_context *context = new_context();
  int64_t calls = counting.calls;
  refuse(context, 0, 1, one, NULL, CNN_EINVAL, "element type 0");
  refuse(context, CNN_F32, -1, one, NULL, CNN_EINVAL, "rank is -1");
  refuse(context, CNN_F32, 9, one, NULL, CNN_EINVAL, "rank is 9");
  refuse(context, CNN_F32, 1, NULL, NULL, CNN_EINVAL, "shape is NULL");
  refuse(NULL, CNN_F32, 1, one, NULL, CNN_EINVAL, "context is NULL");
  refuse(context, CNN_F32, 2, (const int64_t[]){3, -2}, NULL, CNN_ESHAPE, "extent 1 of (3, -2)");
  refuse(context, CNN_F32, 2, (const int64_t[]){INT64_C(1) << 40, INT64_C(1) << 40}, NULL, CNN_ESHAPE, "too many elements");
  refuse(context, CNN_I64, 1, (const int64_t[]){INT64_MAX / 4}, NULL, CNN_ESHAPE, "too many elements");
  refuse(context, CNN_U8, 1, (const int64_t[]){INT64_MAX - 100}, NULL, CNN_ENOMEM, "out of memory");
  refuse(context, CNN_F32, 1, one, cnn_tensor_opts(.data = data + 1, .release = release, .user = &released), CNN_EINVAL,
         "not aligned to 4 bytes");
  refuse(context, CNN_F32, 1, one, cnn_tensor_opts(.release = release), CNN_EINVAL, "release is given without data");
  refuse(context, CNN_F32, 1, one, &(cnn_tensor_opts){.size = 1}, CNN_EINVAL, "cnn_tensor_opts: size is 1");
  ck_assert_int_eq(cnn_tensor_new(NULL, context, CNN_F32, 1, one, NULL), CNN_EINVAL);
  ck_assert_int_eq(released, 0);
  ck_assert_int_le(counting.calls, calls + 2);
  free_context(context);
}
END_TEST

static cnn_status make_two(const cnn_allocator *allocator, void *user) {
  cnn_context *context;
  cnn_tensor *tensor = NULL, *classes = NULL;
  (void)user;
  CNN__TRY(cnn_context_new(&context, cnn_context_opts(.threads = 1, .allocator = allocator)));
  cnn_status status = cnn_tensor_new(&tensor, context, CNN_U8, 1, (const int64_t[]){10}, NULL);
  if (status == CNN_OK)
    status = cnn_to_categorical(&classes, tensor, 3);
  cnn_tensor_free(tensor);
  cnn_tensor_free(classes);
  cnn_context_free(context);
  return status;
}

START_TEST(no_memory) { ck_assert_int_ge(test_alloc_fail_each(make_two, NULL), 6); }
END_TEST

START_TEST(failed_wrapping_does_not_release) {
  float data[2];
  cnn_tensor *tensor;
  cnn_context *context = new_context();
  test_alloc_fail(&counting, 1, ALLOC_ONCE);
  ck_assert_int_eq(cnn_tensor_new(&tensor, context, CNN_F32, 1, (const int64_t[]){2},
                                  cnn_tensor_opts(.data = data, .release = release, .user = &released)),
                   CNN_ENOMEM);
  ck_assert_int_eq(released, 0);
  free_context(context);
}
END_TEST

START_TEST(a_tensor_keeps_its_context) {
  cnn_tensor *tensor;
  cnn_context *context = new_context();
  ck_assert_int_eq(cnn_tensor_new(&tensor, context, CNN_F32, 1, (const int64_t[]){2}, NULL), CNN_OK);
  cnn_context_free(context);
  ck_assert_int_gt(counting.live_blocks, 2);
  ((float *)cnn_tensor_data(tensor))[1] = 1;
  cnn_tensor_free(tensor);
  test_alloc_check(&counting);
}
END_TEST

START_TEST(finite_values_pass) {
  cnn_tensor *tensor;
  cnn_context *context = new_context();
  ck_assert_int_eq(cnn_tensor_new(&tensor, context, CNN_F32, 2, (const int64_t[]){3, 5000}, NULL), CNN_OK);
  ((float *)cnn_tensor_data(tensor))[7] = 3.4e38f;
  ((float *)cnn_tensor_data(tensor))[8] = 1e-45f;
  ck_assert_int_eq(cnn__tensor_finite(tensor, "x"), CNN_OK);
  cnn_tensor_free(tensor);
  ck_assert_int_eq(cnn_tensor_new(&tensor, context, CNN_I32, 1, (const int64_t[]){1}, NULL), CNN_OK);
  *(int32_t *)cnn_tensor_data(tensor) = 0x7f800000;
  ck_assert_int_eq(cnn__tensor_finite(tensor, "x"), CNN_OK);
  cnn_tensor_free(tensor);
  ck_assert_int_eq(cnn_tensor_new(&tensor, context, CNN_F32, 2, (const int64_t[]){0, 3}, NULL), CNN_OK);
  ck_assert_int_eq(cnn__tensor_finite(tensor, "x"), CNN_OK);
  cnn_tensor_free(tensor);
  free_context(context);
}
END_TEST

static void check_found(cnn_context *context, int32_t rank, const int64_t *shape, int64_t at, float value, const char *text) {
  cnn_tensor *tensor;
  ck_assert_int_eq(cnn_tensor_new(&tensor, context, CNN_F32, rank, shape, NULL), CNN_OK);
  float *data = cnn_tensor_data(tensor);
  data[at] = value;
  data[cnn_tensor_count(tensor) - 1] += value; /* not the first, or the same */
  ck_assert_int_eq(cnn__tensor_finite(tensor, "x"), CNN_EDATA);
  ck_assert_str_eq(cnn_error_text(), text);
  cnn_tensor_free(tensor);
}

START_TEST(the_first_special_value_is_named) {
  cnn_context *context = new_context();
  const int64_t images[] = {10, 28, 28, 1}, row[] = {5000}, matrix[] = {3, 4};
  check_found(context, 4, images, 3 * 784 + 2 * 28 + 5, NAN, "x: sample 3 at (2, 5, 0) is NaN");
  check_found(context, 4, images, 0, INFINITY, "x: sample 0 at (0, 0, 0) is infinity");
  check_found(context, 1, row, 4999, -INFINITY, "x: sample 4999 is -infinity");
  check_found(context, 2, matrix, 5, -INFINITY, "x: sample 1 at (1,) is -infinity");
  check_found(context, 0, NULL, 0, NAN, "x is NaN");
  free_context(context);
}
END_TEST

int main(void) {
  return RUN_SUITE("tensor", 0, types, a_new_tensor_is_zero, scalars_and_empty_ones, wrapped_memory_is_released_once,
                   copies_have_memory_of_their_own,
                   bad_arguments_are_refused, no_memory, failed_wrapping_does_not_release, a_tensor_keeps_its_context,
                   finite_values_pass, the_first_special_value_is_named);
}
