/* format: a model goes through a file of another form and back without losing a bit. */
#include "cnn/train.h"
#include "io/model_file.h"
#include "scratch.h"
#include "small_model.h"
#include "toy_format.h"

#include <stdlib.h>
#include <string.h>

static cnn_context *context;
static cnn_model *m;

static void begin(void) {
  context = scratch_context();
  ck_assert_int_eq(cnn_format_register(context, &toy_format), CNN_OK);
  m = small_model(context);
  small_model_compile(m, "adam", "weight_decay=0.01 learning_rate=0.01");
  small_model_train(m, 4);
}

static void end(void) {
  cnn_model_free(m);
  cnn_context_free(context);
  test_alloc_check(&scratch_alloc);
}

/* Two files hold the same bytes. */
static void ck_same_file(const char *a, const char *b) {
  size_t counts[2];
  unsigned char *bytes[2] = {scratch_read(a, &counts[0]), scratch_read(b, &counts[1])};
  ck_assert_msg(counts[0] == counts[1] && memcmp(bytes[0], bytes[1], counts[0]) == 0, "%s and %s differ", a, b);
  free(bytes[0]);
  free(bytes[1]);
}

START_TEST(a_model_goes_there_and_back) {
  cnn_model *copy;
  begin();
  small_model_save(m, "native", NULL);
  small_model_save(m, "m.TOY", NULL);
  ck_assert_int_eq(scratch_count(), 2);
  copy = small_model_load(context, "m.TOY", NULL);
  ck_same_model(m, copy);
  small_model_save(copy, "again", NULL);
  ck_same_file("native", "again");
  small_model_train(m, 3);
  small_model_train(copy, 3);
  ck_same_model(m, copy);
  cnn_model_free(copy);
  end();
}
END_TEST

START_TEST(from_memory) {
  size_t count;
  cnn_model *copy;
  begin();
  small_model_save(m, "m.toy", NULL);
  unsigned char *bytes = scratch_read("m.toy", &count);
  ck_assert_int_eq(cnn_model_load_memory(&copy, context, bytes, count, NULL), CNN_OK);
  ck_same_model(m, copy);
  small_model_train(copy, 1);
  ck_assert_int_eq(cnn_model_load_weights_memory(copy, bytes, count, NULL), CNN_OK);
  small_model_train(m, 1);
  ck_assert_int_eq(cnn_model_load_weights_memory(m, bytes, count, NULL), CNN_OK);
  ck_same_model(m, copy);
  free(bytes);
  cnn_model_free(copy);
  end();
}
END_TEST

/* The model to be loaded into says what the weights are called. */
START_TEST(weights_alone) {
  cnn_model *other, *none = NULL;
  float wanted[20], got[20];
  begin();
  small_model_save(m, "w.weights.toy", cnn_save_opts(.weights_only = 1));
  small_model_predict(m, wanted);
  other = small_model(context);
  ck_assert_msg(cnn_model_load_weights(other, scratch_path("w.weights.toy"), NULL) == CNN_OK, "%s", cnn_error_text());
  small_model_predict(other, got);
  ck_assert_int_eq(memcmp(wanted, got, sizeof got), 0);
  ck_failed(cnn_model_load(&none, context, scratch_path("w.weights.toy"), NULL), CNN_EFORMAT,
            "w.weights.toy': holds weights alone, for cnn_model_load_weights");
  ck_assert_ptr_null(none);
  cnn_model_free(other);
  end();
}
END_TEST

START_TEST(without_the_optimizer) {
  cnn_model *copies[3];
  cnn_container *c;
  begin();
  small_model_save(m, "m.toy", NULL);
  small_model_save(m, "stateless.toy", cnn_save_opts(.no_optimizer = 1));
  copies[0] = small_model_load(context, "m.toy", cnn_load_opts(.no_optimizer = 1));
  copies[1] = small_model_load(context, "stateless.toy", NULL);
  ck_assert(!copies[0]->compiled && copies[1]->compiled);
  ck_assert_int_eq(copies[1]->iterations, 0);
  ck_assert_int_eq(cnn_container_load(&c, context, scratch_path("stateless.toy"), NULL), CNN_OK);
  ck_assert_ptr_null(cnn_container_note(c, "iterations"));
  ck_assert_ptr_nonnull(cnn_container_note(c, "compile"));
  ck_assert_ptr_null(cnn_container_tensor(c, "optimizer/conv1/kernel/momentum"));
  cnn_container_free(c);
  ck_assert_int_eq(cnn_container_load(&c, context, scratch_path("m.toy"), cnn_load_opts(.no_optimizer = 1)), CNN_OK);
  ck_assert_ptr_null(cnn_container_note(c, "compile"));
  ck_assert_ptr_null(cnn_container_note(c, "learning_rate"));
  ck_assert_ptr_null(cnn_container_tensor(c, "optimizer/conv1/kernel/momentum"));
  ck_assert_int_eq(cnn_model_from_container(&copies[2], context, c, NULL), CNN_OK);
  cnn_container_free(c);
  ck_same_model(copies[0], copies[2]);
  for (int i = 0; i < 3; i++)
    cnn_model_free(copies[i]);
  end();
}
END_TEST

