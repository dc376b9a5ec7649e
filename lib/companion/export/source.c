/* source: see source.h and cnn/export.h. */
#include "companion/export/source.h"

#include "companion/export/export_file.h"
#include "companion/export/source_helper.h"
#include "companion/export/source_weights.h"
#include "companion/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ---- */

static int32_t is_identifier(const char *name) {
  char made[CNN__SOURCE_NAME];
  cnn__source_identifier(made, name, "model");
  return !strcmp(made, name);
}

static cnn_status name_file(cnn__source_text *to, const cnn_model *model, const cnn_c_opts *given) {
  if (given->name && !is_identifier(given->name))
    return cnn_error_set(CNN_EINVAL, "C source: name '%.60s' is no identifier of at most %d letters, digits and single '_' that begins with a letter", given->name,
                         CNN__SOURCE_NAME - 1);
  cnn__source_identifier(to->name, given->name ? given->name : cnn_model_name(model), "model");
  for (size_t i = 0; i < sizeof to->name; i++)
    to->upper[i] = to->name[i] >= 'a' && to->name[i] <= 'z' ? (char)(to->name[i] - 'a' + 'A') : to->name[i];
  to->weight = given->int8 ? "int8_t" : "float";
  return CNN_OK;
}

static int32_t taken(const cnn__source_id *ids, int32_t count, const char *id) {
  for (int32_t i = 0; i < count; i++)
    if (!strcmp(ids[i].text, id))
      return 1;
  return 0;
}

/* Layers whose names differ in what no identifier holds alone get a number behind them. */
static void name_layers(cnn__source_id *ids, const cnn__walk *walk) {
  for (int32_t i = 0; i < walk->count; i++) {
    char plain[CNN__SOURCE_NAME];
    cnn__source_identifier(plain, walk->ops[i].name, "layer");
    snprintf(ids[i].text, sizeof ids[i].text, "%s", plain);
    for (int32_t k = 2; taken(ids, i, ids[i].text); k++)
      snprintf(ids[i].text, sizeof ids[i].text, "%s_%d", plain, (int)k);
  }
}

/* ---- the parts of the file ---- */

static void put_shape(cnn__source_text *to, const cnn__op *op, const char *between) {
  for (int32_t d = 0; d < op->rank; d++)
    cnn__source_put(to, "%s%lld", d ? between : "", (long long)op->shape[d]);
}

static void put_manual(cnn__source_text *to, const cnn__source_model *model, int64_t weights) {
  const cnn__op *in = &model->walk->ops[0], *out = &model->walk->ops[model->walk->output];
  cnn__source_put(to, "/* @.c: the network '%s' as C99 source, written by libcnn %s%s.\n *\n *   input    ", cnn__source_comment(model->walk->name, to->name),
                  cnn_version(), model->int8 ? ", its kernels as int8" : "");
  put_shape(to, in, " x ");
  cnn__source_put(to, " floats%s, scaled as they were in training\n *   output   ", in->rank == 3 ? ": height, width, channels, row by row" : "");
  put_shape(to, out, " x ");
  cnn__source_put(to,
                  " floats\n *   memory   ^_WORK_BYTES bytes of the caller's, without contents; ^_WEIGHT_BYTES (%lld) of constants; a small stack\n *\n"
                  " *     static float work[^_WORK_COUNT];\n"
                  " *     float output[^_OUTPUT_COUNT];\n"
                  " *     int32_t best = @_predict(input, output, work);\n *\n"
                  " * No library is needed, nothing is allocated, and nothing but output and work is written: several threads may predict at once, each with\n"
                  " * memory of its own. Other files get the declaration alone by\n *\n"
                  " *     #define ^_DECLARATION_ONLY\n"
                  " *     #include \"@.c\"\n *\n"
                  " * The weights are those of the model, and so is their licence; the code around them may be used in any way. */\n\n",
                  (long long)weights);
}

static void put_macros(cnn__source_text *to, const char *which, const cnn__op *op) {
  cnn__source_put(to, "#define ^_%s_RANK %d\n#define ^_%s_SHAPE {", which, (int)op->rank, which);
  put_shape(to, op, ", ");
  cnn__source_put(to, "}\n#define ^_%s_COUNT %lld\n", which, (long long)op->count);
}

