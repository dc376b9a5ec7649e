/* resave: a model's file into another form, for tests that look at what was written. resave IN OUT [whole|stateless|weights
 * [MAX_BYTES]] */
#include "cnn/cnn.h"
#include "cnn/format.h"
#include "cnn/keras.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
  cnn_context *context = NULL;
  cnn_container *file = NULL;
  cnn_model *model = NULL;
  if (argc < 3)
    return 2;
  const char *what = argc > 3 ? argv[3] : "whole";
  const long long max_bytes = argc > 4 ? atoll(argv[4]) : 0;
  cnn_status status = cnn_context_new(&context, NULL);
  if (status == CNN_OK)
    status = cnn_keras_register(context);
  if (status == CNN_OK)
    status = cnn_container_load(&file, context, argv[1], cnn_load_opts(.max_bytes = max_bytes));
  if (status == CNN_OK && cnn_container_note(file, "config")) /* as cnn_model_load: all of it fits together */
    status = cnn_model_from_container(&model, context, file, NULL);
  if (status == CNN_OK)
    status = cnn_container_save(file, argv[2], cnn_save_opts(.no_optimizer = strcmp(what, "stateless") == 0, .weights_only = strcmp(what, "weights") == 0));
  if (status < 0)
    fprintf(stderr, "%s: %s\n", cnn_status_name(status), cnn_error_text());
  cnn_model_free(model);
  cnn_container_free(file);
  cnn_context_free(context);
  return status < 0;
}
