/* busy: training of the notebook's model beside another program that keeps one of the CPUs for itself, of training without it.
 * A fair system leaves (threads - 0.5) / threads: a whole CPU for each thread but one, which has half of its own. */
#include "network.h"
#include "suite.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define BATCH 128
#define WARM 3 /* steps until the system has moved who it wants to move */

#if defined(__linux__)
/* Another process that does nothing, all the time, on the last CPU that this one may use. */
static pid_t start_other(void) {
  cpu_set_t allowed, last;
  pid_t other = fork();
  if (other != 0)
    return other;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  CPU_ZERO(&last);
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0)
    for (size_t cpu = CPU_SETSIZE; cpu-- > 0 && !CPU_COUNT(&last);)
      if (CPU_ISSET(cpu, &allowed))
        CPU_SET(cpu, &last);
  if (sched_setaffinity(0, sizeof last, &last) != 0)
    _exit(1);
  for (;;)
    __asm__ volatile("");
}

static void measure_round(bench *b, network_run *run) {
  bench_machine(b);
  network_train(run, run->plain, WARM);
  double idle = network_train(run, run->plain, b->steps);
  pid_t other = start_other();
  if (other < 0)
    return;
  network_train(run, run->plain, WARM);
  double busy = network_train(run, run->plain, b->steps);
  kill(other, SIGKILL);
  waitpid(other, NULL, 0);
  bench_value(b, "idle_images_per_second", idle);
  bench_value(b, "busy_images_per_second", busy);
  bench_value(b, "busy_of_idle", busy / idle);
}
#else
static void measure_round(bench *b, network_run *run) {
  (void)run;
  bench_machine(b);
}
#endif

cnn_status bench_busy(bench *b) {
  network n = {0};
  network_run run = {0};
  cnn_status status = network_new(&n, b->context, 28, 1, BATCH * 20);
  if (status >= 0)
    status = network_run_new(&run, &n, BATCH);
  for (int32_t i = 0; i < b->rounds && status >= 0; i++)
    measure_round(b, &run);
  network_run_free(&run);
  network_free(&n);
  return status;
}
