/* idle: the plans that const calls make on first use, and the run records that wait for the next such call. Both
 * belong to the model and are guarded by its lock, so that several threads may predict on one model. */
#include "model/model_internal.h"

#include "model/pack.h"
#include "model/run_record.h"

/* The model of a const call, for what the lock guards. */
static cnn_model *guarded(const cnn_model *model) { return (cnn_model *)(uintptr_t)model; }

cnn__run *cnn__run_next(const cnn__run *run) { return run->next; }

static cnn_status plan_of(cnn_model *model, int32_t mode) {
  CNN__TRY(cnn__packs_new(model));
  int32_t whole = model->optimizer ? cnn__optimizer_whole(model->optimizer) : CNN__WHOLE_NOTHING;
  return model->plans[mode] ? CNN_OK : cnn__plan_new(&model->plans[mode], model, mode, model->loss, whole);
}

cnn_status cnn__model_plan(const cnn_model *model, int32_t mode, const cnn__plan **out) {
  if (mode != CNN__MODE_PREDICT && !model->compiled)
    return cnn__fail(CNN_ESTATE, "model '%s' is not compiled", model->name);
  CNN__TRY(cnn__model_ready(model));
  cnn_model *shared = guarded(model);
  cnn__lock_take(&shared->lock);
  cnn_status status = plan_of(shared, mode);
  *out = model->plans[mode];
  cnn__lock_leave(&shared->lock);
  return status;
}

/* Out of the list: the smallest record with room enough; where there is none, one of the mode that is too small. */
static cnn__run *take(cnn_model *model, const cnn__plan *plan, int64_t rows) {
  cnn__run **best = NULL;
  for (cnn__run **at = &model->idle; *at; at = &(*at)->next) {
    if ((*at)->plan != plan)
      continue;
    int32_t fits = (*at)->capacity >= rows;
    if (!best || (fits && ((*best)->capacity < rows || (*at)->capacity < (*best)->capacity)))
      best = at;
  }
  if (!best)
    return NULL;
  cnn__run *run = *best;
  *best = run->next;
  run->next = NULL;
  return run;
}

cnn_status cnn__model_borrow_run(const cnn_model *model, int32_t mode, int64_t rows, cnn__run **out) {
  const cnn__plan *plan;
  if (rows < 1)
    return cnn__fail(CNN_EINVAL, "a run of %lld rows: must be at least 1", (long long)rows);
  CNN__TRY(cnn__model_plan(model, mode, &plan));
  cnn_model *shared = guarded(model);
  cnn__lock_take(&shared->lock);
  cnn__run *run = take(shared, plan, rows);
  cnn__lock_leave(&shared->lock);
  if (run && run->capacity < rows) {
    cnn__run_free(run);
    run = NULL;
  }
  if (!run)
    return cnn__run_new(out, model, plan, rows);
  *out = run;
  return CNN_OK;
}

void cnn__model_return_run(const cnn_model *model, cnn__run *run) {
  cnn_model *shared = guarded(model);
  cnn__lock_take(&shared->lock);
  run->next = shared->idle;
  shared->idle = run;
  cnn__lock_leave(&shared->lock);
}

/* ---- for one call ---- */

cnn_status cnn__model_inspect(const cnn_model *model, int32_t mode, const cnn__inspection *inspection, int64_t rows,
                              cnn__run **out) {
  cnn_model *shared = guarded(model);
  cnn__plan *plan = NULL;
  cnn__lock_take(&shared->lock);
  cnn_status status = cnn__packs_new(shared);
  cnn__lock_leave(&shared->lock);
  if (status == CNN_OK)
    status = cnn__plan_inspect(&plan, model, mode, inspection);
  if (status == CNN_OK)
    status = cnn__run_new(out, model, plan, rows);
  if (status < 0)
    cnn__plan_free(plan);
  return status;
}

void cnn__model_inspected(cnn__run *run) {
  cnn__plan *plan = run ? (cnn__plan *)(uintptr_t)run->plan : NULL; /* this record's own */
  cnn__run_free(run);
  cnn__plan_free(plan);
}
