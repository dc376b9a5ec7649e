/* cnn-inspect: what is in a file of a model or of data. */
#include "forms.h"
#include "inspect/inspect.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char help_text[] =
    "Usage: cnn-inspect [OPTION]... FILE\n"
    "Say what is in a file: a model, weights or a checkpoint of libcnn, a model of Keras (.h5, .keras; where\n"
    "libcnn-keras was built), IDX and NumPy's .npy and .npz. No model is made of it.\n"
    "\n"
    "      --json     one JSON object on stdout\n"
    "  -h, --help     print this and exit\n"
    "  -V, --version  print version and build and exit\n"
    "\n"
    "Exit status: 0 done; 1 run-time failure; 2 usage error; 3 the file is missing, damaged, or of no\n"
    "known form: it is said what is wrong.\n";

enum { DONE = 0, RUNTIME = 1, USAGE = 2, BAD_FILE = 3 };

static int fail(int code, const char *why) {
  fprintf(stderr, "cnn-inspect: %s\n", why);
  return code;
}

/* ---- the file ---- */

static cnn_status describe(json_t *found, cnn_context *context, const char *path) {
  struct stat about;
  if (stat(path, &about) < 0)
    return cnn_error_set(CNN_EIO, "'%s': %s", path, strerror(errno));
  if (!S_ISREG(about.st_mode))
    return cnn_error_set(CNN_EIO, "'%s': is not a regular file", path);
  put(found, "file", shown_text(path));
  put(found, "bytes", json_integer(about.st_size));
  int status = describe_arrays(found, context, path);
  return status < 0 ? status : status ? CNN_OK : describe_model(found, context, path);
}

static int show(const json_t *found, int json) {
  if (!json)
    print_text(found, stdout);
  else if (json_dumpf(found, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) == 0)
    putchar('\n');
  return fflush(stdout) != 0 || ferror(stdout) ? fail(RUNTIME, "standard output cannot be written") : DONE;
}

/* What is wrong, for scripts, too. */
static int say_wrong(const char *path, cnn_status status, int json) {
  int code = fail(status == CNN_ENOMEM ? RUNTIME : BAD_FILE, cnn_error_text());
  json_t *wrong = json_object();
  put(wrong, "file", shown_text(path));
  put(wrong, "status", json_string(cnn_status_name(status)));
  put(wrong, "error", shown_text(cnn_error_text()));
  if (json && show(wrong, json) != DONE)
    code = RUNTIME;
  json_decref(wrong);
  return code;
}

static int inspect(const char *path, int json) {
  cnn_context *context;
  json_t *found = json_object();
  if (cnn_context_new(&context, cnn_context_opts(.threads = 1)) < 0)
    return fail(RUNTIME, cnn_error_text());
  cnn_status status = register_forms(context);
  if (status >= 0)
    status = describe(found, context, path);
  int code = status < 0 ? say_wrong(path, status, json) : show(found, json);
  json_decref(found);
  cnn_context_free(context);
  return code;
}

int main(int count, char **arguments) {
  static const struct option options[] = {{"json", no_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, 'V'},
                                          {NULL, 0, NULL, 0}};
  int option, json = 0;
  while ((option = getopt_long(count, arguments, "hV", options, NULL)) != -1)
    switch (option) {
    case 'j': json = 1; break;
    case 'h': fputs(help_text, stdout); return DONE;
    case 'V': printf("cnn-inspect of %s\n", cnn_build_info()); return DONE;
    default: fputs("Try 'cnn-inspect --help'.\n", stderr); return USAGE;
    }
  if (optind + 1 != count) {
    fputs("cnn-inspect: one file is expected\nTry 'cnn-inspect --help'.\n", stderr);
    return USAGE;
  }
  return inspect(arguments[optind], json);
}
