/* c_check: runs the models that c_models wrote and holds what they give against what libcnn gave. It is compiled with the folder of theirs, for
 * this machine or another; on this one the notebook's model goes through all test images when their files are named:
 *
 * Usage: c_check [images.f32 wanted.f32 labels.i32]
 *
 * The last line is "N models, M failed". */
#include <stdio.h>
#include <string.h>

#include "cases.h"

#define IMAGES 3
#define NEAR 1e-5f
#define GUARD 12345.0f

struct test_case {
  const char *what;
  int32_t (*predict)(const float *input, float *output, float *work);
  int32_t inputs, outputs, work;
  const float *x, *wanted;
};

static const struct test_case cases[] = {
#include "list.h"
};

static float output[4096], work[65536];

static float distance(float a, float b) {
  return a > b ? a - b : b - a;
}

static int32_t largest(const float *y, int32_t count) {
  int32_t best = 0;
  for (int32_t i = 1; i < count; i++)
    if (y[i] > y[best])
      best = i;
  return count == 1 ? y[0] > 0.5f : best;
}

/* Does the other class come as close to the best as results may lie apart? */
static int near_tie(const float *wanted, int32_t count, int32_t other) {
  return count == 1 ? distance(wanted[0], 0.5f) <= NEAR : distance(wanted[other], wanted[largest(wanted, count)]) <= NEAR;
}

/* 1: equal. Memory behind what the model may use stays as it was. */
static int check(const struct test_case *c) {
  for (int32_t i = 0; i < IMAGES; i++) {
    const float *wanted = c->wanted + i * c->outputs;
    for (int32_t k = 0; k <= c->work; k++)
      work[k] = GUARD;
    output[c->outputs] = GUARD;
    const int32_t class = c->predict(c->x + i * c->inputs, output, work);
    for (int32_t k = 0; k < c->outputs; k++)
      if (!(distance(output[k], wanted[k]) <= NEAR)) {
        printf("%s: image %d, output %d: %.9g instead of %.9g\n", c->what, (int)i, (int)k, (double)output[k], (double)wanted[k]);
        return 0;
      }
    if (class != largest(wanted, c->outputs) && !near_tie(wanted, c->outputs, class)) {
      printf("%s: image %d: class %d instead of %d\n", c->what, (int)i, (int)class, (int)largest(wanted, c->outputs));
      return 0;
    }
    if (distance(work[c->work], GUARD) > 0.0f || distance(output[c->outputs], GUARD) > 0.0f) {
      printf("%s: it writes behind its memory\n", c->what);
      return 0;
    }
  }
  return c->predict(NULL, output, work) == -1 && c->predict(c->x, NULL, work) == -1 && c->predict(c->x, output, NULL) == -1;
}

#ifdef NOTEBOOK_FILES
#include <stdlib.h>
#include <time.h>

#define TEST_IMAGES 10000

static void *read_file(const char *path, size_t bytes) {
  FILE *file = fopen(path, "rb");
  void *data = malloc(bytes);
  if (!file || !data || fread(data, 1, bytes, file) != bytes) {
    perror(path);
    exit(2);
  }
  fclose(file);
  return data;
}

/* Prints: worst difference, images whose class is another, right ones of libcnn and of this, images a second. */
static void all_images(char **paths) {
  const struct test_case *c = &cases[0];
  const float *x = read_file(paths[0], (size_t)TEST_IMAGES * (size_t)c->inputs * sizeof *x);
  const float *wanted = read_file(paths[1], (size_t)TEST_IMAGES * (size_t)c->outputs * sizeof *wanted);
  const int32_t *labels = read_file(paths[2], (size_t)TEST_IMAGES * sizeof *labels);
  int32_t others = 0, right = 0, theirs = 0;
  float worst = 0.0f;
  const clock_t start = clock();
  for (int32_t i = 0; i < TEST_IMAGES; i++, wanted += c->outputs) {
    const int32_t class = c->predict(x + i * c->inputs, output, work), best = largest(wanted, c->outputs);
    others += class != best && !near_tie(wanted, c->outputs, class);
    right += class == labels[i];
    theirs += best == labels[i];
    for (int32_t k = 0; k < c->outputs; k++)
      worst = distance(output[k], wanted[k]) > worst ? distance(output[k], wanted[k]) : worst;
  }
  printf("worst %.3g others %d libcnn %d right %d speed %.0f\n", (double)worst, (int)others, (int)theirs, (int)right,
         TEST_IMAGES / ((double)(clock() - start) / CLOCKS_PER_SEC));
}
#endif

int main(int argc, char **argv) {
  int failed = 0;
  const int count = (int)(sizeof cases / sizeof *cases);
#ifdef NOTEBOOK_FILES
  if (argc == 4)
    all_images(argv + 1);
#endif
  (void)argc;
  (void)argv;
  for (int i = 0; i < count; i++)
    failed += !check(&cases[i]);
  printf("%d models, %d failed\n", count, failed);
  return failed != 0;
}