START_TEST(by_containers) {
  cnn_model *copy;
  cnn_container *c, *file;
  begin();
  small_model_save(m, "native", NULL);
  ck_assert_int_eq(cnn_model_to_container(&c, m, NULL), CNN_OK);
  ck_assert_int_eq(cnn_model_from_container(&copy, context, c, NULL), CNN_OK);
  ck_same_model(m, copy);
  cnn_model_free(copy);
  ck_assert_int_eq(cnn_container_save(c, scratch_path("from.container"), NULL), CNN_OK);
  ck_same_file("native", "from.container");
  cnn_container_free(c);

  ck_assert_int_eq(cnn_container_load(&file, context, scratch_path("native"), NULL), CNN_OK);
  ck_assert_str_eq(cnn_container_note(file, "format"), "libcnn model");
  ck_assert_str_eq(cnn_container_note(file, "format_version"), "1");
  ck_assert_str_eq(cnn_container_note_key(file, 0), "format");
  ck_assert_str_eq(cnn_container_tensor_name(file, 0), "conv1/kernel");
  const cnn_tensor *kernel = cnn_container_tensor(file, "conv1/kernel");
  ck_assert_int_eq(cnn_tensor_rank(kernel), 4);
  ck_assert(memcmp(cnn_tensor_read(kernel), cnn__model_weight(m, 0)->value, cnn_tensor_bytes(kernel)) == 0);
  ck_assert_int_eq(cnn_container_save(file, scratch_path("c.toy"), NULL), CNN_OK);
  cnn_container_free(file);
  ck_assert_int_eq(cnn_container_load(&file, context, scratch_path("c.toy"), NULL), CNN_OK);
  ck_assert_int_eq(cnn_container_save(file, scratch_path("again"), NULL), CNN_OK);
  ck_same_file("native", "again");
  ck_assert_int_eq(cnn_container_save(file, scratch_path("weights"), cnn_save_opts(.weights_only = 1)), CNN_OK);
  small_model_save(m, "weights of the model", cnn_save_opts(.weights_only = 1));
  ck_same_file("weights", "weights of the model");
  ck_assert_int_eq(cnn_container_save(file, scratch_path("stateless"), cnn_save_opts(.no_optimizer = 1)), CNN_OK);
  small_model_save(m, "stateless model", cnn_save_opts(.no_optimizer = 1));
  ck_same_file("stateless", "stateless model");
  cnn_container_free(file);
  end();
}
END_TEST

/* A checkpoint keeps all of it in libcnn's own form, and is a model in any other. */
START_TEST(checkpoints) {
  const cnn__note more[] = {{"place", "{}"}};
  const float best[2] = {1, 2};
  const cnn__entry entry = {.name = "callback/0/best", .type = CNN_F32, .shape = {1, {2}}, .data = best};
  cnn_container *c;
  cnn_model *copy;
  begin();
  ck_assert_int_eq(cnn__model_write(m, &(cnn__target){.path = scratch_path("c")},
                                    &(cnn__more){.notes = more, .entries = &entry, .note_count = 1, .entry_count = 1}), CNN_OK);
  ck_assert_int_eq(cnn_container_load(&c, context, scratch_path("c"), NULL), CNN_OK);
  ck_assert_str_eq(cnn_container_note(c, "place"), "{}");
  ck_assert_ptr_nonnull(cnn_container_tensor(c, "callback/0/best"));
  ck_assert_int_eq(cnn_model_from_container(&copy, context, c, NULL), CNN_OK);
  ck_same_model(m, copy);
  cnn_model_free(copy);
  ck_assert_int_eq(cnn_container_save(c, scratch_path("again"), NULL), CNN_OK);
  ck_same_file("c", "again");
  ck_assert_int_eq(cnn_container_save(c, scratch_path("c.toy"), NULL), CNN_OK);
  cnn_container_free(c);
  ck_assert_int_eq(cnn_container_load(&c, context, scratch_path("c.toy"), NULL), CNN_OK);
  ck_assert_str_eq(cnn_container_note(c, "format"), "libcnn model");
  ck_assert_ptr_null(cnn_container_note(c, "place"));
  ck_assert_ptr_null(cnn_container_tensor(c, "callback/0/best"));
  cnn_container_free(c);
  copy = small_model_load(context, "c.toy", NULL);
  ck_same_model(m, copy);
  cnn_model_free(copy);
  end();
}
END_TEST

