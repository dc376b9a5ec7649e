/* summary: the table of layers as Keras 3 prints it, byte for byte. Of a row of layers, which is a Sequential there, the
 * input is left out; any other model is a Functional, whose table says what each layer reads. */
#include "model/graph.h"
#include "model/model_internal.h"
#include "model/table.h"

#include "core/options.h"

#include <string.h>

#define NUMBER "38;5;34"
#define NONE "38;5;45"
#define CLASS "38;5;33"
#define BOLD "1"
#define YES "1;38;5;34"
#define NO "1;91"

static void shape_cell(cnn__cell *cell, const cnn__shape *shape) {
  cnn__cell_add(cell, NULL, "(");
  cnn__cell_add(cell, NONE, "None");
  for (int32_t i = 0; i < shape->rank; i++) {
    cnn__cell_add(cell, NULL, ", ");
    cnn__cell_add(cell, NUMBER, "%lld", (long long)shape->extent[i]);
  }
  cnn__cell_add(cell, NULL, ")");
}

/* The columns of a model's table. */
enum { NAME, SHAPE, PARAMETERS, CONNECTIONS, TRAINABLE };

typedef struct column {
  const char *head;
  int32_t align;
} column;

static const column columns_known[] = {[NAME] = {"Layer (type)", CNN__LEFT},
                                       [SHAPE] = {"Output Shape", CNN__LEFT},
                                       [PARAMETERS] = {"Param #", CNN__RIGHT},
                                       [CONNECTIONS] = {"Connected to", CNN__LEFT},
                                       [TRAINABLE] = {"Trainable", CNN__CENTER}};

typedef struct view {
  cnn__table table;
  int32_t kinds[CNN__TABLE_COLUMNS]; /* of its columns */
  int32_t row;                       /* a row of layers */
} view;

static void name_cell(cnn__cell *cell, const cnn_layer *layer) {
  cnn__cell_add(cell, NULL, "%s (", layer->name);
  cnn__cell_add(cell, CLASS, "%s", layer->type->class_name);
  cnn__cell_add(cell, NULL, ")");
}

/* "bn_b[0][0], image[0][0]": there is one call of each layer and one output. */
static void connections_cell(cnn__cell *cell, const cnn_layer *layer) {
  for (int32_t k = 0; k < layer->input_count; k++) {
    cnn__cell_add(cell, NULL, "%s%s[", k ? ", " : "", layer->inputs[k]->name);
    cnn__cell_add(cell, NUMBER, "0");
    cnn__cell_add(cell, NULL, "][");
    cnn__cell_add(cell, NUMBER, "0");
    cnn__cell_add(cell, NULL, "]");
  }
  if (!layer->input_count)
    cnn__cell_add(cell, NULL, "-");
}

static void trainable_cell(cnn__cell *cell, const cnn_layer *layer) {
  if (!layer->weight_count)
    cnn__cell_add(cell, BOLD, "-");
  else
    cnn__cell_add(cell, layer->trainable ? YES : NO, "%s", layer->trainable ? "Y" : "N");
}

static void parameters_cell(cnn__cell *cell, const cnn_layer *layer) {
  char number[32];
  cnn__cell_add(cell, NUMBER, "%s", cnn__thousands(number, cnn_layer_parameters(layer)));
}

static void output_cell(cnn__cell *cell, const cnn_layer *layer) { shape_cell(cell, &layer->out); }

static void layer_row(view *v, const cnn_layer *layer, int32_t first) {
  static void (*const fill[])(cnn__cell *, const cnn_layer *) = {name_cell, output_cell, parameters_cell,
                                                                 connections_cell, trainable_cell};
  cnn__cell cells[CNN__TABLE_COLUMNS] = {0};
  for (int32_t i = 0; i < v->table.columns; i++)
    fill[v->kinds[i]](&cells[i], layer);
  cnn__table_row(&v->table, cells, first);
}

static void add_column(view *v, int32_t kind) {
  v->kinds[v->table.columns] = kind;
  v->table.align[v->table.columns++] = columns_known[kind].align;
}

