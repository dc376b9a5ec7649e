/* threads: several threads predict on one model, and two contexts train side by side, with the bits that each has
 * alone. */
#include "notebook.h"

#include "model/model_internal.h"

#include <check.h>
#include <pthread.h>
#include <string.h>

#define ROWS 12
#define READERS 4
#define ROUNDS 6

static notebook_images images;

static void set_up(void) { images = notebook_load("train", 4 * ROWS); }

static void tear_down(void) { notebook_unload(&images); }

typedef struct reader {
  const cnn_model *model;
  int64_t first;
  cnn_status status;
  float outputs[ROWS * NOTEBOOK_CLASSES];
} reader;

static void *predict(void *user) {
  reader *r = user;
  for (int i = 0; i < ROUNDS; i++) {
    cnn__run *run;
    test_batch batch;
    r->status = cnn__model_borrow_run(r->model, CNN__MODE_PREDICT, ROWS, &run);
    if (r->status < 0)
      return NULL;
    test_batch_set(&batch, images.pixels + r->first * NOTEBOOK_PIXELS, NOTEBOOK_PIXELS, NULL, ROWS);
    cnn__run_predict(run, r->model, &batch.feed, r->outputs);
    cnn__model_return_run(r->model, run);
  }
  return NULL;
}

START_TEST(several_threads_predict_on_one_model) {
  cnn_context *context;
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 2)), CNN_OK);
  cnn_model *model = notebook_new(context, 1);
  reader readers[READERS];
  pthread_t threads[READERS];
  for (int i = 0; i < READERS; i++) {
    readers[i] = (reader){.model = model, .first = i * ROWS};
    ck_assert_int_eq(pthread_create(&threads[i], NULL, predict, &readers[i]), 0);
  }
  for (int i = 0; i < READERS; i++)
    pthread_join(threads[i], NULL);
  for (int i = 0; i < READERS; i++) {
    reader alone = {.model = model, .first = i * ROWS};
    ck_assert_int_eq(readers[i].status, CNN_OK);
    predict(&alone);
    ck_assert_mem_eq(alone.outputs, readers[i].outputs, sizeof alone.outputs);
  }
  cnn_model_free(model);
  cnn_context_free(context);
}
END_TEST

typedef struct trainer {
  cnn_model *model;
  cnn__run *run;
  char hash[33];
} trainer;

static void *train(void *user) {
  trainer *t = user;
  for (uint32_t step = 0; step < 3; step++) {
    test_batch batch;
    test_batch_set(&batch, images.pixels, NOTEBOOK_PIXELS, images.targets, 2 * ROWS);
    cnn__run_train(t->run, t->model, &batch.feed, step);
  }
  cnn_model_hash(t->model, t->hash);
  return NULL;
}

static trainer trainer_new(void) {
  trainer t;
  cnn_context *context;
  const cnn__plan *plan;
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 2, .seed = 9)), CNN_OK);
  t.model = notebook_new(context, 1);
  cnn_context_free(context);
  notebook_compile(t.model, "adam", NULL);
  ck_assert_int_eq(cnn__model_plan(t.model, CNN__MODE_TRAIN, &plan), CNN_OK);
  ck_assert_int_eq(cnn__run_new(&t.run, t.model, plan, 2 * ROWS), CNN_OK);
  return t;
}

static void trainer_free(trainer *t) {
  cnn__run_free(t->run);
  cnn_model_free(t->model);
}

START_TEST(two_contexts_train_side_by_side) {
  trainer alone = trainer_new(), pair[2] = {trainer_new(), trainer_new()};
  pthread_t threads[2];
  train(&alone);
  for (int i = 0; i < 2; i++)
    ck_assert_int_eq(pthread_create(&threads[i], NULL, train, &pair[i]), 0);
  for (int i = 0; i < 2; i++) {
    pthread_join(threads[i], NULL);
    ck_assert_str_eq(pair[i].hash, alone.hash);
    trainer_free(&pair[i]);
  }
  trainer_free(&alone);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("threads");
  TCase *all = tcase_create("all");
  tcase_add_checked_fixture(all, set_up, tear_down);
  tcase_set_timeout(all, 120);
  tcase_add_test(all, several_threads_predict_on_one_model);
  tcase_add_test(all, two_contexts_train_side_by_side);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
