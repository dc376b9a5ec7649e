/* model_file: files of a sound container that describe no model, or one that would do harm. */
#include "io/container.h"

#include "core/text.h"
#include "scratch.h"
#include "small_model.h"

#include <stdlib.h>
#include <string.h>

#define CONFIG(layers) "{\"name\":\"m\",\"layers\":[" layers "]}"
#define INPUT "{\"type\":\"input\",\"name\":\"in\",\"inputs\":[],\"attributes\":{\"shape\":[3]}}"
#define DENSE "{\"type\":\"dense\",\"name\":\"a\",\"inputs\":[\"in\"],\"attributes\":{\"units\":2}}"
#define SUM(inputs) "{\"type\":\"add\",\"name\":\"s\",\"inputs\":[" inputs "],\"attributes\":{}}"
#define TEN "\"in\",\"in\",\"in\",\"in\",\"in\",\"in\",\"in\",\"in\",\"in\",\"in\""
#define DENSE_OF(attributes) ",{\"type\":\"dense\",\"name\":\"a\",\"inputs\":[\"in\"],\"attributes\":{" attributes "}}"
#define ADAM "{\"name\":\"adam\",\"attributes\":{\"learning_rate\":\"0.5\"}}"
#define OPTIMIZER(attributes)                                                                                         \
  "{\"optimizer\":{\"name\":\"adam\",\"attributes\":{" attributes "}},\"loss\":\"categorical_crossentropy\",\"metrics\":[]}"
#define COMPILE "{\"optimizer\":" ADAM ",\"loss\":\"categorical_crossentropy\",\"metrics\":[\"accuracy\"]}"

/* Loads as it stands; each case changes one thing. */
static const cnn__note good_notes[] = {{"config", CONFIG(INPUT "," DENSE)}, {"seed", "0123456789abcdef"}, {"pass", "7"},
                                       {"compile", COMPILE}, {"learning_rate", "0.125"}, {"iterations", "41"}};
enum { NOTES = sizeof good_notes / sizeof good_notes[0], TENSORS = 6 };
static const float zeros[64];
static const cnn__entry good_tensors[TENSORS] = {
    {.name = "a/kernel", .type = CNN_F32, .shape = {2, {3, 2}}, .data = zeros},
    {.name = "a/bias", .type = CNN_F32, .shape = {1, {2}}, .data = zeros},
    {.name = "optimizer/a/kernel/momentum", .type = CNN_F32, .shape = {2, {3, 2}}, .data = zeros},
    {.name = "optimizer/a/kernel/velocity", .type = CNN_F32, .shape = {2, {3, 2}}, .data = zeros},
    {.name = "optimizer/a/bias/momentum", .type = CNN_F32, .shape = {1, {2}}, .data = zeros},
    {.name = "optimizer/a/bias/velocity", .type = CNN_F32, .shape = {1, {2}}, .data = zeros}};

static void forge(cnn_context *context, const char *format, const cnn__note *notes, int32_t note_count,
                  const cnn__entry *tensors, int32_t tensor_count) {
  ck_assert_int_eq(cnn__container_write(context, &(cnn__target){.path = scratch_path("h")}, format, notes, note_count, tensors, tensor_count),
                   CNN_OK);
}

/* Refused, and without asking for more memory than a few times the size of the file. */
static void refused(cnn_context *context, cnn_status code, const char *part) {
  cnn_model *m = NULL;
  int64_t live = scratch_alloc.live_blocks;
  atomic_store(&scratch_alloc.peak_bytes, 0);
  ck_failed(cnn_model_load(&m, context, scratch_path("h"), NULL), code, part);
  ck_failed(cnn_model_load(&m, context, scratch_path("h"), NULL), code, "/h': ");
  ck_assert_ptr_null(m);
  ck_assert_int_lt(scratch_alloc.peak_bytes, 1 << 20);
  ck_assert_int_eq(scratch_alloc.live_blocks, live);
}

