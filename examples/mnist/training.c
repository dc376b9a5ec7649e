/* training: augmentation settings, callbacks, fit and its curves. */
#include "mnist.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

volatile sig_atomic_t interrupt_signal;

static cnn_callback *volatile checkpoint; /* while training runs */

void interrupt_training(void) { cnn_checkpoint_request(checkpoint, 1); }

/* A range of the augmenter's: a plain number, or a fraction to be told in percent. */
static void say_range(run *r, const char *name, const char *key, double factor, const char *unit) {
  char text[64];
  if (cnn_augmenter_attribute_text(r->augmenter, key, text, sizeof text) >= 0 && strtod(text, NULL) > 0)
    say(&r->screen, "  %s: %s%g%s\n", name, r->screen.utf8 ? "±" : "+-", factor * strtod(text, NULL), unit);
}

int section_augmentation(run *r) {
  enum { SHOWN = 10 };
  if (!r->options.augment) {
    say(&r->screen, "\nData augmentation: off\n");
    return EXIT_DONE;
  }
  cnn_status status = cnn_augmenter_new_text(&r->augmenter, r->context, r->options.recipe->augmentation);
  if (status < 0)
    return complain("augmentation", status);
  say_heading(&r->screen, "Data Augmentation Settings:");
  say_range(r, "Rotation", "rotation_range", 1, " degrees");
  say_range(r, "Shear", "shear_range", 1, " degrees");
  say_range(r, "Zoom", "zoom_range", 100, "%");
  say_range(r, "Shift", "width_shift_range", 100, "%");
  say(&r->screen, "\n");
  int64_t shape[CNN_MAX_RANK];
  if (cnn_dataset_input_shape(r->train, shape) != 3 || shape[2] != 1)
    return EXIT_DONE;
  cnn_tensor *tensors[SHOWN] = {NULL};
  picture pictures[SHOWN] = {0};
  status = cnn_dataset_inputs(&tensors[0], r->train, 0, 1);
  strcpy(pictures[0].title[0], "Original");
  for (int i = 1; i < SHOWN && status >= 0; i++) {
    status = cnn_augmenter_apply(&tensors[i], r->augmenter, tensors[0], (uint32_t)i - 1, 0);
    snprintf(pictures[i].title[0], sizeof pictures[i].title[0], "Augmented %d", i);
  }
  if (status >= 0) {
    for (int i = 0; i < SHOWN; i++)
      pictures[i].pixels = cnn_tensor_read(tensors[i]);
    draw_pictures(&r->screen, pictures, SHOWN, 5, (int)shape[0], (int)shape[1]);
  }
  for (int i = 0; i < SHOWN; i++)
    cnn_tensor_free(tensors[i]);
  return status < 0 ? complain("augmentation", status) : EXIT_DONE;
}

/* A callback of the program's own: measures training without validation, notes when accuracies are
 * reached, and stops on a signal or when all are. */
typedef struct watch {
  run *run;
  double epoch_started;
  int64_t step, steps; /* of all epochs */
} watch;

/* The rate of the step that comes next. */
static cnn_status set_rate(const watch *w, cnn_model *model) {
  const options *o = &w->run->options;
  if (!o->recipe->one_cycle || w->step >= w->steps)
    return CNN_OK;
  return cnn_model_set_learning_rate(model, recipe_rate(o->recipe, o->learning_rate, w->step, w->steps));
}

static cnn_status watch_training(void *user, const cnn_event *event) { return set_rate(user, event->model); }

static cnn_status watch_epoch(void *user, const cnn_event *event) {
  (void)event;
  ((watch *)user)->epoch_started = seconds_now();
  return CNN_OK;
}

static cnn_status watch_batch(void *user, const cnn_event *event) {
  watch *w = user;
  double now = seconds_now();
  int64_t left = cnn_dataset_count(w->run->train) - event->step * w->run->options.batch_size;
  w->run->images_trained += left < w->run->options.batch_size ? left : w->run->options.batch_size;
  w->run->training_seconds += now - w->epoch_started;
  w->epoch_started = now;
  w->step++;
  cnn_status status = set_rate(w, event->model);
  return status < 0 ? status : interrupt_signal && !checkpoint ? CNN_STOP : CNN_OK;
}

