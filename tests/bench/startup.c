/* cnn_startup: the time from dlopen of the library to the first prediction of the notebook's model, each round in a new
 * process, and the size of the library without its symbols. */
#include <cnn/cnn.h>

#include <dlfcn.h>
#include <elf.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_ROUNDS 101

static const char help_text[] =
    "Usage: cnn_startup [OPTION]... LIBRARY\n"
    "Measure what a program waits for that loads LIBRARY, makes the MNIST notebook's model and predicts one image.\n"
    "\n"
    "  -r, --rounds N   processes, 1 to 101 (default 7)\n"
    "      --json       one JSON object on stdout and nothing else\n"
    "  -h, --help       print this and exit\n";

typedef struct times {
  double load, context, model, predict, total; /* milliseconds */
} times;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* What the program calls, taken from the library by name. */
#define CALLS(CALL) \
  CALL(cnn_context_new) CALL(cnn_model_new) CALL(cnn_input) CALL(cnn_conv2d) CALL(cnn_batch_normalization) \
  CALL(cnn_max_pooling2d) CALL(cnn_dropout) CALL(cnn_flatten) CALL(cnn_dense) CALL(cnn_tensor_new) CALL(cnn_model_predict_into)

#define DECLARE(name) __typeof__(&(name)) name##_call;
typedef struct calls {
  CALLS(DECLARE)
} calls;

static int find_calls(calls *c, void *library) {
#define FIND(name) \
  *(void **)(void *)&c->name##_call = dlsym(library, #name); \
  if (!c->name##_call) \
    return -1;
  CALLS(FIND)
  return 0;
}

static int make_model(const calls *c, cnn_context *context, cnn_model **model) {
  if (c->cnn_model_new_call(model, context, NULL) < 0)
    return -1;
  c->cnn_input_call(*model, 3, (const int64_t[]){28, 28, 1}, NULL);
  for (int i = 1; i <= 2; i++) {
    cnn_conv2d_opts convolution = {.size = sizeof convolution, .padding = CNN_PADDING_SAME,
                                   .activation = CNN_ACTIVATION_RELU};
    c->cnn_conv2d_call(*model, 32 * i, 3, 3, &convolution);
    c->cnn_batch_normalization_call(*model, NULL);
    c->cnn_max_pooling2d_call(*model, 2, 2, NULL);
    c->cnn_dropout_call(*model, 0.25f, NULL);
  }
  c->cnn_flatten_call(*model, NULL);
  cnn_dense_opts hidden = {.size = sizeof hidden, .activation = CNN_ACTIVATION_RELU};
  cnn_dense_opts output = {.size = sizeof output, .activation = CNN_ACTIVATION_SOFTMAX};
  c->cnn_dense_call(*model, 128, &hidden);
  c->cnn_dropout_call(*model, 0.5f, NULL);
  return c->cnn_dense_call(*model, 10, &output) ? 0 : -1;
}

/* In a process of its own; what it leaves goes with it. */
static int start(const char *path, times *t) {
  calls c;
  cnn_context *context;
  cnn_model *model;
  cnn_tensor *image, *scores;
  double begin = now(), at;
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library || find_calls(&c, library) < 0) {
    fprintf(stderr, "cnn_startup: %s\n", dlerror());
    return -1;
  }
  t->load = (at = now()) - begin;
  if (c.cnn_context_new_call(&context, NULL) < 0)
    return -1;
  t->context = now() - at;
  at = now();
  if (make_model(&c, context, &model) < 0)
    return -1;
  t->model = now() - at;
  at = now();
  if (c.cnn_tensor_new_call(&image, context, CNN_F32, 4, (const int64_t[]){1, 28, 28, 1}, NULL) < 0 ||
      c.cnn_tensor_new_call(&scores, context, CNN_F32, 2, (const int64_t[]){1, 10}, NULL) < 0 ||
      c.cnn_model_predict_into_call(&scores, 1, model, (const cnn_tensor *const[]){image}, 1, NULL) < 0)
    return -1;
  t->predict = now() - at;
  t->total = now() - begin;
  return 0;
}

