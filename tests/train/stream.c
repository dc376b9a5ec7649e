/* stream: see stream.h. */
#include "stream.h"

#include <string.h>

static cnn_context *in;

static void make(stream *s, int64_t first, int64_t count) {
  const int64_t *shape = cnn_tensor_shape(s->all);
  int64_t row = shape[1] * shape[2];
  const float *from = (const float *)cnn_tensor_read(s->all) + first * row;
  ck_assert_int_eq(cnn_tensor_new(&s->x, in, s->bytes ? CNN_U8 : CNN_F32, 3, (const int64_t[]){count, shape[1], shape[2]}, NULL), CNN_OK);
  for (int64_t i = 0; i < count * row; i++)
    if (s->bytes)
      ((uint8_t *)cnn_tensor_data(s->x))[i] = (uint8_t)(255 * from[i]);
    else
      ((float *)cnn_tensor_data(s->x))[i] = from[i];
  ck_assert_int_eq(cnn_tensor_new(&s->y, in, CNN_I32, 1, &count, NULL), CNN_OK);
  memcpy(cnn_tensor_data(s->y), (const int32_t *)cnn_tensor_read(s->labels) + first, (size_t)count * sizeof(int32_t));
  if (s->rows) {
    cnn_tensor *rows;
    ck_assert_int_eq(cnn_to_categorical(&rows, s->y, 3), CNN_OK);
    cnn_tensor_free(s->y);
    s->y = rows;
  }
}

static void let_go(stream *s) {
  cnn_tensor_free(s->x);
  cnn_tensor_free(s->y);
  s->x = s->y = NULL;
}

static cnn_status next(void *user, const cnn_batch_request *request, cnn_batch *batch) {
  stream *s = user;
  ck_assert_int_lt(s->calls, STREAM_CALLS);
  ck_assert_uint_eq(request->size, sizeof *request);
  ck_assert_uint_eq(batch->size, sizeof *batch);
  ck_assert(batch->inputs == NULL && batch->targets == NULL);
  s->asked[s->calls++] = *request;
  s->thread = pthread_self();
  if (!request->step && !s->endless)
    s->at = 0;
  if (s->at >= s->count && !s->endless)
    return CNN_STOP;
  s->at = s->at >= s->count ? 0 : s->at;
  let_go(s); /* what was given is held as long as it is needed */
  make(s, s->at, s->count - s->at < s->size ? s->count - s->at : s->size);
  s->at += s->size;
  batch->inputs = s->x;
  batch->targets = s->y;
  return s->spoil && s->spoil_step == request->step ? s->spoil(s, batch) : CNN_OK;
}

void stream_open(stream *s, const fitting *f, const cnn_dataset *dataset, int64_t size) {
  in = f->context;
  *s = (stream){.source = {.size = sizeof s->source, .user = s, .next = next},
                .count = cnn_dataset_count(dataset), .size = size, .spoil_step = -1};
  ck_assert_int_eq(cnn_dataset_inputs(&s->all, dataset, 0, s->count), CNN_OK);
  ck_assert_int_eq(cnn_dataset_labels(&s->labels, dataset), CNN_OK);
}

void stream_close(stream *s) {
  let_go(s);
  cnn_tensor_free(s->all);
  cnn_tensor_free(s->labels);
}
