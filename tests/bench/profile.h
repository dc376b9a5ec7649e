/* profile: where the time of a training step goes, op by op. */
#ifndef BENCH_PROFILE_H
#define BENCH_PROFILE_H

#include "network.h"
#include "suite.h"

/* Trains `steps` augmented steps with every op timed and notes in table "layers" each op's milliseconds (as if the workers
 * shared it evenly), GFLOP/s and share of the step; then the sum of all ops, the step by the clock, and what no op
 * accounts for: waiting at barriers, claiming and the clock itself. */
void profile_step(bench *b, network_run *r, int64_t steps);

#endif
