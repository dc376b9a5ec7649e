/* tflite: a graph in TensorFlow Lite's terms, gathered until it can be written: tensors, their constant values, operators. The numbers are
 * those of its schema, version 3. */
#ifndef CNN_COMPANION_EXPORT_TFLITE_H
#define CNN_COMPANION_EXPORT_TFLITE_H

#include <cnn/model.h>

typedef enum cnn__tflite_code { /* BuiltinOperator */
  CNN__TFLITE_ADD = 0,
  CNN__TFLITE_AVERAGE_POOL_2D = 1,
  CNN__TFLITE_CONV_2D = 3,
  CNN__TFLITE_DEPTHWISE_CONV_2D = 4,
  CNN__TFLITE_FULLY_CONNECTED = 9,
  CNN__TFLITE_LOGISTIC = 14,
  CNN__TFLITE_MAX_POOL_2D = 17,
  CNN__TFLITE_MUL = 18,
  CNN__TFLITE_RELU = 19,
  CNN__TFLITE_RESHAPE = 22,
  CNN__TFLITE_SOFTMAX = 25,
  CNN__TFLITE_TANH = 28,
  CNN__TFLITE_MEAN = 40,
  CNN__TFLITE_EXP = 47,
  CNN__TFLITE_NEG = 59,
  CNN__TFLITE_LOG = 73,
  CNN__TFLITE_REDUCE_MAX = 82,
  CNN__TFLITE_LEAKY_RELU = 98,
  CNN__TFLITE_ABS = 101,
  CNN__TFLITE_ELU = 111,
  CNN__TFLITE_GELU = 150,
} cnn__tflite_code;

enum { CNN__TFLITE_F32 = 0, CNN__TFLITE_I32 = 2, CNN__TFLITE_I8 = 9 }; /* TensorType */
enum { CNN__TFLITE_SAME = 0, CNN__TFLITE_VALID = 1 };
enum { CNN__TFLITE_MOST_INPUTS = 3, CNN__TFLITE_MOST_OPTIONS = 7 };

typedef struct cnn__tflite_tensor {
  const char *name, *part; /* "conv1" and "/kernel", borrowed */
  int32_t type, rank;
  int32_t shape[CNN_MAX_RANK + 1];
  int32_t batched;         /* the first axis is the batch, of any size */
  void *values;            /* NULL: worked out by an operator, or the input */
  size_t bytes;
  float *scales;           /* of int8 weights, one for each index of `axis`; NULL: none */
  int32_t scale_count, axis;
} cnn__tflite_tensor;

/* A field of an operator's options. */
typedef struct cnn__tflite_option {
  char kind; /* 'b' byte, 'i' i32, 'f' f32; 0: no more */
  int32_t field, whole;
  float fraction;
} cnn__tflite_option;

typedef struct cnn__tflite_operator {
  cnn__tflite_code code;
  int32_t version;
  int32_t inputs[CNN__TFLITE_MOST_INPUTS], input_count, output;
  int32_t options_type; /* BuiltinOptions; 0: none */
  cnn__tflite_option options[CNN__TFLITE_MOST_OPTIONS];
} cnn__tflite_operator;

typedef struct cnn__tflite {
  const char *name;
  cnn__tflite_tensor *tensors;
  cnn__tflite_operator *operators;
  int32_t tensor_count, operator_count;
  int32_t input, output;         /* tensors */
  const char *input_name, *output_name;
} cnn__tflite;

void cnn__tflite_free(cnn__tflite *graph);

/* The place of a copy of *tensor, which now owns its values and scales; -1: no memory, they are freed. */
int32_t cnn__tflite_add_tensor(cnn__tflite *graph, const cnn__tflite_tensor *tensor);
cnn_status cnn__tflite_add_operator(cnn__tflite *graph, const cnn__tflite_operator *op);

/* The file; bytes are the caller's to free. CNN_ENOMEM; CNN_EUNSUPPORTED: it would pass 2 GiB. */
cnn_status cnn__tflite_write(const cnn__tflite *graph, unsigned char **out, size_t *bytes);

#endif
