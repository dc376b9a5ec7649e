/* optimizer: the tables of optimizers and schedules. */
#include "companion/keras/optimizer.h"

#include "companion/keras/call.h"

#include <string.h>
#include <strings.h>

typedef struct kind {
  const char *ours, *class_name;
  const char *rate; /* of an optimizer: the standard learning rate */
  const keras__field *fields;
} kind;

/* ---- optimizers; learning_rate is looked at apart ---- */

#define COMMON(name, decay)                                                                                            \
  KERAS__THEIRS("name", any, "\"" name "\""), {NULL, "learning_rate", &keras__any, "0.0", "lr"},                       \
      KERAS__OURS("learning_rate"), KERAS__OURS("learning_rate_schedule"), KERAS__OURS("exclude_from_weight_decay"),   \
      decay, KERAS__SAME("clipnorm", number_or_null, "null"), KERAS__SAME("global_clipnorm", number_or_null, "null"),  \
      KERAS__SAME("clipvalue", number_or_null, "null"), KERAS__SAME("use_ema", flag, "false"),                         \
      KERAS__SAME("ema_momentum", number, "0.99"), KERAS__SAME("ema_overwrite_frequency", whole_or_null, "null"),      \
      KERAS__THEIRS("loss_scale_factor", null, "null"),                                                                \
      KERAS__SAME("gradient_accumulation_steps", whole_or_null, "null"), KERAS__THEIRS("jit_compile", past, NULL),     \
      KERAS__THEIRS("is_legacy_optimizer", past, NULL), KERAS__THEIRS("decay", past, NULL)
#define NO_DECAY KERAS__SAME("weight_decay", number_or_null, "null")
#define NUMBER(key, standard) KERAS__SAME(key, number, standard)
#define BETAS NUMBER("beta_1", "0.9"), NUMBER("beta_2", "0.999")
#define EPSILON NUMBER("epsilon", "1e-07")
#define ACCUMULATOR NUMBER("initial_accumulator_value", "0.1")

static const keras__field adadelta[] = {COMMON("adadelta", NO_DECAY), NUMBER("rho", "0.95"), EPSILON, {0}};
static const keras__field adagrad[] = {COMMON("adagrad", NO_DECAY), ACCUMULATOR, EPSILON, {0}};
static const keras__field adam[] = {COMMON("adam", NO_DECAY), BETAS, EPSILON, KERAS__SAME("amsgrad", flag, "false"), {0}};
static const keras__field adamax[] = {COMMON("adamax", NO_DECAY), BETAS, EPSILON, {0}};
static const keras__field adamw[] = {COMMON("adam_w", NUMBER("weight_decay", "0.004")), BETAS, EPSILON,
                                     KERAS__SAME("amsgrad", flag, "false"), {0}};
static const keras__field ftrl[] = {COMMON("ftrl", NO_DECAY), NUMBER("learning_rate_power", "-0.5"), ACCUMULATOR,
                                    NUMBER("l1_regularization_strength", "0.0"), NUMBER("l2_regularization_strength", "0.0"),
                                    NUMBER("l2_shrinkage_regularization_strength", "0.0"), NUMBER("beta", "0.0"), {0}};
static const keras__field lamb[] = {COMMON("lamb", NO_DECAY), BETAS, EPSILON, {0}};
static const keras__field lion[] = {COMMON("lion", NO_DECAY), NUMBER("beta_1", "0.9"), NUMBER("beta_2", "0.99"), {0}};
static const keras__field nadam[] = {COMMON("nadam", NO_DECAY), BETAS, EPSILON, {0}};
static const keras__field rmsprop[] = {COMMON("rm_sprop", NO_DECAY), NUMBER("rho", "0.9"), NUMBER("momentum", "0.0"), EPSILON,
                                       KERAS__SAME("centered", flag, "false"), {0}};
static const keras__field sgd[] = {COMMON("sgd", NO_DECAY), NUMBER("momentum", "0.0"), KERAS__SAME("nesterov", flag, "false"), {0}};

static const kind optimizers[] = {
    {"adadelta", "Adadelta", "0.001", adadelta}, {"adagrad", "Adagrad", "0.001", adagrad}, {"adam", "Adam", "0.001", adam},
    {"adamax", "Adamax", "0.001", adamax},       {"adamw", "AdamW", "0.001", adamw},       {"ftrl", "Ftrl", "0.001", ftrl},
    {"lamb", "Lamb", "0.001", lamb},             {"lion", "Lion", "0.001", lion},          {"nadam", "Nadam", "0.001", nadam},
    {"rmsprop", "RMSprop", "0.001", rmsprop},    {"sgd", "SGD", "0.01", sgd},              {0}};

/* ---- schedules ---- */

