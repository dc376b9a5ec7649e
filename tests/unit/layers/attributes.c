/* attributes: defaults, reading, ranges, text, and what the public interface tells of every type. */
#include "layers/layer_internal.h"
#include "optim/optimizer_internal.h"

#include <check.h>
#include <string.h>

typedef struct settings {
  int64_t number, pair[2], step[2];
  float share, open, any;
  int32_t color, flag;
  cnn__shape shape;
  cnn__list list;
  char words[CNN__ATTRIBUTE_TEXT_BYTES];
} settings;

static const char *const colors[] = {"red", "green", "blue", NULL};

static const cnn__attribute table[] = {
    {"number", CNN_ATTRIBUTE_INT, offsetof(settings, number), 1, NULL, 1, 9, NULL, ""},
    {"pair", CNN_ATTRIBUTE_PAIR, offsetof(settings, pair), 0, "2,3", 1, 9, NULL, ""},
    {"step", CNN_ATTRIBUTE_PAIR, offsetof(settings, step), 0, "auto", 1, 9, NULL, ""},
    {"share", CNN_ATTRIBUTE_FLOAT, offsetof(settings, share), 0, "0.1", 0, 1, NULL, ""},
    {"open", CNN_ATTRIBUTE_FLOAT, offsetof(settings, open), 0, "0.5", CNN__ABOVE_0, CNN__BELOW_1, NULL, ""},
    {"any", CNN_ATTRIBUTE_FLOAT, offsetof(settings, any), 0, "1e-07", CNN__ABOVE_0, CNN__UNBOUNDED, NULL, ""},
    {"color", CNN_ATTRIBUTE_CHOICE, offsetof(settings, color), 0, "green", 0, 0, colors, ""},
    {"flag", CNN_ATTRIBUTE_FLAG, offsetof(settings, flag), 0, "true", 0, 1, NULL, ""},
    {"shape", CNN_ATTRIBUTE_SHAPE, offsetof(settings, shape), 0, "4,5", 1, 99, NULL, ""},
    {"list", CNN_ATTRIBUTE_LIST, offsetof(settings, list), 0, "0.5:10", 0, 100, NULL, ""},
    {"words", CNN_ATTRIBUTE_TEXT, offsetof(settings, words), 0, "", 0, 0, NULL, ""},
    {0},
};

static void expect_text(const settings *set, const char *key, const char *expected) {
  char text[64];
  const cnn__attribute *row = cnn__attribute_find(table, key);
  ck_assert_ptr_nonnull(row);
  ck_assert_int_eq(cnn__attribute_text(row, set, text, sizeof text), (int)strlen(expected));
  ck_assert_str_eq(text, expected);
}

START_TEST(defaults_come_from_the_table) {
  settings set;
  memset(&set, 0xff, sizeof set);
  cnn__attributes_default(table, &set);
  ck_assert_int_eq(set.number, 0);
  ck_assert_int_eq(set.pair[0], 2);
  ck_assert_int_eq(set.pair[1], 3);
  ck_assert_int_eq(set.step[0], 0);
  ck_assert(set.share == 0.1f && set.open == 0.5f && set.any == 1e-7f);
  ck_assert_int_eq(set.color, 1);
  ck_assert_int_eq(set.flag, 1);
  ck_assert_int_eq(set.shape.rank, 2);
  ck_assert_int_eq(set.shape.extent[1], 5);
  ck_assert_int_eq(set.list.count, 2);
  ck_assert(set.list.values[0] == 0.5f && set.list.values[1] == 10);
  ck_assert_str_eq(set.words, "");
}
END_TEST

START_TEST(text_reads_back) {
  static const char *const pairs[][3] = {
      {"number", "9", "9"},    {"pair", "4", "4,4"},         {"pair", "1,9", "1,9"},    {"step", "auto", "auto"},
      {"step", "3", "3,3"},    {"share", "0.25", "0.25"},    {"share", "0", "0"},       {"share", "1.0", "1"},
      {"share", "0.1", "0.1"}, {"share", "1e-3", "0.001"},   {"any", "1e-7", "1e-07"},  {"any", "3e38", "3e+38"},
      {"color", "red", "red"}, {"flag", "false", "false"},   {"flag", "true", "true"},  {"shape", "7", "7"},
      {"shape", "1,2,3,4,5,6,7,8", "1,2,3,4,5,6,7,8"},       {"share", "0.33333334", "0.33333334"}, {"list", "7", "7"},
      {"list", "1e1:0.25:1e-3", "10:0.25:0.001"}, {"words", "a(b=1,c=2:3)", "a(b=1,c=2:3)"}};
  settings set;
  cnn__attributes_default(table, &set);
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
    ck_assert_msg(cnn__attributes_set(table, &set, pairs[i][0], pairs[i][1], "thing") == CNN_OK, "%s",
                  cnn_error_text());
    expect_text(&set, pairs[i][0], pairs[i][2]);
  }
}
END_TEST

