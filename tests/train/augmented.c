/* augmented: the same bits from a whole fit on augmented, shuffled images with dropout, a short last batch and validation, for any
 * number of threads and any instruction set. */
#include "notebook.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES 60
#define BATCH 25

static cnn_dataset *real_images(cnn_context *context) {
  char images[512], labels[512];
  cnn_dataset *all, *last;
  snprintf(images, sizeof images, "%s/t10k-images-idx3-ubyte.gz", MNIST_DIR);
  snprintf(labels, sizeof labels, "%s/t10k-labels-idx1-ubyte.gz", MNIST_DIR);
  ck_assert_msg(cnn_dataset_load_idx(&all, context, images, labels, NULL) == CNN_OK, "%s", cnn_error_text());
  ck_assert_int_eq(cnn_dataset_split(&last, all, (double)SAMPLES / (double)cnn_dataset_count(all)), CNN_OK);
  cnn_dataset_free(all);
  return last;
}

/* What the notebook does, and all that there is. */
static const char *const texts[] = {
    "rotation_range=10 zoom_range=0.1 width_shift_range=0.1 height_shift_range=0.1",
    "rotation_range=30 shear_range=10 zoom_lower=0.8 zoom_upper=1.3 width_shift_range=2 horizontal_flip=true vertical_flip=true "
    "channel_shift_range=0.2 brightness_upper=1.5 fill_mode=reflect rescale=2 samplewise_center=true featurewise_std_normalization=true"};

/* The hash after two passes; 0 where this machine has no such instruction set. */
static int hash_of(int32_t threads, const char *cpu, int augment, char hash[33]) {
  cnn_context *context;
  cnn_augmenter *augmenter = NULL;
  if (cpu)
    setenv("CNN_CPU", cpu, 1);
  cnn_status status = cnn_context_new(&context, cnn_context_opts(.threads = threads, .seed = 3));
  unsetenv("CNN_CPU");
  if (cpu && status == CNN_EINVAL)
    return 0;
  ck_assert_msg(status == CNN_OK, "%s", cnn_error_text());
  cnn_dataset *data = real_images(context);
  cnn_model *model = notebook_new(context, 1);
  notebook_compile(model, "adam", NULL);
  if (augment) {
    ck_assert_int_eq(cnn_augmenter_new_text(&augmenter, context, texts[augment - 1]), CNN_OK);
    ck_assert_int_eq(cnn_augmenter_fit(augmenter, data, NULL), CNN_OK);
  }
  status = cnn_model_fit(model, data,
                         cnn_fit_opts(.batch_size = BATCH, .epochs = 2, .augmenter = augmenter, .validation_split = 0.1));
  ck_assert_msg(status == CNN_OK, "%s", cnn_error_text());
  cnn_model_hash(model, hash);
  cnn_augmenter_free(augmenter);
  cnn_model_free(model);
  cnn_dataset_free(data);
  cnn_context_free(context);
  return 1;
}

START_TEST(threads_change_no_bit) {
  static const int32_t counts[] = {2, 3, 4, 7};
  char one[33], several[33];
  hash_of(1, NULL, 1, one);
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    hash_of(counts[i], NULL, 1, several);
    ck_assert_msg(!strcmp(one, several), "1 thread: %s, %d threads: %s", one, (int)counts[i], several);
  }
  hash_of(1, NULL, 2, one);
  hash_of(3, NULL, 2, several);
  ck_assert_str_eq(one, several);
}
END_TEST

START_TEST(instruction_sets_change_no_bit) {
  static const char *const levels[] = {"avx2", "avx512"};
  char reference[33], vectors[33];
  for (int augment = 1; augment <= 2; augment++) {
    ck_assert_int_eq(hash_of(2, "ref", augment, reference), 1);
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
      if (hash_of(2, levels[i], augment, vectors))
        ck_assert_msg(!strcmp(reference, vectors), "ref: %s, %s: %s", reference, levels[i], vectors);
  }
}
END_TEST

START_TEST(augmentation_changes_what_is_learnt) {
  char with[33], without[33];
  hash_of(1, NULL, 1, with);
  hash_of(1, NULL, 0, without);
  ck_assert_str_ne(with, without);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("augmented");
  TCase *all = tcase_create("all");
  tcase_set_timeout(all, 120);
  tcase_add_test(all, threads_change_no_bit);
  tcase_add_test(all, instruction_sets_change_no_bit);
  tcase_add_test(all, augmentation_changes_what_is_learnt);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
