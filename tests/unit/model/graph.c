/* graph: names, inputs and what a model of this version may look like. */
#include "cnn/train.h"
#include "model/graph.h"

#include <check.h>
#include <string.h>

static cnn_context *context;
static cnn_model *m;

static void set_up(void) {
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 1)), CNN_OK);
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
}

static void tear_down(void) {
  cnn_model_free(m);
  cnn_context_free(context);
}

static void input(void) { ck_assert_ptr_nonnull(cnn_input(m, 1, (const int64_t[]){4}, NULL)); }

static void compile_fails(cnn_status status, const char *text) {
  cnn_optimizer *adam;
  const char *loss = "categorical_crossentropy";
  ck_assert_int_eq(cnn_adam_new(&adam, context, NULL), CNN_OK);
  ck_assert_int_eq(cnn_model_compile(m, adam, 1, &loss, NULL), status);
  ck_assert_msg(strstr(cnn_error_text(), text) != NULL, "'%s' lacks '%s'", cnn_error_text(), text);
  cnn_optimizer_free(adam);
}

START_TEST(names_count_up_by_type) {
  input();
  ck_assert_str_eq(cnn_layer_name(cnn_dense(m, 3, NULL)), "dense");
  ck_assert_str_eq(cnn_layer_name(cnn_dense(m, 3, NULL)), "dense_1");
  ck_assert_str_eq(cnn_layer_name(cnn_dense(m, 3, cnn_dense_opts(.name = "mine"))), "mine");
  ck_assert_str_eq(cnn_layer_name(cnn_dense(m, 3, NULL)), "dense_2");
  ck_assert_str_eq(cnn_layer_name(cnn_activation(m, CNN_ACTIVATION_RELU, NULL)), "activation");
  ck_assert_str_eq(cnn_layer_name(cnn_model_layer_at(m, 0)), "input");
  ck_assert_int_eq(cnn_model_layer_count(m), 6);
  ck_assert_ptr_null(cnn_model_layer_at(m, 6));
  ck_assert_ptr_null(cnn_model_layer_at(m, -1));
}
END_TEST

/* Names that the user took are stepped over, those before and those to come. */
START_TEST(numbers_step_over_names_that_are_taken) {
  input();
  cnn_dense(m, 3, cnn_dense_opts(.name = "dense_1"));
  ck_assert_str_eq(cnn_layer_name(cnn_dense(m, 3, NULL)), "dense");
  ck_assert_str_eq(cnn_layer_name(cnn_dense(m, 3, NULL)), "dense_2");
  cnn_dense(m, 3, cnn_dense_opts(.name = "dense_3"));
  cnn_dense(m, 3, cnn_dense_opts(.name = "activation"));
  ck_assert_str_eq(cnn_layer_name(cnn_dense(m, 3, NULL)), "dense_4");
  ck_assert_str_eq(cnn_layer_name(cnn_activation(m, CNN_ACTIVATION_RELU, NULL)), "activation_1");
  ck_assert_int_eq(cnn_model_status(m), CNN_OK);
}
END_TEST

/* Where each name were sought from the first number on, this would take minutes and the test's time would be over. */
START_TEST(thousands_of_unnamed_layers) {
  input();
  for (int i = 0; i < 20000; i++)
    ck_assert_ptr_nonnull(cnn_flatten(m, NULL));
  ck_assert_str_eq(cnn_layer_name(cnn_model_layer_at(m, 20000)), "flatten_19999");
  for (int i = 1; i < 20000; i += 77) {
    const cnn_layer *layer = cnn_model_layer_at(m, i);
    ck_assert_ptr_eq(cnn_model_layer(m, cnn_layer_name(layer)), layer);
  }
}
END_TEST

START_TEST(a_name_is_taken_once) {
  input();
  ck_assert_ptr_nonnull(cnn_dense(m, 3, cnn_dense_opts(.name = "a")));
  ck_assert_ptr_null(cnn_dense(m, 3, cnn_dense_opts(.name = "a")));
  ck_assert_str_eq(cnn_error_text(), "dense: name 'a' is taken by layer 1, a dense");
  ck_assert_int_eq(cnn_model_status(m), CNN_ENAME);
}
END_TEST

START_TEST(bad_names) {
  char long_name[300];
  memset(long_name, 'x', sizeof long_name - 1);
  long_name[sizeof long_name - 1] = 0;
  const char *const names[] = {"", "a\nb", "a/b", "\xff", long_name};
  input();
  ck_assert_ptr_null(cnn_dense(m, 3, cnn_dense_opts(.name = names[_i])));
  ck_assert_int_eq(cnn_model_status(m), CNN_EINVAL);
  ck_assert_ptr_null(strchr(cnn_error_text(), '\n'));
}
END_TEST

