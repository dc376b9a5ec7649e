/* own_layers: training, saving and loading with layers that the program has registered. */
#include "suite.h"

#include "own_layers.h"
#include "training.h"

#include "compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SAMPLES 45 /* six shards, the last one of five */

static char path[] = "/tmp/libcnn-own-XXXXXX";

static cnn_context *context_of(int32_t threads, int32_t knows) {
  cnn_context *context;
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = threads, .seed = 11)), CNN_OK);
  if (knows) {
    ck_assert_int_eq(cnn_layer_type_register(context, &own_noisy_scale), CNN_OK);
    ck_assert_int_eq(cnn_layer_type_register(context, &own_relu), CNN_OK);
    ck_assert_int_eq(cnn_layer_type_register(context, &own_sum), CNN_OK);
    ck_assert_int_eq(cnn_layer_type_register(context, &own_product), CNN_OK);
  }
  return context;
}

/* Convolution, a layer by name, perhaps one that joins the two, dense; compiled. */
static cnn_model *joined_model(cnn_context *context, const char *type, const char *attributes, const char *join) {
  cnn_model *model;
  ck_assert_int_eq(cnn_model_new(&model, context, NULL), CNN_OK);
  cnn_input(model, 3, (const int64_t[]){4, 4, 1}, NULL);
  cnn_conv2d(model, 5, 3, 3, NULL);
  cnn_layer_add(model, type, attributes);
  if (join)
    cnn_layer_add(model, join, "inputs=conv2d,s");
  cnn_flatten(model, NULL);
  cnn_dense(model, 3, cnn_dense_opts(.activation = CNN_ACTIVATION_SOFTMAX));
  ck_assert_msg(cnn_model_status(model) == CNN_OK, "%s", cnn_error_text());
  training_compile(model, context, 0.01f);
  return model;
}

static cnn_model *model_with(cnn_context *context, const char *type, const char *attributes) {
  return joined_model(context, type, attributes, NULL);
}

static void fit(cnn_model *model, cnn_context *context, int64_t first, int64_t epochs) {
  training_data data = training_data_new(context, SAMPLES, 5);
  ck_assert_msg(cnn_model_fit(model, data.targets, cnn_fit_opts(.epochs = epochs, .initial_epoch = first)) == CNN_OK, "%s",
                cnn_error_text());
  training_data_free(&data);
}

static void hash_of(int32_t threads, const char *type, const char *attributes, char hash[33]) {
  cnn_context *context = context_of(threads, 1);
  cnn_model *model = model_with(context, type, attributes);
  fit(model, context, 0, 3);
  cnn_model_hash(model, hash);
  cnn_model_free(model);
  cnn_context_free(context);
}

START_TEST(threads_change_no_bit) {
  static const int32_t counts[] = {2, 3, 5, 8};
  char one[33], several[33], other[33];
  hash_of(1, "noisy_scale", "rate=0.3", one);
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    hash_of(counts[i], "noisy_scale", "rate=0.3", several);
    ck_assert_msg(!strcmp(one, several), "1 thread: %s, %d threads: %s", one, (int)counts[i], several);
  }
  hash_of(1, "noisy_scale", "rate=0", other);
  ck_assert_str_ne(one, other);
}
END_TEST

START_TEST(the_executor_treats_it_as_a_built_in_layer) {
  char built_in[33], own[33];
  hash_of(2, "activation", "activation=relu name=r", built_in);
  hash_of(2, "own_relu", "name=r", own);
  ck_assert_str_eq(built_in, own);
}
END_TEST

START_TEST(branches_join_as_in_a_built_in_layer) {
  char hashes[3][33];
  for (int32_t i = 0; i < 3; i++) {
    cnn_context *context = context_of(i + 1, 1);
    cnn_model *model = joined_model(context, "noisy_scale", "rate=0.3 name=s", i ? "own_sum" : "add");
    fit(model, context, 0, 2);
    cnn_model_hash(model, hashes[i]);
    cnn_model_free(model);
    cnn_context_free(context);
  }
  ck_assert_str_eq(hashes[1], hashes[0]);
  ck_assert_str_eq(hashes[2], hashes[0]);
}
END_TEST

START_TEST(inputs_are_counted) {
  cnn_context *context = context_of(1, 1);
  cnn_model *model;
  ck_assert_int_eq(cnn_model_new(&model, context, NULL), CNN_OK);
  cnn_input(model, 1, (const int64_t[]){3}, NULL);
  ck_assert_ptr_null(cnn_layer_add(model, "own_product", "inputs=input,input,input"));
  ck_assert_str_eq(cnn_error_text(), "own_product 'own_product': multiplies 2 inputs, got 3");
  cnn_model_free(model);
  cnn_context_free(context);
}
END_TEST

