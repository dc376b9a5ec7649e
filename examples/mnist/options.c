/* options: reading the command line; every number is checked as a whole and within its range. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_FOLDER 4000

static const char help_text[] =
    "Usage: mnist_train [OPTION]...\n"
    "Train the convolutional network of a Keras MNIST notebook, step by step, and report on it.\n"
    "\n"
    "  -d, --data PLACE          folder of the four IDX files, plain or .gz; or an archive like Keras's mnist.npz\n"
    "                            (default: examples/data/mnist, from the source or the build folder)\n"
    "      --recipe NAME         notebook (default); or, for the same network and images, a rate that rises and\n"
    "                            falls once over all epochs instead of waiting for a plateau, smoothed labels,\n"
    "                            less dropout and quicker averages: fast, without augmentation, validated every\n"
    "                            eighth of the training set; or precise, every half, with other augmentation and\n"
    "                            weight decay\n"
    "  -e, --epochs N            epochs at most (default 30; fast: 10, each an eighth; precise: 32, each a half)\n"
    "      --steps-per-epoch N   batches in an epoch (default: full batches of the training set)\n"
    "  -b, --batch-size N        images in a batch (default 128; fast and precise: 64)\n"
    "  -l, --learning-rate X     of Adam (default 0.001; fast 0.006, precise 0.004 at the peak)\n"
    "      --weight-decay X      of Adam, beside the gradient and times the rate, as in AdamW (default 0; precise: 0.05)\n"
    "      --label-smoothing X   move the part X of each target from its class to all alike (default 0; fast\n"
    "                            and precise: 0.1)\n"
    "      --average X           validate, and go on with, a moving average of the weights that keeps X of itself\n"
    "                            in each step, taken at each epoch's end (default 0: the weights themselves)\n"
    "  -s, --seed N              of weights, order, dropout and augmentation (default 42)\n"
    "  -t, --threads N           threads (default: CNN_NUM_THREADS, else all CPUs allowed)\n"
    "      --validation-split X  last part of the training set kept for validation (default 0.1)\n"
    "      --no-augment          train on the images as they are\n"
    "  -o, --output DIR          where results go, made if missing (default mnist-results)\n"
    "  -c, --checkpoint FILE     keep in FILE what is needed to go on: at each epoch's end, every ten seconds, and\n"
    "                            on SIGINT or SIGTERM, after which the run reports and ends\n"
    "      --save FILE           write the trained model to FILE, too, in the form that its ending names:\n"
    "                            .safetensors; .h5 and .keras (with libcnn-keras); .onnx, .tflite, .c, .npz\n"
    "                            (with libcnn-export); may be repeated\n"
    "      --tensorboard DIR     write event files for TensorBoard (needs libcnn-export): figures of epochs and of\n"
    "                            every 100th batch, weights, samples and confusion matrix of validation images\n"
    "      --log-jsonl FILE      write a JSON object a line to FILE for each epoch\n"
    "      --resume              go on from the checkpoint, if there is one (without --checkpoint:\n"
    "                            checkpoint.safetensors in the output folder), to the same end, bit for bit\n"
    "  -q, --quiet               print errors only\n"
    "  -v, --verbose 0|1|2       training: silent, progress bar, one line an epoch (default 1)\n"
    "      --color WHEN          auto, always or never (default auto; NO_COLOR is heeded)\n"
    "      --json                one JSON object on stdout, all other text on stderr\n"
    "      --require-accuracy X  exit with 4 when the test accuracy is below X, in [0, 1]\n"
    "      --time-to X[,Y...]    say after how many seconds from the program's start the validation accuracy\n"
    "                            reached X, in (0, 1]; training ends when all are reached; may be repeated\n"
    "  -h, --help                print this and exit\n"
    "  -V, --version             print version and build and exit\n"
    "\n"
    "Exit status: 0 done; 1 run-time failure; 2 usage error; 3 bad input file; 4 accuracy below the\n"
    "one required; 5 an accuracy of --time-to not reached; 130 interrupted, 143 terminated (the best\n"
    "weights so far are saved and reported).\n";

enum { OPT_STEPS = 256, OPT_SPLIT, OPT_NO_AUGMENT, OPT_COLOR, OPT_JSON, OPT_REQUIRE, OPT_TIME_TO, OPT_RECIPE, OPT_DECAY, OPT_SMOOTHING, OPT_AVERAGE, OPT_RESUME, OPT_SAVE, OPT_BOARD, OPT_JSONL };

static const struct option long_options[] = {
    {"data", required_argument, NULL, 'd'},
    {"recipe", required_argument, NULL, OPT_RECIPE},
    {"epochs", required_argument, NULL, 'e'},
    {"steps-per-epoch", required_argument, NULL, OPT_STEPS},
    {"batch-size", required_argument, NULL, 'b'},
    {"learning-rate", required_argument, NULL, 'l'},
    {"weight-decay", required_argument, NULL, OPT_DECAY},
    {"label-smoothing", required_argument, NULL, OPT_SMOOTHING},
    {"average", required_argument, NULL, OPT_AVERAGE},
    {"seed", required_argument, NULL, 's'},
    {"threads", required_argument, NULL, 't'},
    {"validation-split", required_argument, NULL, OPT_SPLIT},
    {"no-augment", no_argument, NULL, OPT_NO_AUGMENT},
    {"output", required_argument, NULL, 'o'},
    {"checkpoint", required_argument, NULL, 'c'},
    {"save", required_argument, NULL, OPT_SAVE},
    {"tensorboard", required_argument, NULL, OPT_BOARD},
    {"log-jsonl", required_argument, NULL, OPT_JSONL},
    {"resume", no_argument, NULL, OPT_RESUME},
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", required_argument, NULL, 'v'},
    {"color", required_argument, NULL, OPT_COLOR},
    {"json", no_argument, NULL, OPT_JSON},
    {"require-accuracy", required_argument, NULL, OPT_REQUIRE},
    {"time-to", required_argument, NULL, OPT_TIME_TO},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0}};

static int usage_error(const char *what, const char *value, const char *wanted) {
  fprintf(stderr, "mnist_train: %s '%s': %s\nTry 'mnist_train --help'.\n", what, value, wanted);
  return EXIT_USAGE;
}

static int read_whole(const char *text, const char *name, int64_t low, int64_t high, int64_t *out) {
  char *end, wanted[96];
  errno = 0;
  long long value = strtoll(text, &end, 10);
  if (*text == 0 || *end != 0 || errno || value < low || value > high) {
    snprintf(wanted, sizeof wanted, "a whole number from %lld to %lld is needed", (long long)low, (long long)high);
    return usage_error(name, text, wanted);
  }
  *out = value;
  return -1;
}

static int read_number(const char *text, const char *name, double low, double high, int low_open, double *out) {
  char *end, wanted[96];
  double value = strtod(text, &end);
  if (*text == 0 || *end != 0 || !isfinite(value) || value < low || value > high || (low_open && value == low)) {
    snprintf(wanted, sizeof wanted, "a number %s %g and at most %g is needed", low_open ? "above" : "of at least", low, high);
    return usage_error(name, text, wanted);
  }
  *out = value;
  return -1;
}

static int read_seed(const char *text, uint64_t *out) {
  char *end;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  if (*text < '0' || *text > '9' || *end != 0 || errno)
    return usage_error("--seed", text, "a whole number from 0 to 18446744073709551615 is needed");
  *out = value;
  return -1;
}

static int read_color(const char *text, color_choice *out) {
  static const char *const names[] = {"auto", "always", "never"};
  for (int i = 0; i < 3; i++)
    if (strcmp(text, names[i]) == 0) {
      *out = (color_choice)i;
      return -1;
    }
  return usage_error("--color", text, "auto, always or never is needed");
}

/* Names of files are put behind it. */
static int read_folder(const char *text, const char **out) {
  if (!*text || strlen(text) > LONGEST_FOLDER)
    return usage_error("--output", text, "a folder of 1 to 4000 bytes is needed");
  *out = text;
  return -1;
}

