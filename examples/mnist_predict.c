/* mnist_predict: load a saved model, show a digit and what the model makes of it. */
#include "forms.h"
#include "mnist/draw.h"
#include "mnist/places.h"

#include <getopt.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

static const char help_text[] =
    "Usage: mnist_predict [OPTION]... MODEL [FILE.pgm]\n"
    "Show one digit and the ten probabilities that a saved model gives it.\n"
    "\n"
    "The digit is image N of the test set, or a PGM picture (P2 or P5) of the size the model takes,\n"
    "light strokes on dark ground as in MNIST. MODEL is a file of mnist_train, or one of Keras's where libcnn-keras was built.\n"
    "\n"
    "  -d, --data DIR   folder of the IDX files (default: examples/data/mnist)\n"
    "  -i, --index N    which image of the test set, from 0 (default 0)\n"
    "      --color WHEN auto, always or never (default auto)\n"
    "  -h, --help       print this and exit\n"
    "  -V, --version    print version and build and exit\n"
    "\n"
    "Exit status: 0 done; 1 run-time failure; 2 usage error; 3 bad input file.\n";

enum { DONE = 0, RUNTIME = 1, USAGE = 2, BAD_FILE = 3 };

static int fail(int code, const char *what, const char *why) {
  fprintf(stderr, "mnist_predict: %s: %s\n", what, why);
  return code;
}

/* The next number of a PGM header, comments skipped; -1 at anything else. */
static int pgm_number(FILE *file) {
  int c = getc(file), value = 0, digits = 0;
  while (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '#') {
    if (c == '#')
      while (c != '\n' && c != EOF)
        c = getc(file);
    c = getc(file);
  }
  for (; c >= '0' && c <= '9' && digits < 6; c = getc(file), digits++)
    value = value * 10 + (c - '0');
  return digits ? value : -1;
}

/* Read a PGM of height x width into pixels in [0, 1]. */
static int read_pgm(const char *path, int64_t height, int64_t width, float *pixels) {
  char why[160];
  FILE *file = fopen(path, "rb");
  if (!file)
    return fail(BAD_FILE, path, "cannot be opened");
  int magic = getc(file) == 'P' ? getc(file) : EOF, code = DONE;
  int w = pgm_number(file), h = pgm_number(file), most = pgm_number(file);
  if ((magic != '2' && magic != '5') || most < 1 || most > 255)
    code = fail(BAD_FILE, path, "is not a PGM picture (P2 or P5) of at most 255 grey levels");
  else if (w != width || h != height) {
    snprintf(why, sizeof why, "is %d x %d pixels; the model takes %d x %d", w, h, (int)width, (int)height);
    code = fail(BAD_FILE, path, why);
  }
  for (int64_t i = 0; i < height * width && code == DONE; i++) {
    int value = magic == '2' ? pgm_number(file) : getc(file);
    if (value < 0 || value > most)
      code = fail(BAD_FILE, path, "ends early or holds a value above its maximum");
    else
      pixels[i] = (float)value / (float)most;
  }
  fclose(file);
  return code;
}

/* Test images from `folder`, plain or .gz; the image at index into a new tensor. */
static int read_test_image(cnn_context *context, const char *folder, int64_t index, cnn_tensor **image, int64_t *label) {
  char found[4200], images[4300], labels[4300];
  cnn_dataset *test = NULL;
  if (!folder && !find_data_folder(found, sizeof found))
    return fail(BAD_FILE, "data", "none found in examples/data/mnist; give the folder of the IDX files with --data DIR");
  folder = folder ? folder : found;
  for (int i = 0; i < 2; i++)
    if (!find_data_file(folder, data_file_names[2 + i], i ? labels : images, sizeof images))
      return fail(BAD_FILE, folder, "has no t10k-images-idx3-ubyte or t10k-labels-idx1-ubyte, plain or .gz");
  cnn_status status = cnn_dataset_load_idx(&test, context, images, labels, NULL);
  if (status >= 0 && (index < 0 || index >= cnn_dataset_count(test))) {
    fprintf(stderr, "mnist_predict: --index %lld: the test set has images 0 to %lld\n", (long long)index,
            (long long)cnn_dataset_count(test) - 1);
    cnn_dataset_free(test);
    return USAGE;
  }
  if (status >= 0 && (status = cnn_dataset_inputs(image, test, index, 1)) >= 0)
    *label = cnn_dataset_label(test, index);
  cnn_dataset_free(test);
  return status < 0 ? fail(BAD_FILE, "data", cnn_error_text()) : DONE;
}

