/* call: a name with numbers as our texts have it, "random_normal(mean=0,stddev=0.05)", by the table of options of what is named. */
#ifndef CNN_KERAS_CALL_H
#define CNN_KERAS_CALL_H

#include "companion/keras/fields.h"

/* The options of `made` that the table has, in its order. Errors: CNN_ENOMEM; CNN_EUNSUPPORTED: longer than our texts are. */
cnn_status keras__call_text(json_t **ours, const char *name, const keras__field *fields, const json_t *made);

/* The name before the bracket, or all of it. */
void keras__call_name(char name[64], const char *text);
/* What stands in the brackets into an object of texts; without brackets nothing does. CNN_STOP: it is not so. Errors: CNN_ENOMEM. */
cnn_status keras__call_options(json_t *options, const keras__field *fields, const char *text);

#endif
