/* own_layers: layer types as a program of somebody else would write them, through public headers alone. */
#ifndef CNN_TESTS_OWN_LAYERS_H
#define CNN_TESTS_OWN_LAYERS_H

#include <cnn/cnn.h>
#include <cnn/extend.h>

/* "noisy_scale": in training each element is dropped with probability `rate` (attribute, 0.1), which its byte in `kept`
 * remembers; the others are x * gain[c] + offset[c]. gain trains, offset does not. It has an attribute of each kind; setup
 * leaves one block of memory in data and refuses more channels than `limit` (64). */
extern const cnn_layer_descriptor own_noisy_scale;

/* "own_relu": to the bit what the library's activation layer does; reads y in backward, and through its scratch. */
extern const cnn_layer_descriptor own_relu;

/* "own_sum": to the bit what the library's add does. "own_product": of two inputs, whose values backward needs; refuses another
 * number of them, and shapes that differ. */
extern const cnn_layer_descriptor own_sum;
extern const cnn_layer_descriptor own_product;

/* Blocks that noisy_scale's setup has made and free has not yet been called for. */
extern int32_t own_live;

#endif