#define INITIAL NUMBER("initial_learning_rate", NULL)
#define STEPS(key) KERAS__SAME(key, whole, NULL)
#define NAME(name) KERAS__THEIRS("name", any, "\"" name "\"")
#define DECAY INITIAL, STEPS("decay_steps"), NUMBER("decay_rate", NULL), KERAS__SAME("staircase", flag, "false")

static const keras__field cosine_decay[] = {INITIAL, STEPS("decay_steps"), NUMBER("alpha", "0.0"), NAME("CosineDecay"),
                                            KERAS__SAME("warmup_target", number_or_null, "null"),
                                            KERAS__SAME("warmup_steps", whole, "0"), {0}};
static const keras__field cosine_decay_restarts[] = {INITIAL, STEPS("first_decay_steps"), NUMBER("t_mul", "2.0"), NUMBER("m_mul", "1.0"),
                                                     NUMBER("alpha", "0.0"), NAME("SGDRDecay"), {0}};
static const keras__field exponential_decay[] = {DECAY, NAME("ExponentialDecay"), {0}};
static const keras__field inverse_time_decay[] = {DECAY, NAME("InverseTimeDecay"), {0}};
static const keras__field piecewise_constant_decay[] = {KERAS__SAME("boundaries", steps, NULL), KERAS__SAME("values", numbers, NULL),
                                                        NAME("PiecewiseConstant"), {0}};
static const keras__field polynomial_decay[] = {INITIAL, STEPS("decay_steps"), NUMBER("end_learning_rate", "0.0001"), NUMBER("power", "1.0"),
                                                KERAS__SAME("cycle", flag, "false"), NAME("PolynomialDecay"), {0}};

static const kind schedules[] = {{"cosine_decay", "CosineDecay", NULL, cosine_decay},
                                 {"cosine_decay_restarts", "CosineDecayRestarts", NULL, cosine_decay_restarts},
                                 {"exponential_decay", "ExponentialDecay", NULL, exponential_decay},
                                 {"inverse_time_decay", "InverseTimeDecay", NULL, inverse_time_decay},
                                 {"piecewise_constant_decay", "PiecewiseConstantDecay", NULL, piecewise_constant_decay},
                                 {"polynomial_decay", "PolynomialDecay", NULL, polynomial_decay},
                                 {0}};

static const kind *find(const kind *list, const char *name) {
  for (; name && list->ours; list++)
    if (strcmp(list->ours, name) == 0 || strcasecmp(list->class_name, name) == 0)
      return list;
  return NULL;
}

static cnn_status set(json_t *object, const char *key, json_t *value) {
  return json_object_set_new(object, key, value) < 0 ? keras__no_memory("an optimizer") : CNN_OK;
}

/* ---- from Keras ---- */

/* The rate of a schedule's first step, as near as a model needs that has not taken it. */
static double first_rate(const json_t *made) {
  double rate = 0;
  const char *text = json_string_value(json_object_get(made, "initial_learning_rate"));
  char values[KERAS__TEXT];
  if (!text && !keras__text_of(values, json_object_get(made, "values"))) {
    values[strcspn(values, ":")] = 0;
    text = values;
  }
  return !text || keras__read_number(&rate, text) ? 0 : rate;
}

static cnn_status read_schedule(json_t *attributes, double *rate, const json_t *keras) {
  const json_t *config;
  const char *class_name = keras__class_of(keras, &config);
  const kind *found = keras__is_own(keras) ? find(schedules, class_name) : NULL;
  if (!found || !config)
    return keras__refuse(&(keras__place){"the optimizer", "learning_rate"}, keras, "must be a number or a schedule that libcnn has");
  json_t *made = json_object(), *text = NULL;
  cnn_status status = made ? keras__fields_read(made, config, found->fields, found->class_name) : keras__no_memory("a schedule");
  if (status == CNN_OK)
    status = keras__call_text(&text, found->ours, found->fields, made);
  *rate = first_rate(made);
  json_decref(made);
  return status < 0 ? status : set(attributes, "learning_rate_schedule", text);
}

/* Optimizers before Keras 2.11 divide the rate by 1 + decay * steps. */
static cnn_status set_past_decay(json_t *attributes, const char *rate, double decay) {
  char text[KERAS__TEXT], share[32];
  keras__float_text(share, (float)decay);
  cnn_format(text, sizeof text, "inverse_time_decay(initial_learning_rate=%s,decay_steps=1,decay_rate=%s,staircase=false)", rate, share);
  return set(attributes, "learning_rate_schedule", json_string(text));
}

