/* An augmenter's standardisation in training, validation, evaluation and prediction: the bits of a data set that was
 * standardised beforehand. */
#include "compare.h"
#include "stream.h"
#include "suite.h"

static fitting f;

static cnn_augmenter *measured(const char *text) {
  cnn_augmenter *augmenter;
  ck_assert_int_eq(cnn_augmenter_new_text(&augmenter, f.context, text), CNN_OK);
  ck_assert_int_eq(cnn_augmenter_fit(augmenter, f.data.labels, NULL), CNN_OK);
  return augmenter;
}

/* The samples as they are, or standardised. */
static cnn_tensor *samples_of(const cnn_dataset *dataset, const cnn_augmenter *augmenter) {
  cnn_tensor *inputs, *standardized;
  ck_assert_int_eq(cnn_dataset_inputs(&inputs, dataset, 0, cnn_dataset_count(dataset)), CNN_OK);
  if (!augmenter)
    return inputs;
  ck_assert_int_eq(cnn_augmenter_standardize(&standardized, augmenter, inputs), CNN_OK);
  cnn_tensor_free(inputs);
  return standardized;
}

static cnn_dataset *beforehand(const cnn_dataset *dataset, const cnn_augmenter *augmenter) {
  cnn_tensor *inputs = samples_of(dataset, augmenter), *labels;
  cnn_dataset *made;
  ck_assert_int_eq(cnn_dataset_labels(&labels, dataset), CNN_OK);
  ck_assert_int_eq(cnn_dataset_new(&made, f.context, 1, &inputs, 1, &labels, cnn_dataset_opts(.classes = cnn_dataset_classes(dataset))), CNN_OK);
  cnn_tensor_free(inputs);
  cnn_tensor_free(labels);
  return made;
}

static double loss_of(const cnn_dataset *dataset, const cnn_augmenter *augmenter) {
  cnn_logs *logs;
  ck_assert_int_eq(cnn_model_evaluate(&logs, f.model, dataset, cnn_evaluate_opts(.augmenter = augmenter)), CNN_OK);
  const double loss = training_value(logs, "loss");
  cnn_logs_free(logs);
  return loss;
}

#define EVERYTHING "rescale=2 samplewise_center=true featurewise_std_normalization=true"

START_TEST(fit_and_its_validation) {
  for (int32_t split = 0; split < 2; split++) {
    fitting_open(&f, 2);
    cnn_augmenter *augmenter = measured(EVERYTHING);
    cnn_dataset *train = beforehand(f.data.labels, augmenter), *other = beforehand(f.other.labels, augmenter);
    cnn_fit_opts o = *cnn_fit_opts(.epochs = 3, .batch_size = 12, .validation = split ? NULL : other, .validation_split = split * 0.2);
    fitting_outcome expected = fitting_run(&f, train, o);
    fitting_anew(&f);
    o.augmenter = augmenter;
    o.validation = split ? NULL : f.other.labels;
    fitting_equal(fitting_run(&f, f.data.labels, o), expected);
    ck_assert_double_gt(expected.val_loss, 0);
    ck_assert_double_eq(loss_of(f.other.labels, augmenter), loss_of(other, NULL));
    ck_assert_double_ne(loss_of(f.other.labels, NULL), loss_of(other, NULL));
    cnn_dataset_free(other);
    cnn_dataset_free(train);
    cnn_augmenter_free(augmenter);
    fitting_close(&f);
  }
}
END_TEST

/* Transforms belong to training alone: with or without them the same validation. */
START_TEST(validation_is_not_transformed) {
  fitting_open(&f, 2);
  cnn_augmenter *moving = measured("rotation_range=90 horizontal_flip=true featurewise_center=true"), *still = measured("featurewise_center=true");
  fitting_run(&f, f.data.labels, *cnn_fit_opts(.epochs = 1, .augmenter = moving));
  ck_assert_double_eq(loss_of(f.other.labels, moving), loss_of(f.other.labels, still));
  ck_assert_double_eq(loss_of(f.other.labels, moving), loss_of(f.other.labels, moving));
  cnn_augmenter_free(still);
  cnn_augmenter_free(moving);
  fitting_close(&f);
}
END_TEST