START_TEST(bad_values_are_refused_with_their_values) {
  static const struct {
    const char *key, *value;
    cnn_status status;
    const char *text;
  } cases[] = {
      {"number", "0", CNN_EINVAL, "thing: number is 0, must be 1 to 9"},
      {"number", "10", CNN_EINVAL, "thing: number is 10, must be 1 to 9"},
      {"number", "x", CNN_EINVAL, "thing: number is 'x', must be a whole number"},
      {"number", "1.5", CNN_EINVAL, "thing: number is '1.5', must be a whole number"},
      {"number", "99999999999999999999", CNN_EINVAL, "thing: number is '99999999999999999999', must be a whole number"},
      {"pair", "1,10", CNN_EINVAL, "thing: pair is 1,10, must be 1 to 9"},
      {"pair", "0", CNN_EINVAL, "thing: pair is 0,0, must be 1 to 9"},
      {"pair", "1,2,3", CNN_EINVAL, "thing: pair is '1,2,3', must be one or two whole numbers such as 3,3"},
      {"pair", "1,", CNN_EINVAL, "thing: pair is '1,', must be one or two whole numbers such as 3,3"},
      {"pair", "auto", CNN_EINVAL, "thing: pair is 'auto', must be one or two whole numbers such as 3,3"},
      {"share", "-0.5", CNN_EINVAL, "thing: share is -0.5, must be at least 0 and at most 1"},
      {"share", "nan", CNN_EINVAL, NULL},
      {"share", "inf", CNN_EINVAL, NULL},
      {"open", "0", CNN_EINVAL, "thing: open is 0, must be above 0 and below 1"},
      {"open", "1", CNN_EINVAL, "thing: open is 1, must be above 0 and below 1"},
      {"any", "0", CNN_EINVAL, "thing: any is 0, must be finite and above 0"},
      {"any", "1e39", CNN_EINVAL, NULL},
      {"color", "gren", CNN_ENAME, "thing: color is 'gren', must be one of red, green, blue; did you mean 'green'?"},
      {"color", "purple", CNN_ENAME, "thing: color is 'purple', must be one of red, green, blue"},
      {"flag", "yes", CNN_EINVAL, "thing: flag is 'yes', must be true or false"},
      {"shape", "1,2,3,4,5,6,7,8,9", CNN_EINVAL, NULL},
      {"shape", "0,1", CNN_EINVAL, "thing: shape is 0,1, must be 1 to 99"},
      {"list", "1:101", CNN_EINVAL, "thing: list is 1:101, must be at least 0 and at most 100"},
      {"list", "1:nan", CNN_EINVAL, NULL},
      {"list", "1:", CNN_EINVAL, "thing: list is '1:', must be numbers such as 0.1:0.01, 24 at most"},
      {"list", "1,2", CNN_EINVAL, NULL},
      {"list", "1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18:19:20:21:22:23:24:25", CNN_EINVAL, NULL},
      {"shpe", "1", CNN_ENAME, "thing: unknown attribute 'shpe'; did you mean 'shape'?"},
      {"name", "a", CNN_ENAME, NULL},
  };
  settings set;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    cnn__attributes_default(table, &set);
    cnn_status status = cnn__attributes_set(table, &set, cases[i].key, cases[i].value, "thing");
    ck_assert_msg(status == cases[i].status, "%s=%s gives %s", cases[i].key, cases[i].value, cnn_status_name(status));
    if (cases[i].text)
      ck_assert_str_eq(cnn_error_text(), cases[i].text);
  }
}
END_TEST

