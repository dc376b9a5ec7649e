/* summary: the table of layers as Keras 3 prints it, byte for byte. Input layers are left out, as Keras does in a
 * Sequential. */
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

static void layer_row(cnn__table *table, const cnn_layer *layer, int32_t first) {
  cnn__cell cells[CNN__TABLE_COLUMNS] = {0};
  char number[32];
  cnn__cell_add(&cells[0], NULL, "%s (", layer->name);
  cnn__cell_add(&cells[0], CLASS, "%s", layer->type->class_name);
  cnn__cell_add(&cells[0], NULL, ")");
  shape_cell(&cells[1], &layer->out);
  cnn__cell_add(&cells[2], NUMBER, "%s", cnn__thousands(number, cnn_layer_parameters(layer)));
  if (!layer->weight_count)
    cnn__cell_add(&cells[3], BOLD, "-");
  else
    cnn__cell_add(&cells[3], layer->trainable ? YES : NO, "%s", layer->trainable ? "Y" : "N");
  cnn__table_row(table, cells, first);
}

static cnn_status lay_out(cnn__table *table, int32_t length, int32_t columns, int32_t show_trainable) {
  static const double plain[] = {0.45, 0.80, 1.0};
  static const double with_trainable[] = {0.45 * 0.90, 0.80 * 0.90, 1.0 * 0.90, 1.0};
  static const int32_t align[] = {CNN__LEFT, CNN__LEFT, CNN__RIGHT, CNN__CENTER};
  int32_t standard = show_trainable ? 100 : 88;
  if (!length)
    length = standard < columns - 4 ? standard : columns - 4;
  memcpy(table->align, align, sizeof align);
  table->columns = show_trainable ? 4 : 3;
  if (length < 0 || length > 10000 || cnn__table_widths(table, length, show_trainable ? with_trainable : plain))
    return cnn__fail(CNN_EINVAL, "summary: line_length %d must leave %d columns 4 characters each, and be at most 10000",
                     (int)length, (int)table->columns);
  return CNN_OK;
}

static void layers(cnn__table *table, const cnn_model *model) {
  cnn__cell head[CNN__TABLE_COLUMNS] = {0};
  static const char *const names[] = {"Layer (type)", "Output Shape", "Param #", "Trainable"};
  for (int32_t i = 0; i < table->columns; i++)
    cnn__cell_add(&head[i], NULL, "%s", names[i]);
  cnn__table_head(table, head);
  for (int32_t i = 0, first = 1; i < model->layer_count; i++)
    if (model->layers[i]->type->inputs) {
      layer_row(table, model->layers[i], first);
      first = 0;
    }
  cnn__table_end(table);
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
    optimizer += 2;
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
  cnn__table table = {.out = &text, .crop = columns, .color = to.is_terminal, .ascii = to.ascii};
  CNN__TRY(lay_out(&table, given.line_length, columns, given.show_trainable));
  cnn__text_add(&text, to.is_terminal ? "\x1b[" BOLD "mModel: \"%s\"\x1b[0m\n" : "Model: \"%s\"\n", model->name);
  layers(&table, model);
  totals(&table, model);
  cnn_status status = text.status;
  if (status >= 0 && to.write)
    to.write(to.user, text.data, text.length);
  cnn__text_free(&text);
  return status;
}
