/* reference: a case of tests/reference, its tensors and its description. */
#ifndef CNN_TESTS_REFERENCE_H
#define CNN_TESTS_REFERENCE_H

#include <jansson.h>
#include <stdint.h>

#define REFERENCE_MAX_RANK 8

typedef struct reference_tensor {
  char name[96];
  int32_t rank;
  int64_t shape[REFERENCE_MAX_RANK];
  int64_t count;
  double *values; /* whatever the type in the file */
} reference_tensor;

typedef struct reference {
  json_t *meta;
  reference_tensor *tensors;
  int32_t count;
} reference;

/* The case `name` of a folder of tests/reference; fails the running test where it cannot be read. */
reference *reference_open(const char *folder, const char *name);
void reference_close(reference *r);

/* By name; NULL where there is none. */
const reference_tensor *reference_find(const reference *r, const char *name);
/* By name; fails the running test where there is none. */
const reference_tensor *reference_get(const reference *r, const char *name);
/* A tensor as float32, copied into out. */
void reference_floats(const reference_tensor *tensor, float *out);

/* A JSON file of tests/reference: "layers/index.json". Fails the running test where it cannot be read. */
json_t *reference_json(const char *path);

/* Fails the running test unless every |actual - expected| <= tolerance, with the worst element in the text. NaN
 * equals NaN, an infinity itself. Where expected is beyond float32, actual must be infinite. */
void reference_compare(const char *what, const float *actual, const reference_tensor *expected, double tolerance);
/* The same against doubles. */
void reference_compare_values(const char *what, const float *actual, const double *expected, int64_t count,
                              double tolerance);
/* The largest finite |element|. */
double reference_largest(const reference_tensor *tensor);

#endif
