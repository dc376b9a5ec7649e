/* board_draw: what is shown of weights and of samples. */
#include "companion/export/board.h"
#include "companion/export/board_pictures.h"
#include "companion/export/summary.h"

#include <stdlib.h>

/* ---- weights ---- */

static cnn_status draw_weight(cnn__board *board, const char *name, const cnn_tensor *weight, int64_t epoch) {
  char tag[640];
  int64_t count = 0;
  cnn__picture pictures[3] = {{0}};
  cnn_status status = cnn__weight_pictures(pictures, &count, weight);
  cnn_format(tag, sizeof tag, "%s/image", name);
  if (status == CNN_OK && count)
    status = cnn__summary_pictures(&board->train, tag, epoch, pictures, count);
  for (int i = 0; i < 3; i++)
    cnn__picture_free(&pictures[i]);
  return status;
}

/* Keras: the path of a weight, which in a Sequential begins with the model's name. */
static cnn_status show_weight(cnn__board *board, const cnn_model *model, const char *weight_name, int64_t epoch) {
  char name[576], tag[640];
  cnn_tensor *weight;
  cnn_status status = cnn_model_weight(&weight, model, weight_name);
  if (status < 0)
    return status;
  cnn_format(name, sizeof name, "%s%s%s", board->is_row ? cnn_model_name(model) : "", board->is_row ? "/" : "", weight_name);
  for (char *at = name; *at; at++)
    *at = *at == ':' ? '_' : *at;
  cnn_format(tag, sizeof tag, "%s/histogram", name);
  status = cnn__summary_histogram(&board->train, tag, epoch, cnn_tensor_read(weight), cnn_tensor_count(weight));
  if (status == CNN_OK && board->options.write_images)
    status = draw_weight(board, name, weight, epoch);
  cnn_tensor_free(weight);
  return status;
}

cnn_status cnn__board_weights(cnn__board *board, const cnn_model *model, int64_t epoch) {
  cnn_status status = CNN_OK;
  for (int32_t i = 0; i < cnn_model_weight_count(model) && status == CNN_OK; i++)
    status = show_weight(board, model, cnn_model_weight_name(model, i), epoch);
  return status;
}

/* ---- samples ---- */

static int64_t class_at(const cnn_tensor *classes, int64_t index) {
  if (!classes)
    return -1;
  const void *values = cnn_tensor_read(classes);
  const int32_t type = cnn_tensor_type(classes);
  return type == CNN_U8    ? ((const unsigned char *)values)[index]
         : type == CNN_I32 ? ((const int32_t *)values)[index]
                           : ((const int64_t *)values)[index];
}

static cnn_status draw_samples(cnn__board *board, const cnn_tensor *classes, cnn__class_names names, int64_t epoch) {
  const int64_t all = cnn_tensor_shape(board->images)[0];
  const int64_t count = board->options.image_count < all ? board->options.image_count : all;
  cnn__picture *pictures = calloc((size_t)count, sizeof *pictures);
  if (!pictures)
    return cnn_error_set(CNN_ENOMEM, "tensorboard: no memory for %lld pictures", (long long)count);
  cnn_status status = CNN_OK;
  for (int64_t i = 0; i < count && status == CNN_OK; i++)
    status = cnn__sample_picture(&pictures[i], board->images, i, class_at(board->labels, i), class_at(classes, i), names);
  if (status == CNN_OK)
    status = cnn__summary_pictures(&board->validation, "samples", epoch, pictures, count);
  for (int64_t i = 0; i < count; i++)
    cnn__picture_free(&pictures[i]);
  free(pictures);
  return status;
}

static cnn_status draw_matrix(cnn__board *board, const cnn_tensor *classes, int64_t count, cnn__class_names names, int64_t epoch) {
  char title[80];
  cnn_report *report;
  cnn__picture picture;
  cnn_status status = cnn_report_new(&report, board->context, board->labels, classes, cnn_report_opts(.classes = count));
  if (status < 0)
    return status;
  cnn_format(title, sizeof title, "epoch %lld: %.4f right", (long long)epoch, cnn_report_accuracy(report));
  status = cnn__matrix_picture(&picture, report, title, names);
  if (status == CNN_OK) {
    status = cnn__summary_pictures(&board->validation, "confusion_matrix", epoch, &picture, 1);
    cnn__picture_free(&picture);
  }
  cnn_report_free(report);
  return status;
}

/* The predicted classes; NULL for a model whose outputs are none, or that has diverged: that is no reason to end training. */
static cnn_status predict(cnn_tensor **out, const cnn__board *board, const cnn_model *model) {
  cnn_tensor *outputs;
  const cnn_tensor *images = board->images;
  *out = NULL;
  cnn_status status =
      cnn_model_predict(&outputs, 1, model, &images, 1, cnn_predict_opts(.augmenter = board->options.augmenter));
  if (status < 0)
    return status;
  status = cnn_tensor_rank(outputs) == 2 ? cnn_to_classes(out, outputs) : CNN_OK;
  cnn_tensor_free(outputs);
  return status == CNN_EDATA ? CNN_OK : status;
}

cnn_status cnn__board_draw(cnn__board *board, const cnn_model *model, int64_t epoch) {
  int64_t shape[CNN_MAX_RANK] = {0}, classes = board->options.classes;
  cnn_tensor *predicted;
  const cnn__class_names names = {(const char *const *)board->names, classes};
  cnn_status status = predict(&predicted, board, model);
  if (status < 0)
    return status;
  (void)cnn_model_output_shape(model, 0, shape);
  classes = classes ? classes : shape[0] > 1 ? shape[0] : 2;
  status = draw_samples(board, predicted, names, epoch);
  if (status == CNN_OK && predicted && board->labels && classes <= CNN__MATRIX_CLASSES)
    status = draw_matrix(board, predicted, classes, names, epoch);
  cnn_tensor_free(predicted);
  return status;
}
