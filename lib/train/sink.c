/* sink: where a call's text goes, and the options that the calls which go over data share. */
#include "train/sink.h"

#include "core/options.h"

cnn_status cnn__sink_read(cnn_sink *copy, const cnn_sink **out, const cnn_sink *given, const cnn_context *context) {
  CNN__TRY(cnn__options(copy, sizeof *copy, sizeof *copy, given ? given : &context->sink, "cnn_sink"));
  if (copy->reserved)
    return cnn__fail(CNN_ETOONEW, "cnn_sink: reserved is %d, but libcnn %s knows no use for it", (int)copy->reserved,
                     cnn_version());
  if (copy->columns < 0)
    return cnn__fail(CNN_EINVAL, "cnn_sink: columns is %d, less than 0", (int)copy->columns);
  copy->columns = cnn__option_int(copy->columns, 80);
  *out = copy->write ? copy : NULL;
  return CNN_OK;
}

cnn_status cnn__sink_deliver(cnn__text *text, const cnn_sink *sink) {
  cnn_status status = text->status;
  if (status >= 0 && sink)
    sink->write(sink->user, text->data, text->length);
  cnn__text_free(text);
  return status;
}

cnn_status cnn__passing_check(int64_t batch_size, int64_t steps, int32_t verbose, int32_t reserved, const char *what) {
  if (batch_size < 0)
    return cnn__fail(CNN_EINVAL, "%s: batch_size is %lld, must be 1 or more; 0 means 32", what, (long long)batch_size);
  if (steps < 0)
    return cnn__fail(CNN_EINVAL, "%s: steps is %lld, must be 0 or more", what, (long long)steps);
  if (verbose < 0 || verbose > 2)
    return cnn__fail(CNN_EINVAL, "%s: verbose is %d, must be 0, 1 or 2", what, (int)verbose);
  if (reserved)
    return cnn__fail(CNN_ETOONEW, "%s: reserved is %d, but libcnn %s knows no use for it", what, (int)reserved,
                     cnn_version());
  return CNN_OK;
}
