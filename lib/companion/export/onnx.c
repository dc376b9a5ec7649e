/* onnx: a model as an ONNX file. */
#include "companion/export/onnx.h"

#include "companion/export/export_file.h"
#include "companion/export/onnx_layout.h"
#include "companion/export/onnx_ops.h"
#include "companion/options.h"

#include <stdlib.h>

#define IR_VERSION 8
#define OPSET 17

/* ---- what comes in and goes out ---- */

static Cnn__Onnx__Shape *shape_of(cnn__onnx *o, int32_t i) {
  const cnn__op *op = &o->walk->ops[i];
  const size_t count = (size_t)op->rank + 1;
  const int32_t first = cnn__onnx_outside(o, i);
  Cnn__Onnx__Shape *shape = cnn__onnx_memory(o, 1, sizeof *shape);
  Cnn__Onnx__Extent *extents = cnn__onnx_memory(o, count, sizeof *extents), **list = cnn__onnx_memory(o, count, sizeof *list);
  char *any = cnn__onnx_text(o, "N");
  if (o->status < 0)
    return NULL;
  cnn__onnx__shape__init(shape);
  for (size_t d = 0; d < count; d++) {
    list[d] = &extents[d];
    cnn__onnx__extent__init(list[d]);
    list[d]->has_dim_value = d > 0 || o->batch > 0;
    list[d]->dim_value = d > 0 ? op->shape[first ? (d + 1) % 3 : d - 1] : o->batch;
    list[d]->dim_param = list[d]->has_dim_value ? NULL : any;
  }
  shape->n_dim = count;
  shape->dim = list;
  return shape;
}

static Cnn__Onnx__ValueInfo **value_info(cnn__onnx *o, int32_t i, const char *name) {
  Cnn__Onnx__ValueInfo *value = cnn__onnx_memory(o, 1, sizeof *value), **list = cnn__onnx_memory(o, 1, sizeof *list);
  Cnn__Onnx__Type *type = cnn__onnx_memory(o, 1, sizeof *type);
  Cnn__Onnx__TensorType *tensor = cnn__onnx_memory(o, 1, sizeof *tensor);
  Cnn__Onnx__Shape *shape = shape_of(o, i);
  char *copy = cnn__onnx_text(o, name);
  if (o->status < 0)
    return NULL;
  cnn__onnx__value_info__init(value);
  cnn__onnx__type__init(type);
  cnn__onnx__tensor_type__init(tensor);
  tensor->has_elem_type = 1;
  tensor->elem_type = CNN__ONNX__TENSOR__TYPE__F32;
  tensor->shape = shape;
  type->tensor_type = tensor;
  value->name = copy;
  value->type = type;
  *list = value;
  return list;
}

static void write_graph(cnn__onnx *o) {
  const int32_t last = o->walk->output;
  for (int32_t i = 0; i <= last; i++)
    cnn__onnx_write_op(o, i);
  if (o->status < 0)
    return;
  const char *in = cnn__onnx_either(o, 0, cnn__onnx_outside(o, 0)), *out = cnn__onnx_either(o, last, cnn__onnx_outside(o, last));
  if (last == 0) { /* no value is both */
    out = cnn__onnx_name(o, &o->walk->ops[0], "output");
    cnn__onnx_node_add(o, "Identity", out, 1, &in);
  }
  o->graph.input = value_info(o, 0, in);
  o->graph.output = value_info(o, last, out);
  o->graph.n_input = o->graph.n_output = 1;
}

/* ---- the file ---- */

static cnn_status too_large(const cnn__onnx *o, int64_t bytes, int64_t largest) {
  return cnn_error_set(CNN_EUNSUPPORTED, "model '%s' takes %lld bytes as ONNX, and a file of it holds at most %lld: save it in libcnn's own form",
                       o->walk->name, (long long)bytes, (long long)largest);
}

