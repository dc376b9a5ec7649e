/* supply: the batches that one call goes over. */
#include "train/supply.h"

#include "core/options.h"
#include "core/text.h"
#include "data/augment.h"
#include "train/callback.h"

/* ---- making ---- */

static int64_t size_of(int64_t count, int64_t batch_size, int64_t steps) {
  int64_t size = batch_size ? batch_size : steps ? cnn__batches(count, steps) : 32;
  return size < count ? size : count;
}

cnn_status cnn__supply_dataset(cnn__supply *s, const cnn_dataset *dataset, int64_t first, int64_t count,
                               int64_t batch_size, int64_t steps) {
  CNN__TRY(cnn__samples_check_inputs(dataset, s->model, s->what));
  if (s->mode != CNN__MODE_PREDICT)
    CNN__TRY(cnn__samples_check_targets(dataset, s->model, s->what));
  CNN__TRY(cnn__samples_check_weights(dataset, &s->class_weights, s->what));
  cnn__samples_open(&s->samples, dataset, first, count);
  s->batch_size = size_of(count, batch_size, steps);
  s->steps = cnn__batches(count, s->batch_size);
  if (steps && steps < s->steps)
    s->steps = steps;
  s->wanted = steps;
  return CNN_OK;
}

cnn_status cnn__supply_source(cnn__supply *s, const cnn_batch_source *source, int64_t batch_size, int64_t steps) {
  cnn_batch_source given;
  CNN__TRY(cnn__options(&given, sizeof given, sizeof given, source, "cnn_batch_source"));
  if (!given.next)
    return cnn__fail(CNN_EINVAL, "%s: the batch source has no function: next is NULL", s->what);
  if (given.batches < 0)
    return cnn__fail(CNN_EINVAL, "%s: batches of the batch source is %lld, must be 0 or more", s->what,
                     (long long)given.batches);
  if (s->augmenter && cnn__augmenter_ready(s->augmenter, &s->model->layers[0]->out) < 0)
    return cnn__fail_in("%s", s->what);
  s->source = given;
  s->read = cnn__model_hold((cnn_model *)(uintptr_t)s->model);
  atomic_fetch_add(&s->read->reading, 1);
  s->held = s->augmenter ? cnn__augmenter_hold(s->augmenter) : NULL;
  s->batch_size = batch_size ? batch_size : 32;
  s->steps = s->wanted = steps ? steps : given.batches;
  return CNN_OK;
}

int32_t cnn__supply_is(const cnn__supply *s) { return s->samples.held != NULL || s->source.next != NULL; }

int64_t cnn__supply_samples(const cnn__supply *s) {
  int64_t all = s->samples.part.count;
  return cnn__batches(all, s->batch_size) > s->steps ? s->steps * s->batch_size : all;
}

static void release_run(cnn__supply *s) {
  if (s->run && s->mode == CNN__MODE_TRAIN)
    cnn__run_free(s->run);
  else if (s->run)
    cnn__model_return_run(s->model, s->run);
  s->run = NULL;
}

static cnn_status reserve(cnn__supply *s, int64_t rows) {
  if (s->run && cnn__run_capacity(s->run) >= rows)
    return CNN_OK;
  release_run(s);
  return cnn__model_borrow_run(s->model, s->mode, rows, &s->run);
}

cnn_status cnn__supply_open(cnn__supply *s) {
  if (!s->samples.held)
    return CNN_OK;
  CNN__TRY(cnn__batch_new(&s->batch, &s->samples.part, s->augmenter, s->batch_size));
  s->batch->still = s->mode != CNN__MODE_TRAIN;
  CNN__TRY(cnn__batch_weigh(s->batch, &s->class_weights));
  return reserve(s, s->batch_size);
}

static void let_go(cnn__supply *s) {
  cnn_tensor_free(s->inputs);
  cnn_tensor_free(s->targets);
  cnn_tensor_free(s->weights);
  s->inputs = s->targets = s->weights = NULL;
}

void cnn__supply_close(cnn__supply *s) {
  let_go(s);
  release_run(s);
  cnn__batch_free(s->batch);
  s->batch = NULL;
  cnn_augmenter_free(s->held);
  s->held = NULL;
  cnn__samples_close(&s->samples);
  if (s->read)
    atomic_fetch_sub(&s->read->reading, 1);
  cnn_model_free(s->read);
  s->read = NULL;
}

