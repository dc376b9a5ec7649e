/* every_layer: a model of every layer type of the registry, with every attribute that can be changed by itself: see
 * branches.h. All of them read one layer; each is made into eight numbers, and these are added up. */
#include "branches.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define MOST 400

/* What a type cannot be made without. A type that is not here is made from nothing. */
static const struct {
  const char *type, *attributes;
} needed[] = {
    {"conv2d", "filters=4 kernel_size=3"},
    {"dense", "units=4"},
    {"dropout", "rate=0.25"},
    {"activation", "activation=tanh"},
    {"add", "inputs=trunk,other"},
};

/* What changes together. */
static const struct {
  const char *type, *attributes;
} together[] = {
    {"conv2d", "filters=16 kernel_size=3 padding=same activation=relu"},
    {"conv2d", "filters=4 kernel_size=3,2 strides=2,1 padding=same groups=4 use_bias=false"},
    {"average_pooling2d", "pool_size=3 strides=1,2 padding=same"},
    {"max_pooling2d", "pool_size=3 strides=2,1 padding=same"},
    {"add", "inputs=trunk,other,trunk,image"},
};

typedef struct variant {
  char type[64], text[256];
} variant;

static variant list[MOST];
static int32_t count;

static const char *needed_by(const char *type) {
  for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
    if (!strcmp(needed[i].type, type))
      return needed[i].attributes;
  return "";
}

static cnn_model *begin(cnn_context *context) {
  cnn_model *m;
  ck_assert_int_eq(cnn_model_new(&m, context, cnn_model_opts(.name = "every_layer")), CNN_OK);
  cnn_input(m, 3, (const int64_t[]){8, 8, 4}, cnn_input_opts(.name = "image"));
  cnn_conv2d(m, 4, 3, 3, cnn_conv2d_opts(.name = "trunk", .padding = CNN_PADDING_SAME, .activation = CNN_ACTIVATION_TANH));
  cnn_conv2d(m, 4, 1, 1, cnn_conv2d_opts(.name = "other"));
  return m;
}

static cnn_layer *append(cnn_model *m, const variant *v) {
  char text[300];
  snprintf(text, sizeof text, "%s%s", v->text, strstr(v->text, "inputs=") ? "" : " input=trunk");
  return cnn_layer_add(m, v->type, text);
}

/* Into the list, where a layer can be made so. */
static int32_t try(cnn_context *context, const char *type, const char *text) {
  variant *v = &list[count];
  ck_assert_int_lt(count, MOST);
  snprintf(v->type, sizeof v->type, "%s", type);
  snprintf(v->text, sizeof v->text, "%s", text);
  cnn_model *m = begin(context);
  int32_t made = append(m, v) != NULL;
  cnn_model_free(m);
  count += made;
  return made;
}

/* The type's needs with this attribute instead of what stands there. */
static int32_t try_value(cnn_context *context, const char *type, const char *key, const char *value) {
  char text[256], start[72];
  size_t used = (size_t)snprintf(text, sizeof text, "%s=%s", key, value);
  const char *rest = needed_by(type);
  snprintf(start, sizeof start, "%s=", key);
  while (*rest) {
    size_t length = strcspn(rest, " ");
    if (strncmp(rest, start, strlen(start)) != 0)
      used += (size_t)snprintf(text + used, sizeof text - used, " %.*s", (int)length, rest);
    rest += length + (rest[length] == ' ');
  }
  return try(context, type, text);
}

/* Another value than the usual one of an attribute that is a number. */
static void number_of(const cnn_attribute *row, char text[32]) {
  if (row->kind == CNN_ATTRIBUTE_FLOAT)
    snprintf(text, 32, "%g", row->minimum + (row->maximum - row->minimum > 1 ? 0.5 : (row->maximum - row->minimum) / 4));
  else
    snprintf(text, 32, "%s", row->kind == CNN_ATTRIBUTE_PAIR ? "2,1" : "2");
}

