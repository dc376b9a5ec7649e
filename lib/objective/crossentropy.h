/* crossentropy: what the cross-entropies share. */
#ifndef CNN_OBJECTIVE_CROSSENTROPY_H
#define CNN_OBJECTIVE_CROSSENTROPY_H

#include "objective/objective.h"

#include "kernels/math.h"

#define CNN__CLIP_LOW 1.00000001168609742e-7  /* 1e-7 as float32 */
#define CNN__CLIP_HIGH 0.999999880790710449   /* 1 - 1e-7 as float32 */

static inline double cnn__clip(double p) {
  return p < CNN__CLIP_LOW ? CNN__CLIP_LOW : p > CNN__CLIP_HIGH ? CNN__CLIP_HIGH : p;
}

/* Outside of the bounds the gradient is 0. */
static inline int32_t cnn__clipped(double p) { return p < CNN__CLIP_LOW || p > CNN__CLIP_HIGH; }

/* The settings of the two that smooth. Those of a metric are the same without a reduction. */
typedef struct cnn__smoothing {
  int32_t reduction, from_logits;
  float label_smoothing;
} cnn__smoothing;

#define CNN__FROM_LOGITS_ROW(offset)                                                                                   \
  {"from_logits", CNN_ATTRIBUTE_FLAG, offset, 0, "false", 0, 1, NULL, "outputs are logits, not probabilities"}
#define CNN__SMOOTHING_ROW                                                                                             \
  {"label_smoothing", CNN_ATTRIBUTE_FLOAT, offsetof(cnn__smoothing, label_smoothing), 0, "0", 0, 1, NULL,              \
   "share of each target that is spread over all classes"}

#endif