static cnn_status pack(cnn__onnx *o, int64_t largest, unsigned char **bytes, size_t *count) {
  char hash[33], name[] = "libcnn", version[32], hash_key[] = "libcnn_hash", layout_key[] = "libcnn_layout";
  char *layout = cnn__onnx_text(o, o->nchw ? "NCHW" : "NHWC"), *domain = cnn__onnx_text(o, "");
  Cnn__Onnx__Operators operators = CNN__ONNX__OPERATORS__INIT, *operators_list[] = {&operators};
  Cnn__Onnx__Entry hash_entry = CNN__ONNX__ENTRY__INIT, layout_entry = CNN__ONNX__ENTRY__INIT, *entries[] = {&hash_entry, &layout_entry};
  Cnn__Onnx__Model model = CNN__ONNX__MODEL__INIT;
  if (o->status < 0)
    return o->status;
  cnn_format(version, sizeof version, "%s", cnn_version());
  operators.domain = domain;
  operators.has_version = 1;
  operators.version = OPSET;
  cnn_model_hash(o->walk->model, hash);
  hash_entry.key = hash_key;
  hash_entry.value = hash;
  layout_entry.key = layout_key;
  layout_entry.value = layout;
  model.has_ir_version = 1;
  model.ir_version = IR_VERSION;
  model.producer_name = name;
  model.producer_version = version;
  model.graph = &o->graph;
  model.n_opset_import = 1;
  model.opset_import = operators_list;
  model.n_metadata_props = 2;
  model.metadata_props = entries;
  const size_t size = cnn__onnx__model__get_packed_size(&model);
  if (size > (uint64_t)largest)
    return too_large(o, (int64_t)size, largest);
  *bytes = malloc(size);
  if (!*bytes)
    return cnn_error_set(CNN_ENOMEM, "no memory for %zu bytes of model '%s' as ONNX", size, o->walk->name);
  *count = cnn__onnx__model__pack(&model, *bytes);
  return CNN_OK;
}

cnn_status cnn__onnx_bytes(const cnn_model *model, const struct cnn_onnx_opts *options, int64_t largest, unsigned char **bytes, size_t *count) {
  cnn__walk *walk;
  cnn__onnx o = {.nchw = options->nchw, .batch = options->batch_size};
  cnn_status status = cnn__walk_new(&walk, model, "ONNX");
  if (status < 0)
    return status;
  cnn__onnx_begin(&o, walk);
  if (cnn_model_parameters(model) > largest / 4)
    status = too_large(&o, 4 * cnn_model_parameters(model), largest);
  else {
    if (o.status >= 0)
      write_graph(&o);
    status = pack(&o, largest, bytes, count);
  }
  cnn__onnx_end(&o);
  cnn__walk_free(walk);
  return status;
}

static cnn_status writer(const cnn_model *model, const void *given, unsigned char **bytes, size_t *count) {
  struct cnn_onnx_opts options;
  cnn_status status = cnn__companion_options(&options, CNN__COMPANION_FIRST(struct cnn_onnx_opts, nchw), CNN__COMPANION_FIRST(struct cnn_onnx_opts, nchw),
                                             given, "cnn_onnx_opts");
  if (status < 0)
    return status;
  if (options.batch_size < 0)
    return cnn_error_set(CNN_EINVAL, "cnn_model_save_onnx: batch_size is %lld; it must not be negative, 0 leaves it open", (long long)options.batch_size);
  return cnn__onnx_bytes(model, &options, CNN__ONNX_LARGEST, bytes, count);
}

cnn_status cnn_model_save_onnx(const cnn_model *model, const char *path, const cnn_onnx_opts *options) {
  return cnn__export_to_path(writer, model, path, options, "cnn_model_save_onnx");
}

static cnn_status save(const cnn_container *container, cnn_context *context, const cnn_save_opts *options, const cnn_sink *to) {
  (void)options; /* there is neither compilation nor optimizer in such a file */
  return cnn__export_to_sink(writer, container, context, to);
}

const cnn_file_format cnn__onnx_format = {.size = sizeof cnn__onnx_format, .name = "ONNX", .endings = ".onnx", .save = save};