/* The signal may have come during validation. */
static cnn_status watch_epoch_end(void *user, const cnn_event *event) {
  run *r = ((watch *)user)->run;
  goals_note(r, event);
  if (r->options.recipe->one_cycle) { /* as the plateau's callback notes it in the notebook's recipe */
    cnn_status status = cnn_logs_set(event->logs, "learning_rate", cnn_model_learning_rate(event->model));
    if (status < 0)
      return status;
  }
  return (interrupt_signal && !checkpoint) || goals_reached(r) ? CNN_STOP : CNN_OK;
}

/* For a run that goes on: the rate and the images a second count on. */
static cnn_status watch_save(void *user, cnn_state *state) {
  const watch *w = user;
  cnn_status status = cnn_state_set(state, "step", (double)w->step);
  if (status >= 0)
    status = cnn_state_set(state, "images", (double)w->run->images_trained);
  return status < 0 ? status : cnn_state_set(state, "seconds", w->run->training_seconds);
}

static cnn_status watch_load(void *user, const cnn_state *state) {
  watch *w = user;
  double step, images, seconds;
  cnn_status status = cnn_state_value(state, "step", &step);
  if (status >= 0)
    status = cnn_state_value(state, "images", &images);
  if (status >= 0)
    status = cnn_state_value(state, "seconds", &seconds);
  if (status < 0)
    return status;
  if (!(step >= 0 && step < 9e15 && images >= 0 && images < 9e15))
    return cnn_error_set(CNN_EFORMAT, "checkpoint: it has no such number of steps");
  w->step = (int64_t)step;
  w->run->images_trained = (int64_t)images;
  w->run->training_seconds = seconds;
  return CNN_OK;
}

typedef struct callbacks {
  cnn_callback *stopping, *checkpoint, *all[10];
  int32_t count;
  char best_path[4096], checkpoint_path[4096];
} callbacks;

static cnn_status add_callbacks(run *r, callbacks *c, watch *w) {
  char csv[4096];
  path_in(r->options.output, "best.safetensors", c->best_path, sizeof c->best_path);
  path_in(r->options.output, "history.csv", csv, sizeof csv);
  cnn_status status;
#define ADD(call)                                                                                                      \
  if ((status = (call)) < 0)                                                                                           \
    return status;                                                                                                     \
  c->count++
  ADD(cnn_callback_new(&c->all[c->count], r->context,
                       &(cnn_callback_functions){.size = sizeof(cnn_callback_functions),
                                                 .user = w,
                                                 .train_begin = watch_training,
                                                 .epoch_begin = watch_epoch,
                                                 .epoch_end = watch_epoch_end,
                                                 .batch_end = watch_batch,
                                                 .state_save = watch_save,
                                                 .state_load = watch_load}));
  ADD(cnn_terminate_on_nan_new(&c->all[c->count], r->context, NULL));
  if (!r->options.recipe->one_cycle) { /* it ends where it is meant to, and its rate is its own */
    ADD(cnn_early_stopping_new(&c->all[c->count], r->context,
                               cnn_early_stopping_opts(.patience = 5, .restore_best_weights = 1, .verbose = 1)));
    c->stopping = c->all[c->count - 1];
    ADD(cnn_reduce_lr_on_plateau_new(
        &c->all[c->count], r->context,
        cnn_reduce_lr_on_plateau_opts(.factor = 0.5f, .patience = 3, .min_lr = 1e-7f, .verbose = 1)));
  }
  ADD(cnn_model_checkpoint_new(
      &c->all[c->count], r->context, c->best_path,
      cnn_model_checkpoint_opts(.monitor = "val_accuracy", .save_best_only = 1, .verbose = 1)));
  ADD(cnn_csv_logger_new(&c->all[c->count], r->context, csv, NULL));
  if (r->options.log_jsonl) {
    ADD(cnn_json_logger_new(&c->all[c->count], r->context, r->options.log_jsonl, NULL));
  }
  if (r->options.tensorboard) {
    ADD(board_new(&c->all[c->count], r));
  }
  if (r->options.checkpoint || r->options.resume) {
    const char *path = r->options.checkpoint;
    if (!path)
      path = path_in(r->options.output, "checkpoint.safetensors", c->checkpoint_path, sizeof c->checkpoint_path);
    ADD(cnn_checkpoint_new(&c->all[c->count], r->context, path,
                           cnn_checkpoint_opts(.every_seconds = 10, .resume = r->options.resume)));
    c->checkpoint = c->all[c->count - 1];
  }
  ADD(cnn_progress_new(&c->all[c->count], r->context, cnn_progress_opts(.color = r->screen.color ? 1 : -1)));
#undef ADD
  return CNN_OK;
}

