/* plan_layers: the layers that a plan runs: the model's, neighbours made into one where a rule of fusions.def says so. */
#include "model/plan.h"

#include "core/memory.h"
#include "layers/fused/fusion.h"
#include "model/model_internal.h"

/* The first rule that takes layers from `first` on; *count tells how many. */
static const cnn__fusion *rule_at(const cnn_model *model, int32_t first, int32_t training, int32_t *count) {
  for (int32_t i = 0; model->context->fuse && i < cnn__fusion_count(); i++) {
    const cnn__fusion *rule = cnn__fusion_at(i);
    *count = rule->match((const cnn_layer *const *)model->layers + first, model->layer_count - first, training);
    if (*count)
      return rule;
  }
  *count = 1;
  return NULL;
}

cnn_status cnn__plan_layers(cnn__plan *plan, const cnn_model *model) {
  size_t layers = (size_t)model->layer_count;
  plan->layers = cnn__alloc_zero(model->context, layers * sizeof *plan->layers, "layers of a plan");
  plan->first_member = cnn__alloc_zero(model->context, layers * sizeof *plan->first_member, "layers of a plan");
  if (!plan->layers || !plan->first_member)
    return CNN_ENOMEM;
  for (int32_t i = 0, count; i < model->layer_count; i += count) {
    const cnn__fusion *rule = rule_at(model, i, plan->mode == CNN__MODE_TRAIN, &count);
    cnn_layer *layer = model->layers[i];
    if (rule)
      CNN__TRY(cnn__fused_new(&layer, rule, (const cnn_layer *const *)model->layers + i, count));
    plan->first_member[plan->layer_count] = i;
    plan->layers[plan->layer_count++] = layer;
  }
  return CNN_OK;
}

void cnn__plan_layers_free(cnn__plan *plan) {
  for (int32_t i = 0; i < plan->layer_count; i++)
    if (plan->layers[i]->member_count)
      cnn__layer_free(plan->layers[i]);
  cnn__free(plan->context, plan->layers);
  cnn__free(plan->context, plan->first_member);
}
