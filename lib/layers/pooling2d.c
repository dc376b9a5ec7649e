/* pooling2d: see pooling2d.h. */
#include "layers/pooling2d.h"

#include "core/options.h"

const cnn__attribute cnn__pooling2d_attributes[] = {
    {"pool_size", CNN_ATTRIBUTE_PAIR, offsetof(cnn__pooling2d, pool_size), 0, "2,2", 1, 32768, NULL,
     "height and width of the window; for a maximum their product is at most 65536"},
    {"strides", CNN_ATTRIBUTE_PAIR, offsetof(cnn__pooling2d, strides), 0, "auto", 1, 32768, NULL,
     "steps of the window down and across; auto: the window's size"},
    {"padding", CNN_ATTRIBUTE_CHOICE, offsetof(cnn__pooling2d, padding), 0, "valid", 0, 0, cnn__padding_names,
     "valid: whole windows only; same: as many positions as the input has steps"},
    {0},
};

cnn__pooling2d cnn__pooling2d_of(int64_t height, int64_t width, const int32_t strides[2], int32_t padding) {
  cnn__pooling2d set;
  cnn__attributes_default(cnn__pooling2d_attributes, &set);
  set.pool_size[0] = height;
  set.pool_size[1] = width;
  for (int i = 0; i < 2; i++)
    set.strides[i] = cnn__option_int(strides[i], 0);
  set.padding = cnn__option_int(padding, CNN_PADDING_VALID);
  return set;
}

static cnn_status check_image(const cnn_layer *layer) {
  char text[160];
  if (layer->in.rank != 3)
    return cnn__fail(CNN_ESHAPE, "input %s must be images (None, height, width, channels)",
                     cnn__shape_text(text, &layer->in, 1));
  return CNN_OK;
}

cnn_status cnn__pooling2d_setup(cnn_layer *layer) {
  cnn__pooling2d *set = layer->attributes;
  cnn__pool *g = layer->data;
  CNN__TRY(check_image(layer));
  for (int i = 0; i < 2; i++)
    if (!set->strides[i])
      set->strides[i] = set->pool_size[i];
  const int64_t *in = layer->in.extent;
  *g = (cnn__pool){.h = in[0], .w = in[1], .c = in[2], .kh = set->pool_size[0], .kw = set->pool_size[1],
                   .sh = set->strides[0], .sw = set->strides[1]};
  g->oh = cnn__window_extent(g->h, g->kh, g->sh, 1, set->padding, &g->pt);
  g->ow = cnn__window_extent(g->w, g->kw, g->sw, 1, set->padding, &g->pl);
  if (g->oh < 0 || g->ow < 0)
    return cnn__fail(CNN_ESHAPE, "window %lldx%lld does not fit input %lldx%lld without padding", (long long)g->kh,
                     (long long)g->kw, (long long)g->h, (long long)g->w);
  layer->out = (cnn__shape){3, {g->oh, g->ow, g->c}};
  return CNN_OK;
}

/* ---- bands ---- */

int64_t cnn__pooling2d_rows(const cnn_layer *layer) { return ((const cnn__pool *)layer->data)->oh; }

cnn__pool cnn__pooling2d_band(const cnn__work *work, const float **x, float **y) {
  cnn__pool g = *(const cnn__pool *)work->layer->data;
  if (!work->end)
    return g;
  int64_t top = work->begin * g.sh - g.pt, above = top > 0 ? top : 0;
  *x += above * g.w * g.c;
  *y += work->begin * g.ow * g.c;
  g.h -= above;
  g.pt = above - top;
  g.oh = work->end - work->begin;
  return g;
}

/* ---- the whole image ---- */

const cnn__attribute cnn__global_pooling2d_attributes[] = {
    {"keepdims", CNN_ATTRIBUTE_FLAG, offsetof(cnn__global_pooling2d, keepdims), 0, "false", 0, 1, NULL,
     "keep height and width, as 1 each"},
    {0},
};

cnn_status cnn__global_pooling2d_setup(cnn_layer *layer) {
  const cnn__global_pooling2d *set = layer->attributes;
  CNN__TRY(check_image(layer));
  int64_t channels = layer->in.extent[2];
  layer->out = set->keepdims ? (cnn__shape){3, {1, 1, channels}} : (cnn__shape){1, {channels}};
  return CNN_OK;
}