/* Where the columns of a row and of any other model end, in parts of the line. */
static cnn_status lay_out(view *v, int32_t length, int32_t columns, int32_t show_trainable) {
  static const double ends[2][4] = {{0.3, 0.56, 0.74, 1.0}, {0.45, 0.80, 1.0, 1.0}};
  double positions[CNN__TABLE_COLUMNS];
  int32_t standard = (v->row ? 88 : 108) + (show_trainable ? 12 : 0);
  if (!length)
    length = standard < columns - 4 ? standard : columns - 4;
  add_column(v, NAME);
  add_column(v, SHAPE);
  add_column(v, PARAMETERS);
  if (!v->row)
    add_column(v, CONNECTIONS);
  for (int32_t i = 0; i < v->table.columns; i++)
    positions[i] = ends[v->row][i] * (show_trainable ? 0.90 : 1);
  positions[v->table.columns] = 1.0;
  if (show_trainable)
    add_column(v, TRAINABLE);
  if (length < 0 || length > 10000 || cnn__table_widths(&v->table, length, positions))
    return cnn__fail(CNN_EINVAL, "summary: line_length %d must leave %d columns 4 characters each, and be at most 10000",
                     (int)length, (int)v->table.columns);
  return CNN_OK;
}

static void layers(view *v, const cnn_model *model) {
  cnn__cell head[CNN__TABLE_COLUMNS] = {0};
  for (int32_t i = 0; i < v->table.columns; i++)
    cnn__cell_add(&head[i], NULL, "%s", columns_known[v->kinds[i]].head);
  cnn__table_head(&v->table, head);
  for (int32_t i = v->row ? 1 : 0; i < model->layer_count; i++)
    layer_row(v, model->layers[i], i == (v->row ? 1 : 0));
  cnn__table_end(&v->table);
}

static void total(const cnn__table *table, const char *what, int64_t count, int64_t bytes) {
  char number[32], size[32];
  cnn__thousands(number, count);
  cnn__memory_size(size, bytes);
  if (table->color)
    cnn__text_add(table->out, "\x1b[" BOLD "m %s: \x1b[0m\x1b[" NUMBER "m%s\x1b[0m (%s)\n", what, number, size);
  else
    cnn__text_add(table->out, " %s: %s (%s)\n", what, number, size);
}

/* The optimizer's variables are counted once training has made them: its slots, the rate and the number of steps (8
 * bytes). */
static void totals(const cnn__table *table, const cnn_model *model) {
  int64_t all = cnn_model_parameters(model), trainable = cnn_model_trainable_parameters(model);
  int64_t optimizer = 0, bytes = 0;
  if (model->compiled && model->iterations > 0) {
    for (uint32_t slots = cnn__optimizer_slots(model->optimizer); slots; slots &= slots - 1)
      optimizer += trainable;
    optimizer += model->optimizer->schedule ? 1 : 2;
    bytes = 4 * optimizer + 4;
  }
  total(table, "Total params", all + optimizer, 4 * all + bytes);
  total(table, "Trainable params", trainable, 4 * trainable);
  total(table, "Non-trainable params", all - trainable, 4 * (all - trainable));
  if (optimizer)
    total(table, "Optimizer params", optimizer, bytes);
}

cnn_status cnn__model_sink(const cnn_model *model, const cnn_sink *given, cnn_sink *out) {
  *out = model->context->sink;
  if (!given)
    return CNN_OK;
  return cnn__options(out, CNN__FIRST(cnn_sink, ascii), CNN__FIRST(cnn_sink, ascii), given, "cnn_sink");
}

cnn_status cnn_model_summary(const cnn_model *model, const cnn_sink *sink, const cnn_summary_opts *options) {
  cnn_summary_opts given;
  cnn_sink to;
  if (!model)
    return cnn__fail(CNN_EINVAL, "summary: model is NULL");
  CNN__TRY(cnn__options(&given, sizeof given, sizeof(cnn_summary_opts), options, "cnn_summary_opts"));
  CNN__TRY(cnn__model_sink(model, sink, &to));
  if (model->error < 0)
    return cnn__fail(CNN_ESTATE, "summary: %s", model->error_text);
  int32_t columns = to.columns > 0 ? to.columns : 80;
  cnn__text text = {.context = model->context};
  view v = {.table = {.out = &text, .crop = columns, .color = to.is_terminal, .ascii = to.ascii},
            .row = cnn__graph_is_row(model)};
  CNN__TRY(lay_out(&v, given.line_length, columns, given.show_trainable));
  cnn__text_add(&text, to.is_terminal ? "\x1b[" BOLD "mModel: \"%s\"\x1b[0m\n" : "Model: \"%s\"\n", model->name);
  layers(&v, model);
  totals(&v.table, model);
  cnn_status status = text.status;
  if (status >= 0 && to.write)
    to.write(to.user, text.data, text.length);
  cnn__text_free(&text);
  return status;
}
