/* dying: see dying.h. */
#include "dying.h"

#include <check.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static cnn_status die(void *user, const cnn_event *event) {
  death *d = user;
  (void)event;
  if (d->after >= 0 && d->after-- == 0)
    (void)kill(getpid(), SIGKILL);
  return CNN_OK;
}

cnn_callback *death_callback(cnn_context *context, death *d) {
  cnn_callback *callback;
  const cnn_callback_functions functions = {.size = sizeof functions, .user = d, .batch_end = die, .epoch_end = die};
  ck_assert_int_eq(cnn_callback_new(&callback, context, &functions), CNN_OK);
  return callback;
}

void train_and_die(void (*train)(death d), death d) {
  int how;
  pid_t child = fork();
  ck_assert_int_ge(child, 0);
  if (child == 0) {
    train(d);
    _exit(0);
  }
  ck_assert_int_eq(waitpid(child, &how, 0), child);
  ck_assert(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
}
