/* format: the table of file formats that a context knows besides libcnn's own. Formats get and give bytes; files are opened and
 * replaced elsewhere. */
#ifndef CNN_IO_FORMAT_H
#define CNN_IO_FORMAT_H

#include "cnn/format.h"
#include "core/status.h"

/* By a path's ending. *out NULL: libcnn's own form. CNN_EUNSUPPORTED: a form that has to be registered, or that is only read. Texts
 * begin with the path, in all of this file. */
cnn_status cnn__format_by_ending(const cnn_file_format **out, const cnn_context *context, const char *path);

/* By content. NULL: none that is registered. */
const cnn_file_format *cnn__format_by_content(const cnn_context *context, const void *bytes, size_t count);

/* CNN_EUNSUPPORTED where the bytes are of a form that has to be registered; else CNN_OK. */
cnn_status cnn__format_missing(const void *bytes, size_t count);

/* Its functions, with what they return made one of the library's failures, without the file's name. */
cnn_status cnn__format_load(const cnn_file_format *format, cnn_container *out, cnn_context *context, const void *bytes, size_t count,
                            const cnn_container *like);
cnn_status cnn__format_save(const cnn_file_format *format, const cnn_container *container, cnn_context *context,
                            const cnn_save_opts *options, const cnn_sink *to);

#endif