static int start_in_child(const char *path, times *t) {
  int ends[2], status;
  if (pipe(ends) < 0)
    return -1;
  pid_t child = fork();
  if (child == 0) {
    int failed = start(path, t) < 0 || write(ends[1], t, sizeof *t) != (ssize_t)sizeof *t;
    _exit(failed);
  }
  close(ends[1]);
  int got = child > 0 && read(ends[0], t, sizeof *t) == (ssize_t)sizeof *t;
  close(ends[0]);
  if (child > 0)
    waitpid(child, &status, 0);
  return got ? 0 : -1;
}

/* The end of what is loaded: what strip leaves, but for a table of sections. -1: no such file of this machine's kind. */
static long stripped_bytes(const char *path) {
  Elf64_Ehdr head;
  Elf64_Shdr section;
  long end = -1;
  FILE *file = fopen(path, "rb");
  if (!file)
    return -1;
  if (fread(&head, sizeof head, 1, file) == 1 && memcmp(head.e_ident, ELFMAG, SELFMAG) == 0 &&
      head.e_ident[EI_CLASS] == ELFCLASS64)
    for (long i = 0; i < head.e_shnum; i++) {
      if (fseek(file, (long)head.e_shoff + i * (long)sizeof section, SEEK_SET) || fread(&section, sizeof section, 1, file) != 1)
        break;
      long last = (long)(section.sh_offset + section.sh_size);
      if (section.sh_flags & SHF_ALLOC && section.sh_type != SHT_NOBITS && last > end)
        end = last;
    }
  fclose(file);
  return end;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void print(const char *name, const times *all, int rounds, size_t offset, int json) {
  double values[MOST_ROUNDS];
  for (int i = 0; i < rounds; i++)
    values[i] = *(const double *)(const void *)((const char *)&all[i] + offset);
  qsort(values, (size_t)rounds, sizeof *values, ascending);
  printf(json ? "  \"%s\": {\"median\": %.4g, \"min\": %.4g, \"max\": %.4g},\n" : "%-24s %8.4g  (%.4g to %.4g)\n", name,
         values[rounds / 2], values[0], values[rounds - 1]);
}

static void report(const times *all, int rounds, long bytes, int json) {
  if (json)
    printf("{\n  \"rounds\": %d,\n", rounds);
  print("load_ms", all, rounds, offsetof(times, load), json);
  print("context_ms", all, rounds, offsetof(times, context), json);
  print("model_ms", all, rounds, offsetof(times, model), json);
  print("first_prediction_ms", all, rounds, offsetof(times, predict), json);
  print("total_ms", all, rounds, offsetof(times, total), json);
  printf(json ? "  \"stripped_bytes\": %ld\n}\n" : "stripped_bytes           %8ld\n", bytes);
}

int main(int count, char **arguments) {
  static const struct option options[] = {{"rounds", required_argument, NULL, 'r'}, {"json", no_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
  static times all[MOST_ROUNDS];
  int option, json = 0;
  long rounds = 7;
  while ((option = getopt_long(count, arguments, "r:h", options, NULL)) != -1)
    switch (option) {
    case 'r': rounds = strtol(optarg, NULL, 10); break;
    case 'j': json = 1; break;
    case 'h': fputs(help_text, stdout); return 0;
    default: return 2;
    }
  if (rounds < 1 || rounds > MOST_ROUNDS || optind + 1 != count) {
    fputs(help_text, stderr);
    return 2;
  }
  for (int i = 0; i < rounds; i++)
    if (start_in_child(arguments[optind], &all[i]) < 0) {
      fprintf(stderr, "cnn_startup: no first prediction of %s\n", arguments[optind]);
      return 1;
    }
  report(all, (int)rounds, stripped_bytes(arguments[optind]), json);
  return 0;
}