static int show(screen *s, cnn_model *model, const cnn_tensor *image, int64_t label) {
  int64_t shape[CNN_MAX_RANK];
  cnn_tensor *output = NULL;
  cnn_model_input_shape(model, 0, shape);
  cnn_status status = cnn_model_predict(&output, 1, model, &image, 1, NULL);
  if (status < 0) /* images of another size come from the data's file */
    return fail(status == CNN_ESHAPE ? BAD_FILE : RUNTIME, "prediction", cnn_error_text());
  int64_t classes = cnn_tensor_count(output);
  const float *p = cnn_tensor_read(output);
  int best = 0;
  for (int i = 1; i < classes; i++)
    best = p[i] > p[best] ? i : best;
  picture shown = {.pixels = cnn_tensor_read(image)};
  snprintf(shown.title[0], sizeof shown.title[0], "Predicted: %d", best);
  snprintf(shown.title[1], sizeof shown.title[1], "Confidence: %.1f%%", (double)p[best] * 100);
  if (label >= 0) {
    snprintf(shown.title[2], sizeof shown.title[2], "True: %lld", (long long)label);
    shown.sgr = label == best ? "32" : "31";
  }
  draw_prediction(s, &shown, (int)shape[0], (int)shape[1], p, (int)classes, (int)(label >= 0 ? label : best));
  cnn_tensor_free(output);
  return DONE;
}

static int predict(screen *s, const char *model_path, const char *pgm, const char *data, int64_t index) {
  cnn_context *context = NULL;
  cnn_model *model = NULL;
  cnn_tensor *image = NULL;
  int64_t shape[CNN_MAX_RANK], label = -1;
  int code = DONE;
  if (cnn_context_new(&context, NULL) < 0)
    return fail(RUNTIME, "start", cnn_error_text());
  if (register_forms(context) < 0)
    code = fail(RUNTIME, "start", cnn_error_text());
  else if (cnn_model_load(&model, context, model_path, cnn_load_opts(.no_optimizer = 1)) < 0)
    code = fail(BAD_FILE, "model", cnn_error_text());
  else if (cnn_model_input_shape(model, 0, shape) != 3 || shape[2] != 1)
    code = fail(BAD_FILE, model_path, "does not take grey images");
  else if (!pgm)
    code = read_test_image(context, data, index, &image, &label);
  else if (cnn_tensor_new(&image, context, CNN_F32, 4, (const int64_t[]){1, shape[0], shape[1], 1}, NULL) < 0)
    code = fail(RUNTIME, "image", cnn_error_text());
  else
    code = read_pgm(pgm, shape[0], shape[1], cnn_tensor_data(image));
  if (code == DONE)
    code = show(s, model, image, label);
  cnn_tensor_free(image);
  cnn_model_free(model);
  cnn_context_free(context);
  return code;
}

int main(int count, char **arguments) {
  static const struct option options[] = {{"data", required_argument, NULL, 'd'},  {"index", required_argument, NULL, 'i'},
                                          {"color", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, 'V'},     {NULL, 0, NULL, 0}};
  const char *data = NULL;
  color_choice color = COLOR_AUTO;
  int64_t index = 0;
  char *end;
  int option;
  setlocale(LC_CTYPE, "");
  while ((option = getopt_long(count, arguments, "d:i:hV", options, NULL)) != -1)
    switch (option) {
    case 'd': data = optarg; break;
    case 'i':
      index = strtoll(optarg, &end, 10);
      if (*optarg == 0 || *end || index < 0)
        return fail(USAGE, "--index", "a whole number of at least 0 is needed");
      break;
    case 'c':
      color = strcmp(optarg, "always") == 0 ? COLOR_ALWAYS : strcmp(optarg, "never") == 0 ? COLOR_NEVER : COLOR_AUTO;
      if (color == COLOR_AUTO && strcmp(optarg, "auto") != 0)
        return fail(USAGE, "--color", "auto, always or never is needed");
      break;
    case 'h': fputs(help_text, stdout); return DONE;
    case 'V': printf("mnist_predict of %s\n", cnn_build_info()); return DONE;
    default: fputs("Try 'mnist_predict --help'.\n", stderr); return USAGE;
    }
  if (count - optind < 1 || count - optind > 2)
    return fail(USAGE, "arguments", "a MODEL and at most one FILE.pgm are needed; try 'mnist_predict --help'");
  screen s;
  if (screen_open(&s, stdout, color, 0) < 0)
    return fail(RUNTIME, "start", "out of memory");
  int code = predict(&s, arguments[optind], count - optind == 2 ? arguments[optind + 1] : NULL, data, index);
  screen_close(&s);
  if (fflush(stdout) != 0 || ferror(stdout))
    return fail(RUNTIME, "standard output", "cannot be written");
  return code;
}
