/* plan_layers: the layers that a plan runs, which are the model's, neighbours made into one where a rule of fusions.def
 * says so; which of them reads which; and where gradients go. */
#include "model/plan.h"

#include "core/memory.h"
#include "layers/fused/fusion.h"
#include "model/model_internal.h"

/* ---- layers ---- */

/* How many layers from `first` on are a row in which each reads the one before and nobody else does; no rule takes
 * more than CNN__MAX_MEMBERS. */
static int32_t row_at(const cnn_model *model, const int32_t *readers, int32_t first) {
  int32_t end = first + 1;
  while (end < model->layer_count && end - first < CNN__MAX_MEMBERS && readers[end - 1] == 1 &&
         model->layers[end]->input_count == 1 && model->layers[end]->inputs[0] == model->layers[end - 1])
    end++;
  return end - first;
}

/* The first rule that takes layers from `first` on; *count tells how many. */
static const cnn__fusion *rule_at(const cnn__plan *plan, const cnn_model *model, int32_t first, int32_t *count) {
  int32_t row = row_at(model, plan->readers, first), training = plan->mode == CNN__MODE_TRAIN;
  for (int32_t i = 0; model->context->fuse && !plan->inspection && i < cnn__fusion_count(); i++) {
    const cnn__fusion *rule = cnn__fusion_at(i);
    *count = rule->match((const cnn_layer *const *)model->layers + first, row, training);
    if (*count)
      return rule;
  }
  *count = 1;
  return NULL;
}

/* Layer i of the model, or its still form where the plan is of these. */
static cnn_layer *layer_at(const cnn__plan *plan, const cnn_model *model, int32_t i) {
  if (!plan->stills)
    return model->layers[i];
  plan->stills[i] = *model->layers[i];
  cnn__layer_freeze(&plan->stills[i], 1);
  return &plan->stills[i];
}

/* readers: at first of the model's layers, then of the plan's, which are as many or fewer. */
static cnn_status make_layers(cnn__plan *plan, const cnn_model *model) {
  int32_t end = plan->inspection ? plan->inspection->last + 1 : model->layer_count;
  for (int32_t i = 0; i < end; i++)
    for (int32_t k = 0; k < model->layers[i]->input_count; k++)
      plan->readers[model->layers[i]->inputs[k]->index]++;
  for (int32_t i = 0, count; i < end; i += count) {
    const cnn__fusion *rule = rule_at(plan, model, i, &count);
    cnn_layer *layer = layer_at(plan, model, i);
    if (rule)
      CNN__TRY(cnn__fused_new(&layer, rule, (const cnn_layer *const *)model->layers + i, count));
    plan->first_member[plan->layer_count] = i;
    plan->readers[plan->layer_count] = plan->readers[i + count - 1];
    plan->layers[plan->layer_count++] = layer;
  }
  return CNN_OK;
}

/* ---- edges ---- */

/* The layer of the plan that holds layer `index` of the model. */
static int32_t place_of(const cnn__plan *plan, int32_t index) {
  int32_t low = 0, high = plan->layer_count;
  while (high - low > 1) {
    int32_t middle = low + (high - low) / 2;
    if (plan->first_member[middle] <= index)
      low = middle;
    else
      high = middle;
  }
  return low;
}

static void make_edges(cnn__plan *plan, const cnn_model *model) {
  int32_t count = 0;
  for (int32_t i = 0; i < plan->layer_count; i++) {
    const cnn_layer *first = model->layers[plan->first_member[i]];
    plan->first_edge[i] = count;
    plan->learns[i] = plan->stills || (plan->mode == CNN__MODE_TRAIN && cnn__layer_learns(plan->layers[i]));
    for (int32_t k = 0; k < first->input_count; k++) {
      int32_t from = place_of(plan, first->inputs[k]->index);
      plan->edges[count++] = (cnn__edge){from, -1};
      plan->learns[i] |= plan->learns[from];
    }
  }
  plan->first_edge[plan->layer_count] = count;
}

/* Backward goes through the layers from the last to the first: so do those that share in a gradient. */
static void direct_gradients(cnn__plan *plan, int32_t *begun) {
  int32_t layers = plan->layer_count;
  for (int32_t i = layers - 1; i > 0; i--)
    for (int32_t e = plan->first_edge[i]; e < plan->first_edge[i + 1]; e++) {
      cnn__edge *edge = &plan->edges[e];
      if (!plan->learns[edge->from])
        continue;
      edge->dx = begun[edge->from] ? 3 * layers + 1 + e : layers + edge->from;
      begun[edge->from] = 1;
    }
}

int32_t cnn__op_buffers(const cnn__plan *plan, const cnn__op *op, int32_t buffers[CNN__OP_BUFFERS]) {
  const int32_t own[] = {op->x, op->y, op->dy, op->dx};
  int32_t count = 0;
  for (int32_t i = 0; i < 4; i++)
    if (own[i] >= 0)
      buffers[count++] = own[i];
  for (int32_t k = 1; (op->all_x || op->all_dx) && k < cnn__plan_inputs(plan, op->layer); k++) {
    const cnn__edge *edge = cnn__plan_edge(plan, op->layer, k);
    if (op->all_x)
      buffers[count++] = edge->from;
    if (op->all_dx && edge->dx >= 0)
      buffers[count++] = edge->dx;
  }
  return count;
}

/* ---- all of it ---- */

static cnn_status allocate(cnn__plan *plan, const cnn_model *model) {
  size_t layers = (size_t)model->layer_count, edges = 0;
  for (int32_t i = 0; i < model->layer_count; i++)
    edges += (size_t)model->layers[i]->input_count;
  plan->layers = cnn__alloc_zero(model->context, layers * sizeof *plan->layers, "layers of a plan");
  plan->edges = cnn__alloc_zero(model->context, edges * sizeof *plan->edges, "edges of a plan");
  plan->first_member = cnn__alloc_zero(model->context, (4 * layers + 1) * sizeof(int32_t), "layers of a plan");
  if (plan->mode == CNN__MODE_GRADIENT)
    plan->stills = cnn__alloc_zero(model->context, layers * sizeof *plan->stills, "still layers of a plan");
  if (!plan->layers || !plan->edges || !plan->first_member || (plan->mode == CNN__MODE_GRADIENT && !plan->stills))
    return CNN_ENOMEM;
  plan->readers = plan->first_member + layers;
  plan->learns = plan->readers + layers;
  plan->first_edge = plan->learns + layers;
  return CNN_OK;
}

cnn_status cnn__plan_layers(cnn__plan *plan, const cnn_model *model) {
  CNN__TRY(allocate(plan, model));
  CNN__TRY(make_layers(plan, model));
  make_edges(plan, model);
  int32_t *begun = cnn__alloc_zero(model->context, (size_t)plan->layer_count * sizeof *begun, "gradients of a plan");
  if (!begun)
    return CNN_ENOMEM;
  direct_gradients(plan, begun);
  cnn__free(model->context, begun);
  return CNN_OK;
}

void cnn__plan_layers_free(cnn__plan *plan) {
  for (int32_t i = 0; i < plan->layer_count; i++)
    if (plan->layers[i]->member_count)
      cnn__layer_free(plan->layers[i]);
  cnn__free(plan->context, plan->layers);
  cnn__free(plan->context, plan->edges);
  cnn__free(plan->context, plan->stills);
  cnn__free(plan->context, plan->first_member);
}
