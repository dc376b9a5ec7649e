/* source_misuse: batch functions that write what they should not, and let go of what the call still needs; options that are refused. */
#include "stream.h"
#include "core/status.h"
#include "suite.h"

#include <string.h>

static fitting f;
static stream s;

static cnn_status evaluates(const cnn_augmenter *augmenter) {
  cnn_logs *logs = NULL;
  cnn_status status = cnn_model_evaluate_source(&logs, f.model, &s.source, cnn_evaluate_opts(.augmenter = augmenter));
  cnn_logs_free(logs);
  return status;
}

static cnn_status predicts(const cnn_augmenter *augmenter) {
  cnn_tensor *outputs = NULL;
  cnn_status status = cnn_model_predict_source(&outputs, 1, f.model, &s.source, cnn_predict_opts(.augmenter = augmenter));
  cnn_tensor_free(outputs);
  return status;
}

static cnn_status fits(const cnn_augmenter *augmenter) {
  return cnn_model_fit_source(f.model, &s.source, cnn_fit_opts(.augmenter = augmenter));
}

typedef cnn_status call(const cnn_augmenter *augmenter);
static call *const calls[] = {evaluates, predicts, fits};

static void begin(cnn_status (*spoil)(stream *x, cnn_batch *batch)) {
  fitting_open(&f, 2);
  stream_open(&s, &f, f.data.labels, 10);
  s.spoil = spoil;
  s.spoil_step = 1;
}

static void end(void) {
  stream_close(&s);
  fitting_close(&f);
}

/* ---- the batch ---- */

static cnn_status larger(stream *x, cnn_batch *batch) {
  (void)x;
  batch->size = 4000;
  return CNN_OK;
}

/* What lies behind the batch is not the function's to fill, nor the library's to read. */
START_TEST(size_does_not_grow) {
  for (int i = 0; i < 3; i++) {
    begin(larger);
    ck_assert_int_eq(calls[i](NULL), CNN_EINVAL);
    ck_assert_msg(strstr(cnn_error_text(), "batch 1 of the batch function in epoch 0: its size is 4000, the call gave 32") != NULL,
                  "%s", cnn_error_text());
    end();
  }
}
END_TEST

/* No tensor, in memory that cannot be written. */
static cnn_status no_tensors(stream *x, cnn_batch *batch) {
  static const char nothing[64] = {0};
  (void)x;
  batch->targets = batch->sample_weights = (const cnn_tensor *)(const void *)nothing;
  return CNN_OK;
}

START_TEST(predict_does_not_look_at_targets) {
  begin(no_tensors);
  ck_assert_int_eq(predicts(NULL), CNN_OK);
  end();
}
END_TEST

/* ---- the augmenter ---- */

static cnn_augmenter *used;
static cnn_status told;

static cnn_status changes(stream *x, cnn_batch *batch) {
  (void)x, (void)batch;
  told = cnn_augmenter_set_statistics(used, 3, (const double[]){9, 9, 9}, NULL);
  return CNN_OK;
}

static cnn_status lets_go(stream *x, cnn_batch *batch) {
  (void)x, (void)batch;
  cnn_augmenter_free(used);
  used = NULL;
  return CNN_OK;
}

START_TEST(augmenter_stays) {
  for (int i = 0; i < 6; i++) {
    begin(i % 2 ? lets_go : changes);
    ck_assert_int_eq(cnn_augmenter_new_text(&used, f.context, "featurewise_std_normalization=true"), CNN_OK);
    ck_assert_int_eq(cnn_augmenter_fit(used, f.data.labels, NULL), CNN_OK);
    told = CNN_OK;
    ck_assert_msg(calls[i / 2](used) == CNN_OK, "%s", cnn_error_text());
    ck_assert_int_eq(told, i % 2 ? CNN_OK : CNN_ESTATE);
    if (used)
      ck_assert_int_eq(cnn_augmenter_channels(used), 1);
    cnn_augmenter_free(used);
    end();
  }
}
END_TEST

/* ---- the model ---- */

