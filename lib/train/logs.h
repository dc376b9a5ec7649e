/* logs: figures by name, in order. A name has a fixed room, so that the running figures of a step are set without
 * any allocation. */
#ifndef CNN_TRAIN_LOGS_H
#define CNN_TRAIN_LOGS_H

#include "cnn/callback.h"
#include "core/context_internal.h"

#define CNN__FIGURE_BYTES 64

typedef struct cnn__figure {
  char name[CNN__FIGURE_BYTES];
  double value;
} cnn__figure;

struct cnn_logs {
  cnn_context *context; /* held */
  cnn__figure *figures;
  int64_t capacity;
  int32_t count;
  int32_t lent;         /* belongs to fit: cnn_logs_free does nothing */
};

/* Empty, with room for `room` figures. */
cnn_status cnn__logs_new(cnn_logs **out, cnn_context *context, int32_t room);
void cnn__logs_drop(cnn_logs *logs); /* frees lent ones too; NULL does nothing */
void cnn__logs_clear(cnn_logs *logs);

/* CNN_EINVAL unless name has 1 to CNN__FIGURE_BYTES - 1 bytes of UTF-8 without control characters. */
cnn_status cnn__figure_name_check(const char *name);

#endif
