/** @file context.h
 * The context: threads, seed, memory, log and the place where text goes. Everything else is made in a context.
 *
 *     cnn_context *ctx;
 *     if (cnn_context_new(&ctx, cnn_context_opts(.seed = 42)) < 0)
 *       return fprintf(stderr, "%s\n", cnn_error_text()), 1;
 *     ...
 *     cnn_context_free(ctx);
 *
 * Two contexts may be used side by side, each by its own thread. */
#ifndef CNN_CONTEXT_H
#define CNN_CONTEXT_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cnn_context cnn_context;

/** Memory. alloc returns `bytes` aligned to `alignment` (a power of two, at most 64) or NULL; free takes what alloc gave,
 * never NULL. Both may be called from any thread of the library at once, never during a training step. */
typedef struct cnn_allocator {
  size_t size;
  void *user;
  void *(*alloc)(void *user, size_t bytes, size_t alignment);
  void (*free)(void *user, void *pointer);
} cnn_allocator;

#define CNN_LOG_ERROR 1
#define CNN_LOG_WARNING 2
#define CNN_LOG_INFO 3
#define CNN_LOG_DEBUG 4

/** Where warnings go: complete lines without newline, from any thread. `level`: the most detailed wanted (0: CNN_LOG_WARNING). */
typedef struct cnn_logger {
  size_t size;
  void *user;
  void (*write)(void *user, int32_t level, const char *line);
  int32_t level;
  int32_t reserved;
} cnn_logger;

/** Where text meant for people goes (progress, summary, messages of callbacks), in order, from one thread at a time.
 * write gets UTF-8, not ended by 0. is_terminal: the text may redraw its line and use colours.
 * columns: width, 0 means 80. ascii: 1 where the reader cannot show UTF-8. */
typedef struct cnn_sink {
  size_t size;
  void *user;
  void (*write)(void *user, const char *text, size_t length);
  int32_t is_terminal;
  int32_t columns;
  int32_t ascii;
  int32_t reserved;
} cnn_sink;

typedef struct cnn_context_opts {
  size_t size;
  uint64_t seed;                   /**< of everything random made in this context; 0 is a seed like any other */
  int32_t threads;                 /**< 1 to 1024; 0: CNN_NUM_THREADS, else the CPUs this process may use */
  int32_t reserved;
  const cnn_allocator *allocator;  /**< copied; NULL: aligned_alloc and free */
  const cnn_logger *logger;        /**< copied; NULL: silent */
  const cnn_sink *sink;            /**< copied; NULL: nothing is printed */
  int64_t max_load_bytes;          /**< IDX, NPY and NPZ files whose data take more, unpacked, are refused; 0: 16 GiB */
} cnn_context_opts;
#define cnn_context_opts(...) (&(const struct cnn_context_opts){.size = sizeof(struct cnn_context_opts), __VA_ARGS__})

/** Make a context. Starts no thread; the first parallel work does.
 * The results of everything made in it depend on the seed, never on the number of threads.
 * Errors: CNN_EINVAL threads out of range, max_load_bytes negative, or CNN_CPU, CNN_GEMM, CNN_WINOGRAD, CNN_FUSE or CNN_NUM_THREADS in the
 * environment holding what this machine or build lacks; CNN_ENOMEM. Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_context_new(cnn_context **out, const cnn_context_opts *options);

/** Let go of the context; what was made in it keeps it alive as long as needed. NULL does nothing. Since 0.1. */
CNN_API void cnn_context_free(cnn_context *context);

/** Threads in use, seed. Since 0.1. */
CNN_API int32_t cnn_context_threads(const cnn_context *context);
CNN_API uint64_t cnn_context_seed(const cnn_context *context);

/** A warning of a callback, a format or a companion library, as printf in the C locale: one line to the context's logger. Threads: any. Since 0.1. */
CNN_API void cnn_context_warn(const cnn_context *context, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/** Instruction set in use ("ref", "avx2", "avx512"), who computes matrix products ("native", "blas", "ref").
 * Static text. Since 0.1. */
CNN_API const char *cnn_context_cpu(const cnn_context *context);
CNN_API const char *cnn_context_gemm(const cnn_context *context);

/** How the library was built and what it found: "libcnn 0.1.0, gcc 12.2, cpu avx512 (best avx512), gemm native, fusion on,
 * winograd on, blas OpenBLAS 0.3.21 (core Zen)". Static text, made once; safe in any thread. Since 0.1. */
CNN_API const char *cnn_build_info(void);

/** Name of the BLAS built in, with its own word on its core; "none" without one. Static text. Since 0.1. */
CNN_API const char *cnn_blas_name(void);

#ifdef __cplusplus
}
#endif
#endif
