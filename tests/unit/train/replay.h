/* replay: a small model whose weights show the epoch, and the hooks of a callback called as fit calls them, with
 * figures of the reference. */
#ifndef CNN_TESTS_TRAIN_REPLAY_H
#define CNN_TESTS_TRAIN_REPLAY_H

#include "alloc.h"
#include "reference.h"
#include "train/callback.h"
#include "train/logs.h"

#include <check.h>

typedef struct replay {
  test_alloc alloc;
  cnn_context *context;
  cnn_model *model;
  cnn_logs *logs;
  cnn_event event;
  cnn_sink sink;
  char printed[8192]; /* since the last replay_take */
  char warned[8192];  /* likewise; each with a newline */
} replay;

void replay_open(replay *r);
void replay_close(replay *r); /* also checks that no memory is left */

/* Set all weights to epoch + 1. */
void replay_mark(replay *r, int64_t epoch);
float replay_weight(const replay *r);

/* The callback hears of one epoch of four batches with the figure `name` (JSON null: "loss" 1.0 instead). Returns
 * epoch_end's status. */
cnn_status replay_epoch(replay *r, cnn_callback *callback, int64_t epoch, const char *name, const json_t *value);
cnn_status replay_tell(replay *r, cnn_callback *callback, int32_t kind);

/* The same for a number, "val_loss", with the weights marked. */
cnn_status replay_value(replay *r, cnn_callback *callback, int64_t epoch, double value);

/* The state of one callback goes over to another. */
void replay_hand_over(const replay *r, const cnn_callback *from, cnn_callback *to);

/* The cases of a file of the reference, each in a replay of its own: all epochs with the weights marked, from train_begin to
 * train_end. */
typedef struct replay_rules {
  const char *file; /* "callbacks/early_stopping.json" */
  size_t cases;     /* that there are in it */
  int (*differs)(const json_t *c); /* our interface says it otherwise: the case is passed over */
  cnn_callback *(*make)(const replay *r, const json_t *arguments);
  void (*epoch)(replay *r, const cnn_callback *callback, const json_t *epoch, cnn_status status, const char *where);
  void (*end)(replay *r, const json_t *c, const char *name); /* after train_end */
} replay_rules;
void replay_all(const replay_rules *rules);

/* CNN_MODE_* of the arguments. */
int32_t replay_mode(const json_t *arguments);

/* A number of the reference, where NaN and infinities are strings. */
double replay_number(const json_t *value);

/* What was printed or warned is this text; both are empty then. warnings: a JSON list. */
void replay_expect(replay *r, const char *where, const char *printed, const json_t *warnings);

/* A number of the callback's state is this one. */
void replay_state(replay *r, const cnn_callback *callback, const char *where, const char *name, double expected);

/* A folder of its own for each test. */
const char *replay_folder(void);
void replay_folder_remove(void);

/* Run a suite of one case with time for slow machines. */
int replay_run(const char *name, void (*add)(TCase *tests));

#endif
