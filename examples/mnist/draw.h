/* draw: pictures made of characters. Half blocks and greys where the terminal has them, ASCII elsewhere. */
#ifndef MNIST_DRAW_H
#define MNIST_DRAW_H

#include "screen.h"

#define DRAW_TITLES 3 /* lines under a picture */

typedef struct picture {
  const float *pixels; /* [height, width] in [0, 1] */
  char title[DRAW_TITLES][40];
  const char *sgr;     /* colour of the titles; NULL: none */
} picture;

/* Pictures of one size, `across` in a row, titles under each. */
void draw_pictures(screen *s, const picture *pictures, int count, int across, int height, int width);

/* A picture with a bar for each class to its right: probabilities in [0, 1], the true class marked. */
void draw_prediction(screen *s, const picture *image, int height, int width, const float *probabilities, int classes,
                     int label);

/* One horizontal bar per row: name, bar of value / maximum, the number. */
void draw_bars(screen *s, const char *name, const int64_t *values, int count);

/* Two curves over epochs 1 .. count (marks o and s), with their range on the left. */
void draw_curves(screen *s, const char *title, const char *first_name, const double *first, const char *second_name,
                 const double *second, int count);

#endif