static int read_file(const char *text, const char *name, const char **out) {
  if (!*text || strlen(text) > LONGEST_FOLDER)
    return usage_error(name, text, "a file name of 1 to 4000 bytes is needed");
  *out = text;
  return -1;
}

static int read_save(options *o, const char *text) {
  if (o->save_count == MOST_SAVES)
    return usage_error("--save", text, "at most 8 files are possible");
  return read_file(text, "--save", &o->saves[o->save_count++]);
}

static int read_board(options *o, const char *text) {
#ifdef WITH_EXPORT
  return read_file(text, "--tensorboard", &o->tensorboard);
#else
  (void)o;
  return usage_error("--tensorboard", text, NO_BOARD);
#endif
}

static int read_recipe(const char *text, const recipe **out) {
  const recipe *found = recipe_find(text);
  if (!found)
    return usage_error("--recipe", text, "notebook, fast or precise is needed");
  *out = found;
  return -1;
}

/* One accuracy, or several between commas. */
static int read_goals(options *o, const char *text) {
  char one[32];
  for (const char *from = text;; from++) {
    size_t length = strcspn(from, ",");
    if (length >= sizeof one || o->goal_count == MOST_GOALS)
      return usage_error("--time-to", text, "at most 8 short numbers are possible");
    snprintf(one, sizeof one, "%.*s", (int)length, from);
    int code = read_number(one, "--time-to", 0, 1, 1, &o->goals[o->goal_count++]);
    if (code >= 0)
      return code;
    from += length;
    if (!*from)
      return -1;
  }
}

