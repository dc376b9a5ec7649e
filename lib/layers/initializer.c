/* initializer: the first values of a weight array, a function of (seed, layer, weight, position) alone, so that workers may
 * make any part of it. */
#include "layers/initializer.h"

#include "core/parallel.h"
#include "core/random.h"
#include "kernels/math.h"

#include <math.h>

#define ANY -3.4028234663852885981e38f

const cnn__forms cnn__initializers = {
    .names = {"zeros", "ones", "glorot_uniform", "he_uniform", "lecun_uniform", "glorot_normal", "he_normal",
              "lecun_normal", "constant", "truncated_normal", "random_uniform", "random_normal", "orthogonal"},
    .numbers = {[CNN_INITIALIZER_CONSTANT - 1] = {{"value", 0.0f, ANY}},
                [CNN_INITIALIZER_TRUNCATED_NORMAL - 1] = {{"mean", 0.0f, ANY}, {"stddev", 0.05f, 0.0f}},
                [CNN_INITIALIZER_RANDOM_UNIFORM - 1] = {{"minval", -0.05f, ANY}, {"maxval", 0.05f, ANY}},
                [CNN_INITIALIZER_RANDOM_NORMAL - 1] = {{"mean", 0.0f, ANY}, {"stddev", 0.05f, 0.0f}},
                [CNN_INITIALIZER_ORTHOGONAL - 1] = {{"gain", 1.0f, ANY}}},
};

int32_t cnn__initializer_index(int32_t option, int32_t standard) {
  int32_t chosen = option == CNN_INITIALIZER_DEFAULT ? standard : option;
  return chosen >= CNN_INITIALIZER_ZEROS && chosen <= CNN_INITIALIZER_ORTHOGONAL ? chosen - 1 : chosen;
}

cnn__form cnn__initializer_form(int32_t option, int32_t standard) {
  return cnn__form_of(&cnn__initializers, cnn__initializer_index(option, standard));
}

/* ---- distributions ---- */

/* Where an array's random numbers come from, and the two numbers of its distribution. */
typedef struct source {
  uint32_t key[2], layer, weight;
  float a, b;
} source;

/* Block `block` of the array: the random words for elements 4 block to 4 block + 3. */
static void words_of(const source *s, int64_t block, uint32_t words[4]) {
  uint32_t counter[4];
  cnn__coordinates(counter, CNN__RANDOM_INIT, s->layer, s->weight, (uint32_t)((uint64_t)block >> 32), (uint32_t)block);
  cnn__philox(counter, s->key, words);
}

static void constant(const source *s, const uint32_t words[4], float values[4]) {
  (void)words;
  for (int i = 0; i < 4; i++)
    values[i] = s->a;
}

/* a * (2 u - 1) with u of 24 bits in [0, 1): 2 u - 1 is exact. */
static void symmetric(const source *s, const uint32_t words[4], float values[4]) {
  for (int i = 0; i < 4; i++)
    values[i] = s->a * (2.0f * cnn__unit_float(words[i]) - 1.0f);
}

static void uniform(const source *s, const uint32_t words[4], float values[4]) {
  for (int i = 0; i < 4; i++)
    values[i] = (float)((double)s->a + ((double)s->b - (double)s->a) * (double)cnn__unit_float(words[i]));
}

/* In (0, 1), neither end. */
static double open_unit(uint32_t word) { return ((double)word + 0.5) * (1.0 / 4294967296.0); }

/* Two at a time (Box, Muller 1958). */
static void normal(const source *s, const uint32_t words[4], float values[4]) {
  for (int i = 0; i < 4; i += 2) {
    double sine, cosine, radius = sqrt(-2.0 * cnn__log_f64(open_unit(words[i])));
    cnn__sin_cos_f64(6.2831853071795864769 * open_unit(words[i + 1]), &sine, &cosine);
    values[i] = (float)((double)s->a + (double)s->b * radius * cosine);
    values[i + 1] = (float)((double)s->a + (double)s->b * radius * sine);
  }
}

/* The value below which a normal distribution has the share 1/2 + q, |q| <= Phi(2) - 1/2: q times a rational minimax fit in q^2, whose
 * relative error is 1.5e-9. */
static double within_two_deviations(double q) {
  static const double above[] = {2.50662827832,  -30.837373984, 140.061705949,
                                 -281.610830811, 227.938371874, -41.6941546407};
  static const double below[] = {1.0, -13.3495292566, 67.5531800238, -158.594484409, 166.103569941, -56.7250146828};
  double w = q * q, p = above[5], r = below[5];
  for (int i = 4; i >= 0; i--) {
    p = p * w + above[i];
    r = r * w + below[i];
  }
  return q * p / r;
}

/* Redrawing what lies beyond two deviations gives the same distribution as this, which draws once. */
static void truncated(const source *s, const uint32_t words[4], float values[4]) {
  const double inside = 0.95449973610364158; /* Phi(2) - Phi(-2) */
  for (int i = 0; i < 4; i++)
    values[i] = (float)((double)s->a + (double)s->b * within_two_deviations((open_unit(words[i]) - 0.5) * inside));
}

/* ---- which for which ---- */

