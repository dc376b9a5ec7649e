/* optimizer_state: a model saved between two steps goes on with the same bits, whatever the optimizer and its options. */
#include "optimizers.h"

#include "scratch.h"
#include "small_model.h"

#include <string.h>

START_TEST(training_goes_on_with_the_same_bits) {
  char attributes[512];
  const char *type = optimizer_combination(_i, attributes, sizeof attributes);
  cnn_context *context = scratch_context();
  cnn_model *m = small_model(context), *copy;
  small_model_compile(m, type, attributes);
  small_model_train(m, 4); /* between two updates where three steps make one */
  ck_assert_msg(cnn_model_save(m, scratch_path("f"), NULL) == CNN_OK, "%s", cnn_error_text());
  ck_assert_msg(cnn_model_load(&copy, context, scratch_path("f"), NULL) == CNN_OK, "%s", cnn_error_text());
  ck_same_model(m, copy);
  small_model_train(m, 3);
  small_model_train(copy, 3);
  ck_same_model(m, copy);
  cnn_model_free(copy);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

static void add(TCase *tests) {
  tcase_add_loop_test(tests, training_goes_on_with_the_same_bits, 0, optimizer_combinations());
}

int main(void) { return scratch_run("optimizer_state", add); }
