/* conv_onednn: one primitive with memory of its own. Layouts are left open, so that oneDNN takes the ones it likes best:
 * activations are thought to stay in them from layer to layer, and no reorder is timed. */
#include "conv_onednn.h"

#if defined(BENCH_HAVE_ONEDNN)
#include <dlfcn.h>
#include <dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_MEMORIES 4

struct onednn_conv {
  dnnl_primitive_t primitive;
  dnnl_stream_t stream;
  int count;
  dnnl_exec_arg_t arguments[MOST_MEMORIES];
};

typedef struct geometry {
  dnnl_memory_desc_t x, w, bias, y;
  dnnl_dims_t strides, dilates, left, right;
} geometry;

/* oneDNN's threads are OpenMP's; whichever runtime it brought has this function. */
static void set_threads(int32_t threads) {
  void (*set)(int);
  void *found = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
  memcpy(&set, &found, sizeof set);
  if (found)
    set(threads);
}

static dnnl_engine_t engine(void) {
  static dnnl_engine_t e;
  if (!e && dnnl_engine_create(&e, dnnl_cpu, 0) != dnnl_success)
    e = NULL;
  return e;
}

static int open_desc(dnnl_memory_desc_t *desc, int rank, const dnnl_dims_t dims) {
  return dnnl_memory_desc_init_by_tag(desc, rank, dims, dnnl_f32, dnnl_format_tag_any) == dnnl_success;
}

static int describe(const cnn__conv *g, int64_t n, geometry *d) {
  const dnnl_dims_t x = {n, g->c, g->h, g->w}, y = {n, g->f, g->oh, g->ow}, bias = {g->f};
  const dnnl_dims_t plain = {g->f, g->c, g->kh, g->kw};
  const dnnl_dims_t grouped = {g->groups, g->f / g->groups, g->c / g->groups, g->kh, g->kw};
  const int64_t strides[2] = {g->sh, g->sw}, dilates[2] = {g->dh - 1, g->dw - 1}, left[2] = {g->pt, g->pl};
  const int64_t right[2] = {(g->oh - 1) * g->sh + (g->kh - 1) * g->dh + 1 - g->h - g->pt,
                            (g->ow - 1) * g->sw + (g->kw - 1) * g->dw + 1 - g->w - g->pl};
  for (int i = 0; i < 2; i++) {
    d->strides[i] = strides[i];
    d->dilates[i] = dilates[i];
    d->left[i] = left[i];
    d->right[i] = right[i];
  }
  return open_desc(&d->x, 4, x) && open_desc(&d->y, 4, y) && open_desc(&d->bias, 1, bias) &&
         (g->groups > 1 ? open_desc(&d->w, 5, grouped) : open_desc(&d->w, 4, plain));
}

static dnnl_primitive_desc_t forward_desc(const geometry *d, dnnl_alg_kind_t algorithm, dnnl_prop_kind_t kind) {
  dnnl_convolution_desc_t desc;
  dnnl_primitive_desc_t pd;
  return dnnl_dilated_convolution_forward_desc_init(&desc, kind, algorithm, &d->x, &d->w, &d->bias, &d->y, d->strides,
                                                    d->dilates, d->left, d->right) == dnnl_success &&
                 dnnl_primitive_desc_create(&pd, &desc, NULL, engine(), NULL) == dnnl_success
             ? pd
             : NULL;
}

static dnnl_primitive_desc_t backward_desc(const geometry *d, int direction, dnnl_alg_kind_t algorithm) {
  dnnl_convolution_desc_t desc;
  dnnl_primitive_desc_t pd = NULL, hint = forward_desc(d, algorithm, dnnl_forward_training);
  dnnl_status_t status =
      direction == ONEDNN_BACKWARD_DATA
          ? dnnl_dilated_convolution_backward_data_desc_init(&desc, algorithm, &d->x, &d->w, &d->y, d->strides, d->dilates,
                                                             d->left, d->right)
          : dnnl_dilated_convolution_backward_weights_desc_init(&desc, algorithm, &d->x, &d->w, NULL, &d->y, d->strides,
                                                                d->dilates, d->left, d->right);
  if (!hint || status != dnnl_success || dnnl_primitive_desc_create(&pd, &desc, NULL, engine(), hint) != dnnl_success)
    pd = NULL;
  if (hint)
    dnnl_primitive_desc_destroy(hint);
  return pd;
}