START_TEST(model_names) {
  cnn_model *other = NULL;
  ck_assert_str_eq(cnn_model_name(m), "sequential");
  ck_assert_int_eq(cnn_model_new(&other, context, cnn_model_opts(.name = "")), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_new(&other, context, cnn_model_opts(.name = "tab\t")), CNN_EINVAL);
  ck_assert_ptr_null(other);
  ck_assert_int_eq(cnn_model_new(&other, context, cnn_model_opts(.name = "digits é")), CNN_OK);
  ck_assert_str_eq(cnn_model_name(other), "digits é");
  cnn_model_free(other);
}
END_TEST

START_TEST(an_unknown_input_names_the_nearest) {
  input();
  cnn_dense(m, 3, cnn_dense_opts(.name = "conv1"));
  ck_assert_ptr_null(cnn_dense(m, 3, cnn_dense_opts(.input = "con1")));
  ck_assert_str_eq(cnn_error_text(), "dense 'dense': input: unknown layer 'con1'; did you mean 'conv1'?");
  ck_assert_int_eq(cnn_model_status(m), CNN_ENAME);
}
END_TEST

START_TEST(a_layer_is_found_by_name) {
  input();
  const cnn_layer *dense = cnn_dense(m, 3, NULL);
  ck_assert_ptr_eq(cnn_model_layer(m, "dense"), dense);
  ck_assert_ptr_null(cnn_model_layer(m, "dence"));
  ck_assert_str_eq(cnn_error_text(), "unknown layer 'dence'; did you mean 'dense'?");
  ck_assert_int_eq(cnn_model_status(m), CNN_OK);
}
END_TEST

START_TEST(the_input_comes_first) {
  ck_assert_ptr_null(cnn_dense(m, 3, NULL));
  compile_fails(CNN_EINVAL, "dense 'dense': the first layer of a model must be its input");
}
END_TEST

START_TEST(a_second_input_is_refused) {
  input();
  ck_assert_ptr_null(cnn_input(m, 1, (const int64_t[]){4}, cnn_input_opts(.name = "b")));
  ck_assert_int_eq(cnn_model_status(m), CNN_EUNSUPPORTED);
  ck_assert_str_eq(cnn_error_text(), "input 'b': the model has its input 'input'; this version takes one");
}
END_TEST

START_TEST(an_empty_model_is_refused) {
  if (_i)
    input();
  compile_fails(CNN_EINVAL, _i ? "has no layers after its input" : "has no layers");
}
END_TEST

START_TEST(an_output_that_nobody_reads_is_refused) {
  input();
  cnn_dense(m, 3, cnn_dense_opts(.name = "side"));
  cnn_dense(m, 3, cnn_dense_opts(.input = "input"));
  ck_assert_int_eq(cnn_model_status(m), CNN_OK);
  compile_fails(CNN_EUNSUPPORTED, "dense 'side': no layer reads it");
}
END_TEST

START_TEST(an_input_may_be_named) {
  input();
  cnn_dense(m, 3, cnn_dense_opts(.name = "a"));
  ck_assert_ptr_nonnull(cnn_dense(m, 3, cnn_dense_opts(.name = "b", .input = "a")));
  ck_assert_int_eq(cnn__model_ready(m), CNN_OK);
}
END_TEST

START_TEST(layers_are_added_by_type_and_text) {
  char text[32];
  const cnn_layer *in = cnn_layer_add(m, "input", "shape=8,8,1 name=image");
  ck_assert_msg(in != NULL, "%s", cnn_error_text());
  const cnn_layer *conv =
      cnn_layer_add(m, "conv2d", "filters=4 kernel_size=3,3 padding=same activation=relu name=conv1 input=image");
  ck_assert_msg(conv != NULL, "%s", cnn_error_text());
  ck_assert_str_eq(cnn_layer_name(conv), "conv1");
  ck_assert_int_eq(cnn_layer_attribute_text(conv, "padding", text, sizeof text), CNN_OK);
  ck_assert_str_eq(text, "same");
  ck_assert_str_eq(cnn_layer_name(cnn_layer_add(m, "flatten", NULL)), "flatten");
  ck_assert_str_eq(cnn_layer_name(cnn_layer_add(m, "dropout", "rate=0")), "dropout");
  ck_assert_str_eq(cnn_layer_name(cnn_layer_add(m, "dense", "units=3 activation=softmax")), "dense");
  ck_assert_int_eq(cnn__model_ready(m), CNN_OK);
}
END_TEST

