/* own: layer types that a program registers: what is refused, in which words, and who frees what. */
#include "suite.h"

#include "alloc.h"
#include "own_layers.h"

#include "core/status.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static test_alloc memory;
static cnn_context *context;

static void set_up(void) {
  test_alloc_init(&memory);
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.allocator = &memory.allocator, .seed = 3)), CNN_OK);
  own_live = 0;
}

static void tear_down(void) {
  cnn_context_free(context);
  test_alloc_check(&memory);
  ck_assert_int_eq(own_live, 0);
}

static void refused(cnn_status code, const char *text, cnn_layer_descriptor descriptor) {
  ck_assert_int_eq(cnn_layer_type_register(context, &descriptor), code);
  ck_assert_str_eq(cnn_error_text(), text);
}

/* own_noisy_scale with a table of one row. */
static void row_refused(const char *text, cnn_attribute_row row) {
  cnn_attribute_row table[2] = {row, {0}};
  cnn_layer_descriptor descriptor = own_noisy_scale;
  char whole[256];
  descriptor.attributes = table;
  descriptor.attributes_size = 16;
  snprintf(whole, sizeof whole, "layer type 'noisy_scale': attribute %s", text);
  refused(CNN_EINVAL, whole, descriptor);
}

START_TEST(a_descriptor_is_checked) {
  set_up();
  cnn_layer_descriptor d = own_noisy_scale;
  ck_assert_int_eq(cnn_layer_type_register(NULL, &d), CNN_EINVAL);
  ck_assert_int_eq(cnn_layer_type_register(context, NULL), CNN_EINVAL);
  d.size = 8;
  ck_assert_int_eq(cnn_layer_type_register(context, &d), CNN_EINVAL);
  d = own_noisy_scale, d.form = 2;
  refused(CNN_EUNSUPPORTED, "cnn_layer_descriptor: it is of form 2 of extend.h, libcnn 0.1.0 has form 1; build the program anew", d);
  d = own_noisy_scale, d.inputs = 2;
  refused(CNN_EINVAL, "cnn_layer_descriptor: inputs is 2, must be 0, 1 or CNN_SEVERAL_INPUTS", d);
  static const char *const names[] = {NULL, "", "Noisy", "noisy scale", "noisy-scale",
                                      "0123456789012345678901234567890123456789012345678901234567890123"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    d = own_noisy_scale, d.type = names[i];
    ck_assert_int_eq(cnn_layer_type_register(context, &d), CNN_EINVAL);
    ck_assert_ptr_nonnull(strstr(cnn_error_text(), "must be 1 to 63 lower-case letters, digits or '_'"));
  }
  static const char *const class_names[] = {"", "Noisy\nScale", "<b>Noisy"};
  for (size_t i = 0; i < sizeof class_names / sizeof *class_names; i++) {
    d = own_noisy_scale, d.class_name = class_names[i];
    ck_assert_int_eq(cnn_layer_type_register(context, &d), CNN_EINVAL);
    ck_assert_ptr_nonnull(strstr(cnn_error_text(), "' must be 1 to 63 letters, digits or '_'"));
  }
  d = own_noisy_scale, d.setup = NULL;
  refused(CNN_EINVAL, "layer type 'noisy_scale': setup is NULL", d);
  d = own_noisy_scale, d.forward = NULL;
  refused(CNN_EINVAL, "layer type 'noisy_scale': forward is NULL", d);
  d = own_noisy_scale, d.backward = NULL;
  refused(CNN_EINVAL, "layer type 'noisy_scale': backward is NULL", d);
  d = own_noisy_scale, d.attributes_size = 4097;
  refused(CNN_EINVAL, "layer type 'noisy_scale': 6 attributes in 4097 bytes, at most 60 in 4096 are taken", d);
  tear_down();
}
END_TEST

