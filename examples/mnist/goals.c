/* goals: when the validation accuracy first reached what --time-to asks for. */
#include "mnist.h"

void goals_note(run *r, const cnn_event *event) {
  double accuracy, seconds = seconds_since_start(r);
  if (!r->options.goal_count || cnn_logs_value(event->logs, "val_accuracy", &accuracy) < 0)
    return;
  for (int i = 0; i < r->options.goal_count; i++)
    if (r->goal_seconds[i] <= 0 && accuracy >= r->options.goals[i]) {
      r->goal_seconds[i] = seconds;
      r->goal_epochs[i] = event->epoch;
    }
}

int goals_missed(const run *r) {
  int missed = 0;
  for (int i = 0; i < r->options.goal_count; i++)
    missed += r->goal_seconds[i] <= 0;
  return missed;
}

int goals_reached(const run *r) { return r->options.goal_count && !goals_missed(r); }

void say_goals(run *r) {
  for (int i = 0; i < r->options.goal_count; i++)
    if (r->goal_seconds[i] > 0)
      say(&r->screen, "Time to validation accuracy %g: %.2f seconds, after epoch %lld\n", r->options.goals[i],
          r->goal_seconds[i], (long long)r->goal_epochs[i] + 1);
    else
      say(&r->screen, "Time to validation accuracy %g: not reached in %lld epochs\n", r->options.goals[i],
          (long long)cnn_history_count(r->history));
}
