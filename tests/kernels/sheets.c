/* Kernel gradients of small images of many channels, which are laid out side by side. */
#include "conv_check.h"

#include "kernels/conv_layout.h"

typedef struct row {
  int64_t h, w, c, f, k, stride, pad, groups, n;
} row;

static const row rows[] = {
    {7, 7, 130, 128, 1, 1, 0, 1, 1},   /* a single row of pixels; one channel beside whole lines */
    {11, 13, 129, 131, 1, 1, 0, 1, 3}, /* two, the last one shorter */
    {7, 7, 97, 170, 3, 1, 1, 1, 9},    /* as many images as a sheet holds, and one less */
    {15, 14, 256, 65, 3, 2, 1, 1, 3},
    {28, 28, 49, 335, 3, 2, 1, 1, 2},
    {9, 8, 260, 258, 2, 2, 0, 2, 2},   /* groups */
    {5, 32, 1030, 16, 1, 1, 0, 1, 2},  /* blocks of input channels */
    {32, 32, 48, 342, 21, 4, 0, 1, 1}, /* as many pixels of an image as there is room for */
    {3, 3, 16, 1025, 3, 1, 1, 1, 2},
};

static cnn__conv make(const row *r) {
  int64_t oh = (r->h + 2 * r->pad - r->k) / r->stride + 1, ow = (r->w + 2 * r->pad - r->k) / r->stride + 1;
  return (cnn__conv){.h = r->h, .w = r->w, .c = r->c, .oh = oh, .ow = ow, .f = r->f, .kh = r->k, .kw = r->k, .sh = r->stride,
                     .sw = r->stride, .dh = 1, .dw = 1, .pt = r->pad, .pl = r->pad, .groups = r->groups};
}

/* Also where the sums go on from what stands in the gradient. */
START_TEST(every_level_has_the_same_gradient) {
  for (int i = 0; i < (int)(sizeof rows / sizeof *rows); i++) {
    const cnn__conv g = make(&rows[i]);
    const int64_t n = rows[i].n;
    ck_assert_msg(cnn__conv_sheets(&g), "geometry %d is another case", i);
    EACH_LEVEL(conv_backward_weights) {
      at.extents[0] = i;
      EACH_PLACEMENT(70 + (uint64_t)i) {
        const float *x = place_floats(0, n * x_floats(&g), UNIFORM), *dy = place_floats(1, n * y_floats(&g), UNIFORM);
        float *want = place_floats(2, w_floats(&g), UNIFORM), *got = place_copy(3, 2);
        reference()->conv_backward_weights(&g, n, x, dy, i % 2, want, scratch(&g));
        t->conv_backward_weights(&g, n, x, dy, i % 2, got, scratch(&g));
        same_floats(3, 2);
        check_bands(15);
      }
    }
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("kernels/sheets");
  TCase *tcase = tcase_create("sheets");
  tcase_set_timeout(tcase, 300);
  tcase_add_test(tcase, every_level_has_the_same_gradient);
  suite_add_tcase(suite, tcase);
  return run_suite(suite);
}
