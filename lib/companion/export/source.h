/* source: a model as the text of one C99 file, the row of the table of formats. */
#ifndef CNN_COMPANION_EXPORT_SOURCE_H
#define CNN_COMPANION_EXPORT_SOURCE_H

#include <cnn/export.h>
#include <cnn/format.h>

extern const cnn_file_format cnn__source_format;

#endif
