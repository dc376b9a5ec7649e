/* archive_model: models in .keras archives, saved and loaded again. */
#include "companion/keras/archive.h"
#include "companion/keras/json.h"

#include "branches.h"
#include "interop.h"
#include "reference.h"
#include "suite.h"

#include <cnn/cnn.h>
#include <cnn/format.h>
#include <cnn/keras.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES REFERENCE_DIR "/interop/small/"

static char warned[1024], path[64];
static void keep_warning(void *user, int32_t level, const char *line) {
  (void)user;
  (void)level;
  snprintf(warned, sizeof warned, "%s", line);
}

static cnn_context *begin(void) {
  cnn_context *context;
  const cnn_logger logger = {.size = sizeof logger, .write = keep_warning};
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.logger = &logger)), CNN_OK);
  ck_assert_int_eq(cnn_keras_register(context), CNN_OK);
  snprintf(path, sizeof path, "/tmp/archive-%d.keras", (int)getpid());
  warned[0] = 0;
  return context;
}

static void end(cnn_context *context) {
  cnn_context_free(context);
  unlink(path);
}

static char *contents(size_t *count) {
  FILE *file = fopen(path, "rb");
  ck_assert_ptr_nonnull(file);
  char *bytes = malloc(1 << 22);
  *count = fread(bytes, 1, 1 << 22, file);
  fclose(file);
  return bytes;
}

/* All notes but those of the making, and all tensors, by name. */
static void ck_same_container(const cnn_container *a, const cnn_container *b) {
  static const char *const keys[] = {"config", "compile", "learning_rate", "iterations"};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    const char *texts[2] = {cnn_container_note(a, keys[i]), cnn_container_note(b, keys[i])};
    ck_assert_msg(!texts[0] == !texts[1], "%s", keys[i]);
    if (texts[0])
      ck_assert_str_eq(texts[0], texts[1]);
  }
  ck_assert_int_eq(cnn_container_tensor_count(a), cnn_container_tensor_count(b));
  for (int32_t i = 0; i < cnn_container_tensor_count(a); i++) {
    const char *name = cnn_container_tensor_name(a, i);
    const cnn_tensor *first = cnn_container_tensor(a, name), *second = cnn_container_tensor(b, name);
    ck_assert_msg(second != NULL, "%s is not there", name);
    ck_assert_int_eq(cnn_tensor_count(first), cnn_tensor_count(second));
    ck_assert_msg(memcmp(cnn_tensor_read(first), cnn_tensor_read(second), (size_t)cnn_tensor_count(first) * sizeof(float)) == 0, "%s", name);
  }
}

START_TEST(a_file_of_keras_again) {
  static const char *const names[] = {FILES "keras3.keras", FILES "keras3.h5", FILES "keras2.keras", FILES "keras2.h5"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    size_t counts[2];
    char *bytes[2];
    cnn_context *context = begin();
    cnn_container *file, *again;
    ck_assert_msg(cnn_container_load(&file, context, names[i], NULL) == CNN_OK, "%s", cnn_error_text());
    for (int k = 0; k < 2; k++) {
      ck_assert_msg(cnn_container_save(file, path, NULL) == CNN_OK, "%s", cnn_error_text());
      bytes[k] = contents(&counts[k]);
    }
    ck_assert(counts[0] == counts[1] && memcmp(bytes[0], bytes[1], counts[0]) == 0);
    ck_assert_msg(cnn_container_load(&again, context, path, NULL) == CNN_OK, "%s", cnn_error_text());
    ck_same_container(file, again);
    ck_assert_str_eq(warned, "");
    cnn_container_free(file);
    cnn_container_free(again);
    free(bytes[0]);
    free(bytes[1]);
    end(context);
  }
}
END_TEST

/* Without the marks that Keras gives to objects it writes twice. */
static void unmark(json_t *value) {
  const char *key;
  json_t *item;
  size_t i;
  json_object_del(value, "shared_object_id");
  json_object_foreach(value, key, item)
    unmark(item);
  json_array_foreach(value, i, item)
    unmark(item);
}

static json_t *config_of(const void *bytes, size_t count) {
  char *text;
  size_t length;
  keras__archive *archive;
  json_t *config = NULL;
  ck_assert_int_eq(keras__archive_open(&archive, bytes, count), CNN_OK);
  ck_assert_int_eq(keras__archive_member(&text, &length, archive, "config.json", 1 << 20), CNN_OK);
  ck_assert_int_eq(keras__json_parse(&config, text, length, "config.json"), CNN_OK);
  free(text);
  keras__archive_close(archive);
  unmark(config);
  return config;
}

