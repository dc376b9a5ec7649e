/* diagram: the graph as Graphviz DOT text, drawn as Keras 3's plot_model draws it: a box for each layer, its name on black
 * above its shapes. The input has one only where the layers are no row. */
#include "model/graph.h"
#include "model/model_internal.h"

#include "core/options.h"
#include "core/text.h"

#define DEFAULT_DPI 200

/* Text inside an HTML-like label. */
static void add_escaped(cnn__text *text, const char *plain) {
  for (; *plain; plain++) {
    if (*plain == '&')
      cnn__text_add(text, "&amp;");
    else if (*plain == '<')
      cnn__text_add(text, "&lt;");
    else if (*plain == '>')
      cnn__text_add(text, "&gt;");
    else if (*plain == '"')
      cnn__text_add(text, "&quot;");
    else
      cnn__text_add_bytes(text, plain, 1);
  }
}

static void begin_shape(cnn__text *text, const char *what) {
  cnn__text_add(text, "<td bgcolor=\"white\"><font point-size=\"14\">%s: <b>", what);
}

static void end_shape(cnn__text *text) { cnn__text_add(text, "</b></font></td>"); }

static void add_shapes(cnn__text *text, const cnn_layer *layer) {
  char buffer[160];
  int32_t several = layer->input_count > 1;
  if (layer->input_count) {
    begin_shape(text, "Input shape");
    for (int32_t k = 0; k < layer->input_count; k++)
      cnn__text_add(text, "%s%s", k ? ", " : several ? "[" : "", cnn__shape_text(buffer, &layer->inputs[k]->out, 1));
    cnn__text_add(text, "%s", several ? "]" : "");
    end_shape(text);
  }
  begin_shape(text, "Output shape");
  cnn__text_add(text, "%s", cnn__shape_text(buffer, &layer->out, 1));
  end_shape(text);
}

static void add_trainable(cnn__text *text, const cnn_layer *layer) {
  cnn__text_add(text, "<td bgcolor=\"%s\"><font point-size=\"14\" color=\"white\"><b>%s</b></font></td>",
                layer->trainable ? "forestgreen" : "firebrick", layer->trainable ? "Trainable" : "Non-trainable");
}

static int32_t has_activation(const cnn_layer *layer) {
  return cnn__attribute_find(layer->type->attributes, "activation") != NULL;
}

static void add_header(cnn__text *text, const cnn_layer *layer, int32_t named, int32_t span) {
  cnn__text_add(text, "<tr><td colspan=\"%d\" bgcolor=\"black\">", (int)span);
  cnn__text_add(text, "<font point-size=\"16\" color=\"white\"><b>");
  add_escaped(text, named ? layer->name : layer->type->class_name);
  cnn__text_add(text, "</b>");
  if (named)
    cnn__text_add(text, " (%s)", layer->type->class_name);
  cnn__text_add(text, "</font></td></tr>");
}

static void add_label(cnn__text *text, const cnn_layer *layer, const cnn_diagram_opts *given) {
  int32_t shapes = !given->no_shapes, span = shapes * (layer->input_count ? 2 : 1) + (given->show_trainable != 0);
  int32_t trainable = given->show_trainable && layer->weight_count;
  span = span > 1 ? span : 1;
  cnn__text_add(text, "<<table border=\"0\" cellborder=\"1\" bgcolor=\"black\" cellpadding=\"10\">");
  add_header(text, layer, !given->no_layer_names, span);
  if (given->show_activations && has_activation(layer))
    cnn__text_add(text,
                  "<tr><td bgcolor=\"white\" colspan=\"%d\"><font point-size=\"14\">Activation: <b>%s</b></font>"
                  "</td></tr>",
                  (int)span, cnn__activation_names[layer->activation]);
  if (shapes || trainable)
    cnn__text_add(text, "<tr>");
  if (shapes)
    add_shapes(text, layer);
  if (trainable)
    add_trainable(text, layer);
  if (shapes || trainable)
    cnn__text_add(text, "</tr>");
  cnn__text_add(text, "</table>>");
}

static void add_graph(cnn__text *text, const cnn_model *model, const cnn_diagram_opts *given) {
  cnn__text_add(text, "digraph G {\nconcentrate=true;\ndpi=%d;\nrankdir=%s;\nsplines=ortho;\nnode [shape=record];\n",
                given->dpi ? (int)given->dpi : DEFAULT_DPI, given->left_to_right ? "LR" : "TB");
  int32_t first = cnn__graph_is_row(model) ? 1 : 0; /* that is drawn */
  for (int32_t i = first; i < model->layer_count; i++) {
    cnn__text_add(text, "n%d [border=0, fontname=Helvetica, label=", (int)i);
    add_label(text, model->layers[i], given);
    cnn__text_add(text, ", margin=0];\n");
  }
  for (int32_t i = 0; i < model->layer_count; i++)
    for (int32_t j = 0; j < model->layers[i]->input_count; j++)
      if (model->layers[i]->inputs[j]->index >= first)
        cnn__text_add(text, "n%d -> n%d [penwidth=2];\n", (int)model->layers[i]->inputs[j]->index, (int)i);
  cnn__text_add(text, "}\n");
}

cnn_status cnn_model_diagram(const cnn_model *model, const cnn_sink *sink, const cnn_diagram_opts *options) {
  cnn_diagram_opts given;
  cnn_sink to;
  if (!model)
    return cnn__fail(CNN_EINVAL, "diagram: model is NULL");
  CNN__TRY(cnn__options(&given, sizeof given, sizeof(cnn_diagram_opts), options, "cnn_diagram_opts"));
  CNN__TRY(cnn__model_sink(model, sink, &to));
  if (model->error < 0)
    return cnn__fail(CNN_ESTATE, "diagram: %s", model->error_text);
  if (given.dpi < 0 || given.dpi > 10000)
    return cnn__fail(CNN_EINVAL, "diagram: dpi %d must be 1 to 10000, or 0 for %d", (int)given.dpi, DEFAULT_DPI);
  cnn__text text = {.context = model->context};
  add_graph(&text, model, &given);
  cnn_status status = text.status;
  if (status >= 0 && to.write)
    to.write(to.user, text.data, text.length);
  cnn__text_free(&text);
  return status;
}
