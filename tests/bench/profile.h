/* profile: where the time of a training step or of inference goes, op by op. */
#ifndef BENCH_PROFILE_H
#define BENCH_PROFILE_H

#include "network.h"
#include "suite.h"

/* Runs `steps` augmented training steps, or batches of inference, with every op timed and notes in table "layers" or
 * "inference_layers" each op's milliseconds (as if the workers shared it evenly), GFLOP/s, share of the FMA peak and of
 * the step; then the sum of all ops, what the workers waited for each other within segments, what lies between segments,
 * and the step by the clock, which is a little longer than without the timing. */
void profile_training(bench *b, network_run *r, int64_t steps);
void profile_inference(bench *b, network_run *r, int64_t steps);

#endif
