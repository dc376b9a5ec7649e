/* sink: where a call's text goes, and the options that the calls which go over data share. */
#ifndef CNN_TRAIN_SINK_H
#define CNN_TRAIN_SINK_H

#include "core/context_internal.h"
#include "core/text.h"

/* *out: a copy of the given sink in *copy, else of the context's; NULL where neither writes. */
cnn_status cnn__sink_read(cnn_sink *copy, const cnn_sink **out, const cnn_sink *given, const cnn_context *context);

/* The whole text at once, or nothing where there is no sink; frees it. Returns the text's status. */
cnn_status cnn__sink_deliver(cnn__text *text, const cnn_sink *sink);

cnn_status cnn__passing_check(int64_t batch_size, int64_t steps, int32_t verbose, int32_t reserved, const char *what);

#endif
