/* A layer of one's own through public headers alone: PReLU, a rectifier whose slope below zero is learned for each channel
 * (He, Zhang, Ren, Sun: Delving deep into rectifiers, ICCV 2015). It is trained on MNIST for a moment, saved, loaded into
 * another context, and must then give the same figures. */
#include <cnn/cnn.h>
#include <cnn/extend.h>
#include <stdio.h>
#include <string.h>

/* ---- the layer ---- */

typedef struct settings {
  int32_t shared;
} settings;

static const cnn_attribute_row attributes[] = {
    {"shared", CNN_ATTRIBUTE_FLAG, 0, offsetof(settings, shared), "false", 0, 1, NULL, "one slope for all channels"},
    {0}};

static int64_t channels(const cnn_shape *shape) { return shape->extent[shape->rank - 1]; }

static int64_t elements(const cnn_shape *shape) {
  int64_t product = 1;
  for (int32_t i = 0; i < shape->rank; i++)
    product *= shape->extent[i];
  return product;
}

/* The output has the input's shape already. Backward decides by the input's sign, so it must be kept. */
static cnn_status setup(cnn_layer_setup *setup) {
  const settings *set = (const settings *)setup->attributes;
  if (setup->input.rank > 1 && channels(&setup->input) > 4096)
    return cnn_error_set(CNN_ESHAPE, "%lld channels, at most 4096 are taken", (long long)channels(&setup->input));
  setup->weight_count = 1;
  setup->weights[0] = (cnn_weight_row){.name = "slope", .initializer = CNN_INITIALIZER_ZEROS, .trainable = 1,
                                       .shape = {.rank = 1, .extent = {set->shared ? 1 : channels(&setup->input)}}};
  setup->needs = CNN_NEEDS_X;
  return CNN_OK;
}

static void forward(const cnn_layer_work *work) {
  const settings *set = (const settings *)work->attributes;
  int64_t count = work->count * elements(work->input), c = channels(work->input);
  for (int64_t i = 0; i < count; i++)
    work->y[i] = work->x[i] > 0 ? work->x[i] : work->x[i] * work->weights[0][set->shared ? 0 : i % c];
}

static void backward(const cnn_layer_work *work) {
  const settings *set = (const settings *)work->attributes;
  int64_t count = work->count * elements(work->input), c = channels(work->input);
  for (int64_t i = 0; i < count; i++) {
    int64_t q = set->shared ? 0 : i % c;
    int32_t below = !(work->x[i] > 0);
    if (below && work->gradients[0])
      work->gradients[0][q] += work->x[i] * work->dy[i];
    if (work->dx)
      work->dx[i] = below ? work->dy[i] * work->weights[0][q] : work->dy[i];
  }
}

static const cnn_layer_descriptor prelu = {.size = sizeof prelu,
                                           .form = CNN_EXTEND_FORM,
                                           .type = "channel_prelu",
                                           .class_name = "ChannelPReLU",
                                           .summary = "Rectifier with a learned slope below zero.",
                                           .attributes = attributes,
                                           .attributes_size = sizeof(settings),
                                           .setup = setup,
                                           .forward = forward,
                                           .backward = backward};

/* ---- the program ---- */

static void print(void *user, const char *text, size_t length) { fwrite(text, 1, length, (FILE *)user); }

static cnn_status make_context(cnn_context **out, int32_t knows_the_layer) {
  const cnn_sink sink = {.size = sizeof sink, .user = stdout, .write = print};
  cnn_status status = cnn_context_new(out, cnn_context_opts(.seed = 42, .sink = &sink));
  return status < 0 || !knows_the_layer ? status : cnn_layer_type_register(*out, &prelu);
}

static cnn_status load_data(cnn_dataset **out, cnn_context *ctx, const char *folder, const char *part) {
  char images[512], labels[512];
  snprintf(images, sizeof images, "%s/%s-images-idx3-ubyte.gz", folder, part);
  snprintf(labels, sizeof labels, "%s/%s-labels-idx1-ubyte.gz", folder, part);
  return cnn_dataset_load_idx(out, ctx, images, labels, NULL);
}

