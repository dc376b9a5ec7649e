/* fusion: rules by which a plan makes one layer of several neighbours, so that tensors between them need not exist.
 *
 * A fused layer has a type of its own, which stands in no registry: its setup reads the members, its phases work on
 * all of them. It has no weights, the members keep theirs (cnn__work.arrays). Sums, slots and state of the members lie
 * in the fused layer's, one member's for all shards before the next one's; where they are, cnn__member tells. */
#ifndef CNN_LAYERS_FUSED_FUSION_H
#define CNN_LAYERS_FUSED_FUSION_H

#include "layers/layer_internal.h"

typedef struct cnn__fusion {
  const char *name;
  const char *help; /* one sentence: what is saved */
  /* How many of the layers, of which each reads the one before, the rule takes from the first on; 0: it does not
   * match, else 2 to CNN__MAX_MEMBERS. training: of a plan for training, else of one for inference. */
  int32_t (*match)(const cnn_layer *const *layers, int32_t count, int32_t training);
  const cnn__layer_type *type;
} cnn__fusion;

#define FUSION(name) extern const cnn__fusion cnn__##name##_fusion;
#include "layers/fused/fusions.def"
#undef FUSION
int32_t cnn__fusion_count(void);
const cnn__fusion *cnn__fusion_at(int32_t index);

/* The layer that a rule makes of `count` layers; freed by cnn__layer_free. */
cnn_status cnn__fused_new(cnn_layer **out, const cnn__fusion *rule, const cnn_layer *const *members, int32_t count);

/* For setup: sums, slots, state and operations of all members together. */
void cnn__fused_sizes(cnn_layer *layer);

/* The record for a phase of member m. x, y, dy, dx, kept and scratch are the fused layer's. */
cnn__work cnn__member(const cnn__work *work, int32_t m);

/* The phase of a member's list that is batch-wide: there is one. */
const cnn__phase *cnn__parts_phase(const cnn_layer *member, int32_t list);

/* Is it a layer of this type? */
static inline int32_t cnn__is(const cnn_layer *layer, const cnn__layer_type *type) { return layer->type == type; }

#endif