static cnn_status compiles(stream *x, cnn_batch *batch) {
  const char *loss = "sparse_categorical_crossentropy";
  cnn_optimizer *sgd;
  (void)x, (void)batch;
  CNN__TRY(cnn_sgd_new(&sgd, f.context, NULL));
  told = cnn_model_compile(f.model, sgd, 1, &loss, NULL);
  cnn_optimizer_free(sgd);
  return CNN_OK;
}

static cnn_status frees(stream *x, cnn_batch *batch) {
  (void)x, (void)batch;
  cnn_model_free(f.model);
  f.model = NULL;
  return CNN_OK;
}

/* It is refused a new plan and more layers while a call runs on the old ones, and lives until the call returns. */
START_TEST(model_stays) {
  for (int i = 0; i < 3; i++) {
    begin(compiles);
    told = CNN_OK;
    ck_assert_msg(calls[i](NULL) == CNN_OK, "%s", cnn_error_text());
    ck_assert_int_eq(told, CNN_ESTATE);
    ck_assert_int_eq(compiles(NULL, NULL), CNN_OK);
    ck_assert_int_eq(told, CNN_OK);
    s.spoil = frees;
    ck_assert_msg(calls[i](NULL) == CNN_OK, "%s", cnn_error_text());
    ck_assert_ptr_null(f.model);
    end();
  }
}
END_TEST

static cnn_status appends(stream *x, cnn_batch *batch) {
  (void)x, (void)batch;
  ck_assert_ptr_null(cnn_flatten(f.model, NULL));
  ck_assert_ptr_nonnull(strstr(cnn_error_text(), "is in use by the call that asks for this batch"));
  return CNN_OK;
}

START_TEST(layers_stay) {
  begin(appends);
  cnn_model_free(f.model);
  ck_assert_int_eq(cnn_model_new(&f.model, f.context, NULL), CNN_OK);
  int64_t shape[CNN_MAX_RANK];
  int32_t rank = cnn_dataset_input_shape(f.data.labels, shape);
  cnn_input(f.model, rank, shape, NULL);
  cnn_flatten(f.model, NULL);
  ck_assert_msg(predicts(NULL) == CNN_OK, "%s", cnn_error_text());
  ck_assert_ptr_nonnull(cnn_flatten(f.model, NULL));
  end();
}
END_TEST

/* ---- options ---- */

static void refused(const cnn_fit_opts *options, const char *part) {
  const int32_t before = s.calls;
  ck_assert_int_eq(cnn_model_fit_source(f.model, &s.source, options), CNN_EINVAL);
  ck_assert_msg(strstr(cnn_error_text(), part) != NULL, "%s, not %s", cnn_error_text(), part);
  ck_assert_int_eq(s.calls, before);
}

START_TEST(refuses_options) {
  cnn_logs *logs;
  cnn_tensor *outputs;
  cnn_batch_source none = {.size = sizeof none};
  stream t;
  begin(NULL);
  stream_open(&t, &f, f.other.labels, 7);
  refused(cnn_fit_opts(.validation_split = 0.1), "validation_split");
  refused(cnn_fit_opts(.validation = f.other.labels, .validation_source = &t.source), "both given");
  refused(cnn_fit_opts(.validation_steps = -1), "validation_steps is -1");
  refused(cnn_fit_opts(.validation_batch_size = -2), "validation_batch_size is -2");
  refused(cnn_fit_opts(.validation_source = &none), "next is NULL");
  s.source.batches = -1;
  refused(NULL, "batches of the batch source is -1");
  ck_assert_int_eq(cnn_model_fit_source(f.model, &none, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_fit_source(f.model, NULL, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_fit_source(NULL, &t.source, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_evaluate_source(&logs, f.model, NULL, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_evaluate_source(&logs, f.model, &t.source, cnn_evaluate_opts(.steps = -1)), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_predict_source(&outputs, 1, f.model, NULL, NULL), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_predict_source(&outputs, 1, f.model, &t.source, cnn_predict_opts(.steps = -1)), CNN_EINVAL);
  stream_close(&t);
  end();
}
END_TEST

int main(void) {
  return RUN_SUITE("source_misuse", 60, size_does_not_grow, predict_does_not_look_at_targets, augmenter_stays, model_stays,
                   layers_stay, refuses_options);
}