static void put_declaration(cnn__source_text *to, const cnn__source_model *model, int64_t weights) {
  const int64_t work = model->plan->work ? model->plan->work : 1;
  cnn__source_put(to, "#ifndef ^_DECLARED\n#define ^_DECLARED\n\n#include <stddef.h>\n#include <stdint.h>\n\n");
  put_macros(to, "INPUT", &model->walk->ops[0]);
  put_macros(to, "OUTPUT", &model->walk->ops[model->walk->output]);
  cnn__source_put(to, "#define ^_WORK_COUNT %lld /* floats, aligned as floats are */\n#define ^_WORK_BYTES %lld\n#define ^_WEIGHT_BYTES %lld\n\n",
                  (long long)work, (long long)(work * (int64_t)sizeof(float)), (long long)weights);
  cnn__source_put(to,
                  "#ifdef __cplusplus\nextern \"C\" {\n#endif\n"
                  "/* The outputs for one input; the three do not overlap. Returned: %s; -1: a pointer is NULL */\n"
                  "int32_t @_predict(const float *input, float *output, float *work);\n"
                  "#ifdef __cplusplus\n}\n#endif\n\n#endif\n\n",
                  model->walk->ops[model->walk->output].count == 1 ? "1 where the output is above 0.5, else 0"
                                                                               : "the place of the largest output, the first of equals");
}

static void put_predict(cnn__source_text *to, const cnn__source_model *model, const char *steps) {
  const int64_t outputs = model->walk->ops[model->walk->output].count;
  cnn__source_put(to, "int32_t @_predict(const float *input, float *output, float *work)\n{\n  if (!input || !output || !work)\n    return -1;\n");
  cnn__source_put(to, "%s\n", steps ? steps : "");
  if (outputs == 1)
    cnn__source_put(to, "  return output[0] > 0.5f;\n}\n");
  else
    cnn__source_put(to,
                    "  int32_t best = 0;\n  for (int32_t i = 1; i < %lld; i++)\n    if (output[i] > output[best])\n      best = i;\n  return best;\n}\n",
                    (long long)outputs);
}

/* What is called and what is constant is known when the statements stand. */
static void put_file(cnn__source_text *to, const cnn__source_model *model) {
  cnn__source_text steps = *to, constants = *to;
  uint32_t helpers = 0;
  cnn__source_put_steps(&steps, model, &helpers);
  for (int32_t i = 0; i < model->walk->count; i++)
    if (model->walk->ops[i].kind == CNN__OP_CONV && cnn__source_used(model->walk, i))
      cnn__source_need(&helpers, CNN__HELPER_WINDOW);
  const int64_t weights = cnn__source_put_constants(&constants, model);
  put_manual(to, model, weights);
  put_declaration(to, model, weights);
  cnn__source_put(to, "#ifndef ^_DECLARATION_ONLY\n\n");
  cnn__source_put_helpers(to, helpers);
  cnn__source_put(to, "%s", constants.data ? constants.data : "");
  put_predict(to, model, steps.data);
  cnn__source_put(to, "\n#endif\n");
  to->failed |= steps.failed | constants.failed;
  free(steps.data);
  free(constants.data);
}

static cnn_status write_walk(cnn__source_text *to, const cnn__walk *walk, int32_t int8) {
  cnn__source_plan plan;
  cnn_status status = cnn__source_plan_new(&plan, walk);
  if (status < 0)
    return status;
  cnn__source_id *ids = calloc((size_t)walk->count, sizeof *ids);
  if (ids) {
    name_layers(ids, walk);
    put_file(to, &(cnn__source_model){walk, &plan, ids, int8});
  }
  if (!ids || to->failed)
    status = cnn_error_set(CNN_ENOMEM, "no memory for model '%s' as C source", walk->name);
  free(ids);
  cnn__source_plan_free(&plan);
  return status;
}

static cnn_status write_model(cnn__source_text *to, const cnn_model *model, const cnn_c_opts *given) {
  cnn__walk *walk;
  cnn_status status = name_file(to, model, given);
  if (status == CNN_OK)
    status = cnn__walk_new(&walk, model, "C source");
  if (status < 0)
    return status;
  status = write_walk(to, walk, given->int8 != 0);
  cnn__walk_free(walk);
  return status;
}

/* ---- what comes in and goes out ---- */

static cnn_status writer(const cnn_model *model, const void *options, unsigned char **bytes, size_t *count) {
  cnn_c_opts given;
  cnn__source_text text = {0};
  cnn_status status = cnn__companion_options(&given, CNN__COMPANION_FIRST(cnn_c_opts, int8), CNN__COMPANION_FIRST(cnn_c_opts, int8), options,
                                             "cnn_c_opts");
  if (status == CNN_OK)
    status = write_model(&text, model, &given);
  if (status < 0) {
    free(text.data);
    return status;
  }
  *bytes = (unsigned char *)text.data;
  *count = text.length;
  return CNN_OK;
}

cnn_status cnn_model_save_c(const cnn_model *model, const char *path, const cnn_c_opts *options) {
  return cnn__export_to_path(writer, model, path, options, "cnn_model_save_c");
}

static cnn_status save(const cnn_container *container, cnn_context *context, const cnn_save_opts *options, const cnn_sink *to) {
  (void)options; /* there is neither compilation nor optimizer in such a file */
  return cnn__export_to_sink(writer, container, context, to);
}

const cnn_file_format cnn__source_format = {.size = sizeof cnn__source_format, .name = "C source", .endings = ".c", .save = save};