static float weight(const cnn_model *model, const char *name, int64_t index) {
  cnn_tensor *value;
  ck_assert_int_eq(cnn_model_weight(&value, model, name), CNN_OK);
  float result = ((const float *)cnn_tensor_data(value))[index];
  cnn_tensor_free(value);
  return result;
}

/* One step of SGD at rate 1 moves a gain by its gradient, which a difference of the loss must give; also through a layer that
 * needs the values of its inputs. */
static void check_gradient(const char *join) {
  cnn_context *context = context_of(3, 1);
  cnn_model *model = joined_model(context, "noisy_scale", "rate=0 name=s", join);
  training_data data = training_data_new(context, SAMPLES, 5);
  cnn_optimizer *sgd;
  cnn_tensor *value;
  double loss[2];
  const float step = 0.0078125f;
  ck_assert_int_eq(cnn_model_weight(&value, model, "s/gain"), CNN_OK);
  float *gain = cnn_tensor_data(value);
  for (int32_t side = 0; side < 2; side++) {
    cnn_logs *logs;
    gain[2] = side ? 1 + step : 1 - step;
    ck_assert_int_eq(cnn_model_set_weight(model, "s/gain", value), CNN_OK);
    ck_assert_int_eq(cnn_model_evaluate(&logs, model, data.targets, NULL), CNN_OK);
    loss[side] = training_value(logs, "loss");
    cnn_logs_free(logs);
  }
  gain[2] = 1;
  ck_assert_int_eq(cnn_model_set_weight(model, "s/gain", value), CNN_OK);
  cnn_tensor_free(value);
  ck_assert_int_eq(cnn_sgd_new(&sgd, context, cnn_sgd_opts(.learning_rate = 1)), CNN_OK);
  ck_assert_int_eq(cnn_model_compile(model, sgd, 1, (const char *[]){"categorical_crossentropy"}, NULL), CNN_OK);
  cnn_optimizer_free(sgd);
  ck_assert_int_eq(cnn_model_fit(model, data.targets, cnn_fit_opts(.batch_size = SAMPLES)), CNN_OK);
  double difference = (loss[1] - loss[0]) / (2 * (double)step), moved = 1 - (double)weight(model, "s/gain", 2);
  ck_assert_msg(moved * moved > 1e-6 && (moved - difference) * (moved - difference) < 1e-4 * moved * moved,
                "the gain moved by %g, the loss has the slope %g", moved, difference);
  ck_assert(weight(model, "s/offset", 2) == 0.0f);
  training_data_free(&data);
  cnn_model_free(model);
  cnn_context_free(context);
}

START_TEST(weights_move_by_their_gradient) {
  check_gradient(NULL);
  check_gradient("own_product");
}
END_TEST

/* Frozen, its gain stays and has no gradient, which the layers below still have; saved and loaded it is frozen. */
START_TEST(a_frozen_layer_lets_gradients_through) {
  cnn_context *context = context_of(2, 1);
  cnn_model *model = model_with(context, "noisy_scale", "rate=0.2 name=s"), *loaded;
  ck_assert_int_eq(cnn_layer_set_trainable(cnn_model_layer(model, "s"), 0), CNN_OK);
  training_compile(model, context, 0.01f);
  float kernel = weight(model, "conv2d/kernel", 0);
  fit(model, context, 0, 1);
  ck_assert(weight(model, "s/gain", 2) == 1.0f && weight(model, "conv2d/kernel", 0) != kernel);
  ck_assert_int_eq(cnn_model_save(model, path, NULL), CNN_OK);
  ck_assert_int_eq(cnn_model_load(&loaded, context, path, NULL), CNN_OK);
  ck_assert_int_eq(cnn_layer_trainable(cnn_model_layer(loaded, "s")), 0);
  fit(loaded, context, 1, 2);
  ck_assert(weight(loaded, "s/gain", 2) == 1.0f);
  cnn_model_free(model);
  cnn_model_free(loaded);
  cnn_context_free(context);
}
END_TEST

