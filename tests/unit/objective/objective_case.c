#include "objective_case.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keras's config as attributes: what the library does not know it leaves at Keras's default, or the test fails. */
static void attributes_of(const json_t *config, char *text, size_t bytes) {
  const char *key;
  json_t *value;
  size_t used = 0;
  text[0] = 0;
  json_object_foreach((json_t *)config, key, value) {
    if (json_is_null(value) || strcmp(key, "axis") == 0)
      continue;
    if (json_is_boolean(value))
      used += (size_t)snprintf(text + used, bytes - used, "%s=%s ", key, json_is_true(value) ? "true" : "false");
    else
      used += (size_t)snprintf(text + used, bytes - used, "%s=%.9g ", key, json_number_value(value));
  }
}

static void free_rows(objective_case *c) {
  free(c->outputs);
  free(c->targets);
  free(c->gradient);
  free(c->labels);
  free(c->values);
}

void objective_case_rows(objective_case *c, const char *outputs, const char *targets) {
  const reference_tensor *p = reference_get(c->r, outputs), *y = reference_get(c->r, targets);
  size_t n = (size_t)p->count;
  int32_t labels = y->count < p->count;
  free_rows(c);
  c->outputs = malloc(n * sizeof(float));
  c->targets = malloc(n * sizeof(float));
  c->gradient = malloc(n * sizeof(float));
  c->labels = malloc(n * sizeof(int32_t));
  c->values = malloc(n * sizeof(double));
  reference_floats(p, c->outputs);
  for (int64_t i = 0; i < y->count; i++) {
    c->labels[i] = (int32_t)y->values[i];
    c->targets[i] = (float)y->values[i];
  }
  c->rows = (cnn__rows){.columns = p->shape[p->rank - 1], .outputs = c->outputs, .labels = labels ? c->labels : NULL,
                        .targets = labels ? NULL : c->targets, .from_logits = strstr(c->name, "after_softmax") != NULL};
  c->rows.count = p->count / c->rows.columns;
}

void objective_case_open(objective_case *c, const char *folder, const char *name) {
  const int32_t loss = strcmp(folder, "losses") == 0;
  char text[256];
  *c = (objective_case){.name = name, .r = reference_open(folder, name)};
  const char *type = json_string_value(json_object_get(c->r->meta, loss ? "loss" : "metric"));
  attributes_of(json_object_get(c->r->meta, "config"), text, sizeof text);
  ck_assert_int_eq(cnn_context_new(&c->context, NULL), CNN_OK);
  cnn_status status = cnn__objective_new(&c->objective, c->context, loss ? &cnn__losses : &cnn__metrics, type, text);
  ck_assert_msg(status == CNN_OK, "%s: %s", name, cnn_error_text());
  if (loss)
    objective_case_rows(c, "y_pred", "y_true");
}

void objective_case_close(objective_case *c) {
  free_rows(c);
  cnn__objective_free(c->objective);
  cnn_context_free(c->context);
  reference_close(c->r);
}
