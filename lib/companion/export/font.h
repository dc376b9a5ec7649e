/* font: the shapes of capitals, digits and some signs, 5 by 7 pixels. */
#ifndef CNN_COMPANION_EXPORT_FONT_H
#define CNN_COMPANION_EXPORT_FONT_H

enum { CNN__FONT_COLUMNS = 5, CNN__FONT_ROWS = 7 };

/* Rows from the top, the leftmost pixel in the highest of five bits. A small letter is its capital, what has no shape a box. */
const unsigned char *cnn__font_rows(char character);

#endif
