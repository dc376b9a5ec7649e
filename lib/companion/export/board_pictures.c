/* board_pictures: samples with what was predicted, the confusion matrix, weights. */
#include "companion/export/board_pictures.h"

#include <math.h>
#include <string.h>

static const cnn__color black = {0, 0, 0}, white = {255, 255, 255}, red = {200, 0, 0};

/* A name, or the number where there is none. */
static const char *name_of(char text[24], cnn__class_names names, int64_t class) {
  if (names.names && class >= 0 && class < names.count)
    return names.names[class];
  cnn_format(text, 24, "%lld", (long long)class);
  return text;
}

static int32_t text_width(const char *text, int32_t size) {
  int32_t characters = 0;
  for (; *text; text++)
    characters += ((unsigned char)*text & 0xc0) != 0x80;
  return characters * CNN__CHARACTER_WIDTH * size;
}

/* TensorFlow's way from [0, 1] to bytes: what is outside is drawn as the nearest end, NaN as 0. */
static unsigned char level(float value) {
  const double scaled = (double)value * 255.5;
  return scaled >= 255 ? 255 : scaled > 0 ? (unsigned char)scaled : 0;
}

/* ---- samples ---- */

enum { SAMPLE_SIDE = 112 /* pixels that a sample is enlarged to, about */ };

static void draw_sample(cnn__picture *picture, const float *pixels, const int64_t *shape, int64_t channels, int32_t zoom) {
  for (int64_t y = 0; y < shape[1]; y++)
    for (int64_t x = 0; x < shape[2]; x++) {
      const float *at = pixels + (y * shape[2] + x) * channels;
      const cnn__color color = {level(at[0]), level(at[channels > 1]), level(at[channels > 2 ? 2 : 0])};
      cnn__picture_box(picture, (int32_t)x * zoom, (int32_t)y * zoom, zoom, zoom, color);
    }
}

cnn_status cnn__sample_picture(cnn__picture *out, const cnn_tensor *images, int64_t sample, int64_t label, int64_t prediction,
                               cnn__class_names names) {
  char first[24], second[24], text[256] = "";
  const int64_t *shape = cnn_tensor_shape(images), channels = cnn_tensor_rank(images) == 4 ? shape[3] : 1;
  const int64_t side = shape[1] > shape[2] ? shape[1] : shape[2];
  const int32_t zoom = side < SAMPLE_SIDE ? (int32_t)(SAMPLE_SIDE / side) : 1;
  if (label >= 0 && prediction >= 0)
    cnn_format(text, sizeof text, "%.60s -> %.60s", name_of(first, names, label), name_of(second, names, prediction));
  else if (label >= 0 || prediction >= 0)
    cnn_format(text, sizeof text, "%s%.60s", label < 0 ? "-> " : "", name_of(first, names, label < 0 ? prediction : label));
  const int32_t room = text[0] ? 2 * CNN__CHARACTER_HEIGHT + 4 : 0;
  cnn_status status = cnn__picture_new(out, shape[2] * zoom, shape[1] * zoom + room, 3);
  if (status < 0)
    return status;
  const float *pixels = cnn_tensor_read(images);
  draw_sample(out, pixels + sample * shape[1] * shape[2] * channels, shape, channels, zoom);
  const int32_t size = text_width(text, 2) <= out->width ? 2 : 1;
  cnn__picture_text(out, 2, (int32_t)shape[1] * zoom + 4, text, size, label >= 0 && prediction >= 0 && label != prediction ? red : black);
  return CNN_OK;
}

/* ---- the matrix ---- */

typedef struct matrix {
  const cnn_report *report;
  cnn__class_names names;
  int64_t classes;
  int32_t cell_width, cell_height, left, top, size; /* size: of text in cells; 0: none */
} matrix;

static matrix lay_out(const cnn_report *report, cnn__class_names names) {
  char text[24];
  int64_t most = 0;
  matrix m = {.report = report, .names = names, .classes = cnn_report_classes(report), .cell_width = 6, .cell_height = 6};
  for (int64_t i = 0; i < m.classes * m.classes; i++) {
    const int64_t count = cnn_report_count(report, i / m.classes, i % m.classes);
    most = count > most ? count : most;
  }
  if (m.classes <= 40) {
    m.size = m.classes <= 20 ? 2 : 1;
    cnn_format(text, sizeof text, "%lld", (long long)most);
    const int32_t wide = text_width(text, m.size) + 8, least = 16 * m.size;
    m.cell_width = wide > least ? wide : least;
    m.cell_height = 14 * m.size;
    for (int64_t i = 0; i < m.classes; i++) {
      const int32_t width = text_width(name_of(text, names, i), m.size);
      m.left = width > m.left ? width : m.left;
    }
    m.left = (m.left < 160 ? m.left : 160) + 8;
  }
  m.top = 24 + (m.size ? CNN__CHARACTER_HEIGHT * m.size + 6 : 0);
  return m;
}

/* From white to the dark end. */
static cnn__color shade(double share, cnn__color dark) {
  return (cnn__color){(unsigned char)(255 - share * (255 - dark.red)), (unsigned char)(255 - share * (255 - dark.green)),
                      (unsigned char)(255 - share * (255 - dark.blue))};
}

