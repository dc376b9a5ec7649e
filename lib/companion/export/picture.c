/* picture: pixels, boxes, letters; PNG by libpng's simplified interface, which neither prints nor ends the process. */
#include "companion/export/picture.h"

#include "companion/export/font.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_SIDE = 16384 };

cnn_status cnn__picture_new(cnn__picture *out, int64_t width, int64_t height, int32_t channels) {
  if (width < 1 || height < 1 || width > LONGEST_SIDE || height > LONGEST_SIDE)
    return cnn_error_set(CNN_EINVAL, "a picture of %lldx%lld pixels, sides must be 1 to %d", (long long)width, (long long)height,
                         LONGEST_SIDE);
  const size_t bytes = (size_t)width * (size_t)height * (size_t)channels;
  *out = (cnn__picture){(int32_t)width, (int32_t)height, channels, malloc(bytes)};
  if (!out->pixels)
    return cnn_error_set(CNN_ENOMEM, "no memory for a picture of %lldx%lld pixels", (long long)width, (long long)height);
  memset(out->pixels, 255, bytes);
  return CNN_OK;
}

void cnn__picture_free(cnn__picture *picture) {
  free(picture->pixels);
  picture->pixels = NULL;
}

static cnn_status fail(const png_image *image) {
  return cnn_error_set(strstr(image->message, "memory") ? CNN_ENOMEM : CNN_EINTERNAL, "a picture cannot be made a PNG file: %s",
                       image->message);
}

cnn_status cnn__picture_png(const cnn__picture *picture, unsigned char **bytes, size_t *count) {
  static const png_uint_32 formats[] = {0, PNG_FORMAT_GRAY, 0, PNG_FORMAT_RGB, PNG_FORMAT_RGBA};
  png_image image = {.version = PNG_IMAGE_VERSION, .width = (png_uint_32)picture->width, .height = (png_uint_32)picture->height,
                     .format = formats[picture->channels]};
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image); /* an upper bound: one pass */
  unsigned char *memory = malloc(size);
  if (!memory)
    return cnn_error_set(CNN_ENOMEM, "no memory for a PNG file of up to %zu bytes", (size_t)size);
  if (!png_image_write_to_memory(&image, memory, &size, 0, picture->pixels, 0, NULL)) {
    cnn_status status = fail(&image);
    png_image_free(&image);
    free(memory);
    return status;
  }
  *bytes = memory;
  *count = size;
  return CNN_OK;
}

/* ---- drawing ---- */

void cnn__picture_box(cnn__picture *picture, int32_t left, int32_t top, int32_t width, int32_t height, cnn__color color) {
  const int32_t right = left + width < picture->width ? left + width : picture->width;
  const int32_t bottom = top + height < picture->height ? top + height : picture->height;
  for (int32_t y = top < 0 ? 0 : top; y < bottom; y++)
    for (int32_t x = left < 0 ? 0 : left; x < right; x++) {
      unsigned char *at = picture->pixels + 3 * ((size_t)y * (size_t)picture->width + (size_t)x);
      at[0] = color.red;
      at[1] = color.green;
      at[2] = color.blue;
    }
}

static void draw_character(cnn__picture *picture, int32_t left, int32_t top, const unsigned char *rows, int32_t size, cnn__color color) {
  for (int32_t y = 0; y < CNN__FONT_ROWS; y++)
    for (int32_t x = 0; x < CNN__FONT_COLUMNS; x++)
      if (rows[y] >> (CNN__FONT_COLUMNS - 1 - x) & 1)
        cnn__picture_box(picture, left + x * size, top + y * size, size, size, color);
}

void cnn__picture_text(cnn__picture *picture, int32_t left, int32_t top, const char *text, int32_t size, cnn__color color) {
  for (; *text; text++) {
    if (((unsigned char)*text & 0xc0) == 0x80) /* not the first byte of a character */
      continue;
    draw_character(picture, left, top, cnn__font_rows(*text), size, color);
    left += CNN__CHARACTER_WIDTH * size;
  }
}