START_TEST(values_set_in_c_are_checked) {
  settings good, set;
  cnn__attributes_default(table, &good);
  good.number = 3;
  ck_assert_int_eq(cnn__attributes_check(table, &good, "thing"), CNN_OK);
  set = good;
  set.number = -4;
  ck_assert_int_eq(cnn__attributes_check(table, &set, "thing"), CNN_EINVAL);
  ck_assert_str_eq(cnn_error_text(), "thing: number is -4, must be 1 to 9");
  set = good;
  set.color = 3;
  ck_assert_int_eq(cnn__attributes_check(table, &set, "thing"), CNN_EINVAL);
  ck_assert_str_eq(cnn_error_text(), "thing: color is '3', must be one of red, green, blue");
  set = good;
  set.shape.rank = CNN_MAX_RANK + 1;
  ck_assert_int_eq(cnn__attributes_check(table, &set, "thing"), CNN_EINVAL);
  set = good;
  set.step[1] = 10;
  ck_assert_int_eq(cnn__attributes_check(table, &set, "thing"), CNN_EINVAL);
}
END_TEST

static cnn_status take(void *user, const char *key, const char *value) {
  strcat(user, key);
  strcat(user, value);
  return CNN_OK;
}

START_TEST(whole_lines_are_read) {
  settings set;
  char taken[64] = "";
  static const char line[] = "  number=4\tname=ab pair=7\n input=cd ";
  ck_assert_msg(cnn__attributes_parse(table, &set, line, "thing", take, taken) == CNN_OK, "%s", cnn_error_text());
  ck_assert_int_eq(set.number, 4);
  ck_assert_int_eq(set.pair[1], 7);
  ck_assert_int_eq(set.color, 1);
  ck_assert_str_eq(taken, "nameabinputcd");
}
END_TEST

START_TEST(bad_lines_are_refused) {
  static const struct {
    const char *line;
    cnn_status status;
    const char *text;
  } cases[] = {
      {NULL, CNN_EINVAL, "thing: number must be given"},
      {"", CNN_EINVAL, "thing: number must be given"},
      {"number=4 number=5", CNN_EINVAL, "thing: number is given twice"},
      {"number=4 name=a name=b", CNN_EINVAL, "thing: name is given twice"},
      {"number", CNN_EINVAL, "thing: 'number' is not of the form key=value"},
      {"=4", CNN_EINVAL, "thing: '=4' is not of the form key=value"},
      {"number=", CNN_EINVAL, "thing: number has no value"},
      {"number=4 nme=a", CNN_ENAME, "thing: unknown attribute 'nme'; did you mean 'name'?"},
      {"number=40", CNN_EINVAL, "thing: number is 40, must be 1 to 9"},
  };
  settings set;
  char taken[64] = "";
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    taken[0] = 0;
    ck_assert_int_eq(cnn__attributes_parse(table, &set, cases[i].line, "thing", take, taken), cases[i].status);
    ck_assert_str_eq(cnn_error_text(), cases[i].text);
  }
  ck_assert_int_eq(cnn__attributes_parse(table, &set, "number=4 name=a", "thing", NULL, NULL), CNN_ENAME);
  char line[1200];
  memset(line, 'a', sizeof line);
  memcpy(line, "number=4 name=", 14);
  line[sizeof line - 1] = 0;
  ck_assert_int_eq(cnn__attributes_parse(table, &set, line, "thing", take, taken), CNN_EINVAL);
  memset(line, 'a', sizeof line);
  memcpy(line + 1000, "=1", 3);
  ck_assert_int_eq(cnn__attributes_parse(table, &set, line, "thing", take, taken), CNN_ENAME);
}
END_TEST

START_TEST(decimals_are_what_was_written) {
  static const double written[] = {0.999, 0.99, 0.9, 0.5, 0, 1, 0.001, 1e-7, 0.95, 123456.5, -0.3};
  for (size_t i = 0; i < sizeof written / sizeof written[0]; i++)
    ck_assert(cnn__attribute_decimal((float)written[i]) == written[i]);
  ck_assert(cnn__attribute_decimal(1e-30f) == (double)1e-30f);
  ck_assert(cnn__attribute_decimal(3e38f) == (double)3e38f);
}
END_TEST

