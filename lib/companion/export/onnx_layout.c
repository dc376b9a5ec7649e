/* onnx_layout: see onnx_layout.h. */
#include "companion/export/onnx_layout.h"

int32_t cnn__onnx_has_first(const cnn__onnx *o, int32_t i) {
  return o->values[i].first != NULL;
}

int32_t cnn__onnx_outside(const cnn__onnx *o, int32_t i) {
  return o->nchw && o->walk->ops[i].rank == 3;
}

/* The model's output has its operation's name in the order in which it leaves; other outputs have it in the order in which they are made. */
static const char *name_of(cnn__onnx *o, int32_t i, int32_t first, int32_t made) {
  int32_t own = i == o->walk->output ? first == cnn__onnx_outside(o, i) : made;
  return cnn__onnx_name(o, &o->walk->ops[i], own ? NULL : first ? "channels_first" : "channels_last");
}

const char *cnn__onnx_result(cnn__onnx *o, int32_t i, int32_t first, int32_t like) {
  const char *name = name_of(o, i, first, 1);
  *(first ? &o->values[i].first : &o->values[i].plain) = name;
  for (int k = 0; like >= 0 && k < 3; k++)
    o->values[i].flat[k] = o->values[like].flat[k];
  return name;
}

static void turn(cnn__onnx *o, const char *from, const char *to, const int64_t order[4]) {
  cnn__onnx_ints(o, cnn__onnx_node_add(o, "Transpose", to, 1, &from), "perm", 4, order);
}

/* A flattened image back in libcnn's order. */
static void turn_flat(cnn__onnx *o, int32_t i, const char *from, const char *to) {
  const cnn__op *op = &o->walk->ops[i];
  const int64_t *flat = o->values[i].flat;
  const int64_t image[] = {0, flat[2], flat[0], flat[1]};
  const char *shape = cnn__onnx_whole(o, op, "shape", 4, image);
  const char *whole = cnn__onnx_name(o, op, "image"), *turned = cnn__onnx_name(o, op, "image_channels_last");
  cnn__onnx_node_add(o, "Reshape", whole, 2, (const char *const[]){from, shape});
  turn(o, whole, turned, (const int64_t[]){0, 2, 3, 1});
  cnn__onnx_int(o, cnn__onnx_node_add(o, "Flatten", to, 1, &turned), "axis", 1);
}

const char *cnn__onnx_plain(cnn__onnx *o, int32_t i) {
  cnn__onnx_value *value = &o->values[i];
  if (!value->plain) {
    value->plain = name_of(o, i, 0, 0);
    if (o->walk->ops[i].rank == 3)
      turn(o, value->first, value->plain, (const int64_t[]){0, 2, 3, 1});
    else
      turn_flat(o, i, value->first, value->plain);
  }
  return value->plain;
}

const char *cnn__onnx_first(cnn__onnx *o, int32_t i) {
  cnn__onnx_value *value = &o->values[i];
  if (!value->first) {
    value->first = name_of(o, i, 1, 0);
    turn(o, value->plain, value->first, (const int64_t[]){0, 3, 1, 2});
  }
  return value->first;
}

const char *cnn__onnx_either(cnn__onnx *o, int32_t i, int32_t first) {
  return first ? cnn__onnx_first(o, i) : cnn__onnx_plain(o, i);
}

int64_t cnn__onnx_place(const int64_t flat[3], int64_t n) {
  const int64_t pixels = flat[0] * flat[1];
  return n % pixels * flat[2] + n / pixels;
}
