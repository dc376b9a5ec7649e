/* picture: eight-bit pixels, grey, RGB or RGBA; plain drawing on them, and PNG. */
#ifndef CNN_COMPANION_EXPORT_PICTURE_H
#define CNN_COMPANION_EXPORT_PICTURE_H

#include <cnn/base.h>

typedef struct cnn__picture {
  int32_t width, height, channels; /* 1, 3, 4 */
  unsigned char *pixels;           /* rows from the top; owned */
} cnn__picture;

typedef struct cnn__color {
  unsigned char red, green, blue;
} cnn__color;

/* White. CNN_EINVAL: a side that is not 1 to 16384; CNN_ENOMEM. */
cnn_status cnn__picture_new(cnn__picture *out, int64_t width, int64_t height, int32_t channels);
void cnn__picture_free(cnn__picture *picture);

/* A new PNG file, for free(). CNN_ENOMEM, CNN_EINTERNAL. */
cnn_status cnn__picture_png(const cnn__picture *picture, unsigned char **bytes, size_t *count);

/* On RGB pictures; what lies outside is left out. */
void cnn__picture_box(cnn__picture *picture, int32_t left, int32_t top, int32_t width, int32_t height, cnn__color color);

/* Text of capitals, digits and some signs: small letters are drawn as capitals, all else as a box. Its top left corner is given; a character is 6 by 8
 * pixels with the room around it, times `size`. */
void cnn__picture_text(cnn__picture *picture, int32_t left, int32_t top, const char *text, int32_t size, cnn__color color);
enum { CNN__CHARACTER_WIDTH = 6, CNN__CHARACTER_HEIGHT = 8 };

#endif
