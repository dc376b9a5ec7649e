/* container: what a program puts in by name, and what it may not. */
#include "io/container.h"

#include "scratch.h"

#include <stdio.h>
#include <string.h>

static cnn_context *context;
static cnn_container *c;

static void begin(void) {
  context = scratch_context();
  ck_assert_int_eq(cnn_container_new(&c, context), CNN_OK);
}

static void end(void) {
  cnn_container_free(c);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}

START_TEST(notes) {
  char same[] = "key";
  begin();
  ck_assert_int_eq(cnn_container_note_count(c), 0);
  ck_assert_int_eq(cnn_container_set_note(c, same, "one"), CNN_OK);
  same[0] = 'x';
  ck_assert_int_eq(cnn_container_set_note(c, "other", "line\nof \xc3\xa4"), CNN_OK);
  ck_assert_int_eq(cnn_container_set_note(c, "key", cnn_container_note(c, "other")), CNN_OK);
  ck_assert_int_eq(cnn_container_set_note(c, "key", cnn_container_note(c, "key") + 5), CNN_OK); /* of itself */
  ck_assert_int_eq(cnn_container_note_count(c), 2);
  ck_assert_str_eq(cnn_container_note_key(c, 0), "key");
  ck_assert_str_eq(cnn_container_note_key(c, 1), "other");
  ck_assert_str_eq(cnn_container_note(c, "key"), "of \xc3\xa4");
  ck_assert_ptr_null(cnn_container_note(c, "none"));
  ck_assert_ptr_null(cnn_container_note_key(c, 2));
  ck_assert_ptr_null(cnn_container_note_key(c, -1));
  end();
}
END_TEST

START_TEST(tensors) {
  cnn_tensor *t;
  begin();
  ck_assert_int_eq(cnn_tensor_new(&t, context, CNN_F32, 1, (const int64_t[]){2}, NULL), CNN_OK);
  float *data = cnn_tensor_data(t);
  data[0] = 1;
  ck_assert_int_eq(cnn_container_set_tensor(c, "a", t), CNN_OK);
  data[0] = 2;
  ck_assert_int_eq(cnn_container_set_tensor(c, "b", t), CNN_OK);
  cnn_tensor_free(t);
  ck_assert_float_eq(((const float *)cnn_tensor_read(cnn_container_tensor(c, "a")))[0], 1);
  ck_assert_int_eq(cnn_container_set_tensor(c, cnn_container_tensor_name(c, 0), cnn_container_tensor(c, "b")), CNN_OK);
  ck_assert_float_eq(((const float *)cnn_tensor_read(cnn_container_tensor(c, "a")))[0], 2);
  ck_assert_int_eq(cnn_container_set_tensor(c, "a", cnn_container_tensor(c, "a")), CNN_OK);
  ck_assert_int_eq(cnn_container_tensor_count(c), 2);
  ck_assert_str_eq(cnn_container_tensor_name(c, 1), "b");
  ck_assert_ptr_null(cnn_container_tensor(c, "c"));
  ck_assert_ptr_null(cnn_container_tensor_name(c, 2));
  ck_assert_ptr_null(cnn_container_tensor_name(c, -1));
  ck_assert_int_eq(cnn_tensor_new(&t, context, CNN_I64, 0, NULL, NULL), CNN_OK);
  ck_assert_int_eq(cnn_container_set_tensor(c, "scalar", t), CNN_OK);
  cnn_tensor_free(t);
  ck_assert_int_eq(cnn_tensor_new(&t, context, CNN_U8, 2, (const int64_t[]){0, 7}, NULL), CNN_OK);
  ck_assert_int_eq(cnn_container_set_tensor(c, "empty", t), CNN_OK);
  cnn_tensor_free(t);
  ck_assert_int_eq(cnn_container_save(c, scratch_path("f"), NULL), CNN_OK);
  cnn_container_free(c);
  ck_assert_int_eq(cnn_container_load(&c, context, scratch_path("f"), NULL), CNN_OK);
  ck_assert_int_eq(cnn_tensor_rank(cnn_container_tensor(c, "scalar")), 0);
  ck_assert_int_eq((int)cnn_tensor_shape(cnn_container_tensor(c, "empty"))[1], 7);
  ck_assert_str_eq(cnn_container_note(c, "format"), "libcnn weights");
  end();
}
END_TEST

