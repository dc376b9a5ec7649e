/* board_graph: the layers of a model and what each reads, as the JSON of Keras's to_json from which TensorBoard's page of graphs draws a model:
 * of each layer it looks at the class, the name, the type of numbers and the layers before it. */
#include "companion/export/board.h"
#include "companion/export/source_text.h"
#include "companion/export/summary.h"

#include <stdlib.h>
#include <string.h>

/* Keras's names of built-in types; a layer of one's own goes by the name of its type. */
static const struct {
  const char *type, *class_name;
} classes[] = {{"activation", "Activation"},
               {"add", "Add"},
               {"average_pooling2d", "AveragePooling2D"},
               {"batch_normalization", "BatchNormalization"},
               {"conv2d", "Conv2D"},
               {"dense", "Dense"},
               {"dropout", "Dropout"},
               {"flatten", "Flatten"},
               {"global_average_pooling2d", "GlobalAveragePooling2D"},
               {"global_max_pooling2d", "GlobalMaxPooling2D"},
               {"input", "InputLayer"},
               {"max_pooling2d", "MaxPooling2D"}};

static const char *class_of(const char *type) {
  for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
    if (!strcmp(classes[i].type, type))
      return classes[i].class_name;
  return type;
}

/* Names are UTF-8 without control characters. */
static void put_string(cnn__source_text *to, const char *text) {
  cnn__source_put(to, "\"");
  while (*text) {
    const size_t plain = strcspn(text, "\"\\");
    cnn__source_put(to, "%.*s", (int)plain, text);
    text += plain;
    if (*text)
      cnn__source_put(to, "\\%c", *text++);
  }
  cnn__source_put(to, "\"");
}

/* Of a layer in a Functional model: the tensors that it is called with. */
static void put_inputs(cnn__source_text *to, const cnn__network *network, const cnn__network_layer *layer) {
  cnn__source_put(to, ",\"inbound_nodes\":[");
  if (layer->input_count)
    cnn__source_put(to, "{\"args\":[[");
  for (int32_t i = 0; i < layer->input_count; i++) {
    cnn__source_put(to, "%s{\"class_name\":\"__keras_tensor__\",\"config\":{\"keras_history\":[", i ? "," : "");
    put_string(to, network->layers[layer->inputs[i]].name);
    cnn__source_put(to, ",0,0]}}");
  }
  cnn__source_put(to, layer->input_count ? "]],\"kwargs\":{}}]" : "]");
}

static void put_layer(cnn__source_text *to, const cnn__network *network, int32_t number, int32_t is_row) {
  const cnn__network_layer *layer = &network->layers[number];
  cnn__source_put(to, "%s{\"class_name\":\"%s\",\"name\":", number ? "," : "", class_of(layer->type));
  put_string(to, layer->name);
  cnn__source_put(to, ",\"config\":{\"name\":");
  put_string(to, layer->name);
  cnn__source_put(to, ",\"dtype\":\"float32\"}");
  if (!is_row)
    put_inputs(to, network, layer);
  cnn__source_put(to, "}");
}

/* Where a Functional model begins or ends. */
static void put_end(cnn__source_text *to, const char *key, const cnn__network_layer *layer) {
  cnn__source_put(to, ",\"%s\":[[", key);
  put_string(to, layer->name);
  cnn__source_put(to, ",0,0]]");
}

static void put_model(cnn__source_text *to, const cnn__network *network, int32_t is_row) {
  cnn__source_put(to, "{\"class_name\":\"%s\",\"config\":{\"name\":", is_row ? "Sequential" : "Functional");
  put_string(to, cnn_model_name(network->model));
  cnn__source_put(to, ",\"layers\":[");
  for (int32_t i = 0; i < network->count; i++)
    put_layer(to, network, i, is_row);
  cnn__source_put(to, "]");
  if (!is_row) {
    put_end(to, "input_layers", &network->layers[0]);
    put_end(to, "output_layers", &network->layers[network->count - 1]);
  }
  cnn__source_put(to, "}}");
}

cnn_status cnn__board_graph(cnn__board *board, const cnn__network *network) {
  cnn__source_text json = {0};
  put_model(&json, network, board->is_row);
  cnn_status status = json.failed ? cnn_error_set(CNN_ENOMEM, "tensorboard: no memory for the graph of the model")
                                  : cnn__summary_graph(&board->train, json.data, json.length);
  free(json.data);
  return status;
}
