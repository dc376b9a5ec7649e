/* regularizer: what a weight array costs by its size: l1 times the sum of its magnitudes and l2 times that of its squares. */
#include "layers/regularizer.h"

enum { NONE, L1, L2, L1_L2 };

const cnn__forms cnn__regularizers = {
    .names = {[NONE] = "none", [L1] = "l1", [L2] = "l2", [L1_L2] = "l1_l2"},
    .numbers = {[L1] = {{"l1", 0.01f, 0.0f}},
                [L2] = {{"l2", 0.01f, 0.0f}},
                [L1_L2] = {{"l1", 0.0f, 0.0f}, {"l2", 0.0f, 0.0f}}},
};

void cnn__regularize(cnn__weight *weight, const cnn__form *form) {
  weight->l1 = form->choice == L1 || form->choice == L1_L2 ? form->numbers[0] : 0;
  weight->l2 = form->choice == L2 ? form->numbers[0] : form->choice == L1_L2 ? form->numbers[1] : 0;
}
