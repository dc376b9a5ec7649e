/* sink: text that the library writes, kept for looking at. */
#ifndef CNN_TESTS_SINK_H
#define CNN_TESTS_SINK_H

#include <cnn/cnn.h>

typedef struct test_sink {
  cnn_sink sink; /* pass &s.sink; is_terminal, columns and ascii may be set */
  char *text;    /* what was written, ended by 0; "" before */
  size_t length;
} test_sink;

void test_sink_init(test_sink *s);
void test_sink_clear(test_sink *s);
void test_sink_free(test_sink *s);

#endif
