/* pack: the derived forms of the weights that kernels read. Made anew when weights have changed; in a training step
 * that is every time, in parallel. */
#include "model/pack.h"

#include "core/memory.h"

typedef struct packing {
  const cnn_model *model;
  const cnn__kernels *k;
  int32_t round;
} packing;

/* The phase of a layer in a round: its first, second ... pack phase; NULL where it has fewer. */
static const cnn__phase *phase_of(const cnn_layer *layer, int32_t round) {
  const cnn__phase *phases = layer->type->phases[CNN__PHASE_PACK];
  for (int32_t i = 0; phases && phases[i].run; i++)
    if (i == round)
      return &phases[i];
  return NULL;
}

static int64_t parts_of(const cnn_layer *layer, int32_t round) {
  const cnn__phase *phase = phase_of(layer, round);
  if (!phase)
    return 0;
  return phase->parts ? phase->parts(layer) : 1;
}

static void item(void *user, int64_t number, int32_t worker) {
  (void)worker;
  const packing *p = user;
  int32_t i = 0;
  for (int64_t parts; number >= (parts = parts_of(p->model->layers[i], p->round)); i++)
    number -= parts;
  const cnn_layer *layer = p->model->layers[i];
  const cnn__arrays *arrays = &p->model->arrays[i];
  cnn__work work = {.k = p->k,
                    .layer = layer,
                    .activation = layer->activation,
                    .part = number,
                    .parts = parts_of(layer, p->round),
                    .packs = arrays->packs,
                    .weights = arrays->weights,
                    .grads = arrays->grads};
  phase_of(layer, p->round)->run(&work);
}

static void pack_all(const cnn_model *model) {
  packing p = {model, cnn__kernels_for(model->context->level, model->context->provider), 0};
  for (;; p.round++) {
    int64_t items = 0;
    for (int32_t i = 0; i < model->layer_count; i++)
      items += parts_of(model->layers[i], p.round);
    if (!items)
      return;
    cnn__pool_run(model->context->pool, items, item, &p);
  }
}

void cnn__model_pack(const cnn_model *model) {
  cnn_model *shared = (cnn_model *)(uintptr_t)model; /* packs are derived from the weights, and guarded by the lock */
  pthread_mutex_lock(&shared->lock);
  if (shared->packs_version != shared->weights_version) {
    pack_all(model);
    shared->packs_version = shared->weights_version;
  }
  pthread_mutex_unlock(&shared->lock);
}

cnn_status cnn__packs_new(cnn_model *model) {
  int64_t floats = 0;
  if (model->packs_block)
    return CNN_OK;
  for (int32_t i = 0; i < model->layer_count; i++)
    for (int32_t p = 0; p < model->layers[i]->pack_count; p++)
      floats += cnn__round_floats(model->layers[i]->pack_floats[p]);
  model->packs_block = cnn__alloc(model->context, (size_t)floats * sizeof(float), "packed weights");
  if (!model->packs_block)
    return CNN_ENOMEM;
  float *next = model->packs_block;
  for (int32_t i = 0; i < model->layer_count; i++)
    for (int32_t p = 0; p < model->layers[i]->pack_count; p++) {
      model->arrays[i].packs[p] = next;
      next += cnn__round_floats(model->layers[i]->pack_floats[p]);
    }
  model->packs_version = model->weights_version - 1;
  return CNN_OK;
}

void cnn__packs_free(cnn_model *model) {
  for (int32_t i = 0; i < model->layer_count; i++)
    for (int32_t p = 0; p < CNN__MAX_PACKS; p++)
      model->arrays[i].packs[p] = NULL;
  cnn__free(model->context, model->packs_block);
  model->packs_block = NULL;
}
