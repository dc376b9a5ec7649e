/* summary: byte for byte what Keras 3 prints for the notebook's model, into pipes and terminals. */
#include "branches.h"
#include "notebook.h"
#include "sink.h"

#include "model/model_internal.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cnn_context *context;
static test_sink sink;

static void set_up(void) {
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 1)), CNN_OK);
  test_sink_init(&sink);
}

static void tear_down(void) {
  test_sink_free(&sink);
  cnn_context_free(context);
}

/* A terminal's file has \r\n where we write \n. */
static char *read_reference(const char *path) {
  char name[512];
  snprintf(name, sizeof name, "%s/text/keras/%s.txt", REFERENCE_DIR, path);
  FILE *file = fopen(name, "rb");
  ck_assert_msg(file != NULL, "cannot open %s", name);
  char *text = calloc(1, 65536);
  size_t length = 0;
  for (int c; (c = fgetc(file)) != EOF;)
    if (c != '\r')
      text[length++] = (char)c;
  fclose(file);
  return text;
}

/* Equal texts, or the first line that differs: whole tables are too long for Check's messages. */
static void equal(const char *what, const char *actual, const char *expected) {
  int line = 1;
  while (*actual || *expected) {
    size_t a = strcspn(actual, "\n"), e = strcspn(expected, "\n");
    ck_assert_msg(a == e && !memcmp(actual, expected, a), "%s, line %d: '%.*s', expected '%.*s'", what, line, (int)a,
                  actual, (int)e, expected);
    actual += a + (actual[a] != 0);
    expected += e + (expected[e] != 0);
    line++;
  }
}

/* The reference's session prints a line of its own after some summaries. */
static void expect(const char *path) {
  static const char own[] = "\nTotal Parameters: 422,026\n";
  char *expected = read_reference(path);
  size_t length = strlen(expected), extra = strlen(own);
  if (length > extra && !strcmp(expected + length - extra, own))
    expected[length - extra] = 0;
  equal(path, sink.text, expected);
  free(expected);
  test_sink_clear(&sink);
}

static void all_variants(const char *folder, int32_t columns, int32_t terminal) {
  cnn_model *model = notebook_new(context, 1);
  char path[96];
  notebook_compile(model, "adam", NULL);
  sink.sink.columns = columns;
  sink.sink.is_terminal = terminal;
  ck_assert_int_eq(cnn_model_summary(model, &sink.sink, NULL), CNN_OK);
  snprintf(path, sizeof path, "%s/summary_built_and_compiled", folder);
  expect(path);
  ck_assert_int_eq(cnn_model_summary(model, &sink.sink, cnn_summary_opts(.line_length = 100)), CNN_OK);
  snprintf(path, sizeof path, "%s/summary_line_length_100", folder);
  expect(path);
  ck_assert_int_eq(cnn_model_summary(model, &sink.sink, cnn_summary_opts(.show_trainable = 1)), CNN_OK);
  snprintf(path, sizeof path, "%s/summary_show_trainable", folder);
  expect(path);
  if (columns == 80) {
    model->iterations = 1;
    ck_assert_int_eq(cnn_model_summary(model, &sink.sink, NULL), CNN_OK);
    snprintf(path, sizeof path, "%s/summary_after_fit", folder);
    expect(path);
  }
  cnn_model_free(model);
}

START_TEST(a_pipe_of_80_columns) { all_variants("pipe_80", 80, 0); }
END_TEST

START_TEST(a_pipe_of_120_columns) { all_variants("pipe_120", 120, 0); }
END_TEST

START_TEST(a_terminal_of_80_columns) { all_variants("terminal_80", 80, 1); }
END_TEST

/* Everywhere in the text `from` becomes `to`, of the same length. */
static void replace(char *text, const char *from, const char *to) {
  ck_assert_uint_eq(strlen(from), strlen(to));
  while ((text = strstr(text, from)) != NULL)
    memcpy(text, to, strlen(to));
}

/* Keras's text of the residual model, in which its ReLU layers are this library's Activation. */
static void branches(const char *path, int32_t terminal) {
  cnn_model *model = branches_residual(context);
  sink.sink.columns = 80;
  sink.sink.is_terminal = terminal;
  ck_assert_int_eq(cnn_model_summary(model, &sink.sink, NULL), CNN_OK);
  char *expected = read_reference(path);
  replace(expected, terminal ? "ReLU\x1b[0m)      " : "ReLU)      ", terminal ? "Activation\x1b[0m)" : "Activation)");
  equal(path, sink.text, expected);
  free(expected);
  cnn_model_free(model);
}

START_TEST(a_model_with_branches_says_what_layers_read) { branches("pipe_80/functional_summary", 0); }
END_TEST

START_TEST(and_on_a_terminal) { branches("terminal_80/functional_summary", 1); }
END_TEST