START_TEST(predictions) {
  fitting_open(&f, 2);
  cnn_augmenter *augmenter = measured(EVERYTHING);
  cnn_tensor *raw = samples_of(f.other.labels, NULL), *scaled = samples_of(f.other.labels, augmenter), *outputs[3];
  const cnn_tensor *const inputs[] = {raw}, *const made[] = {scaled};
  ck_assert_int_eq(cnn_model_predict(&outputs[0], 1, f.model, made, 1, NULL), CNN_OK);
  ck_assert_int_eq(cnn_model_predict(&outputs[1], 1, f.model, inputs, 1, cnn_predict_opts(.augmenter = augmenter, .batch_size = 3)), CNN_OK);
  ck_assert_int_eq(cnn_model_predict_dataset(&outputs[2], 1, f.model, f.other.labels, cnn_predict_opts(.augmenter = augmenter)), CNN_OK);
  const int64_t count = cnn_tensor_count(outputs[0]);
  compare_bits("of tensors", cnn_tensor_read(outputs[1]), cnn_tensor_read(outputs[0]), count, 0);
  compare_bits("of data sets", cnn_tensor_read(outputs[2]), cnn_tensor_read(outputs[0]), count, 0);
  for (int i = 0; i < 3; i++)
    cnn_tensor_free(outputs[i]);
  cnn_tensor_free(raw);
  cnn_tensor_free(scaled);
  cnn_augmenter_free(augmenter);
  fitting_close(&f);
}
END_TEST

START_TEST(batches_of_a_function) {
  fitting_open(&f, 2);
  cnn_augmenter *augmenter = measured(EVERYTHING " rotation_range=30");
  cnn_fit_opts o = *cnn_fit_opts(.epochs = 2, .batch_size = 10, .no_shuffle = 1, .augmenter = augmenter, .validation = f.other.labels);
  fitting_outcome expected = fitting_run(&f, f.data.labels, o);
  fitting_anew(&f);
  stream s;
  stream_open(&s, &f, f.data.labels, 10);
  cnn_history *history;
  char hash[33];
  o.history = &history;
  ck_assert_msg(cnn_model_fit_source(f.model, &s.source, &o) == CNN_OK, "%s", cnn_error_text());
  cnn_model_hash(f.model, hash);
  ck_assert_str_eq(hash, expected.hash);
  ck_assert_double_eq(training_history(history, 1, "val_loss"), expected.val_loss);
  cnn_history_free(history);
  stream_close(&s);
  cnn_augmenter_free(augmenter);
  fitting_close(&f);
}
END_TEST

/* Without statistics, or with those of other images, nothing is begun. */
START_TEST(what_is_refused) {
  cnn_logs *logs;
  cnn_tensor *out;
  cnn_augmenter *augmenter;
  const double three[3] = {0, 0, 0};
  stream s;
  fitting_open(&f, 1);
  stream_open(&s, &f, f.data.labels, 10);
  cnn_tensor *raw = samples_of(f.other.labels, NULL);
  const cnn_tensor *const inputs[] = {raw};
  ck_assert_int_eq(cnn_augmenter_new_text(&augmenter, f.context, "featurewise_center=true"), CNN_OK);
  for (int turn = 0; turn < 2; turn++) {
    const cnn_status status = turn ? CNN_ESHAPE : CNN_ESTATE;
    ck_assert_int_eq(cnn_model_fit(f.model, f.data.labels, cnn_fit_opts(.augmenter = augmenter)), status);
    ck_assert_int_eq(cnn_model_fit_source(f.model, &s.source, cnn_fit_opts(.augmenter = augmenter)), status);
    ck_assert_int_eq(cnn_model_evaluate(&logs, f.model, f.other.labels, cnn_evaluate_opts(.augmenter = augmenter)), status);
    ck_assert_int_eq(cnn_model_predict(&out, 1, f.model, inputs, 1, cnn_predict_opts(.augmenter = augmenter)), status);
    ck_assert_int_eq(cnn_model_predict_dataset(&out, 1, f.model, f.other.labels, cnn_predict_opts(.augmenter = augmenter)), status);
    ck_assert_int_eq(cnn_augmenter_set_statistics(augmenter, 3, three, NULL), CNN_OK);
  }
  ck_assert_int_eq(cnn_model_iterations(f.model), 0);
  cnn_augmenter_free(augmenter);
  cnn_tensor_free(raw);
  stream_close(&s);
  fitting_close(&f);
}
END_TEST

int main(void) {
  return RUN_SUITE("standardized", 120, fit_and_its_validation, validation_is_not_transformed, predictions, batches_of_a_function,
                   what_is_refused);
}