START_TEST(each_row_is_checked) {
  set_up();
  static const char *const none[] = {NULL}, *const some[] = {"a", "b", NULL}, *const blank[] = {"a", "b c", NULL},
                           *const empty[] = {"a", "", NULL};
  row_refused("'a': choice 'b c' must not be empty or hold blanks",
              (cnn_attribute_row){.key = "a", .kind = CNN_ATTRIBUTE_CHOICE, .choices = blank, .standard = "a"});
  row_refused("'a': choice '' must not be empty or hold blanks",
              (cnn_attribute_row){.key = "a", .kind = CNN_ATTRIBUTE_CHOICE, .choices = empty, .standard = "a"});
  row_refused("0: key 'name' must be 1 to 63 letters, digits or '_' and not name, input, inputs or trainable",
              (cnn_attribute_row){.key = "name", .kind = CNN_ATTRIBUTE_INT, .standard = "1", .maximum = 1});
  row_refused("'a': is of kind 6, must be one of CNN_ATTRIBUTE_INT to _FLAG or _SHAPE",
              (cnn_attribute_row){.key = "a", .kind = CNN_ATTRIBUTE_TEXT, .standard = ""});
  row_refused("'a': is of kind -1, must be one of CNN_ATTRIBUTE_INT to _FLAG or _SHAPE",
              (cnn_attribute_row){.key = "a", .kind = -1, .standard = ""});
  row_refused("'a': offset 12 does not hold 8 bytes of a struct of attributes_size 16",
              (cnn_attribute_row){.key = "a", .kind = CNN_ATTRIBUTE_INT, .offset = 12, .standard = "1", .maximum = 1});
  row_refused("'a': offset 16 does not hold 4 bytes of a struct of attributes_size 16",
              (cnn_attribute_row){.key = "a", .kind = CNN_ATTRIBUTE_FLAG, .offset = 16, .standard = "true"});
  row_refused("'a': offset 0 does not hold 72 bytes of a struct of attributes_size 16",
              (cnn_attribute_row){.key = "a", .kind = CNN_ATTRIBUTE_SHAPE, .standard = "1", .maximum = 1});
  row_refused("'a': choices belong to kind CNN_ATTRIBUTE_CHOICE, and at least one to each",
              (cnn_attribute_row){.key = "a", .kind = CNN_ATTRIBUTE_CHOICE, .choices = none, .standard = "a"});
  row_refused("'a': choices belong to kind CNN_ATTRIBUTE_CHOICE, and at least one to each",
              (cnn_attribute_row){.key = "a", .kind = CNN_ATTRIBUTE_INT, .choices = some, .standard = "1", .maximum = 1});
  row_refused("'a': minimum 2 is above maximum 1",
              (cnn_attribute_row){.key = "a", .kind = CNN_ATTRIBUTE_INT, .minimum = 2, .maximum = 1, .standard = "1"});
  row_refused("'a': is required and has the default '1'",
              (cnn_attribute_row){.key = "a", .kind = CNN_ATTRIBUTE_INT, .maximum = 1, .required = 1, .standard = "1"});
  row_refused("'a': is not required and has no default; say it in standard",
              (cnn_attribute_row){.key = "a", .kind = CNN_ATTRIBUTE_INT, .maximum = 1});
  row_refused("'a': standard: a is 2, must be 0 to 1",
              (cnn_attribute_row){.key = "a", .kind = CNN_ATTRIBUTE_INT, .maximum = 1, .standard = "2"});
  row_refused("'a': standard: a is 'c', must be one of a, b",
              (cnn_attribute_row){.key = "a", .kind = CNN_ATTRIBUTE_CHOICE, .choices = some, .standard = "c"});
  tear_down();
}
END_TEST

START_TEST(a_name_is_taken_once) {
  set_up();
  cnn_layer_descriptor dense = own_noisy_scale;
  cnn_attribute_row twice[3] = {own_noisy_scale.attributes[0], own_noisy_scale.attributes[0], {0}};
  dense.type = "dense";
  refused(CNN_ENAME, "layer type 'dense': the name is that of a built-in layer", dense);
  dense.type = "twice";
  dense.attributes = twice;
  refused(CNN_EINVAL, "layer type 'twice': attribute 'rate': stands twice in the table", dense);
  ck_assert_int_eq(cnn_layer_type_register(context, &own_noisy_scale), CNN_OK);
  refused(CNN_ENAME, "layer type 'noisy_scale': the name is registered in this context already", own_noisy_scale);
  ck_assert_int_eq(cnn_layer_type_register(context, &own_relu), CNN_OK);
  tear_down();
}
END_TEST

static cnn_model *model_of(cnn_context *in, int64_t channels) {
  cnn_model *model;
  ck_assert_int_eq(cnn_model_new(&model, in, NULL), CNN_OK);
  cnn_input(model, 2, (const int64_t[]){5, channels}, NULL);
  return model;
}

