/* The gradient of a block of one channel in one go: every level against the reference, and the reference against the three
 * kernels that it stands for. */
#include "check.h"

/* h, w, padding above and to the left, all around or none behind, output channels: windows that leave a row or a column
 * over, rows around fours of pixels and pieces of sums, channels around vectors. */
static const int64_t geometries[][6] = {
    {8, 8, 1, 1, 1, 16}, {28, 28, 1, 1, 1, 32}, {3, 3, 0, 0, 0, 16}, {5, 7, 0, 0, 0, 5},  {7, 9, 1, 1, 1, 17},
    {9, 5, 1, 0, 0, 33}, {4, 67, 1, 1, 1, 16},  {2, 2, 1, 1, 1, 1},  {6, 34, 0, 1, 1, 31}, {40, 900, 1, 1, 1, 3},
    {1, 1, 1, 1, 1, 16}};
#define GEOMETRIES ((int)(sizeof geometries / sizeof geometries[0]))

static cnn__conv convolution(int which) {
  const int64_t *v = geometries[which];
  return (cnn__conv){.h = v[0], .w = v[1], .c = 1, .oh = v[0] + v[2] + v[4] - 2, .ow = v[1] + v[3] + v[4] - 2, .f = v[5],
                     .kh = 3, .kw = 3, .sh = 1, .sw = 1, .dh = 1, .dw = 1, .pt = v[2], .pl = v[3], .groups = 1};
}

static cnn__pool pooling(const cnn__conv *g) {
  return (cnn__pool){.h = g->oh, .w = g->ow, .c = g->f, .oh = g->oh / 2, .ow = g->ow / 2, .kh = 2, .kw = 2, .sh = 2,
                     .sw = 2};
}

/* What all of them read. */
typedef struct inputs {
  const float *x, *packed, *bias, *factors[4], *dy;
  const uint8_t *winner;
  int32_t relu, add;
} inputs;

static void *scratch(const cnn__conv *g) { return place_aligned(15, cnn__conv_scratch_bytes(g)); }

static inputs inputs_of(const cnn__conv *g, const cnn__pool *pool, int kind, int turn) {
  const int64_t out = pool->oh * pool->ow * g->f;
  inputs in = {.x = place_floats(0, g->h * g->w, kind), .relu = turn % 3 != 0, .add = turn % 2};
  float *packed = place_aligned(1, (size_t)cnn__conv_packed_floats(g) * sizeof(float));
  reference()->conv_pack(g, place_floats(2, 9 * g->f, kind), packed);
  in.packed = packed;
  in.bias = turn % 5 == 4 ? NULL : place_floats(2, g->f, kind);
  for (int i = 0; i < 4; i++)
    in.factors[i] = place_floats(3 + i, g->f, kind);
  in.dy = place_floats(7, out, kind);
  uint8_t *winner = place(8, (size_t)out);
  for (int64_t i = 0; i < out; i++)
    winner[i] = (uint8_t)draw_below(4);
  in.winner = winner;
  return in;
}

static void run(const cnn__kernels *t, const cnn__conv *g, const cnn__pool *pool, const inputs *in, float *dw, double *sums) {
  t->nine_backward(g, pool, in->x, in->packed, in->bias, in->relu, in->factors, in->dy, in->winner, in->add, dw, sums,
                   scratch(g));
}

CASE(nine_backward) {
  EACH_LEVEL(nine_backward) {
    for (int which = 0; which < GEOMETRIES; which++) {
      const cnn__conv g = convolution(which);
      const cnn__pool pool = pooling(&g);
      NOTE(nine_backward, g.oh, g.ow, g.f);
      EACH_PLACEMENT(50 + (uint64_t)which) {
        for (int turn = 0; turn < 2 * KINDS; turn++) {
          const inputs in = inputs_of(&g, &pool, turn % KINDS, turn);
          place_floats(9, 9 * g.f, turn % KINDS);
          double *sums = place_doubles(10, g.f), *others = place_doubles(12, g.f);
          for (int64_t q = 0; q < g.f; q++)
            sums[q] = others[q] = (double)q;
          float *dw = place_copy(11, 9);
          run(reference(), &g, &pool, &in, dw, sums);
          run(t, &g, &pool, &in, place_copy(13, 9), others);
          same_floats(13, 11);
          same_doubles(12, 10);
          run(t, &g, &pool, &in, place_copy(13, 9), NULL);
          same_floats(13, 11);
        }
      }
    }
  }
}
END_CASE

START_TEST(stands_for_three) {
  for (int which = 0; which < GEOMETRIES; which++) {
    const cnn__conv g = convolution(which);
    const cnn__pool pool = pooling(&g);
    const cnn__kernels *t = reference();
    at.placement = which % 3;
    draw_state = 70 + (uint64_t)which;
    for (int turn = 0; turn < 2 * KINDS; turn++) {
      const inputs in = inputs_of(&g, &pool, turn % KINDS, turn);
      place_floats(9, 9 * g.f, turn % KINDS);
      double *sums = place_doubles(12, g.f), *others = place_doubles(10, g.f);
      float *y = place_output(14, g.oh * g.ow * g.f), *dw = place_copy(13, 9);
      for (int64_t q = 0; q < g.f; q++)
        sums[q] = others[q] = 0.5;
      run(t, &g, &pool, &in, place_copy(11, 9), others);
      t->conv_forward(&g, 1, in.x, in.packed, in.bias, in.relu, y, scratch(&g));
      t->maxpool_bn_backward(&pool, 1, y, in.factors[0], in.factors[1], in.factors[2], in.factors[3], in.dy, in.winner,
                             in.relu, y, in.add, sums);
      t->conv_backward_weights(&g, 1, in.x, y, in.add, dw, scratch(&g));
      same_floats(13, 11);
      same_doubles(12, 10);
    }
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("kernels/nine");
  TCase *tcase = tcase_create("nine");
  tcase_set_timeout(tcase, 120);
  ADD_CASE(tcase, nine_backward);
  tcase_add_test(tcase, stands_for_three);
  suite_add_tcase(suite, tcase);
  return run_suite(suite);
}
