/* context: threads, seed, memory, log and the place where text goes. */
#include "core/context_internal.h"

#include "core/cpu.h"
#include "core/memory.h"
#include "core/options.h"
#include "core/quota.h"
#include "core/registered.h"
#include "core/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define USUAL_LOAD_BYTES ((int64_t)16 << 30)

#define LINE_BYTES 1024

static void *standard_alloc(void *user, size_t bytes, size_t alignment) {
  (void)user;
  size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  return rounded < bytes ? NULL : aligned_alloc(alignment, rounded);
}

static void standard_free(void *user, void *pointer) {
  (void)user;
  free(pointer);
}

static cnn_status read_allocator(cnn_context *context, const cnn_allocator *given) {
  CNN__TRY(cnn__options(&context->allocator, sizeof(cnn_allocator), sizeof(cnn_allocator), given, "cnn_allocator"));
  if (!given) {
    context->allocator.alloc = standard_alloc;
    context->allocator.free = standard_free;
  }
  if (!context->allocator.alloc || !context->allocator.free)
    return cnn__fail(CNN_EINVAL, "cnn_allocator: %s is NULL", context->allocator.alloc ? "free" : "alloc");
  return CNN_OK;
}

static cnn_status reserved_is_zero(int32_t reserved, const char *what) {
  return reserved == 0 ? CNN_OK : cnn__fail(CNN_ETOONEW, "%s: reserved is %d, but libcnn %s knows no use for it", what,
                                            (int)reserved, cnn_version());
}

static cnn_status read_logger(cnn_context *context, const cnn_logger *given) {
  cnn_logger *logger = &context->logger;
  CNN__TRY(cnn__options(logger, sizeof *logger, sizeof *logger, given, "cnn_logger"));
  CNN__TRY(reserved_is_zero(logger->reserved, "cnn_logger"));
  if (logger->level < 0 || logger->level > CNN_LOG_DEBUG)
    return cnn__fail(CNN_EINVAL, "cnn_logger: level is %d, not 0 to %d", (int)logger->level, CNN_LOG_DEBUG);
  logger->level = cnn__option_int(logger->level, CNN_LOG_WARNING);
  return CNN_OK;
}

static cnn_status read_sink(cnn_context *context, const cnn_sink *given) {
  cnn_sink *sink = &context->sink;
  CNN__TRY(cnn__options(sink, sizeof *sink, sizeof *sink, given, "cnn_sink"));
  CNN__TRY(reserved_is_zero(sink->reserved, "cnn_sink"));
  if (sink->columns < 0)
    return cnn__fail(CNN_EINVAL, "cnn_sink: columns is %d, less than 0", (int)sink->columns);
  sink->columns = cnn__option_int(sink->columns, 80);
  return CNN_OK;
}

static cnn_status read_options(cnn_context *context, const cnn_context_opts *given) {
  cnn_context_opts options;
  CNN__TRY(cnn__options(&options, sizeof options, CNN__FIRST(cnn_context_opts, sink), given, "cnn_context_opts"));
  CNN__TRY(reserved_is_zero(options.reserved, "cnn_context_opts"));
  CNN__TRY(read_allocator(context, options.allocator));
  CNN__TRY(read_logger(context, options.logger));
  CNN__TRY(read_sink(context, options.sink));
  if (options.threads < 0 || options.threads > CNN__MOST_THREADS)
    return cnn__fail(CNN_EINVAL, "cnn_context_opts: threads is %d, not 0 to %d", (int)options.threads, CNN__MOST_THREADS);
  if (options.max_load_bytes < 0)
    return cnn__fail(CNN_EINVAL, "cnn_context_opts: max_load_bytes is %lld, must be 0 or more",
                     (long long)options.max_load_bytes);
  context->max_load_bytes = options.max_load_bytes ? options.max_load_bytes : USUAL_LOAD_BYTES;
  context->seed = options.seed;
  context->threads = options.threads ? options.threads : cnn__threads_default();
  context->level = cnn__cpu_choose();
  context->provider = context->level < 0 ? -1 : cnn__gemm_choose(context->level);
  context->fuse = cnn__fuse_choose();
  context->winograd = cnn__winograd_choose();
  return context->threads < 0 || context->provider < 0 || context->fuse < 0 || context->winograd < 0 ? cnn__fail_code()
                                                                                                    : CNN_OK;
}

cnn_status cnn_context_new(cnn_context **out, const cnn_context_opts *options) {
  if (!out)
    return cnn__fail(CNN_EINVAL, "cnn_context_new: out is NULL");
  *out = NULL;
  cnn_context read, *context;
  memset(&read, 0, sizeof read);
  CNN__TRY(read_options(&read, options));
  context = cnn__alloc(&read, sizeof *context, "a context");
  if (!context)
    return CNN_ENOMEM;
  memcpy(context, &read, sizeof *context);
  atomic_init(&context->references, 1);
  atomic_init(&context->registered, NULL);
  cnn_status status = cnn__pool_new(&context->pool, context, context->threads);
  if (status < 0) {
    cnn__free(&read, context);
    return status;
  }
  *out = context;
  return CNN_OK;
}

void cnn_context_free(cnn_context *context) { cnn__context_drop(context); }

cnn_context *cnn__context_hold(cnn_context *context) {
  atomic_fetch_add_explicit(&context->references, 1, memory_order_relaxed);
  return context;
}

void cnn__context_drop(cnn_context *context) {
  if (!context || atomic_fetch_sub_explicit(&context->references, 1, memory_order_acq_rel) > 1)
    return;
  cnn_allocator allocator = context->allocator;
  cnn__pool_free(context->pool);
  cnn__registered_free(context);
  allocator.free(allocator.user, context);
}

void cnn__log(const cnn_context *context, int32_t level, const char *format, ...) {
  char text[LINE_BYTES], line[LINE_BYTES];
  const cnn_logger *logger = &context->logger;
  if (!logger->write || level > logger->level)
    return;
  va_list arguments;
  va_start(arguments, format);
  cnn__vformat(text, sizeof text, format, arguments);
  va_end(arguments);
  cnn__clean(line, sizeof line, text);
  logger->write(logger->user, level, line);
}

void cnn_context_warn(const cnn_context *context, const char *format, ...) {
  char text[LINE_BYTES];
  if (!context || !format)
    return;
  va_list arguments;
  va_start(arguments, format);
  cnn__vformat(text, sizeof text, format, arguments);
  va_end(arguments);
  cnn__log(context, CNN_LOG_WARNING, "%s", text);
}

int32_t cnn_context_threads(const cnn_context *context) { return context ? context->threads : 0; }

uint64_t cnn_context_seed(const cnn_context *context) { return context ? context->seed : 0; }

const char *cnn_context_cpu(const cnn_context *context) { return context ? cnn__cpu_name(context->level) : ""; }

const char *cnn_context_gemm(const cnn_context *context) {
  return context ? cnn__gemm_name(context->provider) : "";
}