START_TEST(contexts_are_apart) {
  set_up();
  cnn_context *other;
  ck_assert_int_eq(cnn_layer_type_register(context, &own_noisy_scale), CNN_OK);
  ck_assert_int_eq(cnn_context_new(&other, NULL), CNN_OK);
  cnn_model *here = model_of(context, 3), *there = model_of(other, 3);
  ck_assert_ptr_nonnull(cnn_layer_add(here, "noisy_scale", NULL));
  ck_assert_ptr_null(cnn_layer_add(there, "noisy_scale", NULL));
  ck_assert_int_eq(cnn_model_status(there), CNN_ENAME);
  ck_assert_str_eq(cnn_error_text(), "unknown layer type 'noisy_scale'");
  ck_assert_ptr_null(cnn_layer_add(here, "noisy_scala", NULL));
  ck_assert_str_eq(cnn_error_text(), "unknown layer type 'noisy_scala'; did you mean 'noisy_scale'?");
  cnn_model_free(here);
  cnn_model_free(there);
  cnn_context_free(other);
  tear_down();
}
END_TEST

START_TEST(attributes_are_as_those_of_built_in_layers) {
  set_up();
  static const struct {
    const char *given, *text;
  } bad[] = {
      {"rate=2", "noisy_scale: rate is 2, must be at least 0 and at most 1"},
      {"rat=0.5", "noisy_scale: unknown attribute 'rat'; did you mean 'rate'?"},
      {"start=one", "noisy_scale: start is 'one', must be one of zeros, ones; did you mean 'ones'?"},
      {"limit=65", "noisy_scale: limit is 65, must be 1 to 64"},
      {"limit=2", "noisy_scale 'noisy_scale': 3 channels, at most 2 are taken"},
      {"window=10", "noisy_scale: window is 10,10, must be 1 to 9"},
  };
  char text[64];
  ck_assert_int_eq(cnn_layer_type_register(context, &own_noisy_scale), CNN_OK);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    cnn_model *model = model_of(context, 3);
    ck_assert_ptr_null(cnn_layer_add(model, "noisy_scale", bad[i].given));
    ck_assert_str_eq(cnn_error_text(), bad[i].text);
    cnn_model_free(model);
  }
  cnn_model *model = model_of(context, 3);
  cnn_layer *layer = cnn_layer_add(model, "noisy_scale", "rate=0.25 like=2,3 window=4 centered=false name=s");
  ck_assert_msg(layer != NULL, "%s", cnn_error_text());
  static const char *const wanted[][2] = {{"rate", "0.25"}, {"start", "ones"}, {"like", "2,3"}, {"window", "4,4"},
                                          {"centered", "false"}};
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    ck_assert_int_eq(cnn_layer_attribute_text(layer, wanted[i][0], text, sizeof text), CNN_OK);
    ck_assert_str_eq(text, wanted[i][1]);
  }
  ck_assert_str_eq(cnn_layer_name(layer), "s");
  ck_assert_str_eq(cnn_layer_type(layer), "noisy_scale");
  ck_assert_int_eq(cnn_layer_parameters(layer), 3);
  ck_assert_int_eq(cnn_layer_flops(layer), 30);
  ck_assert_str_eq(cnn_model_weight_name(model, 0), "s/gain");
  cnn_model_free(model);
  tear_down();
}
END_TEST

/* ---- what setup may not say ---- */

static cnn_layer_setup answer;
static cnn_status answer_status;

static cnn_status say(cnn_layer_setup *setup) {
  ck_assert_uint_ge(setup->size, sizeof *setup);
  ck_assert_ptr_eq(setup->user, &answer);
  ck_assert_str_eq(setup->name, "teller");
  ck_assert(setup->input.rank == 2 && setup->input.extent[0] == 5 && setup->output.extent[1] == 3);
  if (answer.output.rank)
    setup->output = answer.output;
  setup->weight_count = answer.weight_count;
  memcpy(setup->weights, answer.weights, sizeof setup->weights);
  setup->needs = answer.needs;
  setup->kept_bytes = answer.kept_bytes;
  setup->scratch_bytes = answer.scratch_bytes;
  setup->flops = answer.flops;
  return answer_status;
}

static void answer_refused(cnn_status code, const char *text, cnn_layer_setup given) {
  char whole[256];
  answer = given;
  cnn_model *model = model_of(context, 3);
  ck_assert_ptr_null(cnn_layer_add(model, "teller", NULL));
  snprintf(whole, sizeof whole, "teller 'teller': %s", text);
  ck_assert_int_eq(cnn_model_status(model), code);
  ck_assert_str_eq(cnn_error_text(), whole);
  cnn_model_free(model);
}

