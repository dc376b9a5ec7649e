/* diagram: DOT text as Keras 3's plot_model makes it, which Graphviz can draw. */
#include "branches.h"
#include "notebook.h"
#include "sink.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static cnn_model *two_layers(void) {
  cnn_model *m;
  ck_assert_int_eq(cnn_model_new(&m, context, NULL), CNN_OK);
  cnn_input(m, 1, (const int64_t[]){4}, NULL);
  cnn_dense(m, 3, cnn_dense_opts(.name = "a<b>&\"c\"", .activation = CNN_ACTIVATION_RELU));
  cnn_batch_normalization(m, cnn_batch_normalization_opts(.name = "bn", .frozen = 1));
  return m;
}

#define TABLE "<<table border=\"0\" cellborder=\"1\" bgcolor=\"black\" cellpadding=\"10\">"
#define HEAD(span, text)                                                                                               \
  "<tr><td colspan=\"" span "\" bgcolor=\"black\"><font point-size=\"16\" color=\"white\">" text "</font></td></tr>"
#define SHAPE(text) "<td bgcolor=\"white\"><font point-size=\"14\">" text "</font></td>"

START_TEST(the_text) {
  cnn_model *m = two_layers();
  ck_assert_int_eq(cnn_model_diagram(m, &sink.sink, NULL), CNN_OK);
  ck_assert_str_eq(sink.text,
                   "digraph G {\nconcentrate=true;\ndpi=200;\nrankdir=TB;\nsplines=ortho;\nnode [shape=record];\n"
                   "n1 [border=0, fontname=Helvetica, label=" TABLE
                   HEAD("2", "<b>a&lt;b&gt;&amp;&quot;c&quot;</b> (Dense)")
                   "<tr>" SHAPE("Input shape: <b>(None, 4)</b>") SHAPE("Output shape: <b>(None, 3)</b>")
                   "</tr></table>>, margin=0];\n"
                   "n2 [border=0, fontname=Helvetica, label=" TABLE HEAD("2", "<b>bn</b> (BatchNormalization)")
                   "<tr>" SHAPE("Input shape: <b>(None, 3)</b>") SHAPE("Output shape: <b>(None, 3)</b>")
                   "</tr></table>>, margin=0];\n"
                   "n1 -> n2 [penwidth=2];\n}\n");
  cnn_model_free(m);
}
END_TEST

/* A model that is no row: the input has a box, a layer that reads two lists their shapes and has two lines to it. */
START_TEST(branches_are_drawn) {
  cnn_model *m = branches_residual(context);
  ck_assert_int_eq(cnn_model_diagram(m, &sink.sink, NULL), CNN_OK);
  ck_assert_ptr_nonnull(strstr(sink.text, "n0 [border=0, fontname=Helvetica, label=" TABLE
                                          HEAD("1", "<b>image</b> (InputLayer)")
                                          "<tr>" SHAPE("Output shape: <b>(None, 9, 8, 6)</b>") "</tr></table>>, margin=0];\n"));
  ck_assert_ptr_nonnull(strstr(sink.text, HEAD("2", "<b>add</b> (Add)") "<tr>"
                                          SHAPE("Input shape: <b>[(None, 9, 8, 6), (None, 9, 8, 6)]</b>")
                                          SHAPE("Output shape: <b>(None, 9, 8, 6)</b>") "</tr>"));
  ck_assert_ptr_nonnull(strstr(sink.text, "n5 -> n6 [penwidth=2];\nn0 -> n6 [penwidth=2];\n"));
  cnn_model_free(m);
}
END_TEST

START_TEST(options_change_it) {
  cnn_model *m = two_layers();
  ck_assert_int_eq(cnn_model_diagram(m, &sink.sink,
                                     cnn_diagram_opts(.dpi = 96, .no_shapes = 1, .no_layer_names = 1,
                                                      .show_activations = 1, .show_trainable = 1, .left_to_right = 1)),
                   CNN_OK);
  ck_assert_ptr_nonnull(strstr(sink.text, "dpi=96;\nrankdir=LR;"));
  ck_assert_ptr_null(strstr(sink.text, "Input shape"));
  ck_assert_ptr_nonnull(strstr(sink.text, HEAD("1", "<b>Dense</b>")));
  ck_assert_ptr_nonnull(strstr(sink.text, "Activation: <b>relu</b>"));
  ck_assert_ptr_nonnull(strstr(sink.text, "bgcolor=\"forestgreen\""));
  ck_assert_ptr_nonnull(strstr(sink.text, "<b>Non-trainable</b>"));
  ck_assert_int_eq(cnn_model_diagram(m, &sink.sink, cnn_diagram_opts(.dpi = -1)), CNN_EINVAL);
  cnn_dense(m, 0, NULL);
  ck_assert_int_eq(cnn_model_diagram(m, &sink.sink, NULL), CNN_ESTATE);
  cnn_model_free(m);
}
END_TEST

/* Where Graphviz is installed, it draws all of them. */
START_TEST(graphviz_takes_it) {
  if (system("command -v dot >/dev/null 2>&1"))
    return;
  cnn_model *models[] = {two_layers(), notebook_new(context, 1)};
  for (int i = 0; i < 2; i++) {
    test_sink_clear(&sink);
    ck_assert_int_eq(cnn_model_diagram(models[i], &sink.sink, cnn_diagram_opts(.dpi = 40, .show_trainable = 1)),
                     CNN_OK);
    FILE *dot = popen("dot -Tsvg 2>&1 | grep -c -e '</svg>' >/dev/null", "w");
    ck_assert_ptr_nonnull(dot);
    ck_assert_uint_eq(fwrite(sink.text, 1, sink.length, dot), sink.length);
    ck_assert_int_eq(pclose(dot), 0);
    cnn_model_free(models[i]);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("diagram");
  TCase *all = tcase_create("all");
  tcase_add_checked_fixture(all, set_up, tear_down);
  tcase_set_timeout(all, 60);
  tcase_add_test(all, branches_are_drawn);
  tcase_add_test(all, the_text);
  tcase_add_test(all, options_change_it);
  tcase_add_test(all, graphviz_takes_it);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
