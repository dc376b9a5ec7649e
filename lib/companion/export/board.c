/* board: the options of the tensorboard callback, checked and copied. */
#include "companion/export/board.h"

#include "companion/export/board_pictures.h"
#include "companion/options.h"

#include <stdlib.h>
#include <string.h>

static cnn_status no_memory(void) { return cnn_error_set(CNN_ENOMEM, "tensorboard: no memory for what it is given"); }

void cnn__board_clear(cnn__board *board) {
  cnn__event_file_close(&board->train);
  cnn__event_file_close(&board->validation);
  for (int64_t i = 0; board->names && i < board->options.classes; i++)
    free(board->names[i]);
  free(board->names);
  cnn_tensor_free(board->images);
  cnn_tensor_free(board->labels);
  free(board->folder);
}

static cnn_status check_counts(const cnn_tensorboard_opts *o) {
  const struct {
    const char *name;
    int64_t value, most;
  } counts[] = {{"update_freq", o->update_freq, INT64_MAX}, {"histogram_freq", o->histogram_freq, INT64_MAX},
                {"image_freq", o->image_freq, INT64_MAX},   {"image_count", o->image_count, 1024},
                {"classes", o->classes, CNN__MATRIX_CLASSES}};
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
    if (counts[i].value < 0 || counts[i].value > counts[i].most)
      return counts[i].most == INT64_MAX
                 ? cnn_error_set(CNN_EINVAL, "tensorboard: %s is %lld, must be 0 or more", counts[i].name, (long long)counts[i].value)
                 : cnn_error_set(CNN_EINVAL, "tensorboard: %s is %lld, must be 0 to %lld", counts[i].name, (long long)counts[i].value,
                                 (long long)counts[i].most);
  if (o->class_names && !o->classes)
    return cnn_error_set(CNN_EINVAL, "tensorboard: class_names is given, classes, their number, is 0");
  if (o->labels && !o->images)
    return cnn_error_set(CNN_EINVAL, "tensorboard: labels are given without images");
  return CNN_OK;
}

static cnn_status check_images(const cnn_tensor *images, const cnn_tensor *labels) {
  const int32_t type = cnn_tensor_type(images), rank = cnn_tensor_rank(images);
  const int64_t *shape = cnn_tensor_shape(images), channels = rank == 4 ? shape[3] : 1;
  if (type != CNN_F32 && type != CNN_U8)
    return cnn_error_set(CNN_ESHAPE, "tensorboard: images are %s, must be float32 or uint8", cnn_type_name(type));
  if ((rank != 3 && rank != 4) || cnn_tensor_count(images) < 1 || (channels != 1 && channels != 3))
    return cnn_error_set(CNN_ESHAPE, "tensorboard: images have rank %d and %lld elements, must be [N, H, W] or [N, H, W, 1 or 3]", (int)rank,
                         (long long)cnn_tensor_count(images));
  if (!labels)
    return CNN_OK;
  if (cnn_tensor_type(labels) == CNN_F32 || cnn_tensor_rank(labels) != 1 || cnn_tensor_count(labels) != shape[0])
    return cnn_error_set(CNN_ESHAPE, "tensorboard: labels are %s of rank %d with %lld elements, must be integers [%lld], one for each image",
                         cnn_type_name(cnn_tensor_type(labels)), (int)cnn_tensor_rank(labels), (long long)cnn_tensor_count(labels),
                         (long long)shape[0]);
  return CNN_OK;
}

static cnn_status copy_images(cnn__board *board, const cnn_tensor *images) {
  cnn_status status = cnn_tensor_new(&board->images, board->context, CNN_F32, cnn_tensor_rank(images), cnn_tensor_shape(images), NULL);
  if (status < 0)
    return status;
  float *to = cnn_tensor_data(board->images);
  const unsigned char *from = cnn_tensor_read(images);
  if (cnn_tensor_type(images) == CNN_F32)
    memcpy(to, from, cnn_tensor_bytes(images));
  else
    for (int64_t i = 0; i < cnn_tensor_count(images); i++)
      to[i] = (float)from[i] / 255.0f;
  return CNN_OK;
}

static cnn_status copy_names(cnn__board *board, const char *const *names) {
  board->names = calloc((size_t)board->options.classes, sizeof *board->names);
  if (!board->names)
    return no_memory();
  for (int64_t i = 0; i < board->options.classes; i++) {
    if (!names[i])
      return cnn_error_set(CNN_EINVAL, "tensorboard: the name of class %lld is NULL", (long long)i);
    board->names[i] = strdup(names[i]);
    if (!board->names[i])
      return no_memory();
  }
  return CNN_OK;
}

static cnn_status take(cnn__board *board, const char *folder) {
  const cnn_tensorboard_opts *o = &board->options;
  cnn_status status = CNN_OK;
  board->folder = strdup(folder);
  if (!board->folder)
    return no_memory();
  if (o->images)
    status = check_images(o->images, o->labels);
  if (status == CNN_OK && o->images)
    status = copy_images(board, o->images);
  if (status == CNN_OK && o->labels)
    status = cnn_tensor_copy(&board->labels, o->labels);
  if (status == CNN_OK && o->class_names)
    status = copy_names(board, o->class_names);
  return status;
}

cnn_status cnn__board_init(cnn__board *board, cnn_context *context, const char *folder, const cnn_tensorboard_opts *options) {
  cnn_tensorboard_opts *o = &board->options;
  cnn_status status = cnn__companion_options(o, sizeof *o, CNN__COMPANION_FIRST(cnn_tensorboard_opts, augmenter), options,
                                             "cnn_tensorboard_opts");
  if (status < 0 || (status = check_counts(o)) < 0)
    return status;
  board->context = context;
  board->train.file = board->validation.file = -1;
  o->image_freq = o->image_freq ? o->image_freq : 1;
  o->image_count = o->image_count ? o->image_count : 10;
  status = take(board, folder);
  if (status < 0)
    cnn__board_clear(board);
  return status;
}
