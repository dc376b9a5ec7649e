/* random_models: small models of any layers with any options, each a function of its seed. */
#ifndef CNN_TESTS_RANDOM_MODELS_H
#define CNN_TESTS_RANDOM_MODELS_H

#include <cnn/cnn.h>
#include <cnn/export.h>

/* what: a few words on it, for failures. */
cnn_model *random_model(cnn_context *context, uint64_t seed, char *what, size_t bytes);

#endif
