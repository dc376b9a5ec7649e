/* steps: as a run makes them, all stages of one after the other. */
#include "steps.h"

#include <string.h>

void steps_begin(const cnn_optimizer *optimizer, steps_array *array, int64_t n) {
  memset(array, 0, sizeof *array);
  array->n = n;
  for (int32_t s = 0; s < CNN__MAX_SLOTS; s++)
    for (int64_t i = 0; i < n; i++)
      array->slots[s][i] = cnn__optimizer_slot_start(optimizer, s);
}

static cnn__piece piece_of(const cnn_optimizer *optimizer, steps_array *array) {
  cnn__piece piece = {.n = array->n, .w = array->w, .g = array->g, .decays = cnn__optimizer_decays(optimizer, "a/kernel")};
  for (int32_t s = 0; s < CNN__MAX_SLOTS; s++)
    piece.slots[s] = cnn__optimizer_slots(optimizer) >> s & 1 ? array->slots[s] : NULL;
  return piece;
}

void steps_take(const cnn_optimizer *optimizer, const cnn__kernels *k, int64_t call, float rate, steps_array *arrays,
                int32_t count) {
  cnn__update update;
  cnn__piece pieces[STEPS_ARRAYS];
  cnn__squares squares[STEPS_ARRAYS] = {{0, 0}}, all = {0, 0};
  int32_t whole = cnn__optimizer_whole(optimizer);
  cnn__update_begin(optimizer, call, rate, &update);
  for (int32_t i = 0; i < count; i++) {
    pieces[i] = piece_of(optimizer, &arrays[i]);
    if (whole == CNN__WHOLE_NOTHING)
      cnn__update_piece(optimizer, k, &update, &pieces[i]);
    else
      cnn__update_gather(optimizer, k, &update, &pieces[i], &squares[i]);
    all.first += squares[i].first;
  }
  for (int32_t i = 0; i < count && whole != CNN__WHOLE_NOTHING; i++) {
    float norm = cnn__update_clips_all(optimizer) ? cnn__update_factor(optimizer, &all) : cnn__update_norm(&squares[i]);
    if (whole == CNN__WHOLE_GRADIENTS) {
      cnn__update_change(optimizer, k, &update, &pieces[i], norm);
    } else {
      cnn__update_direct(optimizer, k, &update, &pieces[i], norm, &squares[i]);
      cnn__update_move(optimizer, k, &update, &pieces[i], cnn__update_ratio(&squares[i]));
    }
  }
}