static void try_attribute(cnn_context *context, const char *type, const cnn_attribute *row) {
  char number[32];
  if (row->kind == CNN_ATTRIBUTE_CHOICE) {
    for (int32_t i = 0; row->choices[i]; i++)
      ck_assert_msg(try_value(context, type, row->key, row->choices[i]), "%s %s=%s: %s", type, row->key, row->choices[i],
                    cnn_error_text());
  } else if (row->kind == CNN_ATTRIBUTE_FLAG) {
    ck_assert_msg(try_value(context, type, row->key, !strcmp(row->standard, "true") ? "false" : "true"), "%s %s: %s", type,
                  row->key, cnn_error_text());
  } else if (row->kind != CNN_ATTRIBUTE_TEXT && row->kind != CNN_ATTRIBUTE_SHAPE) {
    number_of(row, number);
    try_value(context, type, row->key, number);
  }
}

static void find_variants(cnn_context *context) {
  count = 0;
  for (int32_t t = 0; t < cnn_layer_type_count(); t++) {
    const char *type = cnn_layer_type_at(t);
    if (!strcmp(type, "input"))
      continue;
    ck_assert_msg(try(context, type, needed_by(type)), "%s: %s; say what it needs in tests/support/every_layer.c", type,
                  cnn_error_text());
    for (int32_t i = 0; i < cnn_layer_attribute_count(type); i++) {
      cnn_attribute row = {.size = sizeof row};
      ck_assert_int_eq(cnn_layer_attribute_at(type, i, &row), CNN_OK);
      try_attribute(context, type, &row);
    }
  }
  for (size_t i = 0; i < sizeof together / sizeof *together; i++)
    ck_assert_msg(try(context, together[i].type, together[i].attributes), "%s: %s", together[i].type, cnn_error_text());
}

/* Eight numbers of whatever the layer gives; their layer is called `name`. */
static void reduce(cnn_model *m, const cnn_layer *layer, const char *name) {
  int64_t shape[CNN_MAX_RANK];
  int32_t rank = cnn_layer_output_shape(layer, shape);
  if (rank == 3)
    cnn_global_average_pooling2d(m, NULL);
  else if (rank != 1)
    cnn_flatten(m, NULL);
  cnn_dense(m, 8, cnn_dense_opts(.name = name, .activation = CNN_ACTIVATION_TANH));
}

cnn_model *branches_every_layer(cnn_context *context, int32_t *variants) {
  char name[32], sum[32], before[32] = "";
  find_variants(context);
  cnn_model *m = begin(context);
  for (int32_t i = 0; i < count; i++) {
    const cnn_layer *layer = append(m, &list[i]);
    ck_assert_msg(layer != NULL, "%s", cnn_error_text());
    snprintf(name, sizeof name, "eight%d", (int)i);
    reduce(m, layer, name);
    snprintf(sum, sizeof sum, "sum%d", (int)i);
    if (i)
      cnn_add(m, cnn_add_opts(.name = sum, .inputs = (const char *const[]){before, name}, .input_count = 2));
    snprintf(before, sizeof before, "%s", i ? sum : name);
  }
  cnn_dense(m, 4, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX));
  ck_assert_msg(cnn_model_status(m) == CNN_OK, "%s", cnn_error_text());
  *variants = count;
  return m;
}

cnn_model *branches_one_layer(cnn_context *context, int32_t index, char *text) {
  if (!index)
    find_variants(context);
  if (index == count)
    return NULL;
  snprintf(text, 320, "%s %s", list[index].type, list[index].text);
  cnn_model *m = begin(context);
  const cnn_layer *layer = append(m, &list[index]);
  ck_assert_msg(layer != NULL, "%s", cnn_error_text());
  reduce(m, layer, "eight");
  cnn_flatten(m, cnn_flatten_opts(.input = "other"));
  cnn_dense(m, 8, cnn_dense_opts(.name = "beside"));
  cnn_add(m, cnn_add_opts(.inputs = (const char *const[]){"eight", "beside"}, .input_count = 2));
  cnn_dense(m, 4, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX));
  ck_assert_msg(cnn_model_status(m) == CNN_OK, "%s", cnn_error_text());
  return m;
}
