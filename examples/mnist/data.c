/* data: finding, loading and showing the data set. */
#include "mnist.h"
#include "places.h"

#include <stdlib.h>
#include <string.h>

static int load_idx(run *r, const char *folder, int first, cnn_dataset **out) {
  char images[4300], labels[4300];
  for (int i = 0; i < 2; i++) {
    char *path = i ? labels : images;
    if (!find_data_file(folder, data_file_names[first + i], path, sizeof images)) {
      fprintf(stderr, "mnist_train: %s/%s: no such file, plain or .gz; give the folder with --data DIR\n", folder,
              data_file_names[first + i]);
      return EXIT_BAD_FILE;
    }
  }
  cnn_status status = cnn_dataset_load_idx(out, r->context, images, labels, NULL);
  return status < 0 ? complain("data", status) : EXIT_DONE;
}

/* The folder's four IDX files, or an archive as Keras's mnist.npz. */
static int load(run *r, const char *place) {
  size_t length = strlen(place);
  if (length < 4 || strcmp(place + length - 4, ".npz") != 0) {
    int code = load_idx(r, place, 0, &r->train);
    return code ? code : load_idx(r, place, 2, &r->test);
  }
  cnn_status status = cnn_dataset_load_npz(&r->train, &r->test, r->context, place, NULL);
  return status < 0 ? complain("data", status) : EXIT_DONE;
}

/* "(60000, 28, 28)": the stored shape, without the channel axis that grey images get. */
static void say_shapes(run *r, const char *name, const cnn_dataset *data) {
  int64_t shape[CNN_MAX_RANK];
  int32_t rank = cnn_dataset_input_shape(data, shape);
  long long count = (long long)cnn_dataset_count(data);
  if (rank == 3 && shape[2] == 1)
    rank = 2;
  say(&r->screen, "%s images: (%lld", name, count);
  for (int32_t i = 0; i < rank; i++)
    say(&r->screen, ", %lld", (long long)shape[i]);
  say(&r->screen, ")\n%s labels: (%lld,)\n", name, count);
}

static int show_samples(run *r) {
  enum { SAMPLES = 15 };
  picture pictures[SAMPLES] = {0};
  int64_t shape[CNN_MAX_RANK];
  cnn_tensor *images;
  int64_t count = cnn_dataset_count(r->train) < SAMPLES ? cnn_dataset_count(r->train) : SAMPLES;
  if (cnn_dataset_input_shape(r->train, shape) != 3 || shape[2] != 1)
    return EXIT_DONE;
  cnn_status status = cnn_dataset_inputs(&images, r->train, 0, count);
  if (status < 0)
    return complain("samples", status);
  for (int i = 0; i < count; i++) {
    pictures[i].pixels = (const float *)cnn_tensor_read(images) + i * shape[0] * shape[1];
    snprintf(pictures[i].title[0], sizeof pictures[i].title[0], "Label: %d", (int)cnn_dataset_label(r->train, i));
  }
  say_heading(&r->screen, "Sample MNIST Images");
  draw_pictures(&r->screen, pictures, (int)count, 5, (int)shape[0], (int)shape[1]);
  cnn_tensor_free(images);
  return EXIT_DONE;
}

static int show_classes(run *r) {
  int64_t classes = cnn_dataset_classes(r->train);
  int64_t *counts = calloc((size_t)classes, sizeof *counts);
  cnn_status status = counts ? cnn_dataset_class_counts(r->train, classes, counts) : CNN_ENOMEM;
  if (status < 0) {
    free(counts);
    return complain("class counts", status);
  }
  int width = 5;
  for (int64_t i = 0; i < classes; i++) {
    int digits = snprintf(NULL, 0, "%lld", (long long)counts[i]);
    width = digits > width ? digits : width;
  }
  say(&r->screen, "Training Set Class Distribution:\n Digit  %*s\n", width, "Count");
  for (int64_t i = 0; i < classes; i++)
    say(&r->screen, "%6lld  %*lld\n", (long long)i, width, (long long)counts[i]);
  say(&r->screen, "\nClass Distribution in Training Set\n");
  draw_bars(&r->screen, "Digit", counts, (int)classes);
  int64_t least = counts[0], most = counts[0];
  for (int64_t i = 1; i < classes; i++) {
    least = counts[i] < least ? counts[i] : least;
    most = counts[i] > most ? counts[i] : most;
  }
  say(&r->screen, "\nObservation: Dataset is %s across all digit classes.\n",
      most <= 2 * least ? "relatively balanced" : "not balanced");
  free(counts);
  return EXIT_DONE;
}

/* "28 x 28 x 1" */
static const char *shape_text(const cnn_dataset *data, char *buffer, size_t bytes) {
  int64_t shape[CNN_MAX_RANK];
  int32_t rank = cnn_dataset_input_shape(data, shape);
  size_t used = 0;
  for (int32_t i = 0; i < rank && used < bytes; i++)
    used += (size_t)snprintf(buffer + used, bytes - used, "%s%lld", i ? " x " : "", (long long)shape[i]);
  return buffer;
}