/* Training included, in Keras's order. */
START_TEST(config_is_keras_own_to_the_byte) {
  size_t count, length;
  cnn_context *context = begin();
  cnn_model *model;
  ck_assert_msg(cnn_model_load(&model, context, FILES "keras3.keras", NULL) == CNN_OK, "%s", cnn_error_text());
  ck_assert_msg(cnn_model_save(model, path, NULL) == CNN_OK, "%s", cnn_error_text());
  unsigned char *theirs = interop_file("small/keras3.keras", &count);
  char *ours = contents(&length);
  json_t *configs[2] = {config_of(theirs, count), config_of(ours, length)};
  char *texts[2] = {keras__json_text(configs[0]), keras__json_text(configs[1])};
  ck_assert_str_eq(texts[0], texts[1]);
  for (int i = 0; i < 2; i++) {
    free(texts[i]);
    json_decref(configs[i]);
  }
  free(theirs);
  free(ours);
  cnn_model_free(model);
  end(context);
}
END_TEST

static void compile(cnn_context *context, cnn_model *model, const char *optimizer, const char *attributes) {
  cnn_optimizer *made;
  ck_assert_int_eq(cnn_optimizer_new(&made, context, optimizer, attributes), CNN_OK);
  ck_assert_msg(cnn_model_compile(model, made, 1, (const char *const[]){"categorical_crossentropy"}, NULL) == CNN_OK, "%s", cnn_error_text());
  cnn_optimizer_free(made);
}

/* Branches of every kind, whose weights Keras numbers in an order of its own. */
START_TEST(every_layer_with_its_state) {
  int32_t variants;
  cnn_context *context = begin();
  cnn_model *models[] = {branches_every_layer(context, &variants), branches_resnet(context), branches_mobilenet(context)};
  for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
    cnn_container *before, *file, *after;
    cnn_model *loaded;
    compile(context, models[i], "adam", "amsgrad=true use_ema=true");
    ck_assert_int_eq(cnn_model_to_container(&before, models[i], NULL), CNN_OK);
    ck_assert_msg(cnn_model_save(models[i], path, NULL) == CNN_OK, "%s", cnn_error_text());
    ck_assert_msg(cnn_container_load(&file, context, path, NULL) == CNN_OK, "%s", cnn_error_text());
    ck_assert_msg(cnn_model_load(&loaded, context, path, NULL) == CNN_OK, "%s", cnn_error_text());
    ck_assert_int_eq(cnn_model_to_container(&after, loaded, NULL), CNN_OK);
    ck_assert_int_eq(cnn_container_tensor_count(before), cnn_container_tensor_count(after));
    for (int32_t k = 0; k < cnn_container_tensor_count(before); k++) {
      const char *name = cnn_container_tensor_name(before, k);
      const cnn_tensor *first = cnn_container_tensor(before, name), *second = cnn_container_tensor(after, name);
      ck_assert_msg(second && cnn_tensor_count(first) == cnn_tensor_count(second), "%s", name);
      ck_assert_msg(memcmp(cnn_tensor_read(first), cnn_tensor_read(second), (size_t)cnn_tensor_count(first) * sizeof(float)) == 0, "%s", name);
    }
    ck_assert_str_eq(cnn_container_note(before, "compile"), cnn_container_note(after, "compile"));
    cnn_container_free(before);
    cnn_container_free(file);
    cnn_container_free(after);
    cnn_model_free(loaded);
    cnn_model_free(models[i]);
  }
  ck_assert_str_eq(warned, "");
  end(context);
}
END_TEST

START_TEST(what_keras_cannot_say) {
  cnn_context *context = begin();
  cnn_container *file;
  cnn_model *model = branches_resnet(context);
  compile(context, model, "adamw", "exclude_from_weight_decay=bias");
  cnn_status status = cnn_model_save(model, path, cnn_save_opts(.weights_only = 1));
  ck_assert_msg(status == CNN_EUNSUPPORTED, "%s: %s", cnn_status_name(status), cnn_error_text());
  ck_assert_msg(strstr(cnn_error_text(), ".weights.h5") != NULL, "%s", cnn_error_text());
  ck_assert_msg(cnn_model_save(model, path, NULL) == CNN_OK, "%s", cnn_error_text());
  ck_assert_msg(strstr(warned, "exclude_from_weight_decay is 'bias'") && strstr(warned, "saved without its training"), "%s", warned);
  ck_assert_msg(cnn_container_load(&file, context, path, NULL) == CNN_OK, "%s", cnn_error_text());
  ck_assert_ptr_null(cnn_container_note(file, "compile"));
  cnn_container_free(file);
  cnn_model_free(model);
  end(context);
}
END_TEST

int main(void) {
  return RUN_SUITE("archive_model", 60, a_file_of_keras_again, config_is_keras_own_to_the_byte, every_layer_with_its_state, what_keras_cannot_say);
}
