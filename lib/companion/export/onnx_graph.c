/* onnx_graph: see onnx_graph.h. */
#include "companion/export/onnx_graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cnn__onnx_block {
  struct cnn__onnx_block *next;
  max_align_t bytes[];
};

static void no_memory(cnn__onnx *o) {
  if (o->status >= 0)
    o->status = cnn_error_set(CNN_ENOMEM, "no memory for model '%s' as ONNX", o->walk->name);
}

void *cnn__onnx_memory(cnn__onnx *o, size_t count, size_t bytes) {
  struct cnn__onnx_block *block = NULL;
  if (!bytes || count <= (SIZE_MAX - sizeof *block) / bytes)
    block = calloc(1, sizeof *block + count * bytes);
  if (!block) {
    no_memory(o);
    return NULL;
  }
  block->next = o->blocks;
  o->blocks = block;
  return block->bytes;
}

char *cnn__onnx_text(cnn__onnx *o, const char *text) {
  char *copy = cnn__onnx_memory(o, strlen(text) + 1, 1);
  return copy ? strcpy(copy, text) : NULL;
}

/* Operations' own names come first, so that nothing takes them. */
void cnn__onnx_begin(cnn__onnx *o, const cnn__walk *walk) {
  o->walk = walk;
  o->graph = (Cnn__Onnx__Graph)CNN__ONNX__GRAPH__INIT;
  o->graph.name = cnn__onnx_text(o, walk->name);
  o->values = cnn__onnx_memory(o, (size_t)walk->count, sizeof *o->values);
  o->names = json_object();
  for (int32_t i = 0; i < walk->count; i++)
    if (json_object_set_new(o->names, walk->ops[i].name, json_true()) < 0)
      no_memory(o);
}

void cnn__onnx_end(cnn__onnx *o) {
  for (struct cnn__onnx_block *block = o->blocks, *next; block; block = next) {
    next = block->next;
    free(block);
  }
  json_decref(o->names);
  free(o->graph.node);
  free(o->graph.initializer);
}

const char *cnn__onnx_name(cnn__onnx *o, const cnn__op *op, const char *part) {
  if (!part)
    return op->name;
  const size_t room = strlen(op->name) + strlen(part) + 16;
  char *name = cnn__onnx_memory(o, room, 1);
  if (!name)
    return "";
  snprintf(name, room, "%s/%s", op->name, part);
  for (int again = 1; json_object_get(o->names, name); again++)
    snprintf(name, room, "%s/%s_%d", op->name, part, again);
  if (json_object_set_new(o->names, name, json_true()) < 0)
    no_memory(o);
  return name;
}

/* Room for one more pointer in a list that grows by doubling. */
static int32_t make_room(cnn__onnx *o, void *list, size_t count, size_t *room) {
  void **pointers;
  memcpy(&pointers, list, sizeof pointers);
  if (count < *room)
    return 1;
  size_t more = *room ? 2 * *room : 64;
  void **grown = realloc(pointers, more * sizeof *grown);
  if (!grown) {
    no_memory(o);
    return 0;
  }
  memcpy(list, &grown, sizeof grown);
  *room = more;
  return 1;
}

cnn__onnx_node *cnn__onnx_node_add(cnn__onnx *o, const char *type, const char *output, size_t count, const char *const *inputs) {
  cnn__onnx_node *node = cnn__onnx_memory(o, 1, sizeof *node);
  char **names = cnn__onnx_memory(o, count + 1, sizeof *names);
  if (!node || !names || !make_room(o, &o->graph.node, o->graph.n_node, &o->node_room))
    return NULL;
  cnn__onnx__node__init(node);
  for (size_t i = 0; i < count; i++)
    names[i] = cnn__onnx_text(o, inputs[i]);
  names[count] = cnn__onnx_text(o, output);
  if (o->status < 0)
    return NULL;
  node->input = names;
  node->n_input = count;
  node->output = names + count;
  node->n_output = 1;
  node->name = names[count];
  node->op_type = cnn__onnx_text(o, type);
  o->graph.node[o->graph.n_node++] = node;
  return node;
}

/* ---- attributes ---- */