static const struct {
  const char *type, *attributes, *text;
  cnn_status status;
} bad_text_cases[] = {
    {"con2d", NULL, "did you mean 'conv2d'?", CNN_ENAME},
    {"dense", "unit=3", "did you mean 'units'?", CNN_ENAME},
    {"dense", NULL, "units must be given", CNN_EINVAL},
    {"dense", "units=0", "units", CNN_EINVAL},
    {"dense", "units=3 activation=rel", "did you mean 'relu'?", CNN_ENAME},
    {"dense", "units=3 input=inptu", "did you mean 'input'?", CNN_ENAME},
    {"dense", "units=3 inputs=input,input", "dense 'dense': reads 1 layer, got 2", CNN_EINVAL},
    {"dense", "units=3 input=input inputs=input", "inputs is given twice", CNN_EINVAL},
    {"dense", "units=3 inputs=input,", "reads 1 layer", CNN_EINVAL},
    {"dense", "units=3 iputs=input", "did you mean 'inputs'?", CNN_ENAME},
    {"input", "shape=4 input=input", "reads no layer", CNN_EINVAL},
    {NULL, NULL, "type is NULL", CNN_EINVAL},
};
#define BAD_TEXTS ((int)(sizeof bad_text_cases / sizeof *bad_text_cases))

START_TEST(bad_texts) {
  input();
  ck_assert_ptr_null(cnn_layer_add(m, bad_text_cases[_i].type, bad_text_cases[_i].attributes));
  ck_assert_msg(strstr(cnn_error_text(), bad_text_cases[_i].text) != NULL, "'%s' lacks '%s'", cnn_error_text(), bad_text_cases[_i].text);
  ck_assert_int_eq(cnn_model_status(m), bad_text_cases[_i].status);
  ck_assert_ptr_null(cnn_layer_add(m, "dense", "units=3"));
  ck_assert_int_eq(cnn_model_layer_count(m), 1);
  ck_assert_ptr_null(cnn_layer_add(NULL, "dense", "units=3"));
}
END_TEST

START_TEST(branches_end_in_a_sum) {
  const char *const names[] = {"input", "a", "input"}, *const none[] = {"input", NULL};
  input();
  cnn_dense(m, 4, cnn_dense_opts(.name = "a"));
  const cnn_layer *sum = cnn_add(m, cnn_add_opts(.inputs = names, .input_count = 3));
  ck_assert_msg(sum != NULL, "%s", cnn_error_text());
  ck_assert_int_eq(sum->input_count, 3);
  ck_assert_ptr_eq(sum->inputs[1], cnn_model_layer(m, "a"));
  ck_assert_ptr_nonnull(cnn_layer_add(m, "add", "inputs=add,a name=more"));
  ck_assert_int_eq(cnn__model_ready(m), CNN_OK);
  ck_assert_ptr_null(cnn_add(m, cnn_add_opts(.inputs = none, .input_count = 2)));
  ck_assert_str_eq(cnn_error_text(), "add 'add_1': the name of input 1 is NULL");
}
END_TEST

/* Loop index: what is wrong. */
START_TEST(bad_sums) {
  static const struct {
    const char *inputs[3], *text;
    int32_t count;
    cnn_status status;
  } cases[] = {
      {{"input", "a"}, "add 'add': reads 2 to 32 layers, got 1; name them in inputs", 1, CNN_EINVAL},
      {{"input", "a"}, "add 'add': reads 2 to 32 layers, got 0; name them in inputs", 0, CNN_EINVAL},
      {{"input", "a"}, "add 'add': reads 2 to 32 layers, got 33; name them in inputs", 33, CNN_EINVAL},
      {{"input", "a"}, "add 'add': reads 2 to 32 layers, got -1; name them in inputs", -1, CNN_EINVAL},
      {{"input", "b"}, "add 'add': input: unknown layer 'b'", 2, CNN_ENAME},
      {{"input", "a", "narrow"},
       "add 'add': inputs must have one shape: 'input' gives (None, 4), 'narrow' (None, 3)", 3, CNN_ESHAPE},
  };
  input();
  cnn_dense(m, 4, cnn_dense_opts(.name = "a"));
  cnn_dense(m, 3, cnn_dense_opts(.name = "narrow"));
  ck_assert_ptr_null(cnn_add(m, cnn_add_opts(.inputs = cases[_i].inputs, .input_count = cases[_i].count)));
  ck_assert_msg(strstr(cnn_error_text(), cases[_i].text) != NULL, "'%s' lacks '%s'", cnn_error_text(), cases[_i].text);
  ck_assert_int_eq(cnn_model_status(m), cases[_i].status);
}
END_TEST

