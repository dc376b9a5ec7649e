/* harness: one layer by itself with all the memory that its phases ask for, so that tests can run them on data of
 * their own choice. It walks phase lists as the library's run does: over micro-shards (backwards here, since their
 * order must not matter) and parts. */
#ifndef CNN_TESTS_HARNESS_H
#define CNN_TESTS_HARNESS_H

#include "layers/layer_internal.h"

typedef struct harness {
  cnn_context *context;
  const cnn__kernels *k;
  cnn_layer *inputs[CNN__MAX_INPUTS], *layer;
  int32_t input_count;
  int64_t batch, shards, in_count, out_count; /* elements of a sample; in_count of one input */
  uint32_t key[2], pass;
  const int64_t *samples;
  /* the whole batch's; x and dx are one input's after the other's */
  float *x, *y, *dy, *dx;
  void *kept;
  float *slots;
  double *sums;
  float *state;
  float *packs[CNN__MAX_PACKS], *weights[CNN__MAX_WEIGHTS], *grads[CNN__MAX_WEIGHTS];
  void *scratch;
} harness;

/* A layer of `type` with attributes as text, reading samples of the shape `in`; "inputs=a,b" among the attributes: two
 * such inputs. Everything that a phase must not count on is filled with NaN. Fails the running test on an error. */
void harness_open(harness *h, const char *type, const char *attributes, const cnn__shape *in, int64_t batch);
void harness_close(harness *h);

/* Another kernel table than the context's; remakes nothing. */
void harness_use(harness *h, const cnn__kernels *k);

/* weights -> packs, then x -> y. training 0: the phases of inference. */
void harness_forward(harness *h, int32_t training);
/* dy (which may change) -> dx and grads, after harness_forward of the same kind. */
void harness_backward(harness *h, int32_t training);

/* The weight of local name `name`, or -1. */
int32_t harness_weight(const harness *h, const char *name);

#endif
