/* mnist_train: a Keras MNIST notebook from its first cell to its last, with libcnn. */
#include "forms.h"
#include "mnist/mnist.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int64_t choose(run *r, int64_t n) {
  /* splitmix64 (Steele, Lea, Flood 2014): what is shown depends on the seed alone */
  uint64_t z = (r->choice += 0x9e3779b97f4a7c15u);
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return (int64_t)((z ^ z >> 31) % (uint64_t)n);
}

double seconds_since_start(const run *r) { return seconds_now() - r->started; }

/* What was computed before main, loading the libraries, belongs to the run. */
static double seconds_at_start(void) {
  struct timespec used;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return seconds_now() - ((double)used.tv_sec + (double)used.tv_nsec * 1e-9);
}

int complain(const char *what, cnn_status status) {
  fprintf(stderr, "mnist_train: %s: %s\n", what, cnn_error_text());
  int from_file = status == CNN_EIO || status == CNN_EFORMAT || status == CNN_EDATA || status == CNN_ESHAPE;
  return strcmp(what, "data") == 0 && from_file ? EXIT_BAD_FILE : EXIT_RUNTIME;
}

char *path_in(const char *folder, const char *name, char *buffer, size_t bytes) {
  snprintf(buffer, bytes, "%s/%s", folder, name);
  return buffer;
}

FILE *create_in(const char *folder, const char *name) {
  char path[4096];
  FILE *file = fopen(path_in(folder, name, path, sizeof path), "w");
  if (!file)
    fprintf(stderr, "mnist_train: %s: %s\n", path, strerror(errno));
  return file;
}

int close_written(FILE *file, const char *name) {
  int lost = ferror(file), open_still = fclose(file); /* closing tells of the last bytes alone */
  if (!lost && !open_still)
    return 1;
  fprintf(stderr, "mnist_train: %s: %s\n", name, open_still ? strerror(errno) : "not all of it could be written");
  return 0;
}

/* mkdir -p. */
static int make_folder(const char *folder) {
  char path[4096];
  snprintf(path, sizeof path, "%s", folder);
  for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    (void)mkdir(path, 0777);
    *slash = '/';
  }
  struct stat found;
  if ((mkdir(path, 0777) == 0 || errno == EEXIST) && stat(path, &found) == 0 && S_ISDIR(found.st_mode))
    return EXIT_DONE;
  fprintf(stderr, "mnist_train: --output %s: %s\n", folder, errno == EEXIST ? "is not a folder" : strerror(errno));
  return EXIT_RUNTIME;
}

/* The next signal, of either kind, finds the default action and ends the program. */
static void on_signal(int number) {
  (void)signal(SIGINT, SIG_DFL);
  (void)signal(SIGTERM, SIG_DFL);
  interrupt_signal = number;
  interrupt_training();
}