/* ---- a pass ---- */

void cnn__supply_begin(cnn__supply *s, int64_t epoch, uint32_t pass, int32_t shuffle) {
  s->epoch = epoch;
  s->pass = pass;
  s->shuffle = shuffle;
  s->step = s->given = 0;
}

static void next_of_dataset(cnn__supply *s, cnn__feed *feed) {
  int64_t left = s->samples.part.count - s->given, count = left < s->batch_size ? left : s->batch_size;
  cnn__batch_take(s->batch, s->model->seed, s->pass, s->shuffle, s->given, count);
  *feed = cnn__batch_feed(s->batch);
}

static cnn_tensor *hold(const cnn_tensor *tensor) {
  return tensor ? cnn__tensor_hold((cnn_tensor *)(uintptr_t)tensor) : NULL;
}

static cnn_status next_of_source(cnn__supply *s, cnn__feed *feed) {
  char what[160];
  cnn_batch batch = {.size = sizeof batch};
  const int32_t targets = s->mode != CNN__MODE_PREDICT;
  const cnn_batch_request request = {.size = sizeof request, .epoch = s->epoch, .step = s->step,
                                     .batch_size = s->batch_size, .pass = s->pass};
  uint64_t failures = cnn__fail_count();
  let_go(s);
  cnn__format(what, sizeof what, "%s: batch function", s->what);
  cnn_status status = cnn__settle(s->source.next(s->source.user, &request, &batch), what, failures);
  if (status != CNN_OK)
    return status;
  cnn__format(what, sizeof what, "%s: batch %lld of the batch function in epoch %lld", s->what, (long long)s->step,
              (long long)s->epoch);
  if (batch.size > sizeof batch)
    return cnn__fail(CNN_EINVAL, "%s: its size is %zu, the call gave %zu", what, batch.size, sizeof batch);
  CNN__TRY(cnn__view_set(&s->view, s->model, &batch, targets, s->augmenter, &s->class_weights, what));
  s->view.batch.still = s->mode != CNN__MODE_TRAIN;
  s->inputs = hold(batch.inputs);
  s->targets = targets ? hold(batch.targets) : NULL;
  s->weights = targets ? hold(batch.sample_weights) : NULL;
  CNN__TRY(reserve(s, s->view.part.count));
  *feed = cnn__view_feed(&s->view, s->run, s->pass, s->given);
  return CNN_OK;
}

static cnn_status over(const cnn__supply *s) {
  if (!s->step)
    return cnn__fail(CNN_EDATA, "%s: the batch function gave no batch in epoch %lld; at step 0 it begins a pass anew or goes on",
                     s->what, (long long)s->epoch);
  if (s->step < s->wanted)
    cnn__log(s->model->context, CNN_LOG_WARNING, "%s: the data ran out after %lld of %lld steps in epoch %lld", s->what,
             (long long)s->step, (long long)s->wanted, (long long)s->epoch);
  return CNN_STOP;
}

cnn_status cnn__supply_next(cnn__supply *s, cnn__feed *feed) {
  cnn_status status = CNN_OK;
  if (s->steps && s->step == s->steps)
    return over(s);
  if (s->samples.held)
    next_of_dataset(s, feed);
  else
    status = next_of_source(s, feed);
  if (status == CNN_STOP)
    return over(s);
  if (status < 0)
    return status;
  s->step++;
  s->given += feed->count;
  return CNN_OK;
}

cnn_status cnn__supply_skip(cnn__supply *s, int64_t batches, int64_t samples) {
  cnn__feed feed;
  if (s->samples.held) {
    s->step = batches;
    s->given = samples;
    return CNN_OK;
  }
  for (int64_t i = 0; i < batches; i++) {
    cnn_status status = cnn__supply_next(s, &feed);
    if (status != CNN_OK)
      return status < 0 ? status
                        : cnn__fail(CNN_EDATA, "%s: the batch function ends after %lld batches in epoch %lld, of which %lld were "
                                    "trained on before", s->what, (long long)s->step, (long long)s->epoch, (long long)batches);
  }
  return CNN_OK;
}
