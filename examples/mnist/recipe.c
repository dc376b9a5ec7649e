/* recipe: the table of recipes, and the one-cycle rate (Smith 2018): up and down again in straight lines. */
#include "recipe.h"

#include <stddef.h>
#include <string.h>

#define NOTEBOOK_AUGMENTATION "rotation_range=10 zoom_range=0.1 width_shift_range=0.1 height_shift_range=0.1"

static const recipe recipes[] = {
    {.name = "notebook", .batch_size = 128, .epochs = 30, .parts = 1, .learning_rate = 0.001, .momentum = 0.99f,
     .dropout = {0.25f, 0.25f, 0.5f}, .augmentation = NOTEBOOK_AUGMENTATION},
    {.name = "fast", .batch_size = 64, .epochs = 10, .parts = 8, .learning_rate = 0.006, .one_cycle = 1,
     .first_rate = 0.0005, .last_rate = 0.00002, .rise = 0.2, .momentum = 0.8f, .dropout = {0, 0, 0.2f},
     .label_smoothing = 0.1},
    {.name = "precise", .batch_size = 64, .epochs = 32, .parts = 2, .learning_rate = 0.004, .one_cycle = 1,
     .first_rate = 0.0005, .last_rate = 0.00002, .rise = 0.2, .momentum = 0.9f, .dropout = {0, 0, 0.3f},
     .weight_decay = 0.05, .label_smoothing = 0.1,
     .augmentation = "rotation_range=10 zoom_range=0.1 shear_range=5 width_shift_range=0.05 height_shift_range=0.05"},
};

const recipe *recipe_find(const char *name) {
  for (size_t i = 0; i < sizeof recipes / sizeof recipes[0]; i++)
    if (strcmp(recipes[i].name, name) == 0)
      return &recipes[i];
  return NULL;
}

double recipe_rate(const recipe *r, double peak, int64_t step, int64_t steps) {
  double at = (double)step / (double)(steps > 1 ? steps - 1 : 1);
  if (at < r->rise)
    return r->first_rate + (peak - r->first_rate) * at / r->rise;
  return peak + (r->last_rate - peak) * (at - r->rise) / (1 - r->rise);
}