static void watch_signals(void) {
  struct sigaction action = {0};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaddset(&action.sa_mask, SIGINT);
  sigaddset(&action.sa_mask, SIGTERM);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

static void log_line(void *user, int32_t level, const char *line) {
  (void)user;
  (void)level;
  fprintf(stderr, "mnist_train: %s\n", line);
}

int section_start(run *r) {
  cnn_logger logger = {.size = sizeof logger, .write = log_line};
  cnn_status status = cnn_context_new(
      &r->context, cnn_context_opts(.seed = r->options.seed, .threads = r->options.threads, .logger = &logger));
  if (status >= 0)
    status = register_forms(r->context);
  if (status < 0)
    return complain("start", status);
  int code = check_saves(r);
  if (code != EXIT_DONE)
    return code;
  say(&r->screen, "libcnn Version: %s\n", cnn_version());
  say(&r->screen, "Build: %s\n", cnn_build_info());
  say(&r->screen, "Instruction set: %s, matrix products: %s\n", cnn_context_cpu(r->context), cnn_context_gemm(r->context));
  say(&r->screen, "BLAS: %s\n", cnn_blas_name());
  say(&r->screen, "Threads: %d\nSeed: %llu\n", cnn_context_threads(r->context), (unsigned long long)r->options.seed);
  say(&r->screen, "Devices: CPU (libcnn uses no GPU)\n");
  return EXIT_DONE;
}

static int write_reports(run *r) {
  FILE *json = create_in(r->options.output, "report.json");
  if (!json)
    return EXIT_RUNTIME;
  write_results(r, json);
  if (!close_written(json, "report.json"))
    return EXIT_RUNTIME;
  FILE *text = create_in(r->options.output, "report.txt");
  if (!text)
    return EXIT_RUNTIME;
  fflush(r->screen.transcript);
  fwrite(r->screen.transcript_text, 1, r->screen.transcript_length, text);
  return close_written(text, "report.txt") ? EXIT_DONE : EXIT_RUNTIME;
}

int section_save(run *r) {
  char path[4096], hash[33];
  cnn_status status =
      cnn_model_save(r->model, path_in(r->options.output, "final.safetensors", path, sizeof path), NULL);
  if (status < 0)
    return complain("final model", status);
  say(&r->screen, "\nModel saved to: %s\nModel hash: %s\n", path, cnn_model_hash(r->model, hash));
  say(&r->screen, "Results in %s: report.json report.txt history.csv model.dot best.safetensors final.safetensors\n",
      r->options.output);
  int saved = save_models(r);
  say_goals(r);
  int code = write_reports(r);
  if (code == EXIT_DONE && r->options.json)
    write_results(r, stdout);
  if (code == EXIT_DONE && (fflush(stdout) != 0 || ferror(stdout))) {
    fputs("mnist_train: standard output cannot be written\n", stderr);
    code = EXIT_RUNTIME;
  }
  return code == EXIT_DONE ? saved : code;
}

static int run_sections(run *r) {
  static int (*const sections[])(run *) = {section_start,    section_data,       section_preprocess,
                                           section_model,    section_augmentation, section_training,
                                           section_evaluation, section_predictions, section_save};
  for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
    int code = sections[i](r);
    if (code != EXIT_DONE)
      return code;
  }
  if (interrupt_signal) /* after training it has changed nothing else */
    return EXIT_INTERRUPTED + interrupt_signal;
  if (r->test_accuracy < r->options.require_accuracy) {
    fprintf(stderr, "mnist_train: test accuracy %.4f is below the required %.4f\n", r->test_accuracy,
            r->options.require_accuracy);
    return EXIT_ACCURACY;
  }
  if (goals_missed(r)) {
    fprintf(stderr, "mnist_train: --time-to: %d of %d accuracies not reached\n", goals_missed(r), r->options.goal_count);
    return EXIT_NOT_REACHED;
  }
  return EXIT_DONE;
}

static void free_run(run *r) {
  cnn_report_free(r->report);
  cnn_history_free(r->history);
  cnn_tensor_free(r->probabilities);
  cnn_tensor_free(r->labels);
  cnn_augmenter_free(r->augmenter);
  cnn_model_free(r->model);
  cnn_dataset_free(r->validation);
  cnn_dataset_free(r->train);
  cnn_dataset_free(r->test);
  cnn_context_free(r->context);
  free(r->data);
  screen_close(&r->screen);
}

int main(int count, char **arguments) {
  run r = {.stopped_epoch = -1, .best_epoch = -1, .started = seconds_at_start()};
  setlocale(LC_CTYPE, ""); /* to know whether UTF-8 can be shown; numbers stay those of the C locale */
  int code = options_read(&r.options, count, arguments);
  if (code >= 0)
    return code;
  r.choice = r.options.seed;
  if (screen_open(&r.screen, r.options.json ? stderr : stdout, r.options.color, r.options.quiet) < 0) {
    fputs("mnist_train: out of memory\n", stderr);
    return EXIT_RUNTIME;
  }
  code = make_folder(r.options.output);
  if (code == EXIT_DONE) {
    watch_signals();
    code = run_sections(&r);
  }
  free_run(&r);
  return code;
}
