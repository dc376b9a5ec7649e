/* attribute_json: the attributes of a layer or optimizer as a JSON object and back. */
#ifndef CNN_IO_ATTRIBUTE_JSON_H
#define CNN_IO_ATTRIBUTE_JSON_H

#include "io/json.h"
#include "layers/layer_internal.h"

/* All rows of the table, by their keys. NULL: no memory (recorded). */
json_t *cnn__attributes_to_json(const cnn__attribute *table, const void *attributes);

/* Over the defaults into `attributes`; ranges are left to cnn__attributes_check. `what` names the object in texts.
 * CNN_ENAME: unknown key; CNN_EINVAL: a value of the wrong kind, a required key missing. */
cnn_status cnn__attributes_from_json(const cnn__attribute *table, void *attributes, json_t *object, const char *what);

#endif
