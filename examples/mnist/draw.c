/* draw: a picture is first brought to a grid of cells (one column, one row of text each, upper and lower half), then written in the best
 * form the screen has. */
#include "draw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What is drawn lies in [0, 1]; what is not a number is 0. */
static double clipped(double value) { return value > 0 ? fmin(value, 1) : 0; }

/* Mean of a block of pixels, clipped at the edge. */
static double block_mean(const float *pixels, int height, int width, int row, int column, int rows, int columns) {
  double sum = 0;
  int n = 0;
  for (int r = row; r < row + rows && r < height; r++)
    for (int c = column; c < column + columns && c < width; c++, n++)
      sum += (double)pixels[r * width + c];
  return n ? clipped(sum / n) : 0;
}

/* Grey step of xterm's 24-step ramp for a value in [0, 1]; 0 is black. */
static int grey(double value) {
  int step = (int)(value * 24 + 0.5);
  return step == 0 ? 16 : 231 + step;
}

/* One text row of one picture: `scale` pixels a column, 2 * scale a row. */
static void picture_row(screen *s, const float *pixels, int height, int width, int text_row, int scale) {
  static const char ramp[] = " .:-=+*#%@";
  for (int c = 0; c < width; c += scale) {
    double upper = block_mean(pixels, height, width, text_row * 2 * scale, c, scale, scale);
    double lower = block_mean(pixels, height, width, (text_row * 2 + 1) * scale, c, scale, scale);
    int above = upper >= 0.35, below = lower >= 0.35;
    const char *block = above ? (below ? "█" : "▀") : (below ? "▄" : " ");
    if (!s->utf8) {
      int step = (int)((upper + lower) / 2 * 9.999);
      say(s, "%c", ramp[step]);
    } else if (s->color && !s->quiet) {
      fprintf(s->stream, "\x1b[38;5;%d;48;5;%dm▀\x1b[0m", grey(upper), grey(lower));
      fprintf(s->transcript, "%s", block);
    } else
      say(s, "%s", block);
  }
}

/* The smallest whole number of pixels a column with which `across` pictures fit the screen. */
static int scale_for(const screen *s, int across, int width, int extra) {
  int scale = 1;
  while (across * ((width + scale - 1) / scale + 2) + extra > s->columns && scale < width)
    scale++;
  return scale;
}

static void titles_row(screen *s, const picture *pictures, int count, int line, int cell) {
  for (int i = 0; i < count; i++) {
    if (pictures[i].sgr)
      color_begin(s, pictures[i].sgr);
    say(s, "%-*.*s", cell + 2, cell + 1, pictures[i].title[line]);
    if (pictures[i].sgr)
      color_end(s);
  }
  say(s, "\n");
}

void draw_pictures(screen *s, const picture *pictures, int count, int across, int height, int width) {
  int scale = scale_for(s, across, width, 0);
  int cell = (width + scale - 1) / scale, rows = (height + 2 * scale - 1) / (2 * scale);
  for (int first = 0; first < count; first += across) {
    int here = count - first < across ? count - first : across;
    for (int row = 0; row < rows; row++) {
      for (int i = 0; i < here; i++) {
        picture_row(s, pictures[first + i].pixels, height, width, row, scale);
        say(s, "  ");
      }
      say(s, "\n");
    }
    for (int line = 0; line < DRAW_TITLES; line++) {
      int used = 0;
      for (int i = 0; i < here; i++)
        used |= pictures[first + i].title[line][0] != 0;
      if (used)
        titles_row(s, pictures + first, here, line, cell);
    }
    say(s, "\n");
  }
}

static void bar(screen *s, double share, int width, const char *sgr) {
  int cells = (int)(clipped(share) * width + 0.5);
  color_begin(s, sgr);
  for (int i = 0; i < cells; i++)
    say(s, "%s", s->utf8 ? "█" : "#");
  color_end(s);
}

void draw_prediction(screen *s, const picture *image, int height, int width, const float *probabilities, int classes,
                     int label) {
  int scale = scale_for(s, 1, width, 50), rows = (height + 2 * scale - 1) / (2 * scale);
  int lines = rows > classes ? rows : classes, cell = (width + scale - 1) / scale;
  if (image->sgr)
    color_begin(s, image->sgr);
  for (int i = 0; i < DRAW_TITLES; i++)
    say(s, "%s%s", i && image->title[i][0] ? ", " : "", image->title[i]);
  if (image->sgr)
    color_end(s);
  say(s, "\n");
  for (int line = 0; line < lines; line++) {
    if (line < rows)
      picture_row(s, image->pixels, height, width, line, scale);
    else
      say(s, "%*s", cell, "");
    if (line < classes) {
      say(s, "  %2d %c %6.2f%% ", line, line == label ? '*' : ' ', (double)probabilities[line] * 100);
      bar(s, (double)probabilities[line], 24, line == label ? "32" : "34");
    }
    say(s, "\n");
  }
  say(s, "\n");
}

void draw_bars(screen *s, const char *name, const int64_t *values, int count) {
  int64_t most = 1;
  for (int i = 0; i < count; i++)
    most = values[i] > most ? values[i] : most;
  for (int i = 0; i < count; i++) {
    say(s, "  %s %2d ", name, i);
    bar(s, (double)values[i] / (double)most, 48, "34");
    say(s, " %lld\n", (long long)values[i]);
  }
}

#define CURVE_ROWS 12
#define CURVE_COLUMNS 60

static void plot(char grid[CURVE_ROWS][CURVE_COLUMNS], const double *values, int count, double low, double high, char mark) {
  for (int i = 0; i < count; i++) {
    if (!isfinite(values[i]))
      continue;
    int column = count > 1 ? i * (CURVE_COLUMNS - 1) / (count - 1) : 0;
    int row = (int)((high - values[i]) / (high - low) * (CURVE_ROWS - 1) + 0.5);
    char *cell = &grid[row][column];
    *cell = *cell == ' ' ? mark : '*';
  }
}

void draw_curves(screen *s, const char *title, const char *first_name, const double *first, const char *second_name,
                 const double *second, int count) {
  char grid[CURVE_ROWS][CURVE_COLUMNS];
  memset(grid, ' ', sizeof grid);
  double low = INFINITY, high = -INFINITY;
  for (int i = 0; i < count; i++) {
    const double both[2] = {first[i], second[i]};
    for (int k = 0; k < 2; k++)
      if (isfinite(both[k])) {
        low = fmin(low, both[k]);
        high = fmax(high, both[k]);
      }
  }
  if (!(low <= high)) {
    say(s, "%s: no finite figures\n", title);
    return;
  }
  if (high == low)
    high = low + 1e-6;
  plot(grid, first, count, low, high, 'o');
  plot(grid, second, count, low, high, 's');
  say(s, "%s   (o %s, s %s, * both)\n", title, first_name, second_name);
  for (int r = 0; r < CURVE_ROWS; r++) {
    if (r == 0 || r == CURVE_ROWS - 1 || r == CURVE_ROWS / 2)
      say(s, "%8.4f |", high - (high - low) * r / (CURVE_ROWS - 1));
    else
      say(s, "%8s |", "");
    say(s, "%.*s\n", CURVE_COLUMNS, grid[r]);
  }
  say(s, "%8s +", "");
  for (int c = 0; c < CURVE_COLUMNS; c++)
    say(s, "-");
  say(s, "\n%10s1%*d epoch\n\n", "", CURVE_COLUMNS - 1, count);
}