/* Memory for one argument, filled with numbers in [-1, 1); room that only pads the layout holds zeros nowhere read. */
static int add_memory(onednn_conv *c, dnnl_primitive_desc_t pd, dnnl_query_t query, int argument) {
  const dnnl_memory_desc_t *desc = dnnl_primitive_desc_query_md(pd, query, 0);
  dnnl_memory_t memory;
  void *data;
  if (!desc || dnnl_memory_create(&memory, desc, engine(), DNNL_MEMORY_ALLOCATE) != dnnl_success)
    return 0;
  c->arguments[c->count++] = (dnnl_exec_arg_t){argument, memory};
  if (dnnl_memory_get_data_handle(memory, &data) != dnnl_success)
    return 0;
  float *floats = data;
  for (size_t i = 0; i < dnnl_memory_desc_get_size(desc) / sizeof *floats; i++)
    floats[i] = (float)(i * 2654435761u % 65536u) / 32768.0f - 1.0f;
  return dnnl_memory_set_data_handle_v2(memory, data, c->stream) == dnnl_success;
}

static int add_memories(onednn_conv *c, dnnl_primitive_desc_t pd, int direction) {
  switch (direction) {
  case ONEDNN_FORWARD:
    return add_memory(c, pd, dnnl_query_src_md, DNNL_ARG_SRC) && add_memory(c, pd, dnnl_query_weights_md, DNNL_ARG_WEIGHTS) &&
           dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 1) && add_memory(c, pd, dnnl_query_dst_md, DNNL_ARG_DST);
  case ONEDNN_BACKWARD_DATA:
    return add_memory(c, pd, dnnl_query_diff_dst_md, DNNL_ARG_DIFF_DST) &&
           add_memory(c, pd, dnnl_query_weights_md, DNNL_ARG_WEIGHTS) &&
           add_memory(c, pd, dnnl_query_diff_src_md, DNNL_ARG_DIFF_SRC);
  default:
    return add_memory(c, pd, dnnl_query_src_md, DNNL_ARG_SRC) && add_memory(c, pd, dnnl_query_diff_dst_md, DNNL_ARG_DIFF_DST) &&
           add_memory(c, pd, dnnl_query_diff_weights_md, DNNL_ARG_DIFF_WEIGHTS);
  }
}

static int add_bias(onednn_conv *c, dnnl_primitive_desc_t pd) {
  const dnnl_memory_desc_t *desc = dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 1);
  dnnl_memory_t memory;
  void *data;
  if (dnnl_memory_create(&memory, desc, engine(), DNNL_MEMORY_ALLOCATE) != dnnl_success)
    return 0;
  c->arguments[c->count++] = (dnnl_exec_arg_t){DNNL_ARG_BIAS, memory};
  if (dnnl_memory_get_data_handle(memory, &data) != dnnl_success)
    return 0;
  memset(data, 0, dnnl_memory_desc_get_size(desc));
  return 1;
}

onednn_conv *onednn_conv_new(const cnn__conv *g, int64_t n, int direction, int algorithm, int32_t threads) {
  geometry d;
  dnnl_alg_kind_t kind = algorithm == ONEDNN_DIRECT ? dnnl_convolution_direct : dnnl_convolution_auto;
  set_threads(threads);
  if (!engine() || !describe(g, n, &d))
    return NULL;
  dnnl_primitive_desc_t pd = direction == ONEDNN_FORWARD ? forward_desc(&d, kind, dnnl_forward_inference)
                                                         : backward_desc(&d, direction, kind);
  onednn_conv *c = calloc(1, sizeof *c);
  if (!pd || !c) {
    free(c);
    return NULL;
  }
  int made = dnnl_stream_create(&c->stream, engine(), dnnl_stream_default_flags) == dnnl_success &&
             dnnl_primitive_create(&c->primitive, pd) == dnnl_success && add_memories(c, pd, direction) &&
             (direction != ONEDNN_FORWARD || add_bias(c, pd));
  dnnl_primitive_desc_destroy(pd);
  if (made)
    return c;
  onednn_conv_free(c);
  return NULL;
}

void onednn_conv_run(void *conv) {
  onednn_conv *c = conv;
  dnnl_primitive_execute(c->primitive, c->stream, c->count, c->arguments);
  dnnl_stream_wait(c->stream);
}

void onednn_conv_free(onednn_conv *c) {
  if (!c)
    return;
  for (int i = 0; i < c->count; i++)
    dnnl_memory_destroy(c->arguments[i].memory);
  dnnl_primitive_destroy(c->primitive);
  dnnl_stream_destroy(c->stream);
  free(c);
}

const char *onednn_version(void) {
  static char text[48];
  const dnnl_version_t *v = dnnl_version();
  snprintf(text, sizeof text, "oneDNN %d.%d.%d", v->major, v->minor, v->patch);
  return text;
}

#else

onednn_conv *onednn_conv_new(const cnn__conv *g, int64_t n, int direction, int algorithm, int32_t threads) {
  (void)g, (void)n, (void)direction, (void)algorithm, (void)threads;
  return NULL;
}
void onednn_conv_run(void *conv) { (void)conv; }
void onednn_conv_free(onednn_conv *conv) { (void)conv; }
const char *onednn_version(void) { return "no oneDNN"; }

#endif
