/* board_pictures: what is drawn for the images page of TensorBoard. */
#ifndef CNN_COMPANION_EXPORT_BOARD_PICTURES_H
#define CNN_COMPANION_EXPORT_BOARD_PICTURES_H

#include "companion/export/picture.h"

#include <cnn/report.h>
#include <cnn/tensor.h>

enum { CNN__MATRIX_CLASSES = 256 /* more do not fit a picture */ };

/* What is written under a picture and beside a matrix: names[class], or numbers where names is NULL. */
typedef struct cnn__class_names {
  const char *const *names;
  int64_t count;
} cnn__class_names;

/* A sample of f32 [N, H, W, 1 or 3] with values in [0, 1], enlarged, and under it its label and what was predicted: "7 -> 9", in red where they
 * differ. label, prediction: -1 is not known. The caller frees the picture. */
cnn_status cnn__sample_picture(cnn__picture *out, const cnn_tensor *images, int64_t sample, int64_t label, int64_t prediction,
                               cnn__class_names names);

/* The confusion matrix: rows are labels, columns predictions; a cell is the darker the greater its share of its row is, blue on the diagonal and red beside
 * it, with the count in it where it fits. */
cnn_status cnn__matrix_picture(cnn__picture *out, const cnn_report *report, const char *title, cnn__class_names names);

/* A weight array as Keras's write_images shows it: at most three pictures into `out`, *count of them; 0: it has no form to be shown. */
cnn_status cnn__weight_pictures(cnn__picture out[3], int64_t *count, const cnn_tensor *weight);

#endif
