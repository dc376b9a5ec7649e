/* network: the notebook's model, its summary and its diagram. */
#include "mnist.h"

#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

static void convolution_block(cnn_model *m, const recipe *way, int64_t filters, float rate, const char *conv,
                              const char *bn, const char *pool, const char *dropout) {
  cnn_conv2d(m, filters, 3, 3,
             cnn_conv2d_opts(.padding = CNN_PADDING_SAME, .activation = CNN_ACTIVATION_RELU, .name = conv));
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.momentum = way->momentum, .name = bn));
  cnn_max_pooling2d(m, 2, 2, cnn_max_pooling2d_opts(.name = pool));
  cnn_dropout(m, rate, cnn_dropout_opts(.name = dropout));
}

void build_network(cnn_model *m, const recipe *way, int32_t rank, const int64_t *shape, int64_t classes) {
  cnn_input(m, rank, shape, NULL);
  convolution_block(m, way, 32, way->dropout[0], "conv1", "bn1", "pool1", "dropout1");
  convolution_block(m, way, 64, way->dropout[1], "conv2", "bn2", "pool2", "dropout2");
  cnn_flatten(m, cnn_flatten_opts(.name = "flatten"));
  cnn_dense(m, 128, cnn_dense_opts(.activation = CNN_ACTIVATION_RELU, .name = "dense1"));
  cnn_dropout(m, way->dropout[2], cnn_dropout_opts(.name = "dropout3"));
  cnn_dense(m, classes, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX, .name = "output"));
}

static cnn_status compile(run *r) {
  cnn_optimizer *adam;
  char loss[64];
  const float average = (float)r->options.average; /* one that float32 rounds to 0 is none: there it would mean the default */
  const char *losses[] = {loss};
  static const char *const metrics[] = {"accuracy"};
  snprintf(loss, sizeof loss, "categorical_crossentropy label_smoothing=%.9g", r->options.label_smoothing);
  cnn_status status = cnn_adam_new(&adam, r->context,
                                   cnn_adam_opts(.learning_rate = (float)r->options.learning_rate,
                                                 .weight_decay = (float)r->options.weight_decay,
                                                 .use_ema = average > 0, .ema_momentum = average,
                                                 .ema_overwrite_frequency = average > 0 ? (int32_t)r->steps : 0));
  if (status < 0)
    return status;
  status = cnn_model_compile(r->model, adam, 1, losses, cnn_compile_opts(.metrics = metrics, .metric_count = 1));
  cnn_optimizer_free(adam);
  return status;
}

static void write_file(void *user, const char *text, size_t length) { fwrite(text, 1, length, user); }

/* Run Graphviz's dot; 0 when it made the picture, -1 when there is no such program or it failed. */
static int draw_png(const char *dot_path, const char *png_path) {
  char output[4200];
  snprintf(output, sizeof output, "-o%s", png_path);
  char *arguments[] = {"dot", "-Tpng", "-Gdpi=150", output, (char *)(size_t)dot_path, NULL};
  pid_t child;
  int status;
  if (posix_spawnp(&child, "dot", NULL, NULL, arguments, environ) != 0)
    return -1;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static int diagram(run *r) {
  char dot[4096], png[4096];
  FILE *file = create_in(r->options.output, "model.dot");
  if (!file)
    return EXIT_RUNTIME;
  cnn_sink sink = {.size = sizeof sink, .user = file, .write = write_file};
  cnn_status status = cnn_model_diagram(r->model, &sink, cnn_diagram_opts(.dpi = 150));
  if (!close_written(file, "model.dot"))
    return EXIT_RUNTIME;
  if (status < 0)
    return complain("model.dot", status);
  path_in(r->options.output, "model.dot", dot, sizeof dot);
  path_in(r->options.output, "model.png", png, sizeof png);
  if (draw_png(dot, png) == 0)
    say(&r->screen, "Model architecture diagram saved to: %s\n", png);
  else
    say(&r->screen, "Model architecture diagram saved to: %s (install graphviz to have it drawn as a picture)\n", dot);
  return EXIT_DONE;
}

int section_model(run *r) {
  int64_t shape[CNN_MAX_RANK];
  int32_t rank = cnn_dataset_input_shape(r->train, shape);
  cnn_status status = cnn_model_new(&r->model, r->context, NULL);
  if (status < 0)
    return complain("model", status);
  build_network(r->model, r->options.recipe, rank, shape, cnn_dataset_classes(r->train));
  if ((status = compile(r)) < 0) /* images may be too small for it */
    return complain(status == CNN_ESHAPE ? "data" : "model", status);
  say_heading(&r->screen, "Model Architecture:");
  cnn_sink sink = screen_copying_sink(&r->screen);
  if ((status = cnn_model_summary(r->model, &sink, NULL)) < 0)
    return complain("summary", status);
  long long total = (long long)cnn_model_parameters(r->model);
  if (total >= 1000000)
    say(&r->screen, "\nTotal Parameters: %lld,%03lld,%03lld\n", total / 1000000, total / 1000 % 1000, total % 1000);
  else
    say(&r->screen, "\nTotal Parameters: %lld,%03lld\n", total / 1000, total % 1000);
  return diagram(r);
}