/* What would only come out after training is said before it: the test set is of the training set's kind. */
static int check_test(const run *r) {
  char train[200], test[200];
  shape_text(r->train, train, sizeof train);
  shape_text(r->test, test, sizeof test);
  long long train_classes = (long long)cnn_dataset_classes(r->train);
  long long test_classes = (long long)cnn_dataset_classes(r->test);
  if (strcmp(train, test) != 0)
    fprintf(stderr, "mnist_train: data: test images are %s, training images %s\n", test, train);
  else if (test_classes > train_classes)
    fprintf(stderr, "mnist_train: data: test labels are of %lld classes, training labels of %lld\n", test_classes,
            train_classes);
  else
    return EXIT_DONE;
  return EXIT_BAD_FILE;
}

int section_data(run *r) {
  char found[4200];
  const char *folder = r->options.data;
  if (!folder) {
    if (!find_data_folder(found, sizeof found)) {
      fputs("mnist_train: no data found in examples/data/mnist; give the folder of the IDX files, or an .npz, with --data\n", stderr);
      return EXIT_BAD_FILE;
    }
    folder = found;
  }
  int code;
  if ((code = load(r, folder)) || (code = check_test(r)))
    return code;
  r->data = realpath(folder, NULL);
  int64_t shape[CNN_MAX_RANK];
  int32_t rank = cnn_dataset_input_shape(r->train, shape);
  double low, high;
  cnn_status status = cnn_dataset_range(r->train, &low, &high);
  if (status < 0)
    return complain("data", status);
  say_heading(&r->screen, "Dataset Shapes:");
  say_shapes(r, "Training", r->train);
  say_shapes(r, "Test", r->test);
  if (rank >= 2)
    say(&r->screen, "\nImage dimensions: %lldx%lld pixels\n", (long long)shape[0], (long long)shape[1]);
  say(&r->screen, "Number of classes: %lld\nPixel value range: [%g, %g]\n", (long long)cnn_dataset_classes(r->train), low, high);
  return (code = show_samples(r)) ? code : show_classes(r);
}

/* As the notebook: len(X_train) // BATCH_SIZE, but never none. What is given may take the last, smaller batch as well; the rates
 * and the average of an epoch would wait in vain for more. */
static int64_t steps_of_epoch(const run *r) {
  int64_t size = r->options.batch_size, images = size * r->options.recipe->parts, count = cnn_dataset_count(r->train);
  int64_t given = r->options.steps_per_epoch, most = (count + size - 1) / size;
  if (given > most)
    fprintf(stderr, "mnist_train: --steps-per-epoch %lld: the %lld training images make %lld batches, which are taken\n", (long long)given,
            (long long)count, (long long)most);
  if (given)
    return given < most ? given : most;
  return count >= images ? count / images : 1;
}

int section_preprocess(run *r) {
  int64_t shape[CNN_MAX_RANK];
  int32_t rank = cnn_dataset_input_shape(r->train, shape);
  const cnn_dataset *sets[] = {r->train, r->test};
  static const char *const names[] = {"Training", "Test"};
  say_heading(&r->screen, "After preprocessing:");
  for (int k = 0; k < 2; k++) {
    say(&r->screen, "%s data shape: (%lld", names[k], (long long)cnn_dataset_count(sets[k]));
    for (int32_t i = 0; i < rank; i++)
      say(&r->screen, ", %lld", (long long)shape[i]);
    say(&r->screen, ")\n");
  }
  double low, high;
  cnn_status status = cnn_dataset_range(r->train, &low, &high);
  if (status < 0)
    return complain("data", status);
  double divisor = cnn_dataset_input_type(r->train) == CNN_U8 ? 255 : 1; /* floats stay as they are */
  say(&r->screen, "Pixel value range: [%.2f, %.2f]\n", low / divisor, high / divisor);
  long long total = (long long)cnn_dataset_count(r->train), classes = (long long)cnn_dataset_classes(r->train);
  int64_t label = cnn_dataset_label(r->train, 0);
  say(&r->screen, "\nLabel encoding:\nOriginal label shape: (%lld,)\nOne-hot encoded shape: (%lld, %lld)\n", total, total, classes);
  say(&r->screen, "Example - Original: %lld, One-hot: [", (long long)label);
  for (long long i = 0; i < classes; i++)
    say(&r->screen, "%s%d.", i ? " " : "", i == label);
  say(&r->screen, "]\n");
  if ((status = cnn_dataset_split(&r->validation, r->train, r->options.validation_split)) < 0)
    return complain("--validation-split", status);
  say(&r->screen, "\nData split:\nTraining set: %lld samples\nValidation set: %lld samples\nTest set: %lld samples\n",
      (long long)cnn_dataset_count(r->train), (long long)cnn_dataset_count(r->validation),
      (long long)cnn_dataset_count(r->test));
  r->steps = steps_of_epoch(r);
  return EXIT_DONE;
}