/* Every row of a table: its default passes its own check and reads back as itself. */
static void check_table(const char *type, const cnn__attribute *rows, size_t bytes) {
  char set[2048], text[128];
  ck_assert_uint_le(bytes, sizeof set);
  cnn__attributes_default(rows, set);
  for (const cnn__attribute *row = rows; row->key; row++) {
    ck_assert_msg(row->help && row->help[0], "%s: %s has no help", type, row->key);
    ck_assert_msg(row->required == (row->standard == NULL), "%s: %s is required or has a default", type, row->key);
    if (row->required)
      continue;
    ck_assert_msg(cnn__attributes_set(rows, set, row->key, row->standard, type) == CNN_OK, "%s", cnn_error_text());
    cnn__attribute_text(row, set, text, sizeof text);
    ck_assert_msg(strcmp(text, row->standard) == 0, "%s: default of %s is '%s', written '%s'", type, row->key,
                  row->standard, text);
  }
}

START_TEST(every_type_has_a_sound_table) {
  for (int32_t i = 0; i < cnn__layer_type_count(); i++)
    check_table(cnn__layer_type_at(i)->name, cnn__layer_type_at(i)->attributes, cnn__layer_type_at(i)->attributes_size);
  for (int32_t i = 0; i < cnn_optimizer_type_count(); i++)
    check_table(cnn__optimizer_type_at(i)->name, cnn__optimizer_type_at(i)->attributes,
                cnn__optimizer_type_at(i)->attributes_size);
}
END_TEST

START_TEST(types_are_enumerated) {
  ck_assert_int_eq(cnn_layer_type_count(), 12);
  ck_assert_ptr_null(cnn_layer_type_at(-1));
  ck_assert_ptr_null(cnn_layer_type_at(12));
  ck_assert_ptr_null(cnn_layer_type_help("con2d"));
  for (int32_t i = 0; i < cnn_layer_type_count(); i++) {
    const char *type = cnn_layer_type_at(i);
    ck_assert_ptr_nonnull(cnn_layer_type_help(type));
    for (int32_t j = 0; j < cnn_layer_attribute_count(type); j++) {
      cnn_attribute row = {.size = sizeof row};
      ck_assert_int_eq(cnn_layer_attribute_at(type, j, &row), CNN_OK);
      ck_assert_ptr_nonnull(row.key);
      ck_assert_ptr_nonnull(row.standard);
      ck_assert_uint_eq(row.size, sizeof row);
      ck_assert((row.choices != NULL) == (row.kind == CNN_ATTRIBUTE_CHOICE || row.kind == CNN_ATTRIBUTE_FORM));
    }
  }
  ck_assert_int_eq(cnn_layer_attribute_count("con2d"), -1);
  ck_assert_str_eq(cnn_error_text(), "unknown layer type 'con2d'; did you mean 'conv2d'?");
  ck_assert_int_eq(cnn_layer_attribute_count(NULL), -1);
}
END_TEST

START_TEST(public_rows_keep_to_their_size) {
  cnn_attribute row = {.size = sizeof row};
  ck_assert_int_eq(cnn_layer_attribute_at("conv2d", 99, &row), CNN_EINVAL);
  ck_assert_int_eq(cnn_layer_attribute_at("conv2d", -1, &row), CNN_EINVAL);
  ck_assert_int_eq(cnn_layer_attribute_at("conv", 0, &row), CNN_ENAME);
  ck_assert_int_eq(cnn_layer_attribute_at("conv2d", 0, NULL), CNN_EINVAL);
  row.size = 8;
  ck_assert_int_eq(cnn_layer_attribute_at("conv2d", 0, &row), CNN_EINVAL);
  struct {
    cnn_attribute row;
    char more[16];
  } newer;
  memset(&newer, 0x5a, sizeof newer);
  newer.row.size = sizeof newer;
  ck_assert_int_eq(cnn_layer_attribute_at("conv2d", 0, &newer.row), CNN_OK);
  ck_assert_str_eq(newer.row.key, "filters");
  ck_assert_int_eq(newer.more[0], 0x5a);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("attributes");
  TCase *tests = tcase_create("attributes");
  tcase_add_test(tests, defaults_come_from_the_table);
  tcase_add_test(tests, text_reads_back);
  tcase_add_test(tests, bad_values_are_refused_with_their_values);
  tcase_add_test(tests, values_set_in_c_are_checked);
  tcase_add_test(tests, whole_lines_are_read);
  tcase_add_test(tests, bad_lines_are_refused);
  tcase_add_test(tests, decimals_are_what_was_written);
  tcase_add_test(tests, every_type_has_a_sound_table);
  tcase_add_test(tests, types_are_enumerated);
  tcase_add_test(tests, public_rows_keep_to_their_size);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
