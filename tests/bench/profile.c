/* profile: the ops of the training plan by name. Ops of the same layer and kind of phase are one row. */
#include "profile.h"

#include <stdio.h>
#include <string.h>

#define MOST_ROWS 80
typedef struct row {
  char name[96];
  double flop, seconds;
} row;

static const char *phase_name(const cnn__op *op) {
  return op->list == CNN__PHASE_TRAIN || op->list == CNN__PHASE_INFER ? "forward"
         : op->phase->late                                            ? "late"
                                                                      : "backward";
}

static void describe(const network_run *r, const cnn__plan *plan, const cnn__op *op, row *out) {
  *out = (row){.flop = 0};
  if (op->kind != CNN__OP_LAYER) {
    snprintf(out->name, sizeof out->name, "%s",
             op->kind == CNN__OP_FEED     ? "feed"
             : op->kind == CNN__OP_LOSS   ? "loss"
             : op->kind == CNN__OP_PACK   ? "pack"
             : op->kind == CNN__OP_OUTPUT ? "output"
             : op->kind == CNN__OP_JOIN   ? "join gradients"
                                          : "update");
    return;
  }
  const cnn_layer *layer = plan->layers[op->layer];
  const char *what = phase_name(op);
  double forward = (double)layer->flops * (double)r->batch;
  int32_t late_products = (layer->needs & CNN__NEEDS_X_LATE) != 0;
  snprintf(out->name, sizeof out->name, "%s %s", layer->name, what);
  if (strcmp(what, "forward") == 0)
    out->flop = forward;
  else if (strcmp(what, "backward") == 0)
    out->flop = forward * ((op->dx >= 0) + !late_products);
  else if (strcmp(what, "late") == 0)
    out->flop = late_products ? forward : 0;
}

static row *row_named(row *rows, int32_t *count, const row *wanted) {
  for (int32_t i = 0; i < *count; i++)
    if (strcmp(rows[i].name, wanted->name) == 0) {
      rows[i].flop = wanted->flop > rows[i].flop ? wanted->flop : rows[i].flop; /* of the phase that makes most of it */
      return &rows[i];
    }
  if (*count == MOST_ROWS)
    return &rows[MOST_ROWS - 1];
  rows[*count] = *wanted;
  return &rows[(*count)++];
}

typedef struct account {
  bench *b;
  const char *table;
  double step; /* seconds by the clock */
} account;

static void note(const account *a, const char *name, double seconds, double flop) {
  double gflops = seconds > 0 ? flop / seconds / 1e9 : 0, peak = bench_median(a->b, "fma_peak_gflops");
  bench_cell(a->b, a->table, name, "ms", seconds * 1e3);
  bench_cell(a->b, a->table, name, "gflops", gflops);
  if (flop > 0 && peak > 0)
    bench_cell(a->b, a->table, name, "of_peak", gflops / peak);
  bench_cell(a->b, a->table, name, "share", a->step > 0 ? seconds / a->step : 0);
}

/* What run has spent in `steps` steps, each of which took a->step. */
static void settle(const account *a, const network_run *r, cnn__run *run, const cnn__plan *plan, int64_t steps) {
  row rows[MOST_ROWS];
  int32_t count = 0;
  double sum = 0, flop = 0, spans = 0;
  const double *seconds = cnn__run_profile_seconds(run);
  for (int32_t i = 0; i < plan->op_count; i++) {
    row op;
    describe(r, plan, &plan->ops[i], &op);
    row_named(rows, &count, &op)->seconds += seconds[i] / (double)steps / a->b->threads;
  }
  for (int32_t s = 0; s < plan->segment_count; s++)
    spans += cnn__run_profile_spans(run)[s] / (double)steps;
  for (int32_t i = 0; i < count; i++) {
    note(a, rows[i].name, rows[i].seconds, rows[i].flop);
    sum += rows[i].seconds;
    flop += rows[i].flop;
  }
  note(a, "sum of ops", sum, flop);
  note(a, "waiting", spans - sum, 0);
  note(a, "between segments", a->step - spans, 0);
  note(a, "step", a->step, flop);
}

void profile_training(bench *b, network_run *r, int64_t steps) {
  account a = {.b = b, .table = "layers"};
  cnn__run_profile(r->train, 1);
  a.step = (double)r->batch / network_train(r, r->augmented, steps);
  settle(&a, r, r->train, r->network->model->plans[CNN__MODE_TRAIN], steps);
  cnn__run_profile(r->train, 0);
}

void profile_inference(bench *b, network_run *r, int64_t steps) {
  account a = {.b = b, .table = "inference_layers"};
  cnn__run_profile(r->infer, 1);
  a.step = (double)r->batch / network_infer(r, steps);
  settle(&a, r, r->infer, r->network->model->plans[CNN__MODE_PREDICT], steps);
  cnn__run_profile(r->infer, 0);
}
