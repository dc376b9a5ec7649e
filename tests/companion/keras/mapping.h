/* mapping: what the tests of Keras's JSON share. */
#ifndef CNN_TESTS_KERAS_MAPPING_H
#define CNN_TESTS_KERAS_MAPPING_H

#include "companion/keras/config.h"
#include "model/model_internal.h"

/* Fails the running test unless they are equal, whole numbers and fractions alike, with the first place where they differ. */
void ck_same_json(const char *what, const json_t *made, const json_t *wanted);

/* Of a case of tests/reference/keras: {"layers": [[type, attributes], ...], "name"}. */
cnn_model *mapping_model(cnn_context *context, const json_t *given);
/* Compiled as {"optimizer": [name, attributes], "loss", "metrics", "weighted"} says. */
void mapping_compile(cnn_model *model, const json_t *given);

json_t *mapping_config(const cnn_model *model);   /* our "config" */
json_t *mapping_training(const cnn_model *model); /* our "compile" */
/* Layers by name, since branches may stand in another order, and without numbers that their functions do not read. */
json_t *mapping_sorted(const json_t *config);
/* The model of a "config". */
cnn_model *mapping_made(cnn_context *context, const json_t *config);

#endif