static cnn_status read_rate(json_t *attributes, double *rate, const json_t *config, const kind *found) {
  const json_t *value = json_object_get(config, "learning_rate");
  double decay = json_number_value(json_object_get(config, "decay"));
  json_t *made = NULL, *standard = NULL;
  if (!value)
    value = json_object_get(config, "lr");
  if (json_is_object(value))
    return read_schedule(attributes, rate, value);
  if (!value)
    value = standard = keras__json_of(found->rate);
  cnn_status status = value ? keras__number.read(&made, value, &(keras__place){found->class_name, "learning_rate"}) : keras__no_memory("a rate");
  if (status == CNN_OK) {
    *rate = (double)(float)json_number_value(value);
    status = decay > 0 ? set_past_decay(attributes, json_string_value(made), decay) : set(attributes, "learning_rate", json_incref(made));
  }
  json_decref(made);
  json_decref(standard);
  return status;
}

cnn_status keras__optimizer_read(json_t **ours, double *rate, const json_t *keras) {
  const json_t *config;
  const char *class_name = keras__class_of(keras, &config);
  if (class_name && strncmp(class_name, "Custom>", 7) == 0)
    class_name += 7; /* as Keras 2 calls its own */
  const kind *found = keras__is_own(keras) ? find(optimizers, class_name) : NULL;
  if (!found)
    return cnn_error_set(CNN_EUNSUPPORTED, "the optimizer is %.64s, which libcnn has not", class_name ? class_name : "not said");
  json_t *attributes = json_object(), *empty = json_object();
  config = config ? config : empty;
  cnn_status status = attributes && empty ? keras__fields_read(attributes, config, found->fields, found->class_name) : keras__no_memory("an optimizer");
  if (status == CNN_OK)
    status = read_rate(attributes, rate, config, found);
  if (status == CNN_OK)
    status = keras__give(ours, json_pack("{s:s, s:O}", "name", found->ours, "attributes", attributes));
  json_decref(attributes);
  json_decref(empty);
  return status;
}

/* ---- to Keras ---- */

static cnn_status write_schedule(json_t **keras, const char *text) {
  char name[64];
  keras__call_name(name, text);
  const kind *found = find(schedules, name);
  json_t *options = json_object(), *config = json_object();
  cnn_status status = options && config ? CNN_OK : keras__no_memory("a schedule");
  if (status == CNN_OK)
    status = found ? keras__call_options(options, found->fields, text) : CNN_STOP;
  if (status == CNN_STOP)
    status = cnn_error_set(CNN_EFORMAT, "the optimizer's learning_rate_schedule is '%.96s', no such schedule", text);
  if (status == CNN_OK)
    status = keras__fields_write(config, options, found->fields, found->class_name);
  if (status == CNN_OK)
    status = keras__give(keras, keras__object("keras.optimizers.schedules", found->class_name, json_incref(config)));
  json_decref(options);
  json_decref(config);
  return status;
}

static cnn_status write_config(json_t *config, const json_t *attributes, const kind *found, double rate) {
  const char *schedule = json_string_value(json_object_get(attributes, "learning_rate_schedule"));
  const char *excluded = json_string_value(json_object_get(attributes, "exclude_from_weight_decay"));
  json_t *value = NULL;
  if (excluded && *excluded)
    return cnn_error_set(CNN_EUNSUPPORTED, "the optimizer's exclude_from_weight_decay is '%.96s', which Keras's files do not hold", excluded);
  cnn_status status = keras__fields_write(config, attributes, found->fields, found->class_name);
  if (status == CNN_OK)
    status = schedule && *schedule ? write_schedule(&value, schedule) : keras__give(&value, json_real((double)(float)rate));
  return status < 0 ? status : set(config, "learning_rate", value);
}

cnn_status keras__optimizer_write(json_t **keras, const json_t *ours, double rate, int32_t legacy) {
  const char *name = json_string_value(json_object_get(ours, "name"));
  const json_t *attributes = json_object_get(ours, "attributes");
  const kind *found = find(optimizers, name);
  if (!name || !json_is_object(attributes))
    return cnn_error_set(CNN_EFORMAT, "the optimizer is not described by name and attributes");
  if (!found || strcmp(found->ours, name) != 0)
    return cnn_error_set(CNN_EUNSUPPORTED, "the optimizer is '%.64s', which Keras has not", name);
  if (!(rate >= 0 && rate <= 3.4028234663852886e38))
    return cnn_error_set(CNN_EFORMAT, "the learning rate is %g, must be finite and at least 0", rate);
  json_t *config = json_object();
  cnn_status status = config ? write_config(config, attributes, found, rate) : keras__no_memory("an optimizer");
  if (status == CNN_OK)
    status = keras__give(keras, legacy ? json_pack("{s:s, s:O}", "class_name", found->class_name, "config", config)
                                       : keras__object("keras.optimizers", found->class_name, json_incref(config)));
  json_decref(config);
  return status;
}