/* How many inputs feed an element and how many outputs it feeds, counted from the shape as Keras does: the last two
 * axes are inputs and outputs, the axes before them positions; a vector is both. */
static void fans(const cnn__shape *shape, double *in, double *out) {
  double positions = 1;
  for (int32_t i = 0; i < shape->rank - 2; i++)
    positions *= (double)shape->extent[i];
  double last = shape->rank > 0 ? (double)shape->extent[shape->rank - 1] : 1;
  *out = last * positions;
  *in = shape->rank > 1 ? (double)shape->extent[shape->rank - 2] * positions : last;
}

typedef void draw(const source *s, const uint32_t words[4], float values[4]);

enum { NUMBERS, INPUTS, AVERAGE }; /* what a distribution's width follows from */

/* scale: of the variance, scale / fan; of ones the value. */
static const struct {
  draw *draw;
  float scale;
  int32_t width;
} rows[] = {
    [CNN_INITIALIZER_ZEROS] = {constant, 0, NUMBERS},
    [CNN_INITIALIZER_ONES] = {constant, 1, NUMBERS},
    [CNN_INITIALIZER_GLOROT_UNIFORM] = {symmetric, 1, AVERAGE},
    [CNN_INITIALIZER_HE_UNIFORM] = {symmetric, 2, INPUTS},
    [CNN_INITIALIZER_LECUN_UNIFORM] = {symmetric, 1, INPUTS},
    [CNN_INITIALIZER_GLOROT_NORMAL] = {truncated, 1, AVERAGE},
    [CNN_INITIALIZER_HE_NORMAL] = {truncated, 2, INPUTS},
    [CNN_INITIALIZER_LECUN_NORMAL] = {truncated, 1, INPUTS},
    [CNN_INITIALIZER_CONSTANT] = {constant, 0, NUMBERS},
    [CNN_INITIALIZER_TRUNCATED_NORMAL] = {truncated, 0, NUMBERS},
    [CNN_INITIALIZER_RANDOM_UNIFORM] = {uniform, 0, NUMBERS},
    [CNN_INITIALIZER_RANDOM_NORMAL] = {normal, 0, NUMBERS},
    [CNN_INITIALIZER_ORTHOGONAL] = {normal, 0, NUMBERS},
};

#define TRUNCATED_DEVIATION 0.87962566103423978 /* of the distribution that is cut at two deviations */

/* The two numbers of the distribution. The variance is scale / fan, the fan at least 1; half the sum of both where it is
 * averaged. */
static void widen(source *s, const cnn__form *form, const cnn__shape *shape) {
  int32_t which = form->choice + 1;
  s->a = form->numbers[0] + (rows[which].width == NUMBERS ? rows[which].scale : 0);
  s->b = form->numbers[1];
  if (rows[which].width == NUMBERS)
    return;
  double in, out;
  fans(shape, &in, &out);
  double share = rows[which].width == AVERAGE ? in + out : in;
  double scale = (rows[which].width == AVERAGE ? 2.0 : 1.0) * (double)rows[which].scale;
  double variance = scale / (share > 1 ? share : 1);
  if (rows[which].draw == symmetric)
    s->a = (float)sqrt(3.0 * scale / (share > 1 ? share : 1));
  else
    s->b = (float)(sqrt(variance) / TRUNCATED_DEVIATION);
}

/* ---- filling ---- */

#define CHUNK 16384 /* elements of an item of work, a multiple of 4 */

typedef struct filling {
  source from;
  draw *draw;
  float *value;
  int64_t count;
} filling;

static void fill_chunk(void *user, int64_t item, int32_t worker) {
  const filling *f = user;
  int64_t begin = item * CHUNK, end = begin + CHUNK < f->count ? begin + CHUNK : f->count;
  (void)worker;
  for (int64_t i = begin; i < end; i += 4) {
    uint32_t words[4] = {0};
    float values[4];
    if (f->draw != constant)
      words_of(&f->from, i / 4, words);
    f->draw(&f->from, words, values);
    for (int64_t j = 0; j < 4 && i + j < end; j++)
      f->value[i + j] = values[j];
  }
}

static void fill(cnn_context *context, filling *f) {
  int64_t items = (f->count - 1) / CHUNK + 1;
  if (items == 1)
    fill_chunk(f, 0, 0);
  else
    cnn__pool_run(context->pool, items, fill_chunk, f);
}

cnn_status cnn__initialize(cnn_context *context, float *value, const cnn__shape *shape, const cnn__form *form,
                           uint64_t seed, int32_t layer, int32_t weight) {
  filling f = {.from = {.layer = (uint32_t)layer, .weight = (uint32_t)weight}, .draw = rows[form->choice + 1].draw,
               .value = value, .count = cnn__shape_count(shape)};
  cnn__key(f.from.key, seed);
  widen(&f.from, form, shape);
  if (form->choice + 1 != CNN_INITIALIZER_ORTHOGONAL) {
    fill(context, &f);
    return CNN_OK;
  }
  f.from.a = 0;
  f.from.b = 1;
  fill(context, &f);
  return cnn__orthogonalize(context, value, shape, form->numbers[0]);
}
