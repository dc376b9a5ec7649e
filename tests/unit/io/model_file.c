/* model_file: a model that was saved and loaded predicts and goes on training with the same bits. */
#include "io/container.h"

#include "core/text.h"
#include "io/atomic_file.h"
#include "scratch.h"
#include "small_model.h"

#include <errno.h>
#include <fenv.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
  const char *name, *attributes;
} optimizers[] = {{"adam", "learning_rate=0.01 beta_1=0.8"},
                  {"sgd", "learning_rate=0.1"},
                  {"sgd", "learning_rate=0.05 momentum=0.9 nesterov=true"}};

/* Loop index: the optimizer. */
START_TEST(training_goes_on_with_the_same_bits) {
  cnn_context *context = scratch_context(), *other;
  cnn_model *m = small_model(context);
  small_model_compile(m, optimizers[_i].name, optimizers[_i].attributes);
  small_model_train(m, 3);
  ck_assert_int_eq(cnn_model_set_learning_rate(m, 0.0123), CNN_OK);
  small_model_train(m, 2);
  small_model_save(m, "f", NULL);
  ck_assert_int_eq(cnn_context_new(&other, cnn_context_opts(.seed = 99, .threads = 1)), CNN_OK);
  cnn_model *copy = small_model_load(other, "f", NULL);
  ck_same_model(m, copy);
  float outputs[2][20];
  small_model_predict(m, outputs[0]);
  small_model_predict(copy, outputs[1]);
  ck_assert(memcmp(outputs[0], outputs[1], sizeof outputs[0]) == 0);
  small_model_train(m, 3);
  small_model_train(copy, 3);
  ck_same_model(m, copy);
  small_model_save(copy, "g", NULL);
  small_model_save(m, "f", NULL);
  size_t counts[2];
  unsigned char *files[2] = {scratch_read("f", &counts[0]), scratch_read("g", &counts[1])};
  ck_assert(counts[0] == counts[1] && memcmp(files[0], files[1], counts[0]) == 0);
  free(files[0]);
  free(files[1]);
  cnn_model_free(copy);
  cnn_model_free(m);
  cnn_context_free(other);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

START_TEST(without_a_compilation) {
  cnn_context *context = scratch_context();
  cnn_model *m = small_model(context);
  small_model_save(m, "f", NULL);
  cnn_model *copy = small_model_load(context, "f", NULL);
  ck_same_model(m, copy);
  ck_assert_int_eq(copy->compiled, 0);
  cnn_model_free(copy);
  cnn_model_free(m);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

START_TEST(without_the_state_of_the_optimizer) {
  cnn_context *context = scratch_context();
  cnn_model *m = small_model(context);
  small_model_compile(m, "adam", NULL);
  small_model_train(m, 2);
  ck_assert_int_eq(cnn_model_set_learning_rate(m, 0.25), CNN_OK);
  small_model_save(m, "with", NULL);
  small_model_save(m, "without", cnn_save_opts(.no_optimizer = 1));
  cnn_model *copy = small_model_load(context, "without", NULL);
  ck_assert_int_eq(copy->compiled, 1);
  ck_assert_int_eq(copy->iterations, 0);
  ck_assert(cnn_model_learning_rate(copy) == 0.25);
  ck_assert(copy->parameters[0].slots[0][0] == 0);
  cnn_model_free(copy);
  copy = small_model_load(context, "with", cnn_load_opts(.no_optimizer = 1));
  ck_assert_int_eq(copy->compiled, 0);
  ck_assert_uint_eq(copy->pass, m->pass);
  cnn_model_free(copy);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

START_TEST(weights_alone) {
  cnn_context *context = scratch_context();
  cnn_model *m = small_model(context), *other = small_model(context), *none;
  char hash[3][33];
  small_model_compile(m, "adam", NULL);
  small_model_train(m, 2);
  small_model_save(m, "w", cnn_save_opts(.weights_only = 1));
  small_model_save(m, "f", NULL);
  cnn_model_hash(m, hash[0]);
  ck_assert_str_ne(cnn_model_hash(other, hash[1]), hash[0]);
  ck_assert_int_eq(cnn_model_load_weights(other, scratch_path("w"), NULL), CNN_OK);
  ck_assert_str_eq(cnn_model_hash(other, hash[1]), hash[0]);
  small_model_compile(other, "sgd", NULL);
  small_model_train(other, 1);
  ck_assert_str_ne(cnn_model_hash(other, hash[1]), hash[0]);
  ck_assert_int_eq(cnn_model_load_weights(other, scratch_path("f"), NULL), CNN_OK);
  ck_assert_str_eq(cnn_model_hash(other, hash[1]), hash[0]);
  ck_assert_int_eq(other->iterations, 1);
  float outputs[2][20];
  small_model_predict(m, outputs[0]);
  small_model_predict(other, outputs[1]);
  ck_assert(memcmp(outputs[0], outputs[1], sizeof outputs[0]) == 0);
  ck_failed(cnn_model_load(&none, context, scratch_path("w"), NULL), CNN_EFORMAT, "holds weights alone");
  cnn_model_free(other);
  cnn_model_free(m);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

/* A dense network of these units, its layers called a and b. */
START_TEST(weights_that_do_not_fit_change_nothing) {
  cnn_context *context = scratch_context();
  cnn_model *m = dense_model(context, 5, "b");
  char hash[2][33];
  static const struct {
    int64_t units;
    const char *name, *part;
  } others[] = {{5, NULL, "weight 'b/kernel' is missing in the file"},
                {5, "c", "weight 'b/kernel' is missing in the file"},
                {6, "b", "weight 'a/kernel' is float32 (3, 5) in the model, float32 (3, 6) in the file"}};
  cnn_model_hash(m, hash[0]);
  for (size_t i = 0; i < 3; i++) {
    cnn_model *other = dense_model(context, others[i].units, others[i].name);
    small_model_save(other, "o", cnn_save_opts(.weights_only = 1));
    ck_failed(cnn_model_load_weights(m, scratch_path("o"), NULL), CNN_ESHAPE, others[i].part);
    ck_failed(cnn_model_load_weights(m, scratch_path("o"), NULL), CNN_ESHAPE, "/o': weight");
    cnn_model_free(other);
  }
  cnn_model *shorter = dense_model(context, 5, NULL);
  small_model_save(m, "m", NULL);
  ck_failed(cnn_model_load_weights(shorter, scratch_path("m"), NULL), CNN_ESHAPE,
            "weight 'b/kernel' of the file is none of the model's");
  cnn_model_free(shorter);
  ck_failed(cnn_model_load_weights(m, scratch_path("none"), NULL), CNN_EIO, "cannot open");
  ck_assert_str_eq(cnn_model_hash(m, hash[1]), hash[0]);
  cnn_model_free(m);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

START_TEST(arguments) {
  cnn_context *context = scratch_context();
  cnn_model *m, *empty;
  ck_assert_int_eq(cnn_model_new(&empty, context, NULL), CNN_OK);
  ck_failed(cnn_model_save(NULL, "f", NULL), CNN_EINVAL, "model is NULL");
  ck_failed(cnn_model_save(empty, NULL, NULL), CNN_EINVAL, "path is NULL");
  ck_assert_int_lt(cnn_model_save(empty, scratch_path("f"), NULL), 0);
  ck_failed(cnn_model_load(NULL, context, "f", NULL), CNN_EINVAL, "out is NULL");
  ck_failed(cnn_model_load(&m, NULL, "f", NULL), CNN_EINVAL, "context is NULL");
  ck_failed(cnn_model_load(&m, context, NULL, NULL), CNN_EINVAL, "path is NULL");
  ck_failed(cnn_model_load(&m, context, "f", cnn_load_opts(.max_bytes = -1)), CNN_EINVAL, "max_bytes is -1");
  ck_failed(cnn_model_load(&m, context, "f", cnn_load_opts(.reserved = 1)), CNN_ETOONEW, "cnn_load_opts");
  ck_failed(cnn_model_load_weights(NULL, "f", NULL), CNN_EINVAL, "model is NULL");
  ck_failed(cnn_model_load_weights(empty, NULL, NULL), CNN_EINVAL, "path is NULL");
  ck_assert_int_eq(scratch_count(), 0);
  cnn_conv2d(empty, 3, 3, 3, NULL);
  ck_assert_int_lt(cnn_model_save(empty, scratch_path("f"), NULL), 0);
  ck_assert_int_eq(scratch_count(), 0);
  cnn_model_free(empty);
  cnn_context_free(context);
}
END_TEST

/* Whatever the caller's rounding mode, the same model; and the mode is found as it was left. */
START_TEST(rounding_modes) {
  cnn_context *context = scratch_context();
  cnn_model *m = small_model(context);
  small_model_compile(m, "adam", "learning_rate=0.0007 beta_2=0.99");
  small_model_save(m, "f", NULL);
  ck_assert_int_eq(fesetround(FE_UPWARD), 0);
  cnn_model *copy = small_model_load(context, "f", NULL);
  small_model_save(m, "g", NULL);
  ck_assert_int_eq(fegetround(), FE_UPWARD);
  ck_assert_int_eq(fesetround(FE_TONEAREST), 0);
  ck_same_model(m, copy);
  cnn_model_free(copy);
  copy = small_model_load(context, "g", NULL);
  ck_same_model(m, copy);
  cnn_model_free(copy);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

static char logged[512];
static void log_line(void *user, int32_t level, const char *line) {
  (void)user;
  ck_assert_int_eq(level, CNN_LOG_WARNING);
  ck_assert_int_eq(logged[0], 0);
  cnn__format(logged, sizeof logged, "%s", line);
}

START_TEST(weights_that_are_not_finite_are_told) {
  cnn_context *context;
  const cnn_logger logger = {.size = sizeof logger, .write = log_line};
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.logger = &logger)), CNN_OK);
  cnn_model *m = dense_model(context, 5, "b");
  m->layers[2]->weights[0].value[7] = -INFINITY;
  m->layers[2]->weights[0].value[8] = NAN;
  small_model_save(m, "f", NULL);
  ck_assert_str_eq(logged, "");
  cnn_model *copy = small_model_load(context, "f", NULL);
  ck_assert_ptr_nonnull(strstr(logged, "weight 'b/kernel' holds NaN or infinity, first at element 7"));
  ck_assert_float_infinite(copy->layers[2]->weights[0].value[7]);
  logged[0] = 0;
  ck_assert_int_eq(cnn_model_load_weights(m, scratch_path("f"), NULL), CNN_OK);
  ck_assert_ptr_nonnull(strstr(logged, "weight 'b/kernel' holds NaN"));
  cnn_model_free(copy);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

START_TEST(another_reader_takes_it) {
  cnn_context *context = scratch_context();
  cnn_model *m = small_model(context);
  char command[2048];
  small_model_compile(m, "adam", NULL);
  if (access("/usr/bin/python3", X_OK) == 0)
    for (int only = 0; only < 2; only++) {
      small_model_save(m, "f", cnn_save_opts(.weights_only = only));
      cnn__format(command, sizeof command, "/usr/bin/python3 %s %s", SAFETENSORS_CHECK, scratch_path("f"));
      ck_assert_int_eq(system(command), 0);
    }
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

/* A file of the first format version: every later version reads it, and finds the same in it. */
START_TEST(files_of_version_1) {
  cnn_context *context = scratch_context();
  cnn_model *m = NULL, *again;
  char hash[33];
  ck_assert_msg(cnn_model_load(&m, context, GOLDEN, NULL) == CNN_OK, "%s", cnn_error_text());
  ck_assert_str_eq(cnn_model_hash(m, hash), "e82922f1be86a85bf5f5bb3f76b91dad");
  ck_assert_str_eq(m->name, "kl\xc3\xa4" "in");
  ck_assert_int_eq(m->layer_count, 9);
  ck_assert_uint_eq(m->seed, 7);
  ck_assert_uint_eq(m->pass, 1);
  ck_assert_int_eq(m->iterations, 3);
  ck_assert(m->rate == 0.0123f);
  small_model_save(m, "f", NULL);
  again = small_model_load(context, "f", NULL);
  ck_same_model(m, again);
  small_model_train(again, 1);
  cnn_model_free(again);
  cnn_model_free(m);
  cnn_context_free(context);
}
END_TEST

static void add(TCase *tests) {
  tcase_add_loop_test(tests, training_goes_on_with_the_same_bits, 0, sizeof optimizers / sizeof optimizers[0]);
  tcase_add_test(tests, without_a_compilation);
  tcase_add_test(tests, without_the_state_of_the_optimizer);
  tcase_add_test(tests, weights_alone);
  tcase_add_test(tests, weights_that_do_not_fit_change_nothing);
  tcase_add_test(tests, arguments);
  tcase_add_test(tests, rounding_modes);
  tcase_add_test(tests, weights_that_are_not_finite_are_told);
  tcase_add_test(tests, another_reader_takes_it);
  tcase_add_test(tests, files_of_version_1);
}

int main(void) { return scratch_run("model_file", add); }
