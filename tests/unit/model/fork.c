/* fork: a child made while other threads predict on a model uses and frees it, whoever held its lock in that moment.
 *
 * Not built for the sanitizer for threads, which ends a child that starts threads. */
#include "suite.h"

#include <cnn/cnn.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define INPUTS 16
#define CALLERS 3

typedef struct predicting {
  cnn_model *model;
  const cnn_tensor *x;
  cnn_tensor *y[CALLERS];
  atomic_int stop, callers;
} predicting;

static cnn_status predict(const predicting *p, cnn_tensor *y) {
  return cnn_model_predict_into(&y, 1, p->model, &p->x, 1, NULL);
}

static void *keep_predicting(void *argument) {
  predicting *p = argument;
  cnn_tensor *y = p->y[atomic_fetch_add(&p->callers, 1)];
  while (!atomic_load(&p->stop))
    if (predict(p, y) < 0)
      return p;
  return NULL;
}

static cnn_tensor *tensor(cnn_context *context, int64_t columns) {
  cnn_tensor *made;
  ck_assert_int_eq(cnn_tensor_new(&made, context, CNN_F32, 2, (const int64_t[]){1, columns}, NULL), CNN_OK);
  return made;
}

/* Its exit status 0 means that it had the parent's results. */
static void be_the_child(const predicting *p, cnn_tensor *y, const float *expected) {
  alarm(20);
  cnn_status status = predict(p, y);
  int32_t same = memcmp(cnn_tensor_read(y), expected, cnn_tensor_bytes(y)) == 0;
  cnn_model_free(p->model);
  _exit(status < 0 || !same);
}

START_TEST(children_of_threads_that_predict) {
  cnn_context *context;
  predicting p = {.stop = 0};
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 1)), CNN_OK);
  ck_assert_int_eq(cnn_model_new(&p.model, context, NULL), CNN_OK);
  cnn_input(p.model, 1, (const int64_t[]){INPUTS}, NULL);
  ck_assert(cnn_dense(p.model, 2, NULL) != NULL);
  cnn_tensor *x = tensor(context, INPUTS), *y = tensor(context, 2);
  p.x = x;
  for (int32_t i = 0; i < INPUTS; i++)
    ((float *)cnn_tensor_data(x))[i] = (float)i;
  ck_assert_int_eq(predict(&p, y), CNN_OK);
  float expected[2];
  memcpy(expected, cnn_tensor_read(y), sizeof expected);
  pthread_t threads[CALLERS];
  for (int32_t i = 0; i < CALLERS; i++) {
    p.y[i] = tensor(context, 2);
    ck_assert_int_eq(pthread_create(&threads[i], NULL, keep_predicting, &p), 0);
  }
  for (int32_t i = 0; i < 300; i++) {
    int status = -1;
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
      be_the_child(&p, y, expected);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "child %d ended with %x", (int)i, (unsigned)status);
  }
  atomic_store(&p.stop, 1);
  for (int32_t i = 0; i < CALLERS; i++) {
    void *failed;
    pthread_join(threads[i], &failed);
    ck_assert_ptr_null(failed);
  }
  /* Which thread had which tensor is not known: all have ended. */
  for (int32_t i = 0; i < CALLERS; i++)
    cnn_tensor_free(p.y[i]);
  cnn_tensor_free(x);
  cnn_tensor_free(y);
  cnn_model_free(p.model);
  cnn_context_free(context);
}
END_TEST

int main(void) { return RUN_SUITE("fork", 100, children_of_threads_that_predict); }