static Cnn__Onnx__Attribute *attribute(cnn__onnx *o, cnn__onnx_node *node, const char *key, Cnn__Onnx__Attribute__Kind kind) {
  enum { MOST = 8 };
  Cnn__Onnx__Attribute *made = node ? cnn__onnx_memory(o, 1, sizeof *made) : NULL;
  if (made && !node->attribute)
    node->attribute = cnn__onnx_memory(o, MOST, sizeof *node->attribute);
  if (!made || !node->attribute || node->n_attribute == MOST)
    return NULL;
  cnn__onnx__attribute__init(made);
  made->name = cnn__onnx_text(o, key);
  made->has_type = 1;
  made->type = kind;
  node->attribute[node->n_attribute++] = made;
  return made;
}

void cnn__onnx_float(cnn__onnx *o, cnn__onnx_node *node, const char *key, float value) {
  Cnn__Onnx__Attribute *made = attribute(o, node, key, CNN__ONNX__ATTRIBUTE__KIND__FLOAT);
  if (made) {
    made->has_f = 1;
    made->f = value;
  }
}

void cnn__onnx_int(cnn__onnx *o, cnn__onnx_node *node, const char *key, int64_t value) {
  Cnn__Onnx__Attribute *made = attribute(o, node, key, CNN__ONNX__ATTRIBUTE__KIND__INT);
  if (made) {
    made->has_i = 1;
    made->i = value;
  }
}

void cnn__onnx_ints(cnn__onnx *o, cnn__onnx_node *node, const char *key, size_t count, const int64_t *values) {
  Cnn__Onnx__Attribute *made = attribute(o, node, key, CNN__ONNX__ATTRIBUTE__KIND__INTS);
  int64_t *copy = made ? cnn__onnx_memory(o, count, sizeof *copy) : NULL;
  if (copy) {
    made->ints = memcpy(copy, values, count * sizeof *copy);
    made->n_ints = count;
  }
}

/* ---- constants ---- */

/* `bytes`, of memory that stays, are written as they lie: little-endian, as everything here. */
static const char *constant(cnn__onnx *o, const char *name, Cnn__Onnx__Tensor__Type type, size_t rank, const int64_t *shape, const void *bytes) {
  size_t size = type == CNN__ONNX__TENSOR__TYPE__F32 ? sizeof(float) : sizeof(int64_t);
  Cnn__Onnx__Tensor *made = cnn__onnx_memory(o, 1, sizeof *made);
  int64_t *extents = cnn__onnx_memory(o, rank + 1, sizeof *extents);
  if (!bytes || !made || !extents || !make_room(o, &o->graph.initializer, o->graph.n_initializer, &o->constant_room))
    return "";
  cnn__onnx__tensor__init(made);
  for (size_t i = 0; i < rank; i++) {
    extents[i] = shape[i];
    size *= (size_t)shape[i];
  }
  made->n_dims = rank;
  made->dims = extents;
  made->has_data_type = 1;
  made->data_type = (int32_t)type;
  made->name = cnn__onnx_text(o, name);
  made->has_raw_data = 1;
  made->raw_data.len = size;
  memcpy(&made->raw_data.data, &bytes, sizeof bytes); /* protobuf-c only reads it, but does not say so */
  o->graph.initializer[o->graph.n_initializer++] = made;
  return name;
}

const char *cnn__onnx_floats(cnn__onnx *o, const cnn__op *op, const char *part, size_t rank, const int64_t *shape, const float *values) {
  return constant(o, cnn__onnx_name(o, op, part), CNN__ONNX__TENSOR__TYPE__F32, rank, shape, values);
}

const char *cnn__onnx_number(cnn__onnx *o, const cnn__op *op, const char *part, float value) {
  float *copy = cnn__onnx_memory(o, 1, sizeof *copy);
  if (copy)
    *copy = value;
  return cnn__onnx_floats(o, op, part, 0, NULL, copy);
}

const char *cnn__onnx_whole(cnn__onnx *o, const cnn__op *op, const char *part, size_t count, const int64_t *values) {
  int64_t *copy = cnn__onnx_memory(o, count, sizeof *copy);
  if (copy)
    memcpy(copy, values, count * sizeof *copy);
  return constant(o, cnn__onnx_name(o, op, part), CNN__ONNX__TENSOR__TYPE__I64, 1, (const int64_t[]){(int64_t)count}, copy);
}
