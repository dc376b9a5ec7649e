/* fields: an object of Keras's JSON and one of ours, mapped on one another by a table with a row for each option. From the table follow
 * both directions, Keras's defaults where an option is missing, and the sentence that refuses a value which the other side has not. */
#ifndef CNN_KERAS_FIELDS_H
#define CNN_KERAS_FIELDS_H

#include "cnn/context.h"
#include "cnn/tensor.h"
#include "companion/keras/json.h"

/* Of what and which option, for sentences: "layer 'conv1' (Conv2D)", "strides". */
typedef struct keras__place {
  const char *of, *key;
} keras__place;

/* How values of one kind go over. Ours are texts for write, whatever their JSON: numbers, "true", "3,3", the string itself. */
typedef struct keras__kind {
  cnn_status (*read)(json_t **ours, const json_t *keras, const keras__place *place);
  cnn_status (*write)(json_t **keras, const char *ours, const keras__place *place); /* NULL: the option is read alone */
} keras__kind;

typedef struct keras__field {
  const char *ours;      /* NULL: Keras's alone, its value is the standard */
  const char *keras;     /* NULL: ours alone, which the table's user has looked at */
  const keras__kind *kind;
  const char *standard;  /* JSON of Keras where the option is missing; NULL: it must be there */
  const char *also;      /* Keras's key in other versions; NULL: none */
} keras__field;

/* Rows: the same key on both sides; Keras's alone; ours alone. */
#define KERAS__SAME(key, kind, standard) {key, key, &keras__##kind, standard, NULL}
#define KERAS__THEIRS(key, kind, standard) {NULL, key, &keras__##kind, standard, NULL}
#define KERAS__OURS(key) {key, NULL, &keras__any, NULL, NULL}

/* Options into `ours`, an object. of: "layer 'conv1' (Conv2D)". Errors: CNN_EFORMAT, CNN_EUNSUPPORTED. */
cnn_status keras__fields_read(json_t *ours, const json_t *keras, const keras__field *fields, const char *of);
/* Warns of each value that keras__fields_read has taken the standard for. Errors: CNN_ENOMEM. */
cnn_status keras__fields_warn(cnn_context *context, const json_t *keras, const keras__field *fields, const char *of);
cnn_status keras__fields_write(json_t *keras, const json_t *ours, const keras__field *fields, const char *of);

enum { KERAS__TEXT = 512 }; /* of a value of ours as text, as the core takes it */
/* Non-zero: it is of no kind that values of ours have, or longer. */
int32_t keras__text_of(char text[KERAS__TEXT], const json_t *ours);

/* ---- kinds: value.c, lists.c, and of forms ("he_normal", "l2(l2=0.01)") form.c ---- */

extern const keras__kind keras__whole;           /* a whole number */
extern const keras__kind keras__whole_or_null;   /* 0 is null */
extern const keras__kind keras__class_or_null;   /* -1 is null */
extern const keras__kind keras__pair;            /* two whole numbers; null: "auto" */
extern const keras__kind keras__shape;           /* [null, 28, 28, 1], ours without the batch */
extern const keras__kind keras__number;          /* a float32 */
extern const keras__kind keras__number_or_null;  /* 0 is null */
extern const keras__kind keras__numbers;         /* several, apart by colons */
extern const keras__kind keras__steps;           /* several, written as whole numbers where they are */
extern const keras__kind keras__flag;
extern const keras__kind keras__name;            /* any text but "" */
extern const keras__kind keras__padding;
extern const keras__kind keras__activation;
extern const keras__kind keras__reduction;
extern const keras__kind keras__initializer;      /* how weights began, which a file holds as they are: of one that libcnn has not it is the standard */
extern const keras__kind keras__regularizer;
/* Keras's alone */
extern const keras__kind keras__dtype;           /* float32, as text or as a policy */
extern const keras__kind keras__channels_last;
extern const keras__kind keras__last_axis;       /* -1 */
extern const keras__kind keras__axes;            /* one axis, by itself or in a list; written is -1 */
extern const keras__kind keras__null;            /* null alone */
extern const keras__kind keras__nothing;         /* null, false or 0: what libcnn has not is not asked for */
extern const keras__kind keras__any;             /* whatever it is, it changes nothing here */
extern const keras__kind keras__past;            /* as any, and not written: options of other versions of Keras */
extern const keras__kind keras__past_nothing;    /* as nothing, and not written */

/* ---- what the kinds are made of ---- */

/* CNN_EUNSUPPORTED: "layer 'conv1' (Conv2D): padding is "causal", <must>". */
cnn_status keras__refuse(const keras__place *place, const json_t *value, const char *must);
cnn_status keras__bad_text(const keras__place *place, const char *ours); /* CNN_EFORMAT: a value of ours that is none */
cnn_status keras__give(json_t **out, json_t *value); /* CNN_ENOMEM for NULL */

/* A list, also one that was a tuple in Python; NULL: it is none. */
const json_t *keras__list(const json_t *value);

/* {"class_name": ..., "config": ...} or a name alone, whose config is then NULL. NULL: it is neither. A function is its name. */
const char *keras__class_of(const json_t *value, const json_t **config);
/* Is it Keras's own? A module of somebody else's says no; without a module it is the name that counts. */
int32_t keras__is_own(const json_t *value);
/* {"module", "class_name", "config", "registered_name"}; takes config, NULL: no memory. */
json_t *keras__object(const char *module, const char *class_name, json_t *config);

/* The float32 as text, the shortest decimal, as the core writes it. */
void keras__float_text(char text[32], float value);
/* A text as the core writes numbers. Non-zero: it is none, or not finite. */
int32_t keras__read_number(double *out, const char *text);
int32_t keras__is_whole(double value); /* and no larger than a double counts in ones */

#endif
