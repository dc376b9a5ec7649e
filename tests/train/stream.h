/* stream: a batch source over samples of a data set, which writes down what it was asked. */
#ifndef CNN_TESTS_STREAM_H
#define CNN_TESTS_STREAM_H

#include "fitting.h"

#include <pthread.h>

#define STREAM_CALLS 64

typedef struct stream {
  cnn_batch_source source;
  int64_t count, size;          /* samples of a pass, and of a batch */
  int32_t endless;              /* passes follow each other within one */
  int32_t bytes, rows;          /* gives u8 inputs; one-hot rows for labels */
  int64_t at;                   /* sample that comes next */
  int64_t spoil_step;            /* -1: never; else what becomes of that batch: */
  cnn_status (*spoil)(struct stream *s, cnn_batch *batch);
  cnn_tensor *all, *labels;     /* of all samples */
  cnn_tensor *x, *y;            /* the batch in hand, made anew each time */
  cnn_batch_request asked[STREAM_CALLS];
  int32_t calls;
  pthread_t thread;             /* of the last call */
} stream;

void stream_open(stream *s, const fitting *f, const cnn_dataset *dataset, int64_t size);
void stream_close(stream *s);

#endif
