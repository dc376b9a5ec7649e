/* Train a small network on MNIST and say how well it does: the whole of libcnn's use in one page. */
#include <cnn/cnn.h>
#include <stdio.h>
#include <string.h>

static int fail(void) {
  fprintf(stderr, "%s\n", cnn_error_text());
  return 1;
}

static void print(void *user, const char *text, size_t length) { fwrite(text, 1, length, user); }

int main(int argc, char **argv) {
  const char *folder = argc > 1 ? argv[1] : "examples/data/mnist";
  if (strcmp(folder, "--help") == 0)
    return puts("Usage: quickstart [FOLDER]\nTrain on the MNIST files in FOLDER (default: examples/data/mnist)."), 0;
  char images[512], labels[512];
  cnn_context *ctx;
  cnn_dataset *train, *validation;
  cnn_model *m;
  cnn_optimizer *adam;
  cnn_sink out = {.size = sizeof out, .user = stdout, .write = print};

  snprintf(images, sizeof images, "%s/train-images-idx3-ubyte.gz", folder);
  snprintf(labels, sizeof labels, "%s/train-labels-idx1-ubyte.gz", folder);
  if (cnn_context_new(&ctx, cnn_context_opts(.seed = 42, .sink = &out)) < 0 ||
      cnn_dataset_load_idx(&train, ctx, images, labels, NULL) < 0 ||
      cnn_dataset_split(&validation, train, 0.1) < 0 || cnn_model_new(&m, ctx, NULL) < 0)
    return fail();

  cnn_input(m, 3, (const int64_t[]){28, 28, 1}, NULL);
  cnn_conv2d(m, 16, 3, 3, cnn_conv2d_opts(.activation = CNN_ACTIVATION_RELU));
  cnn_max_pooling2d(m, 2, 2, NULL);
  cnn_flatten(m, NULL);
  cnn_dropout(m, 0.25f, NULL);
  cnn_dense(m, 10, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX));

  /* one check for all layers: the model keeps the first error, compile reports it */
  if (cnn_adam_new(&adam, ctx, NULL) < 0 ||
      cnn_model_compile(m, adam, 1, (const char *[]){"categorical_crossentropy"},
                        cnn_compile_opts(.metrics = (const char *[]){"accuracy"}, .metric_count = 1)) < 0 ||
      cnn_model_summary(m, NULL, NULL) < 0 ||
      cnn_model_fit(m, train, cnn_fit_opts(.epochs = 2, .batch_size = 128, .validation = validation, .verbose = 1)) < 0 ||
      cnn_model_save(m, "quickstart.safetensors", NULL) < 0)
    return fail();

  cnn_optimizer_free(adam);
  cnn_model_free(m);
  cnn_dataset_free(validation);
  cnn_dataset_free(train);
  cnn_context_free(ctx);
  return 0;
}