/* Five columns in a line of Keras's standard length; none is cut. */
START_TEST(branches_with_the_trainable_column) {
  cnn_model *model = branches_residual(context);
  sink.sink.columns = 130;
  sink.sink.ascii = 1;
  ck_assert_int_eq(cnn_model_summary(model, &sink.sink, cnn_summary_opts(.show_trainable = 1)), CNN_OK);
  const char *head = strchr(strchr(sink.text, '\n') + 1, '\n') + 1, *add = strstr(sink.text, "| add (Add) ");
  ck_assert_uint_eq(strcspn(head, "\n"), 120);
  for (const char *const *word = (const char *const[]){"| Layer (type) ", "| Output Shape ", "Param # | ", "Connected to ",
                                                       "| Trainable |\n", NULL};
       *word; word++) {
    const char *found = strstr(head, *word);
    ck_assert_msg(found != NULL && found < head + 121, "'%s' is not in the head in its turn", *word);
  }
  ck_assert_ptr_nonnull(add);
  ck_assert_ptr_nonnull(strstr(add, "| bn_b[0][0], image[0][0] "));
  cnn_model_free(model);
}
END_TEST

static cnn_model *long_names(void) {
  cnn_model *model;
  ck_assert_int_eq(cnn_model_new(&model, context, cnn_model_opts(.name = "named")), CNN_OK);
  cnn_input(model, 1, (const int64_t[]){3}, NULL);
  cnn_dense(model, 2, cnn_dense_opts(.name = "a_rather_long_name_for_a_dense_layer"));
  cnn_batch_normalization(model, cnn_batch_normalization_opts(.name = "bn", .frozen = 1));
  ck_assert_int_eq(cnn_model_status(model), CNN_OK);
  return model;
}

START_TEST(long_cells_are_wrapped_and_cut) {
  cnn_model *model = long_names();
  sink.sink.columns = 60;
  ck_assert_int_eq(cnn_model_summary(model, &sink.sink, cnn_summary_opts(.show_trainable = 1)), CNN_OK);
  equal("long names", sink.text, "Model: \"named\"\n"
                              "┏━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━┳━━━━━━━━┳━━━━━┓\n"
                              "┃ Layer (type)        ┃ Output Shape    ┃  Param ┃ Tr… ┃\n"
                              "┃                     ┃                 ┃      # ┃     ┃\n"
                              "┡━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━╇━━━━━━━━╇━━━━━┩\n"
                              "│ a_rather_long_name… │ (None, 2)       │      8 │  Y  │\n"
                              "│ (Dense)             │                 │        │     │\n"
                              "├─────────────────────┼─────────────────┼────────┼─────┤\n"
                              "│ bn                  │ (None, 2)       │      8 │  N  │\n"
                              "│ (BatchNormalizatio… │                 │        │     │\n"
                              "└─────────────────────┴─────────────────┴────────┴─────┘\n"
                              " Total params: 16 (64.00 B)\n"
                              " Trainable params: 8 (32.00 B)\n"
                              " Non-trainable params: 8 (32.00 B)\n");
  cnn_model_free(model);
}
END_TEST

START_TEST(a_plain_sink_gets_ascii) {
  cnn_model *model = long_names();
  sink.sink.ascii = 1;
  sink.sink.columns = 50;
  ck_assert_int_eq(cnn_model_summary(model, &sink.sink, NULL), CNN_OK);
  for (size_t i = 0; i < sink.length; i++)
    ck_assert_msg((unsigned char)sink.text[i] < 128, "byte %zu is %d", i, sink.text[i]);
  ck_assert_ptr_nonnull(strstr(sink.text, "+--"));
  cnn_model_free(model);
}
END_TEST

START_TEST(refusals) {
  cnn_model *model = long_names();
  ck_assert_int_eq(cnn_model_summary(model, &sink.sink, cnn_summary_opts(.line_length = 12)), CNN_EINVAL);
  ck_assert_ptr_nonnull(strstr(cnn_error_text(), "line_length 12"));
  ck_assert_int_eq(cnn_model_summary(model, &sink.sink, cnn_summary_opts(.line_length = -5)), CNN_EINVAL);
  ck_assert_int_eq(cnn_model_summary(model, NULL, NULL), CNN_OK); /* the context has no sink: nowhere */
  cnn_dense(model, 0, NULL);
  ck_assert_int_eq(cnn_model_summary(model, &sink.sink, NULL), CNN_ESTATE);
  ck_assert_uint_eq(sink.length, 0);
  cnn_model_free(model);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("summary");
  TCase *all = tcase_create("all");
  tcase_add_checked_fixture(all, set_up, tear_down);
  tcase_add_test(all, a_model_with_branches_says_what_layers_read);
  tcase_add_test(all, and_on_a_terminal);
  tcase_add_test(all, branches_with_the_trainable_column);
  tcase_add_test(all, a_pipe_of_80_columns);
  tcase_add_test(all, a_pipe_of_120_columns);
  tcase_add_test(all, a_terminal_of_80_columns);
  tcase_add_test(all, long_cells_are_wrapped_and_cut);
  tcase_add_test(all, a_plain_sink_gets_ascii);
  tcase_add_test(all, refusals);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
