/* notes: what a file of Keras's says of a model and its training, as notes of a container. */
#ifndef CNN_KERAS_NOTES_H
#define CNN_KERAS_NOTES_H

#include <cnn/format.h>
#include <jansson.h>

/* "config" of Keras's description; *ours is it too. Warns of initialisers that libcnn has not. */
cnn_status keras__note_model(json_t **ours, cnn_container *out, cnn_context *context, const json_t *keras);

/* "compile" and "learning_rate"; *compile is the first of them too. Training that libcnn cannot express is no reason to refuse a model: then *compile is
 * NULL, and there is a warning. */
cnn_status keras__note_training(json_t **compile, cnn_container *out, cnn_context *context, const json_t *keras);

/* A note, parsed; *out is untouched where there is none. */
cnn_status keras__note(json_t **out, const cnn_container *container, const char *key);

#endif
