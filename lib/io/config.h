/* config: what a model is and how it was compiled, as JSON text and back, by the attribute tables of layers,
 * optimizers, losses and metrics.
 *
 *   {"name": "sequential", "layers": [{"type": "conv2d", "name": "conv1", "inputs": ["input"],
 *    "attributes": {"filters": 32, "kernel_size": [3, 3], "padding": "same", ...}}, ...]}
 *   {"optimizer": {"name": "adam", "attributes": {"learning_rate": "0.001", ...}},
 *    "loss": {"type": "categorical_crossentropy", "attributes": {"label_smoothing": "0.1", ...}},
 *    "metrics": [{"type": "accuracy", "name": "acc", "weighted": false, "attributes": {}}]}
 *
 * Whole numbers, pairs and shapes are numbers and arrays, flags are true and false; fractions are strings, the
 * shortest decimal that reads back as the same float, so that no JSON library's way with numbers can change a bit. */
#ifndef CNN_IO_CONFIG_H
#define CNN_IO_CONFIG_H

#include "core/text.h"
#include "model/model_internal.h"

enum { CNN__MAX_LAYERS = 4096 }; /* of a model from a file */

/* CNN_ESTATE where the text would be more than cnn__config_make_model takes. */
cnn_status cnn__config_model_text(cnn__text *out, const cnn_model *model);
cnn_status cnn__config_compile_text(cnn__text *out, const cnn_model *model); /* of a compiled model */

/* Asked before a layer is made: its weights have names and shapes, but no values yet. A negative status refuses
 * the layer. */
typedef cnn_status cnn__config_accept(void *user, const cnn_layer *layer);

/* Make the model of a text, its weights as its seed initialises them. CNN_EFORMAT, and what the constructors of
 * layers say. */
cnn_status cnn__config_make_model(cnn_model **out, cnn_context *context, const char *text, uint64_t seed,
                                  cnn__config_accept *accept, void *user);
cnn_status cnn__config_compile(cnn_model *model, const char *text);

#endif
