/* zip: one member of a zip archive as a source. */
#ifndef CNN_DATA_ZIP_H
#define CNN_DATA_ZIP_H

#include "data/source.h"

/* Open `member` of the archive at `path`, stored or deflated; its checksum is compared when its end is read. CNN_EIO;
 * CNN_EFORMAT: no zip archive, damaged, or it has no such member; CNN_EUNSUPPORTED: encrypted; CNN_ENOMEM. */
cnn_status cnn__source_open_member(cnn__source *source, cnn_context *context, const char *path, const char *member);

#endif