static cnn_status train(cnn_model **out, cnn_context *ctx, const char *folder) {
  cnn_dataset *data;
  cnn_optimizer *adam;
  cnn_model *m;
  cnn_status status;
  if ((status = load_data(&data, ctx, folder, "train")) < 0 || (status = cnn_adam_new(&adam, ctx, NULL)) < 0 ||
      (status = cnn_model_new(out, ctx, NULL)) < 0)
    return status;
  m = *out;
  cnn_input(m, 3, (const int64_t[]){28, 28, 1}, NULL);
  cnn_conv2d(m, 8, 3, 3, NULL);
  cnn_layer_add(m, "channel_prelu", "name=prelu1");
  cnn_max_pooling2d(m, 2, 2, NULL);
  cnn_flatten(m, NULL);
  cnn_dense(m, 10, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX));
  if ((status = cnn_model_compile(m, adam, 1, (const char *[]){"categorical_crossentropy"},
                                  cnn_compile_opts(.metrics = (const char *[]){"accuracy"}, .metric_count = 1))) == 0 &&
      (status = cnn_model_summary(m, NULL, NULL)) == 0)
    status = cnn_model_fit(m, data, cnn_fit_opts(.batch_size = 64, .steps_per_epoch = 200, .verbose = 2));
  cnn_optimizer_free(adam);
  cnn_dataset_free(data);
  return status;
}

/* Loss and accuracy over the test set, and the hash of all weights. */
static cnn_status report(const cnn_model *m, cnn_context *ctx, const char *folder, char text[128]) {
  cnn_dataset *test;
  cnn_logs *logs;
  double loss = 0, accuracy = 0;
  char hash[33];
  cnn_status status = load_data(&test, ctx, folder, "t10k");
  if (status < 0 || (status = cnn_model_evaluate(&logs, m, test, NULL)) < 0 ||
      (status = cnn_logs_value(logs, "loss", &loss)) < 0 || (status = cnn_logs_value(logs, "accuracy", &accuracy)) < 0)
    return status;
  cnn_format(text, 128, "test loss %.6f, accuracy %.4f, weights %s", loss, accuracy, cnn_model_hash(m, hash));
  cnn_logs_free(logs);
  cnn_dataset_free(test);
  return CNN_OK;
}

static int fail(void) {
  fprintf(stderr, "custom_layer: %s\n", cnn_error_text());
  return 1;
}

int main(int argc, char **argv) {
  const char *folder = argc > 1 ? argv[1] : "examples/data/mnist", *path = "custom_layer.safetensors";
  if (strcmp(folder, "--help") == 0)
    return puts("Usage: custom_layer [FOLDER]\nTrain a network with a layer of its own on the MNIST files in FOLDER (default:\n"
                "examples/data/mnist), save it as custom_layer.safetensors, load and compare it."), 0;
  cnn_context *first, *second, *stranger;
  cnn_model *trained, *loaded, *refused;
  char before[128], after[128];
  if (make_context(&first, 1) < 0 || train(&trained, first, folder) < 0 || cnn_model_save(trained, path, NULL) < 0 ||
      report(trained, first, folder, before) < 0)
    return fail();
  if (make_context(&second, 1) < 0 || cnn_model_load(&loaded, second, path, NULL) < 0 ||
      report(loaded, second, folder, after) < 0 || make_context(&stranger, 0) < 0)
    return fail();
  printf("trained: %s\nloaded:  %s\n", before, after);
  if (cnn_model_load(&refused, stranger, path, NULL) < 0)
    printf("A context without the layer says: %s\n", cnn_error_text());
  cnn_model_free(trained);
  cnn_model_free(loaded);
  cnn_context_free(first);
  cnn_context_free(second);
  cnn_context_free(stranger);
  return strcmp(before, after) != 0;
}
