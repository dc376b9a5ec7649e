/* inspect: what cnn-inspect finds in a file, as one JSON object; and that object as text for people. */
#ifndef INSPECT_INSPECT_H
#define INSPECT_INSPECT_H

#include <cnn/cnn.h>
#include <jansson.h>
#include <stdio.h>

/* found.c. json_object_set_new and json_array_append_new; without memory the program ends, as is said on stderr. */
void put(json_t *object, const char *key, json_t *value);
void add(json_t *array, json_t *value);

/* A number; NaN and infinities, which JSON has not, are the texts "nan", "inf", "-inf". */
json_t *real(double value);

/* A text that came from a file, with what cannot be shown replaced by '?'. */
json_t *shown_text(const char *text);

/* A copy in whose texts and keys control characters, which a terminal would obey, are written as \x1b. */
json_t *without_controls(const json_t *value);

/* tensors.c: name, type, shape, count, least and largest finite value, how many are NaN or infinite. */
json_t *describe_tensor(const char *name, const cnn_tensor *value);

/* arrays.c: IDX, .npy and .npz, told by their first bytes. 1: it was one, and is in `found`; 0: it is none; below 0: a status, with a text. */
int describe_arrays(json_t *found, cnn_context *context, const char *path);

/* models.c: any file of a model that the context knows. CNN_OK or a status. */
cnn_status describe_model(json_t *found, cnn_context *context, const char *path);

/* checkpoint.c: what a checkpoint has besides its model, where `format` says that it is one. */
void describe_checkpoint(json_t *found, const char *place, const char *history, const char *callbacks);

/* text.c; what the file calls things is printed without its control characters. */
void print_text(const json_t *found, FILE *stream);

#endif