START_TEST(what_it_does_not_take) {
  cnn_tensor *t;
  cnn_container *none = (cnn_container *)&t;
  begin();
  ck_assert_int_eq(cnn_tensor_new(&t, context, CNN_F32, 1, (const int64_t[]){1}, NULL), CNN_OK);
  ck_failed(cnn_container_new(&none, NULL), CNN_EINVAL, "context is NULL");
  ck_assert_ptr_null(none);
  ck_failed(cnn_container_new(NULL, context), CNN_EINVAL, "out is NULL");
  ck_failed(cnn_container_set_note(NULL, "a", "b"), CNN_EINVAL, "container is NULL");
  ck_failed(cnn_container_set_note(c, NULL, "b"), CNN_EINVAL, "key is NULL");
  ck_failed(cnn_container_set_note(c, "a", NULL), CNN_EINVAL, "text is NULL");
  ck_failed(cnn_container_set_note(c, "", "b"), CNN_EINVAL, "'' cannot be a key");
  ck_failed(cnn_container_set_note(c, "a\n", "b"), CNN_EINVAL, "'a?' cannot be a key");
  ck_failed(cnn_container_set_note(c, "a", "\xff"), CNN_EINVAL, "the text of 'a' is not UTF-8");
  ck_failed(cnn_container_set_note(c, "a", "\xe4\xb8"), CNN_EINVAL, "the text of 'a' is not UTF-8");
  ck_failed(cnn_container_set_tensor(NULL, "a", t), CNN_EINVAL, "container is NULL");
  ck_failed(cnn_container_set_tensor(c, NULL, t), CNN_EINVAL, "name is NULL");
  ck_failed(cnn_container_set_tensor(c, "a", NULL), CNN_EINVAL, "value is NULL");
  ck_failed(cnn_container_set_tensor(c, "__metadata__", t), CNN_EINVAL, "'__metadata__' cannot be a tensor's name");
  ck_failed(cnn_container_set_tensor(c, "\t", t), CNN_EINVAL, "'?' cannot be a tensor's name");
  ck_failed(cnn_container_load(&none, context, NULL, NULL), CNN_EINVAL, "path is NULL");
  ck_failed(cnn_container_load(&none, context, "x", cnn_load_opts(.max_bytes = -1)), CNN_EINVAL, "max_bytes is -1");
  ck_failed(cnn_container_load(&none, context, scratch_path("none"), NULL), CNN_EIO, "/none': cannot open");
  ck_failed(cnn_container_save(NULL, "x", NULL), CNN_EINVAL, "container is NULL");
  ck_failed(cnn_container_save(c, NULL, NULL), CNN_EINVAL, "path is NULL");
  ck_failed(cnn_model_to_container(&none, NULL, NULL), CNN_EINVAL, "model is NULL");
  cnn_model *model = NULL;
  ck_failed(cnn_model_from_container(&model, context, NULL, NULL), CNN_EINVAL, "container is NULL");
  ck_failed(cnn_model_from_container(&model, context, c, NULL), CNN_EFORMAT, "(container)': holds weights alone");
  ck_assert_int_eq(cnn_container_note_count(c) + cnn_container_tensor_count(c), 0);
  ck_assert_int_eq(cnn_container_note_count(NULL) + cnn_container_tensor_count(NULL), 0);
  ck_assert(!cnn_container_note(NULL, "a") && !cnn_container_tensor(NULL, "a") && !cnn_container_note(c, NULL));
  cnn_container_free(NULL);
  cnn_tensor_free(t);
  end();
}
END_TEST

START_TEST(as_much_as_a_file_holds) {
  char name[32];
  cnn_tensor *t;
  begin();
  ck_assert_int_eq(cnn_tensor_new(&t, context, CNN_U8, 1, (const int64_t[]){1}, NULL), CNN_OK);
  for (int i = 0; i < CNN__MAX_NOTES; i++) {
    snprintf(name, sizeof name, "note%d", i);
    ck_assert_int_eq(cnn_container_set_note(c, name, ""), CNN_OK);
  }
  ck_failed(cnn_container_set_note(c, "more", ""), CNN_ESTATE, "note 'more': a container holds at most 64 notes");
  ck_assert_int_eq(cnn_container_set_note(c, "note3", "again"), CNN_OK);
  for (int i = 0; i < CNN__MAX_TENSORS - 1; i++) {
    snprintf(name, sizeof name, "tensor%d", i);
    ck_assert_int_eq(cnn_container_set_tensor(c, name, t), CNN_OK);
  }
  ck_failed(cnn_container_set_tensor(c, "more", t), CNN_ESTATE, "tensor 'more': a container holds at most 4095 tensors");
  ck_assert_int_eq(cnn_container_set_tensor(c, "tensor3", t), CNN_OK);
  ck_failed(cnn_container_save(c, scratch_path("f"), NULL), CNN_ESTATE, "/f': note 'format': a container holds at most");
  ck_assert_int_eq(scratch_count(), 0);
  cnn_tensor_free(t);
  end();
}
END_TEST

static void add(TCase *tests) {
  tcase_add_test(tests, notes);
  tcase_add_test(tests, tensors);
  tcase_add_test(tests, what_it_does_not_take);
  tcase_add_test(tests, as_much_as_a_file_holds);
}

int main(void) { return scratch_run("container_handle", add); }
