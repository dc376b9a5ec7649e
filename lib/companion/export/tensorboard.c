/* tensorboard: what is written when. Tags, steps and their order are those of keras/src/callbacks/tensorboard.py (3.15). */
#include "companion/export/board.h"
#include "companion/export/summary.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WAIT 2.0 /* seconds that events of batches may lie in memory */

/* ---- a training begins ---- */

/* Different for each training on this machine and, as good as certainly, on any. */
static double new_run(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  const uint64_t mixed = ((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec) ^ (uint64_t)getpid() << 32;
  return (double)(mixed & 0xffffffffffffu);
}

/* Does each layer read the one before it, as in a Keras Sequential? */
static int32_t is_row(const cnn__network *network) {
  int32_t row = 1;
  for (int32_t i = 1; i < network->count; i++)
    row &= network->layers[i].input_count == 1 && network->layers[i].inputs[0] == i - 1;
  return row;
}

static cnn_status begin_files(cnn__board *board, const cnn__network *network, int32_t again) {
  char writer[96];
  cnn_format(writer, sizeof writer, "libcnn tensorboard, run %.0f", board->run);
  cnn_status status = cnn__event_file_begin(&board->train, board->folder, "train", writer, again);
  if (status == CNN_OK)
    status = cnn__event_file_begin(&board->validation, board->folder, "validation", writer, again);
  if (status == CNN_OK)
    status = cnn__event_file_open(&board->train); /* what cannot be written is known before any work */
  if (status < 0 || !board->options.write_graph)
    return status;
  status = cnn__board_graph(board, network);
  return status < 0 ? status : cnn__event_file_flush(&board->train, 0);
}

static cnn_status train_begin(void *user, const cnn_event *event) {
  cnn__board *board = user;
  cnn__network *network;
  const int32_t again = board->again;
  board->again = 0;
  if (!again) {
    board->run = new_run();
    board->batch = 0;
  }
  cnn_status status = cnn__network_new(&network, event->model, "tensorboard");
  if (status < 0)
    return status;
  board->is_row = is_row(network);
  status = begin_files(board, network, again);
  cnn__network_free(network);
  return status;
}

static cnn_status epoch_begin(void *user, const cnn_event *event) {
  cnn__board *board = user;
  board->epoch_begun = cnn__event_seconds();
  board->iterations = cnn_model_iterations(event->model);
  return CNN_OK;
}

/* ---- batches ---- */

/* prefix + name + suffix for each figure; of those of the validation, or the others. */
static cnn_status write_logs(cnn__event_file *file, const cnn_logs *logs, const char *prefix, const char *suffix, int64_t step,
                             int32_t validation) {
  char tag[160];
  double value;
  cnn_status status = CNN_OK;
  for (int32_t i = 0; i < cnn_logs_count(logs) && status == CNN_OK; i++) {
    const char *name = cnn_logs_name(logs, i);
    const int32_t is_validation = !strncmp(name, "val_", 4);
    if (validation != is_validation || !strcmp(name, "learning_rate"))
      continue;
    status = cnn_logs_value(logs, name, &value);
    cnn_format(tag, sizeof tag, "%s%s%s", prefix, name + 4 * is_validation, suffix);
    if (status == CNN_OK)
      status = cnn__summary_scalar(file, tag, step, value);
  }
  return status;
}

static cnn_status batch_begin(void *user, const cnn_event *event) {
  cnn__board *board = user;
  (void)event;
  board->batch_begun = cnn__event_seconds();
  return CNN_OK;
}

static double a_second(double count, double since) {
  const double seconds = cnn__event_seconds() - since;
  return count / (seconds > 1e-9 ? seconds : 1e-9);
}

static cnn_status batch_end(void *user, const cnn_event *event) {
  cnn__board *board = user;
  cnn_status status = CNN_OK;
  board->batch++;
  if (!board->options.update_freq || board->batch % board->options.update_freq)
    return CNN_OK;
  if (board->options.write_steps_per_second)
    status = cnn__summary_scalar(&board->train, "batch_steps_per_second", board->batch, a_second(1, board->batch_begun));
  if (status == CNN_OK)
    status = write_logs(&board->train, event->logs, "batch_", "", board->batch, 0);
  return status < 0 ? status : cnn__event_file_flush(&board->train, WAIT);
}

static cnn_status test_end(void *user, const cnn_event *event) {
  cnn__board *board = user;
  return write_logs(&board->validation, event->logs, "evaluation_", "_vs_iterations", cnn_model_iterations(event->model), 0);
}

/* ---- epochs ---- */

static int32_t is_due(int64_t epoch, int64_t every) { return every && epoch % every == 0; }

static cnn_status write_epoch(cnn__board *board, const cnn_event *event) {
  cnn__event_file *train = &board->train;
  const double steps = (double)(cnn_model_iterations(event->model) - board->iterations);
  cnn_status status = write_logs(train, event->logs, "epoch_", "", event->epoch, 0);
  if (status == CNN_OK)
    status = cnn__summary_scalar(train, "epoch_learning_rate", event->epoch, cnn_model_learning_rate(event->model));
  if (status == CNN_OK && board->options.write_steps_per_second)
    status = cnn__summary_scalar(train, "epoch_steps_per_second", event->epoch, a_second(steps, board->epoch_begun));
  return status < 0 ? status : write_logs(&board->validation, event->logs, "epoch_", "", event->epoch, 1);
}

static cnn_status flush(cnn__board *board) {
  cnn_status status = cnn__event_file_flush(&board->train, 0);
  return status < 0 ? status : cnn__event_file_flush(&board->validation, 0);
}

static cnn_status epoch_end(void *user, const cnn_event *event) {
  cnn__board *board = user;
  cnn_status status = write_epoch(board, event);
  if (status == CNN_OK && is_due(event->epoch, board->options.histogram_freq))
    status = cnn__board_weights(board, event->model, event->epoch);
  if (status == CNN_OK && board->images && is_due(event->epoch, board->options.image_freq))
    status = cnn__board_draw(board, event->model, event->epoch);
  return status < 0 ? status : flush(board);
}

static cnn_status train_end(void *user, const cnn_event *event) {
  cnn__board *board = user;
  (void)event;
  cnn_status train = cnn__event_file_end(&board->train), validation = cnn__event_file_end(&board->validation);
  return train < 0 ? train : validation;
}

/* ---- state: the run, and how far it is. What a checkpoint counts as done must be in the files by then. ---- */

static cnn_status state_save(void *user, cnn_state *state) {
  cnn__board *board = user;
  if (board->train.file < 0)
    return CNN_OK;
  cnn_status status = flush(board);
  if (status == CNN_OK)
    status = cnn_state_set(state, "run", board->run);
  return status < 0 ? status : cnn_state_set(state, "batch", (double)board->batch);
}

static cnn_status read_count(const cnn_state *state, const char *name, double *out) {
  cnn_status status = cnn_state_value(state, name, out);
  if (status == CNN_OK && !(*out >= 0 && *out < 9007199254740992.0 && (double)(int64_t)*out == *out))
    return cnn_error_set(CNN_EFORMAT, "tensorboard: '%s' of its state is no whole number, 0 or more", name);
  return status;
}

static cnn_status state_load(void *user, const cnn_state *state) {
  cnn__board *board = user;
  double run, batch;
  if (cnn_state_count(state) == 0)
    return CNN_OK;
  cnn_status status = read_count(state, "run", &run);
  if (status == CNN_OK)
    status = read_count(state, "batch", &batch);
  if (status < 0)
    return status;
  board->run = run;
  board->batch = (int64_t)batch;
  board->again = 1;
  return CNN_OK;
}

/* ---- making ---- */

static void release(void *user) {
  cnn__board_clear(user);
  free(user);
}

cnn_status cnn_tensorboard_new(cnn_callback **out, cnn_context *context, const char *folder, const cnn_tensorboard_opts *options) {
  cnn_callback_functions functions = {
      .size = sizeof functions, .train_begin = train_begin, .epoch_begin = epoch_begin, .batch_begin = batch_begin,
      .batch_end = batch_end, .test_end = test_end, .epoch_end = epoch_end, .train_end = train_end, .state_save = state_save,
      .state_load = state_load, .free = release};
  if (!out || !context)
    return cnn_error_set(CNN_EINVAL, "tensorboard: %s is NULL", out ? "context" : "out");
  if (!folder || !folder[0])
    return cnn_error_set(CNN_EINVAL, "tensorboard: folder is %s", folder ? "empty" : "NULL");
  cnn__board *board = calloc(1, sizeof *board);
  if (!board)
    return cnn_error_set(CNN_ENOMEM, "tensorboard: no memory for the callback");
  cnn_status status = cnn__board_init(board, context, folder, options);
  if (status < 0) {
    free(board);
    return status;
  }
  functions.user = board;
  status = cnn_callback_new(out, context, &functions);
  if (status < 0)
    release(board);
  return status;
}