/* What libcnn counts and another program's file does not know. */
START_TEST(what_is_missing_is_filled_in) {
  cnn_container *c, *less;
  cnn_model *copy;
  begin();
  ck_assert_int_eq(cnn_model_to_container(&c, m, cnn_save_opts(.no_optimizer = 1)), CNN_OK);
  ck_assert_int_eq(cnn_container_new(&less, context), CNN_OK);
  ck_assert_int_eq(cnn_container_set_note(less, "config", cnn_container_note(c, "config")), CNN_OK);
  ck_assert_int_eq(cnn_container_set_note(less, "compile", cnn_container_note(c, "compile")), CNN_OK);
  for (int32_t i = 0; i < cnn_container_tensor_count(c); i++) {
    const char *name = cnn_container_tensor_name(c, i);
    ck_assert_int_eq(cnn_container_set_tensor(less, name, cnn_container_tensor(c, name)), CNN_OK);
  }
  ck_assert_int_eq(cnn_container_save(less, scratch_path("less"), NULL), CNN_OK);
  copy = small_model_load(context, "less", NULL);
  ck_assert(copy->compiled && copy->pass == 0 && copy->seed == cnn_context_seed(context));
  ck_assert_float_eq(copy->rate, 0.01f);
  cnn_model_free(copy);
  ck_assert_int_eq(cnn_model_from_container(&copy, context, less, NULL), CNN_OK);
  cnn_model_free(copy);
  cnn_container_free(less);
  cnn_container_free(c);
  end();
}
END_TEST

/* Rows registered later read first; the longest ending writes; a native file is nobody's. */
static int32_t sniff_all(const void *bytes, size_t count) {
  (void)bytes;
  return count > 0;
}
static int64_t told; /* max_bytes as the format hears it */
static cnn_status load_nothing(cnn_container *out, cnn_context *c, const void *bytes, size_t count, const cnn_container *like) {
  told = cnn_container_max_bytes(out);
  (void)c, (void)bytes, (void)count, (void)like;
  return cnn_error_set(CNN_EFORMAT, "greedy");
}

START_TEST(who_reads_and_writes) {
  const cnn_file_format greedy = {.size = sizeof greedy, .name = "greedy", .sniff = sniff_all, .load = load_nothing};
  cnn_model *copy = NULL;
  begin();
  toy_register(context, "other toy", ".h5 .own.toy");
  ck_assert_str_eq(cnn_format_name(context, "a.toy"), "toy");
  ck_assert_str_eq(cnn_format_name(context, "a.weights.Toy"), "toy");
  ck_assert_str_eq(cnn_format_name(context, "a.own.toy"), "other toy");
  ck_assert_str_eq(cnn_format_name(context, "x.toy/a.H5"), "other toy");
  ck_assert_str_eq(cnn_format_name(context, "a.safetensors"), "libcnn");
  ck_assert_str_eq(cnn_format_name(context, "h5"), "libcnn");
  small_model_save(m, "m.toy", NULL);
  small_model_save(m, "m", NULL);
  ck_assert_int_eq(cnn_format_register(context, &greedy), CNN_OK);
  ck_failed(cnn_model_load(&copy, context, scratch_path("m.toy"), NULL), CNN_EFORMAT, "/m.toy': greedy");
  ck_assert_int_eq(told, 0);
  ck_failed(cnn_model_load(&copy, context, scratch_path("m.toy"), cnn_load_opts(.max_bytes = 1 << 20)), CNN_EFORMAT, "/m.toy': greedy");
  ck_assert_int_eq(told, 1 << 20);
  ck_assert_int_eq(cnn_container_max_bytes(NULL), 0);
  copy = small_model_load(context, "m", NULL);
  ck_same_model(m, copy);
  cnn_model_free(copy);
  end();
}
END_TEST

static void add(TCase *tests) {
  scratch_without_sync();
  tcase_add_test(tests, a_model_goes_there_and_back);
  tcase_add_test(tests, from_memory);
  tcase_add_test(tests, weights_alone);
  tcase_add_test(tests, without_the_optimizer);
  tcase_add_test(tests, by_containers);
  tcase_add_test(tests, checkpoints);
  tcase_add_test(tests, what_is_missing_is_filled_in);
  tcase_add_test(tests, who_reads_and_writes);
}

int main(void) { return scratch_run("format", add); }
