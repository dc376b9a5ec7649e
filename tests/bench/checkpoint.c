/* checkpoint: what saving a checkpoint in the background takes from the training of the notebook's model. Fits with and without
 * saves follow one another; what they differ by, a save, is held against ten seconds. */
#include "network.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BATCH = 128, EVERY = 20, SAVES = 5, APART = 10 /* seconds */ };

/* Seconds of one epoch; saves: with a checkpoint at `path` after each EVERY steps. Negative: it failed. */
static double fit(bench *b, const network *n, const char *path, int32_t saves) {
  cnn_callback *callback = NULL;
  if (saves && cnn_checkpoint_new(&callback, b->context, path, cnn_checkpoint_opts(.every_steps = EVERY, .not_at_epochs = 1)) < 0)
    return -1;
  const double begun = bench_now();
  cnn_status status = cnn_model_fit(n->model, n->data, cnn_fit_opts(.batch_size = BATCH, .callbacks = &callback, .callback_count = saves));
  const double seconds = bench_now() - begun;
  cnn_callback_free(callback);
  return status < 0 ? -1 : seconds;
}

static int32_t measure_round(bench *b, const network *n, const char *path) {
  bench_machine(b);
  const double plain = fit(b, n, path, 0), saving = fit(b, n, path, 1);
  if (plain < 0 || saving < 0)
    return 0;
  const double save = (saving - plain) / SAVES;
  bench_value(b, "plain_images_per_second", EVERY * SAVES * BATCH / plain);
  bench_value(b, "saving_images_per_second", EVERY * SAVES * BATCH / saving);
  bench_value(b, "one_save_ms", save * 1e3);
  bench_value(b, "one_save_in_ten_seconds", save / APART);
  return 1;
}

cnn_status bench_checkpoint(bench *b) {
  char folder[] = "cnn-bench-XXXXXX", path[64], previous[64];
  network n = {0};
  if (!mkdtemp(folder))
    return cnn_error_set(CNN_EIO, "checkpoint: no folder for files can be made here");
  snprintf(path, sizeof path, "%s/run", folder);
  snprintf(previous, sizeof previous, "%s/run.prev", folder);
  cnn_status status = network_new(&n, b->context, 28, 1, BATCH * EVERY * SAVES);
  int32_t going = status >= 0 && fit(b, &n, path, 0) >= 0;
  for (int32_t i = 0; i < b->rounds && going; i++)
    going = measure_round(b, &n, path);
  network_free(&n);
  (void)unlink(path);
  (void)unlink(previous);
  (void)rmdir(folder);
  return going ? CNN_OK : status < 0 ? status : CNN_EIO;
}