static void say_configuration(run *r, int64_t steps) {
  say_heading(&r->screen, "Callbacks configured:");
  static const char *const lines[] = {"EarlyStopping: Stops training if val_loss doesn't improve for 5 epochs",
                                      "ReduceLROnPlateau: Reduces learning rate by 50% if val_loss plateaus for 3 epochs",
                                      "ModelCheckpoint: Saves the best model based on val_accuracy",
                                      "CSVLogger: Writes every epoch's figures to history.csv",
                                      "TerminateOnNaN: Stops training when the loss is no longer a number"};
  int first = r->options.recipe->one_cycle ? 2 : 0;
  for (int i = first; i < 5; i++)
    say(&r->screen, "  %d. %s\n", i - first + 1, lines[i]);
  if (first)
    say(&r->screen, "  Learning rate: one cycle, %g to %g to %g\n", r->options.recipe->first_rate,
        r->options.learning_rate, r->options.recipe->last_rate);
  say_heading(&r->screen, "Training Configuration:");
  say(&r->screen,
      "  Batch Size: %lld\n  Max Epochs: %lld\n  Steps per Epoch: %lld\n  Optimizer: Adam\n"
      "  Loss Function: Categorical Crossentropy\n\nStarting training...\n\n",
      (long long)r->options.batch_size, (long long)r->options.epochs, (long long)steps);
}

static void say_curves(run *r) {
  static const char *const figures[2][2] = {{"accuracy", "val_accuracy"}, {"loss", "val_loss"}};
  static const char *const titles[2] = {"Model Accuracy Over Epochs", "Model Loss Over Epochs"};
  int count = (int)cnn_history_count(r->history);
  double *values = calloc((size_t)count * 2, sizeof *values);
  if (!values || count == 0) {
    free(values);
    return;
  }
  for (int k = 0; k < 2; k++) {
    for (int i = 0; i < count; i++)
      for (int j = 0; j < 2; j++)
        if (cnn_history_value(r->history, i, figures[k][j], &values[j * count + i]) < 0)
          values[j * count + i] = NAN;
    draw_curves(&r->screen, titles[k], "Training", values, "Validation", values + count, count);
  }
  free(values);
}

static void say_final(run *r) {
  static const char *const figures[4] = {"accuracy", "val_accuracy", "loss", "val_loss"};
  static const char *const names[4] = {"Training Accuracy", "Validation Accuracy", "Training Loss", "Validation Loss"};
  int64_t last = cnn_history_count(r->history) - 1;
  double value;
  say(&r->screen, "Final Training Metrics:\n");
  for (int i = 0; i < 4 && last >= 0; i++)
    if (cnn_history_value(r->history, last, figures[i], &value) >= 0)
      say(&r->screen, "  %s: %.4f\n", names[i], value);
  if (r->training_seconds > 0)
    say(&r->screen, "  Images per second: %.0f\n", (double)r->images_trained / r->training_seconds);
}

int section_training(run *r) {
  callbacks c = {0};
  int64_t steps = r->steps;
  watch w = {.run = r, .steps = steps * r->options.epochs};
  cnn_status status = add_callbacks(r, &c, &w);
  if (status >= 0) {
    say_configuration(r, steps);
    cnn_sink sink = screen_sink(&r->screen);
    checkpoint = c.checkpoint;
    if (interrupt_signal)
      interrupt_training(); /* it came before there was one */
    status = cnn_model_fit(r->model, r->train,
                           cnn_fit_opts(.batch_size = r->options.batch_size, .epochs = r->options.epochs,
                                        .steps_per_epoch = steps, .validation = r->validation,
                                        .augmenter = r->augmenter, .callbacks = c.all, .callback_count = c.count,
                                        .verbose = r->options.verbose, .sink = &sink, .history = &r->history));
    checkpoint = NULL;
    if (c.stopping) {
      r->stopped_epoch = cnn_early_stopping_stopped_epoch(c.stopping);
      r->best_epoch = cnn_early_stopping_best_epoch(c.stopping);
    }
  }
  for (int32_t i = 0; i < c.count; i++)
    cnn_callback_free(c.all[i]);
  if (status < 0)
    return complain("training", status);
  r->interrupted = interrupt_signal != 0;
  say(&r->screen, r->interrupted ? "\nTraining interrupted: going on with the best weights so far.\n\n"
                                 : "\nTraining completed!\n\n");
  say_curves(r);
  say_final(r);
  return EXIT_DONE;
}