START_TEST(the_first_error_is_kept) {
  input();
  ck_assert_ptr_null(cnn_dense(m, 0, cnn_dense_opts(.name = "bad")));
  ck_assert_ptr_null(cnn_dense(m, 3, NULL));
  ck_assert_ptr_null(cnn_conv2d(m, 3, 3, 3, NULL));
  ck_assert_int_eq(cnn_model_layer_count(m), 1);
  compile_fails(CNN_EINVAL, "dense 'bad'");
}
END_TEST

/* As if the failing calls had never been: names, and values drawn for weights. */
START_TEST(an_error_may_be_forgotten) {
  cnn_model *clean;
  char hash[33], expected[33];
  input();
  ck_assert_ptr_null(cnn_layer_add(m, "dense", "unit=3"));
  ck_assert_ptr_null(cnn_dense(m, 3, NULL));
  cnn_model_forget_error(m);
  ck_assert_int_eq(cnn_model_status(m), CNN_OK);
  ck_assert_ptr_null(cnn_conv2d(m, 3, 3, 3, NULL));
  cnn_model_forget_error(m);
  ck_assert_ptr_nonnull(cnn_dense(m, 3, NULL));
  cnn_model_forget_error(m);
  ck_assert_int_eq(cnn_model_layer_count(m), 2);
  ck_assert_str_eq(cnn_layer_name(cnn_model_layer_at(m, 1)), "dense");
  ck_assert_int_eq(cnn_model_new(&clean, context, NULL), CNN_OK);
  cnn_input(clean, 1, (const int64_t[]){4}, NULL);
  cnn_dense(clean, 3, NULL);
  ck_assert_str_eq(cnn_model_hash(m, hash), cnn_model_hash(clean, expected));
  cnn_model_free(clean);
  cnn_model_forget_error(NULL);
}
END_TEST

START_TEST(a_compiled_model_takes_no_layers_and_stays_good) {
  cnn_optimizer *adam;
  const char *loss = "categorical_crossentropy";
  input();
  cnn_dense(m, 3, NULL);
  ck_assert_int_eq(cnn_adam_new(&adam, context, NULL), CNN_OK);
  ck_assert_int_eq(cnn_model_compile(m, adam, 1, &loss, NULL), CNN_OK);
  ck_assert_ptr_null(cnn_dense(m, 3, NULL));
  ck_assert_str_eq(cnn_error_text(), "dense: model 'sequential' is compiled and takes no more layers");
  ck_assert_int_eq(cnn_model_status(m), CNN_OK);
  ck_assert_int_eq(cnn_model_compile(m, adam, 1, &loss, NULL), CNN_OK);
  cnn_optimizer_free(adam);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("graph");
  TCase *all = tcase_create("all");
  tcase_add_checked_fixture(all, set_up, tear_down);
  tcase_add_test(all, names_count_up_by_type);
  tcase_add_test(all, numbers_step_over_names_that_are_taken);
  tcase_add_test(all, thousands_of_unnamed_layers);
  tcase_add_test(all, a_name_is_taken_once);
  tcase_add_loop_test(all, bad_names, 0, 5);
  tcase_add_test(all, model_names);
  tcase_add_test(all, an_unknown_input_names_the_nearest);
  tcase_add_test(all, a_layer_is_found_by_name);
  tcase_add_test(all, the_input_comes_first);
  tcase_add_test(all, a_second_input_is_refused);
  tcase_add_loop_test(all, an_empty_model_is_refused, 0, 2);
  tcase_add_test(all, an_output_that_nobody_reads_is_refused);
  tcase_add_test(all, an_input_may_be_named);
  tcase_add_test(all, layers_are_added_by_type_and_text);
  tcase_add_loop_test(all, bad_texts, 0, BAD_TEXTS);
  tcase_add_test(all, branches_end_in_a_sum);
  tcase_add_loop_test(all, bad_sums, 0, 6);
  tcase_add_test(all, the_first_error_is_kept);
  tcase_add_test(all, an_error_may_be_forgotten);
  tcase_add_test(all, a_compiled_model_takes_no_layers_and_stays_good);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