static int read_option(options *o, int option, const char *value) {
  int64_t whole = 0;
  int code = -1;
  switch (option) {
  case 'd': o->data = value; break;
  case 'o': return read_folder(value, &o->output);
  case 'e': return read_whole(value, "--epochs", 1, 1000000, &o->epochs);
  case OPT_STEPS: return read_whole(value, "--steps-per-epoch", 1, 1000000000, &o->steps_per_epoch);
  case 'b': return read_whole(value, "--batch-size", 1, 65536, &o->batch_size);
  case 'l': /* what float32 rounds to 0 would mean the default */
    return read_number(value, "--learning-rate", 1e-38, 1000, 0, &o->learning_rate);
  case OPT_DECAY: return read_number(value, "--weight-decay", 0, 1000, 0, &o->weight_decay);
  case OPT_SMOOTHING: return read_number(value, "--label-smoothing", 0, 1, 0, &o->label_smoothing);
  case OPT_AVERAGE: return read_number(value, "--average", 0, 0.99999, 0, &o->average);
  case 's': return read_seed(value, &o->seed);
  case 't':
    code = read_whole(value, "--threads", 1, 1024, &whole);
    o->threads = (int32_t)whole;
    return code;
  case OPT_SPLIT: return read_number(value, "--validation-split", 0, 0.9, 1, &o->validation_split);
  case OPT_NO_AUGMENT: o->augment = 0; break;
  case 'c': return read_file(value, "--checkpoint", &o->checkpoint);
  case OPT_SAVE: return read_save(o, value);
  case OPT_BOARD: return read_board(o, value);
  case OPT_JSONL: return read_file(value, "--log-jsonl", &o->log_jsonl);
  case OPT_RESUME: o->resume = 1; break;
  case 'q': o->quiet = 1; break;
  case 'v':
    code = read_whole(value, "--verbose", 0, 2, &whole);
    o->verbose = (int)whole;
    return code;
  case OPT_COLOR: return read_color(value, &o->color);
  case OPT_JSON: o->json = 1; break;
  case OPT_REQUIRE: return read_number(value, "--require-accuracy", 0, 1, 0, &o->require_accuracy);
  case OPT_TIME_TO: return read_goals(o, value);
  case OPT_RECIPE: return read_recipe(value, &o->recipe);
  case 'h': fputs(help_text, stdout); return EXIT_DONE;
  case 'V': printf("mnist_train of %s\n", cnn_build_info()); return EXIT_DONE;
  default: fputs("Try 'mnist_train --help'.\n", stderr); return EXIT_USAGE;
  }
  return -1;
}

int options_read(options *o, int count, char **arguments) {
  *o = (options){.output = "mnist-results",
                 .recipe = recipe_find("notebook"),
                 .validation_split = 0.1,
                 .weight_decay = -1,
                 .label_smoothing = -1,
                 .average = -1,
                 .seed = 42,
                 .augment = 1,
                 .verbose = 1,
                 .require_accuracy = -1};
  int option, code;
  while ((option = getopt_long(count, arguments, "d:e:b:l:s:t:o:c:qv:hV", long_options, NULL)) != -1)
    if ((code = read_option(o, option, optarg)) >= 0)
      return code;
  if (optind < count)
    return usage_error("argument", arguments[optind], "nothing but options is expected");
  o->epochs = o->epochs ? o->epochs : o->recipe->epochs;
  o->batch_size = o->batch_size ? o->batch_size : o->recipe->batch_size;
  o->learning_rate = o->learning_rate > 0 ? o->learning_rate : o->recipe->learning_rate;
  o->augment = o->augment && o->recipe->augmentation;
  o->weight_decay = o->weight_decay >= 0 ? o->weight_decay : o->recipe->weight_decay;
  o->label_smoothing = o->label_smoothing >= 0 ? o->label_smoothing : o->recipe->label_smoothing;
  o->average = o->average >= 0 ? o->average : o->recipe->average;
  return -1;
}
