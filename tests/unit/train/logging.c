/* logging: see logging.h. */
#include "logging.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST = 65536 };

char *logging_read(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  ck_assert_msg(file != NULL, "%s cannot be read", path);
  char *bytes = calloc(1, MOST);
  const size_t count = fread(bytes, 1, MOST - 1, file);
  ck_assert_uint_lt(count, MOST - 1);
  fclose(file);
  if (length)
    *length = count;
  return bytes;
}

static void says(const char *kind, const char *rest) {
  char text[160];
  cnn_format(text, sizeof text, "%s: %s", kind, rest);
  ck_assert_str_eq(cnn_error_text(), text);
}

void logging_failures(replay *r, const char *kind, logging_maker *make) {
  cnn_callback *callback = NULL;
  ck_assert_int_eq(make(&callback, r->context, "/no/such/folder/log"), CNN_OK);
  ck_assert_int_eq(replay_tell(r, callback, CNN__TRAIN_BEGIN), CNN_EIO);
  says(kind, "'/no/such/folder/log': cannot open: No such file or directory");
  ck_assert_int_eq(replay_tell(r, callback, CNN__EPOCH_END), CNN_ESTATE);
  ck_assert_int_eq(replay_tell(r, callback, CNN__TRAIN_END), CNN_OK);
  cnn_callback_free(callback);
  ck_assert_int_eq(make(&callback, r->context, "/dev/full"), CNN_OK);
  ck_assert_int_eq(replay_tell(r, callback, CNN__TRAIN_BEGIN), CNN_OK);
  ck_assert_int_eq(replay_tell(r, callback, CNN__EPOCH_END), CNN_EIO);
  says(kind, "'/dev/full': cannot write: No space left on device");
  cnn_callback_free(callback);
  callback = NULL;
  ck_assert_int_eq(make(&callback, r->context, NULL), CNN_EINVAL);
  ck_assert_int_eq(make(&callback, r->context, ""), CNN_EINVAL);
  ck_assert_int_eq(make(NULL, r->context, "log"), CNN_EINVAL);
  ck_assert_ptr_null(callback);
}