/* Two epochs, saved after the first and loaded elsewhere: the same bits as without a stop. */
START_TEST(a_saved_model_goes_on) {
  char whole[33], stopped[33];
  cnn_context *context = context_of(2, 1), *other = context_of(1, 1);
  cnn_model *model = model_with(context, "noisy_scale", "rate=0.2 window=3,4 like=7 name=s"), *loaded;
  char text[16];
  fit(model, context, 0, 1);
  ck_assert_msg(cnn_model_save(model, path, NULL) == CNN_OK, "%s", cnn_error_text());
  ck_assert_msg(cnn_model_load(&loaded, other, path, NULL) == CNN_OK, "%s", cnn_error_text());
  ck_assert_int_eq(cnn_layer_attribute_text(cnn_model_layer(loaded, "s"), "window", text, sizeof text), CNN_OK);
  ck_assert_str_eq(text, "3,4");
  fit(model, context, 1, 2);
  fit(loaded, other, 1, 2);
  ck_assert_str_eq(cnn_model_hash(model, whole), cnn_model_hash(loaded, stopped));
  cnn_model_free(model);
  cnn_model_free(loaded);
  cnn_context_free(context);
  cnn_context_free(other);
  ck_assert_int_eq(own_live, 0);
}
END_TEST

START_TEST(a_file_for_somebody_else_is_refused) {
  char text[256];
  cnn_context *context = context_of(1, 1), *stranger = context_of(1, 0);
  cnn_model *model = model_with(context, "noisy_scale", "name=s"), *refused;
  ck_assert_int_eq(cnn_model_save(model, path, NULL), CNN_OK);
  ck_assert_int_eq(cnn_model_load(&refused, stranger, path, NULL), CNN_EUNSUPPORTED);
  snprintf(text, sizeof text, "'%s': config: layer 2: unknown layer type 'noisy_scale' (layers of one's own are "
           "registered before loading)", path);
  ck_assert_str_eq(cnn_error_text(), text);
  cnn_model_free(model);
  cnn_context_free(context);
  cnn_context_free(stranger);
}
END_TEST

/* What one image gives, it gives in any batch, whatever runs beside it. */
START_TEST(one_sample_alone_gives_its_row) {
  cnn_context *context = context_of(4, 1);
  cnn_model *model = model_with(context, "noisy_scale", "rate=0.5");
  float pixels[SAMPLES * 16], row[3];
  cnn_tensor *all, *one, *rows, *single;
  test_numbers(pixels, SAMPLES * 16, 8, 1);
  ck_assert_int_eq(cnn_tensor_new(&all, context, CNN_F32, 4, (const int64_t[]){SAMPLES, 4, 4, 1},
                                  cnn_tensor_opts(.data = pixels)), CNN_OK);
  ck_assert_int_eq(cnn_tensor_new(&one, context, CNN_F32, 4, (const int64_t[]){1, 4, 4, 1},
                                  cnn_tensor_opts(.data = pixels + 41 * 16)), CNN_OK);
  ck_assert_int_eq(cnn_model_predict(&rows, 1, model, (const cnn_tensor *const *)&all, 1, NULL), CNN_OK);
  ck_assert_int_eq(cnn_model_predict(&single, 1, model, (const cnn_tensor *const *)&one, 1, NULL), CNN_OK);
  memcpy(row, (const float *)cnn_tensor_data(rows) + (size_t)41 * 3, sizeof row);
  compare_bits("row 41", cnn_tensor_data(single), row, 3, 0);
  cnn_tensor_free(all);
  cnn_tensor_free(one);
  cnn_tensor_free(rows);
  cnn_tensor_free(single);
  cnn_model_free(model);
  cnn_context_free(context);
}
END_TEST

START_TEST(random_numbers_have_their_places) {
  float some[7], all[16], sum = 0;
  cnn_layer_work work = {.size = sizeof work, .layer = 2, .pass = 1, .key = {9, 0}, .first = 8, .count = 8};
  cnn_layer_random(&work, 3, 0, 16, all);
  cnn_layer_random(&work, 3, 5, 7, some);
  compare_bits("numbers 5 to 11", some, all + 5, 7, 0);
  work.samples = (const int64_t[]){0, 11};
  cnn_layer_random(&work, 1, 5, 7, some);
  compare_bits("sample 11 elsewhere in another batch", some, all + 5, 7, 0);
  for (int32_t i = 0; i < 16; i++) {
    ck_assert(all[i] >= 0 && all[i] < 1);
    sum += all[i];
  }
  ck_assert(sum > 4 && sum < 12);
  work.pass = 2;
  cnn_layer_random(&work, 1, 5, 7, some);
  ck_assert(memcmp(some, all + 5, sizeof some) != 0);
}
END_TEST

int main(void) {
  int file = mkstemp(path);
  int failed = RUN_SUITE("own_layers", 60, threads_change_no_bit, the_executor_treats_it_as_a_built_in_layer,
                   branches_join_as_in_a_built_in_layer, inputs_are_counted, weights_move_by_their_gradient,
                   a_frozen_layer_lets_gradients_through, a_saved_model_goes_on, a_file_for_somebody_else_is_refused,
                   one_sample_alone_gives_its_row, random_numbers_have_their_places);
  unlink(path);
  close(file);
  return failed;
}
