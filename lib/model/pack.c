/* pack: the derived forms of the weights that kernels read. Made anew when weights have changed; in a training step
 * that is every time, in parallel. */
#include "model/pack.h"

#include "core/memory.h"

typedef struct packing {
  const cnn_model *model;
  const cnn__kernels *k;
} packing;

static int64_t parts_of(const cnn_layer *layer, const cnn__phase *phase) {
  return phase->parts ? phase->parts(layer) : 1;
}

void cnn__pack_part(const cnn_model *model, const cnn__kernels *k, int32_t layer, const cnn__phase *phase, int64_t part,
                    int64_t parts) {
  const cnn__arrays *arrays = &model->arrays[layer];
  cnn__work work = {.k = k,
                    .layer = model->layers[layer],
                    .activation = model->layers[layer]->activation,
                    .activation_parameter = model->layers[layer]->activation_parameter,
                    .part = part,
                    .parts = parts,
                    .packs = arrays->packs,
                    .weights = arrays->weights,
                    .grads = arrays->grads,
                    .arrays = arrays};
  phase->run(&work);
}

static int64_t parts_of_layer(const cnn_layer *layer) {
  int64_t parts = 0;
  for (const cnn__phase *phase = layer->type->phases[CNN__PHASE_PACK]; phase && phase->run; phase++)
    parts += parts_of(layer, phase);
  return parts;
}

static void item(void *user, int64_t number, int32_t worker) {
  (void)worker;
  const packing *p = user;
  int32_t i = 0;
  for (int64_t parts; number >= (parts = parts_of_layer(p->model->layers[i])); i++)
    number -= parts;
  const cnn_layer *layer = p->model->layers[i];
  const cnn__phase *phase = layer->type->phases[CNN__PHASE_PACK];
  for (int64_t parts; number >= (parts = parts_of(layer, phase)); phase++)
    number -= parts;
  cnn__pack_part(p->model, p->k, i, phase, number, parts_of(layer, phase));
}

static void pack_all(const cnn_model *model) {
  packing p = {model, cnn__kernels_for(model->context->level, model->context->provider)};
  int64_t items = 0;
  for (int32_t i = 0; i < model->layer_count; i++)
    items += parts_of_layer(model->layers[i]);
  cnn__pool_run(model->context->pool, items, item, &p);
}

void cnn__model_pack(const cnn_model *model) {
  cnn_model *shared = (cnn_model *)(uintptr_t)model; /* packs are derived from the weights, and guarded by the lock */
  if (atomic_load_explicit(&shared->packs_version, memory_order_acquire) == model->weights_version)
    return;
  cnn__lock_take(&shared->lock);
  if (atomic_load(&shared->packs_version) != model->weights_version) {
    pack_all(model);
    atomic_store_explicit(&shared->packs_version, model->weights_version, memory_order_release);
  }
  cnn__lock_leave(&shared->lock);
}

void cnn__model_packed(cnn_model *model) {
  atomic_store_explicit(&model->packs_version, model->weights_version, memory_order_release);
}

cnn_status cnn__packs_new(cnn_model *model) {
  int64_t floats = 0;
  if (model->packs_block)
    return CNN_OK;
  for (int32_t i = 0; i < model->layer_count; i++)
    for (int32_t p = 0; p < model->layers[i]->pack_count; p++)
      floats += cnn__round_floats(model->layers[i]->pack_floats[p]);
  float *block = cnn__alloc(model->context, (size_t)floats * sizeof(float), "packed weights"), *next = block;
  if (!block)
    return CNN_ENOMEM;
  for (int32_t i = 0; i < model->layer_count; i++)
    for (int32_t p = 0; p < model->layers[i]->pack_count; p++) {
      model->arrays[i].packs[p] = next;
      next += cnn__round_floats(model->layers[i]->pack_floats[p]);
    }
  atomic_store(&model->packs_version, model->weights_version - 1);
  model->packs_block = block; /* last: a child of a fork may come upon what another thread was doing here */
  return CNN_OK;
}

void cnn__packs_free(cnn_model *model) {
  for (int32_t i = 0; i < model->layer_count; i++)
    for (int32_t p = 0; p < CNN__MAX_PACKS; p++)
      model->arrays[i].packs[p] = NULL;
  cnn__free(model->context, model->packs_block);
  model->packs_block = NULL;
}