#define WEIGHT(...) .weight_count = 1, .weights = {{__VA_ARGS__}}

START_TEST(what_setup_says_is_checked) {
  set_up();
  const cnn_layer_descriptor teller = {.size = sizeof teller, .form = CNN_EXTEND_FORM, .user = &answer, .type = "teller",
                                       .setup = say, .forward = own_relu.forward, .backward = own_relu.backward};
  ck_assert_int_eq(cnn_layer_type_register(context, &teller), CNN_OK);
  answer_status = CNN_OK;
  answer_refused(CNN_ESHAPE, "setup gave the output rank 9, must be 1 to 8", (cnn_layer_setup){.output.rank = 9});
  answer_refused(CNN_ESHAPE, "setup gave the output extent 0 at axis 0, must be at least 1", (cnn_layer_setup){.output.rank = 1});
  answer_refused(CNN_ESHAPE, "the output (None, 1099511627776, 2) has too many elements",
                 (cnn_layer_setup){.output = {.rank = 2, .extent = {1099511627776, 2}}});
  answer_refused(CNN_EINVAL, "setup gave weight_count 5, must be 0 to 4", (cnn_layer_setup){.weight_count = 5});
  answer_refused(CNN_EINVAL, "setup gave weight 0 the name 'a/b', must be 1 to 63 letters, digits or '_'",
                 (cnn_layer_setup){WEIGHT(.name = "a/b")});
  answer_refused(CNN_EINVAL, "setup gave weight 0 the name '(none)', must be 1 to 63 letters, digits or '_'",
                 (cnn_layer_setup){.weight_count = 1});
  answer_refused(CNN_ESHAPE, "setup gave the w rank 0, must be 1 to 8", (cnn_layer_setup){WEIGHT(.name = "w")});
  answer_refused(CNN_EINVAL, "setup gave two weights the name 'w'",
                 (cnn_layer_setup){.weight_count = 2, .weights = {{.name = "w", .shape = {.rank = 1, .extent = {1}}}, {.name = "w"}}});
  answer_refused(CNN_EINVAL, "setup gave needs 4, of CNN_NEEDS_X and CNN_NEEDS_Y", (cnn_layer_setup){.needs = 4});
  answer_refused(CNN_EINVAL, "setup gave kept_bytes -1 and scratch_bytes 0, must be 0 to 2^40", (cnn_layer_setup){.kept_bytes = -1});
  answer_refused(CNN_EINVAL, "setup gave flops -1, must be at least 0", (cnn_layer_setup){.flops = -1});
  answer_status = CNN_STOP;
  answer_refused(CNN_ECALLBACK, "setup returned 1, must be CNN_OK or an error", (cnn_layer_setup){.flops = 0});
  answer_status = CNN_EDATA;
  answer_refused(CNN_ECALLBACK, "setup returned CNN_EDATA (-4) without a text of cnn_error_set", (cnn_layer_setup){.flops = 0});
  tear_down();
}
END_TEST

/* ---- memory ---- */

static cnn_status make_and_free(const cnn_allocator *allocator, void *user) {
  cnn_context *own;
  cnn_model *model = NULL;
  (void)user;
  cnn_status status = cnn_context_new(&own, cnn_context_opts(.allocator = allocator));
  if (status < 0)
    return status;
  if ((status = cnn_layer_type_register(own, &own_noisy_scale)) == 0 && (status = cnn_model_new(&model, own, NULL)) == 0) {
    cnn_input(model, 1, (const int64_t[]){6}, NULL);
    cnn_layer_add(model, "noisy_scale", "name=a");
    cnn_layer_add(model, "noisy_scale", "name=b");
    status = cnn_model_status(model);
  }
  cnn_model_free(model);
  cnn_context_free(own);
  return status;
}

START_TEST(memory_may_run_out_anywhere) {
  own_live = 0;
  ck_assert_int_gt(test_alloc_fail_each(make_and_free, NULL), 10);
  ck_assert_int_eq(own_live, 0);
}
END_TEST

int main(void) {
  return RUN_SUITE("own", 0, a_descriptor_is_checked, each_row_is_checked, a_name_is_taken_once, contexts_are_apart,
                   attributes_are_as_those_of_built_in_layers, what_setup_says_is_checked,
                   memory_may_run_out_anywhere);
}