START_TEST(honest_ones_are_taken) {
  cnn_context *context = scratch_context();
  cnn_model *m;
  forge(context, "libcnn model", good_notes, NOTES, good_tensors, TENSORS);
  ck_assert_msg(cnn_model_load(&m, context, scratch_path("h"), NULL) == CNN_OK, "%s", cnn_error_text());
  ck_assert_uint_eq(m->seed, 0x0123456789abcdefu);
  ck_assert_uint_eq(m->pass, 7);
  ck_assert_int_eq(m->iterations, 41);
  ck_assert(m->rate == 0.125f);
  ck_assert(cnn__optimizer_rate(m->optimizer) == 0.5f);
  cnn_model_free(m);
  forge(context, "libcnn model", good_notes, 3, good_tensors, 2);
  ck_assert_int_eq(cnn_model_load(&m, context, scratch_path("h"), NULL), CNN_OK);
  ck_assert_int_eq(m->compiled, 0);
  cnn_model_free(m);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

/* One note replaced by another text; NULL: left out. */
static const struct {
  const char *key, *text, *part;
} notes[] = {
    {"config", NULL, "metadata 'config' is missing"},
    {"config", "", "config: does not begin with '{'"},
    {"config", "{", "config: "},
    {"config", "{\"name\":\"m\",\"name\":\"m\"}", "config: duplicate object key"},
    {"config", "{\"layers\":[]}", "config: the model has no name"},
    {"config", "{\"name\":\"\",\"layers\":[]}", "name has 0 bytes"},
    {"config", "{\"name\":\"a\\u001b[2J\",\"layers\":[]}", "'a?[2J'"},
    {"config", "{\"name\":\"m\",\"layers\":[],\"x\":1}", "config: is not a name and 1 to 4096 layers"},
    {"config", "{\"name\":\"m\",\"layers\":{}}", "config: is not a name and 1 to 4096 layers"},
    {"config", CONFIG(""), "config: is not a name and 1 to 4096 layers"},
    {"config", CONFIG("1"), "config: layer 0: it is not described by"},
    {"config", CONFIG("{}"), "config: layer 0: it is not described by"},
    {"config", CONFIG(INPUT ",{\"type\":\"flatten\",\"name\":\"f\",\"inputs\":[\"in\"]}"),
     "layer 1: it is not described by"},
    {"config", CONFIG(INPUT ",{\"type\":7,\"name\":\"f\",\"inputs\":[\"in\"],\"attributes\":{}}"),
     "layer 1: it is not described"},
    {"config", CONFIG(INPUT DENSE_OF("\"unit\":2")), "dense 'a': unknown attribute 'unit'"},
    {"config", CONFIG(INPUT DENSE_OF("")), "dense 'a': attribute 'units' is missing"},
    {"config", CONFIG(INPUT ",{\"type\":\"dense\",\"name\":\"a\",\"inputs\":[\"in\"],\"attributes\":[]}"),
     "are no object"},
    {"config", CONFIG(INPUT DENSE_OF("\"units\":2.0")), "the value of 'units' is of no kind"},
    {"config", CONFIG(INPUT DENSE_OF("\"units\":null")), "the value of 'units' is of no kind"},
    {"config", CONFIG(INPUT DENSE_OF("\"units\":[[2]]")), "the value of 'units' is of no kind"},
    {"config", CONFIG(INPUT DENSE_OF("\"units\":[1,2]")), "units"},
    {"config", CONFIG(INPUT DENSE_OF("\"units\":0")), "units"},
    {"config", CONFIG(INPUT DENSE_OF("\"units\":-1")), "units"},
    {"config", CONFIG(INPUT DENSE_OF("\"units\":9223372036854775807")), "units"},
    {"config", CONFIG(INPUT DENSE_OF("\"units\":2,\"activation\":\"rilu\"")), "activation"},
    /* weights that the file does not have are not asked memory for */
    {"config", CONFIG(INPUT DENSE_OF("\"units\":16777216")),
     "weight 'a/kernel' is float32 (3, 16777216) in the model, float32 (3, 2) in the file"},
    {"config",
     CONFIG(INPUT ",{\"type\":\"dense\",\"name\":\"b\",\"inputs\":[\"in\"],\"attributes\":{\"units\":16777216}}"),
     "weight 'b/kernel' is missing in the file"},
    {"config", CONFIG(INPUT DENSE_OF("\"units\":3")),
     "weight 'a/kernel' is float32 (3, 3) in the model, float32 (3, 2) in the file"},
    {"config", CONFIG(INPUT DENSE_OF("\"units\":2,\"use_bias\":false")), "weight 'a/bias' of the file is none of the model's"},
    {"config", CONFIG(INPUT), "has no layers after its input"},
    {"config",
     CONFIG("{\"type\":\"input\",\"name\":\"in\",\"inputs\":[],\"attributes\":{\"shape\":[2147483647,2147483647]}},"
                      DENSE), "in"},
    {"config", CONFIG("{\"type\":\"input\",\"name\":\"in\",\"inputs\":[],\"attributes\":{\"shape\":[]}}," DENSE),
     "shape"},
    {"config", CONFIG("{\"type\":\"input\",\"name\":\"in\",\"inputs\":[\"in\"],\"attributes\":{\"shape\":[3]}}," DENSE),
     "input 'in': reads 0 layers, got 1"},
    {"config", CONFIG(INPUT ",{\"type\":\"dense\",\"name\":\"a\",\"inputs\":[],\"attributes\":{\"units\":2}}"),
     "dense 'a': reads 1 layer, got 0"},
    {"config", CONFIG(INPUT ",{\"type\":\"dense\",\"name\":\"a\",\"inputs\":[3],\"attributes\":{\"units\":2}}"),
     "dense 'a': input 0 is no name"},
    {"config",
     CONFIG(INPUT ",{\"type\":\"dense\",\"name\":\"a\",\"inputs\":[\"in\",\"in\"],\"attributes\":{\"units\":2}}"),
     "dense 'a': reads 1 layer, got 2"},
    {"config", CONFIG(INPUT ",{\"type\":\"dense\",\"name\":\"a\",\"inputs\":\"in\",\"attributes\":{\"units\":2}}"),
     "its inputs are not the names of at most"},
    {"config", CONFIG(INPUT ",{\"type\":\"dense\",\"name\":\"a\",\"inputs\":[\"a\"],\"attributes\":{\"units\":2}}"),
     "unknown layer 'a'"},
    {"config", CONFIG(INPUT "," DENSE "," DENSE), "name 'a' is taken"},
    {"config", CONFIG(DENSE), "unknown layer 'in'"},
    {"config",
     CONFIG(INPUT ",{\"type\":\"dense\",\"name\":\"a/b\",\"inputs\":[\"in\"],\"attributes\":{\"units\":2}}"), "a/b"},
    {"config", CONFIG(INPUT "," SUM("\"in\"") "," DENSE), "add 's': reads 2 to 32 layers, got 1"},
    {"config", CONFIG(INPUT "," SUM(TEN "," TEN "," TEN ",\"in\",\"in\",\"in\"") "," DENSE), "the names of at most 32 layers"},
    {"config", CONFIG(INPUT "," SUM("\"in\",\"s\"") "," DENSE), "unknown layer 's'"},
    {"config", CONFIG(INPUT "," SUM("\"in\",\"a\"") "," DENSE), "unknown layer 'a'"},
    {"config", CONFIG(INPUT "," SUM("\"in\",null") "," DENSE), "add 's': input 1 is no name"},
    {"config", CONFIG(INPUT "," DENSE "," SUM("\"in\",\"a\"")), "inputs must have one shape: 'in' gives (None, 3), 'a' (None, 2)"},
    {"seed", NULL, "metadata 'seed' is missing"},
    {"seed", "0123456789abcde", "metadata 'seed' is '0123456789abcde'"},
    {"seed", "0123456789ABCDEF", "metadata 'seed' is"},
    {"seed", "0x23456789abcdef", "metadata 'seed' is"},
    {"pass", NULL, "metadata 'pass' is missing"},
    {"pass", "-1", "metadata 'pass' is '-1'"},
    {"pass", "4294967296", "metadata 'pass' is '4294967296'"},
    {"pass", "1\x1b", "metadata 'pass' is '1?'"},
    {"iterations", "-1", "metadata 'iterations' is '-1'"},
    {"iterations", "9223372036854775807", "metadata 'iterations' is '9223372036854775807'"},
    {"iterations", "1e3", "metadata 'iterations' is '1e3'"},
    {"iterations", NULL, "weight 'optimizer/a/kernel/momentum' of the file is none of the model's"},
    {"learning_rate", NULL, "metadata 'learning_rate' is missing"},
    {"learning_rate", "nan", "metadata 'learning_rate' is 'nan'"},
    {"learning_rate", "inf", "metadata 'learning_rate' is 'inf'"},
    {"learning_rate", "-1.0", "metadata 'learning_rate' is '-1.0'"},
    {"learning_rate", "1e39", "metadata 'learning_rate' is '1e39'"},
    {"learning_rate", "", "metadata 'learning_rate' is ''"},
    {"compile", "[]", "compile: does not begin with '{'"},
    {"compile", "{}", "compile: is not an optimizer, a loss and at most 8 metrics"},
    {"compile", "{\"optimizer\":1,\"loss\":\"categorical_crossentropy\",\"metrics\":[]}",
     "the optimizer is not described by"},
    {"compile", OPTIMIZER("\"learning_rate_schedule\":\"cosine_decay(\""), "a schedule is 'NAME(key=value,key=value)'"},
    {"compile", OPTIMIZER("\"learning_rate_schedule\":\"cosine(a=1)\""), "unknown schedule 'cosine'"},
    {"compile", OPTIMIZER("\"learning_rate_schedule\":[1,2]"), "a schedule is 'NAME(key=value,key=value)', not '1,2'"},
    {"compile", OPTIMIZER("\"clipnorm\":\"1\",\"clipvalue\":\"1\""), "only one of them may be set"},
    {"compile", OPTIMIZER("\"gradient_accumulation_steps\":2"), "weight 'optimizer/a/kernel/gradient_accumulator' is missing"},
    {"compile", OPTIMIZER("\"use_ema\":true"), "weight 'optimizer/a/kernel/average' is missing"},
    {"compile", OPTIMIZER("\"ema_overwrite_frequency\":-1"), "ema_overwrite_frequency is -1, must be 0 to"},
    {"compile", "{\"optimizer\":" ADAM ",\"loss\":\"no\",\"metrics\":[]}", "compile: unknown loss 'no'"},
    {"compile", "{\"optimizer\":" ADAM ",\"loss\":7,\"metrics\":[]}", "compile: a loss is neither"},
    {"compile", "{\"optimizer\":" ADAM ",\"loss\":\"categorical_crossentropy\",\"metrics\":[7]}",
     "a metric is neither a name"},
    {"compile", "{\"optimizer\":" ADAM ",\"loss\":{\"type\":\"huber\",\"attributes\":{\"delta\":\"0\"}},\"metrics\":[]}",
     "huber: delta is 0"},
    {"compile", "{\"optimizer\":" ADAM ",\"loss\":{\"type\":\"huber\"},\"metrics\":[]}", "a loss is neither"},
    {"compile", "{\"optimizer\":" ADAM ",\"loss\":\"mse\",\"metrics\":[{\"type\":\"accuracy\",\"name\":\"\",\"weighted\":true,"
                "\"attributes\":{}}]}", "accuracy: name ''"},
    {"compile", "{\"optimizer\":" ADAM ",\"loss\":\"mse\",\"metrics\":[{\"type\":\"accuracy\",\"name\":\"a\",\"weighted\":1,"
                "\"attributes\":{}}]}", "a metric is neither"},
    {"compile", "{\"optimizer\":" ADAM ",\"loss\":\"mse\",\"metrics\":[\"acc\",\"acc\"]}", "metric 'acc' is named twice"},
    {"compile", "{\"optimizer\":" ADAM ",\"loss\":\"categorical_crossentropy\",\"metrics\":[\"akkuracy\"]}",
     "akkuracy"},
    {"compile", "{\"optimizer\":" ADAM ",\"loss\":\"categorical_crossentropy\",\"metrics\":[1,2,3,4,5,6,7,8,9]}",
     "at most 8"},
    {"compile",
     "{\"optimizer\":{\"name\":\"adem\",\"attributes\":{}},\"loss\":\"categorical_crossentropy\",\"metrics\":[]}",
     "unknown optimizer 'adem'; did you mean 'adam'?"},
    {"compile",
     "{\"optimizer\":{\"name\":\"adam\",\"attributes\":{\"beta_1\":\"1.0\"}},\"loss\":\"categorical_crossentropy\","
                "\"metrics\":[]}", "beta_1 is 1"},
    {"compile",
     "{\"optimizer\":{\"name\":\"adam\",\"attributes\":{\"epsilon\":\"nan\"}},\"loss\":\"categorical_crossentropy\","
                "\"metrics\":[]}", "epsilon is nan"},
    {"compile", "{\"optimizer\":{\"name\":\"adam\",\"attributes\":{\"x\":1}},\"loss\":\"categorical_crossentropy\","
                "\"metrics\":[]}", "unknown attribute 'x'"},
    {"compile",
     "{\"optimizer\":{\"name\":\"sgd\",\"attributes\":{}},\"loss\":\"categorical_crossentropy\",\"metrics\":[]}",
     "weight 'optimizer/a/kernel/momentum' of the file is none of the model's"},
};

/* With note `key` replaced. */
static void forge_with(cnn_context *context, const char *key, const char *text) {
  cnn__note changed[NOTES];
  int32_t count = 0;
  for (int32_t j = 0; j < NOTES; j++) {
    const int same = strcmp(good_notes[j].key, key) == 0;
    if (!same || text)
      changed[count++] = (cnn__note){good_notes[j].key, same ? text : good_notes[j].text};
  }
  forge(context, "libcnn model", changed, count, good_tensors, TENSORS);
}

START_TEST(each_note_is_refused) {
  cnn_context *context = scratch_context();
  scratch_without_sync();
  for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++) {
    forge_with(context, notes[i].key, notes[i].text);
    refused(context, CNN_EFORMAT, notes[i].part);
  }
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

/* Perhaps such a file is of a program with layers of its own. */
START_TEST(unknown_layer_types_are_not_supported) {
  cnn_context *context = scratch_context();
  scratch_without_sync();
  forge_with(context, "config", CONFIG(INPUT ",{\"type\":\"dens\",\"name\":\"f\",\"inputs\":[\"in\"],\"attributes\":{}}"));
  refused(context, CNN_EUNSUPPORTED,
          "layer 1: unknown layer type 'dens'; did you mean 'dense'? (layers of one's own are registered before loading)");
  forge_with(context, "config", CONFIG(INPUT ",{\"type\":\"lambda\\n\",\"name\":\"f\",\"inputs\":[\"in\"],\"attributes\":{}}"));
  refused(context, CNN_EUNSUPPORTED, "'lambda?'");
  forge_with(context, "compile", "{\"optimizer\":" ADAM ",\"loss\":{\"type\":\"hubert\",\"attributes\":{}},\"metrics\":[]}");
  refused(context, CNN_EUNSUPPORTED,
          "unknown loss 'hubert'; did you mean 'huber'? (losses and metrics of one's own are registered before loading)");
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

START_TEST(each_tensor_is_missed) {
  cnn_context *context = scratch_context();
  scratch_without_sync();
  for (int32_t i = 0; i < TENSORS; i++) {
    cnn__entry changed[TENSORS];
    char part[128];
    memcpy(changed, good_tensors, sizeof changed);
    changed[i].name = "other";
    cnn__format(part, sizeof part, "weight '%s' is missing in the file", good_tensors[i].name);
    forge(context, "libcnn model", good_notes, NOTES, changed, TENSORS);
    refused(context, CNN_EFORMAT, part);
    changed[i] = good_tensors[i];
    changed[i].type = CNN_I32;
    forge(context, "libcnn model", good_notes, NOTES, changed, TENSORS);
    refused(context, CNN_EFORMAT, "in the model, int32 (");
    changed[i].type = CNN_F32;
    changed[i].shape = (cnn__shape){3, {1, 3, 2}};
    forge(context, "libcnn model", good_notes, NOTES, changed, TENSORS);
    refused(context, CNN_EFORMAT, "in the model, float32 (1, 3, 2) in the file");
  }
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

START_TEST(left_over_tensors_and_other_formats) {
  cnn_context *context = scratch_context();
  cnn__entry more[TENSORS + 1];
  memcpy(more, good_tensors, sizeof good_tensors);
  more[TENSORS] = good_tensors[0];
  more[TENSORS].name = "b/kernel";
  forge(context, "libcnn model", good_notes, NOTES, more, TENSORS + 1);
  refused(context, CNN_EFORMAT, "weight 'b/kernel' of the file is none of the model's");
  more[TENSORS].name = "optimizer/b/kernel/momentum";
  forge(context, "libcnn model", good_notes, NOTES, more, TENSORS + 1);
  refused(context, CNN_EFORMAT, "weight 'optimizer/b/kernel/momentum' of the file is none of the model's");
  forge(context, "libcnn modem", good_notes, NOTES, good_tensors, TENSORS);
  refused(context, CNN_EFORMAT, "metadata 'format' is 'libcnn modem'");
  cnn_context_free(context);
}
END_TEST

/* As many layers as the limits let through: refused or loaded, but soon and without harm. */
START_TEST(many_layers) {
  cnn_context *context = scratch_context();
  cnn__text config = {.context = context};
  cnn__text_add(&config, "{\"name\":\"m\",\"layers\":[" INPUT);
  for (int i = 0; i < 4096; i++)
    cnn__text_add(&config, ",{\"type\":\"flatten\",\"name\":\"%d\",\"inputs\":[\"in\"],\"attributes\":{}}", i);
  cnn__text_add(&config, "]}");
  const cnn__note many[] = {{"config", config.data}, good_notes[1], good_notes[2]};
  cnn_model *m = NULL;
  forge(context, "libcnn model", many, 3, NULL, 0);
  ck_failed(cnn_model_load(&m, context, scratch_path("h"), NULL), CNN_EFORMAT, "1 to 4096 layers");
  cnn__text_free(&config);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

/* Random changes to the configuration under a valid checksum: no crash, no leak; what loads can be saved and
 * loaded again. */
START_TEST(mutated_configurations) {
  cnn_context *context = scratch_context();
  scratch_without_sync();
  static const char letters[] = "{}[]\",:0123456789-.eE\\u abtfnilse_";
  uint32_t state = 4321;
  int taken = 0;
  for (int round = 0; round < 6000; round++) {
    char texts[NOTES][512];
    cnn__note changed[NOTES];
    for (int32_t j = 0; j < NOTES; j++) {
      cnn__format(texts[j], sizeof texts[j], "%s", good_notes[j].text);
      changed[j] = (cnn__note){good_notes[j].key, texts[j]};
    }
    char *text = texts[round % 2 ? 0 : 3];
    for (int change = 0; change <= round % 3; change++) {
      state = state * 1664525u + 1013904223u;
      text[(state >> 8) % strlen(text)] = letters[(state >> 24) % (sizeof letters - 1)];
    }
    cnn_model *m;
    forge(context, "libcnn model", changed, NOTES, good_tensors, TENSORS);
    if (cnn_model_load(&m, context, scratch_path("h"), NULL) < 0)
      continue;
    cnn_model *again;
    ck_assert_int_eq(cnn_model_save(m, scratch_path("h"), NULL), CNN_OK);
    ck_assert_int_eq(cnn_model_load(&again, context, scratch_path("h"), NULL), CNN_OK);
    ck_same_model(m, again);
    cnn_model_free(again);
    cnn_model_free(m);
    taken++;
  }
  ck_assert_int_gt(taken, 10);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}
END_TEST

static void add(TCase *tests) {
  tcase_add_test(tests, honest_ones_are_taken);
  tcase_add_test(tests, each_note_is_refused);
  tcase_add_test(tests, unknown_layer_types_are_not_supported);
  tcase_add_test(tests, each_tensor_is_missed);
  tcase_add_test(tests, left_over_tensors_and_other_formats);
  tcase_add_test(tests, many_layers);
  tcase_add_test(tests, mutated_configurations);
}

int main(void) { return scratch_run("model_hostile", add); }
