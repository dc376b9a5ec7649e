/* gemm_peers: the matrix products of others, beside which the suite gemm measures. */
#ifndef BENCH_GEMM_PEERS_H
#define BENCH_GEMM_PEERS_H

#include "suite.h"

#include "core/parallel.h"

/* c [m, n] = a [m, k] b [k, n], dense and row-major; a transposed matrix is stored the other way round. */
typedef struct gemm_product {
  int64_t m, n, k;
  int32_t a_transposed, b_transposed;
  const float *a, *b;
  float *c;
  int32_t b_packed; /* b may be laid out beforehand, outside the measured time */
  int32_t threads;
  cnn__pool_threads *pool;
} gemm_product;

typedef struct gemm_peer {
  const char *name;
  const char *missing;                     /* why there is none; NULL: it is there */
  void *(*prepare)(const gemm_product *p); /* NULL: it cannot do this one; p stays until `release` */
  void (*run)(void *prepared);
  void (*release)(void *prepared);
} gemm_peer;

extern const gemm_peer gemm_peers[];
extern const int32_t gemm_peer_count;

/* Their settings are read when the process starts: threads, and the instruction set of this level. Starts the program anew
 * where they are not as they must be; CNN_EIO when that cannot be done. */
cnn_status gemm_peers_settings(const bench *b);

#endif
