/* objectives: a loss and metrics with attributes in a file, and the bits that training goes on with. */
#include "scratch.h"
#include "small_model.h"

#include "cnn/train.h"

#include <stdlib.h>
#include <string.h>

static void compile(cnn_model *model, const char *loss) {
  static const char *const metrics[] = {"acc", "top_k_categorical_accuracy k=2 name=top2", "mse"};
  static const char *const weighted[] = {"acc", "binary_accuracy threshold=0.25"};
  cnn_optimizer *adam;
  ck_assert_int_eq(cnn_adam_new(&adam, model->context, NULL), CNN_OK);
  cnn_status status = cnn_model_compile(model, adam, 1, &loss,
                                        cnn_compile_opts(.metrics = metrics, .metric_count = 3,
                                                         .weighted_metrics = weighted, .weighted_metric_count = 2));
  ck_assert_msg(status == CNN_OK, "%s", cnn_error_text());
  cnn_optimizer_free(adam);
}

static void goes_on_from_a_file(const char *loss) {
  char hash[2][33];
  cnn_context *context = scratch_context();
  cnn_model *model = small_model(context), *loaded;
  compile(model, loss);
  small_model_train(model, 3);
  ck_assert_int_eq(cnn_model_save(model, scratch_path("m"), NULL), CNN_OK);
  ck_assert_msg(cnn_model_load(&loaded, context, scratch_path("m"), NULL) == CNN_OK, "%s", cnn_error_text());
  ck_same_model(model, loaded);
  ck_assert_str_eq(loaded->metric_names[3], "weighted_acc");
  small_model_train(model, 3);
  small_model_train(loaded, 3);
  ck_assert_str_eq(cnn_model_hash(model, hash[0]), cnn_model_hash(loaded, hash[1]));
  cnn_model_free(model);
  cnn_model_free(loaded);
  cnn_context_free(context);
}

START_TEST(every_loss_goes_on_from_a_file) { goes_on_from_a_file(cnn_loss_type_at(_i)); }
END_TEST

START_TEST(attributes_go_into_the_file) {
  goes_on_from_a_file("categorical_crossentropy label_smoothing=0.1 reduction=sum");
  goes_on_from_a_file("sparse_categorical_crossentropy ignore_class=1 reduction=mean_with_sample_weight");
  goes_on_from_a_file("huber delta=0.3");
}
END_TEST

START_TEST(attributes_make_a_difference) {
  static const char *const losses[] = {"categorical_crossentropy", "categorical_crossentropy label_smoothing=0.1"};
  char hash[2][33];
  for (int i = 0; i < 2; i++) {
    cnn_context *context = scratch_context();
    cnn_model *model = small_model(context);
    compile(model, losses[i]);
    small_model_train(model, 2);
    cnn_model_hash(model, hash[i]);
    cnn_model_free(model);
    cnn_context_free(context);
  }
  ck_assert_str_ne(hash[0], hash[1]);
}
END_TEST

static void add(TCase *tests) {
  tcase_add_loop_test(tests, every_loss_goes_on_from_a_file, 0, cnn_loss_type_count());
  tcase_add_test(tests, attributes_go_into_the_file);
  tcase_add_test(tests, attributes_make_a_difference);
}

int main(void) { return scratch_run("objectives", add); }
