/* saving: the files of --save, checked before the work and written after it. */
#include "mnist.h"

#include <cnn/format.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int refuse(const char *path, const char *why) {
  fprintf(stderr, "mnist_train: --save %s: %s\n", path, why);
  return EXIT_RUNTIME;
}

/* Its folder is there and may be written to, and nothing but a file is in the way. */
static int check_place(const char *path) {
  char folder[4096];
  struct stat found;
  const char *slash = strrchr(path, '/');
  snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
  if (access(folder, W_OK | X_OK) < 0)
    return refuse(path, strerror(errno));
  if (stat(path, &found) == 0 && !S_ISREG(found.st_mode))
    return refuse(path, "is not a regular file");
  return EXIT_DONE;
}

int check_saves(const run *r) {
  for (int i = 0; i < r->options.save_count; i++) {
    if (!cnn_format_name(r->context, r->options.saves[i])) {
      fprintf(stderr, "mnist_train: --save %s\nTry 'mnist_train --help'.\n", cnn_error_text());
      return EXIT_USAGE;
    }
    int code = check_place(r->options.saves[i]);
    if (code != EXIT_DONE)
      return code;
  }
  return EXIT_DONE;
}

int save_models(run *r) {
  int code = EXIT_DONE;
  for (int i = 0; i < r->options.save_count; i++) {
    const char *path = r->options.saves[i];
    cnn_status status = cnn_model_save(r->model, path, NULL);
    if (status < 0)
      code = complain("--save", status);
    else
      say(&r->screen, "Model saved to: %s (%s)\n", path, cnn_format_name(r->context, path));
  }
  return code;
}