static void draw_cell(cnn__picture *picture, const matrix *m, int64_t label, int64_t prediction, int64_t support) {
  static const cnn__color right = {8, 48, 107}, wrong = {165, 15, 21}, line = {225, 225, 225};
  char text[24];
  const int64_t count = cnn_report_count(m->report, label, prediction);
  const double part = support ? (double)count / (double)support : 0;
  const double share = label == prediction ? part : sqrt(part); /* a few errors are to be seen as well */
  const int32_t left = m->left + (int32_t)prediction * m->cell_width, top = m->top + (int32_t)label * m->cell_height;
  cnn__picture_box(picture, left, top, m->cell_width, m->cell_height, line);
  cnn__picture_box(picture, left, top, m->cell_width - 1, m->cell_height - 1, shade(share, label == prediction ? right : wrong));
  if (!m->size)
    return;
  cnn_format(text, sizeof text, "%lld", (long long)count);
  cnn__picture_text(picture, left + (m->cell_width - text_width(text, m->size)) / 2 + m->size / 2,
                    top + (m->cell_height - 7 * m->size) / 2, text, m->size, share > 0.5 ? white : black);
}

/* Columns are headed by numbers where a name does not fit. */
static void draw_heads(cnn__picture *picture, const matrix *m) {
  char text[24];
  for (int64_t i = 0; i < m->classes && m->size; i++) {
    const char *name = name_of(text, m->names, i);
    cnn__picture_text(picture, 4, m->top + (int32_t)i * m->cell_height + (m->cell_height - 7 * m->size) / 2, name, m->size, black);
    cnn__picture_box(picture, m->left, m->top + (int32_t)i * m->cell_height, m->cell_width, m->cell_height, white);
    if (text_width(name, m->size) > m->cell_width)
      name = name_of(text, (cnn__class_names){0}, i);
    cnn__picture_text(picture, m->left + (int32_t)i * m->cell_width + (m->cell_width - text_width(name, m->size)) / 2, 24, name,
                      m->size, black);
  }
}

cnn_status cnn__matrix_picture(cnn__picture *out, const cnn_report *report, const char *title, cnn__class_names names) {
  const matrix m = lay_out(report, names);
  const int64_t cells = m.left + m.classes * m.cell_width + 4, wanted = text_width(title, 2) + 8;
  cnn_status status = cnn__picture_new(out, cells > wanted ? cells : wanted, m.top + m.classes * m.cell_height + 4, 3);
  if (status < 0)
    return status;
  cnn__picture_text(out, 4, 4, title, 2, black);
  draw_heads(out, &m);
  for (int64_t label = 0; label < m.classes; label++)
    for (int64_t prediction = 0; prediction < m.classes; prediction++)
      draw_cell(out, &m, label, prediction, cnn_report_support(report, label));
  return CNN_OK;
}

/* ---- weights ---- */

/* Where the picture's element (image, row, column, channel) lies: its strides in the weight. */
typedef struct form {
  int64_t images, height, width, channels;
  int64_t image_stride, row_stride, column_stride;
} form;

/* Keras: squeeze; a vector is a column; a matrix lies on its longer side; of three axes the last one counts pictures; of four the first does,
 * and the last must be colours. */
static form form_of(const cnn_tensor *weight) {
  int64_t s[CNN_MAX_RANK], rank = 0;
  for (int32_t i = 0; i < cnn_tensor_rank(weight); i++)
    if (cnn_tensor_shape(weight)[i] != 1)
      s[rank++] = cnn_tensor_shape(weight)[i];
  if (rank == 1)
    return (form){1, s[0], 1, 1, 0, 1, 0};
  if (rank == 2)
    return s[0] > s[1] ? (form){1, s[1], s[0], 1, 0, 1, s[1]} : (form){1, s[0], s[1], 1, 0, s[1], 1};
  if (rank == 3)
    return (form){s[2], s[0], s[1], 1, 1, s[1] * s[2], s[2]};
  if (rank == 4 && (s[3] == 3 || s[3] == 4))
    return (form){s[0], s[1], s[2], s[3], s[1] * s[2] * s[3], s[2] * s[3], s[3]};
  return (form){0};
}

static void draw_weight(cnn__picture *picture, const float *values, const form *f) {
  unsigned char *at = picture->pixels;
  for (int64_t y = 0; y < f->height; y++)
    for (int64_t x = 0; x < f->width; x++)
      for (int64_t c = 0; c < f->channels; c++)
        *at++ = level(values[y * f->row_stride + x * f->column_stride + c]);
}

cnn_status cnn__weight_pictures(cnn__picture out[3], int64_t *count, const cnn_tensor *weight) {
  const form f = form_of(weight);
  const float *values = cnn_tensor_read(weight);
  *count = 0;
  for (int64_t i = 0; i < f.images && i < 3 && f.height <= 16384 && f.width <= 16384; i++) {
    cnn_status status = cnn__picture_new(&out[i], f.width, f.height, (int32_t)f.channels);
    if (status < 0)
      return status;
    draw_weight(&out[i], values + i * f.image_stride, &f);
    *count = i + 1;
  }
  return CNN_OK;
}
