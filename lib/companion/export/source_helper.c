/* source_helper: see source_helper.h. The texts are C99 that needs no header but stdint.h; marks as in source_text.h. The polynomials of exp, tanh and the normal
 * distribution are those that libcnn's own results come from. */
#include "companion/export/source_helper.h"

#define BIT(name) (1u << CNN__HELPER_##name)

/* Elementwise functions have one frame. */
#define EACH(words, name, parameter, expression)                                                                       \
  "/* " words " */\n"                                                                                                 \
  "static void @_" name "(int32_t count, " parameter "const float *x, float *y)\n"                                     \
  "{\n"                                                                                                                \
  "  for (int32_t i = 0; i < count; i++)\n"                                                                            \
  "    y[i] = " expression ";\n"                                                                                       \
  "}\n"

/* Convolutions differ in how a tap meets its pixel. */
#define CONVOLVE(words, name, constants, meeting)                                                                      \
  "/* " words "\n   x: the whole input; y: rows [first, end) of the output. */\n"                                      \
  "static void @_" name "(const struct @_window *g, const float *x, const $ *kernel, const float *bias,\n"             \
  "    int32_t first, int32_t end, float *y)\n"                                                                        \
  "{\n" constants                                                                                                      \
  "  for (int32_t i = first; i < end; i++)\n"                                                                          \
  "    for (int32_t j = 0; j < g->out_width; j++, y += g->out_channels) {\n"                                           \
  "      @_start(g->out_channels, bias, y);\n"                                                                         \
  "      for (int32_t p = 0; p < g->size_down; p++) {\n"                                                               \
  "        const int32_t row = i * g->stride_down + p * g->dilation_down - g->top;\n"                                  \
  "        if (row < 0 || row >= g->height)\n"                                                                         \
  "          continue;\n"                                                                                              \
  "        for (int32_t q = 0; q < g->size_across; q++) {\n"                                                           \
  "          const int32_t column = j * g->stride_across + q * g->dilation_across - g->left;\n"                        \
  "          if (column < 0 || column >= g->width)\n"                                                                  \
  "            continue;\n"                                                                                            \
  "          const float *pixel = x + (row * g->width + column) * g->channels;\n"                                      \
  meeting                                                                                                              \
  "        }\n"                                                                                                        \
  "      }\n"                                                                                                          \
  "    }\n"                                                                                                            \
  "}\n"

/* Pools differ in what becomes of the values of a window. */
#define POOL(words, name, begin, step, finish)                                                                         \
  "/* " words " What lies outside the image does not count.\n"                                                         \
  "   x: rows of the input from `base` on; y: rows [first, end) of the output. */\n"                                   \
  "static void @_" name "(const struct @_window *g, const float *x, int32_t base, int32_t first, int32_t end,\n"       \
  "    float *y)\n"                                                                                                    \
  "{\n"                                                                                                                \
  "  for (int32_t i = first; i < end; i++)\n"                                                                          \
  "    for (int32_t j = 0; j < g->out_width; j++, y += g->channels) {\n"                                               \
  "      const int32_t top = @_begin(i, g->stride_down, g->top);\n"                                                    \
  "      const int32_t bottom = @_end(i, g->stride_down, g->top, g->size_down, g->height);\n"                          \
  "      const int32_t left = @_begin(j, g->stride_across, g->left);\n"                                                \
  "      const int32_t right = @_end(j, g->stride_across, g->left, g->size_across, g->width);\n"                       \
  "      for (int32_t c = 0; c < g->channels; c++)\n"                                                                  \
  "        y[c] = " begin ";\n"                                                                                        \
  "      for (int32_t row = top; row < bottom; row++)\n"                                                               \
  "        for (int32_t column = left; column < right; column++) {\n"                                                  \
  "          const float *pixel = x + ((row - base) * g->width + column) * g->channels;\n"                             \
  "          for (int32_t c = 0; c < g->channels; c++)\n"                                                              \
  "            y[c] = " step ";\n"                                                                                     \
  "        }\n" finish                                                                                                 \
  "    }\n"                                                                                                            \
  "}\n"

static const struct {
  uint32_t needs;
  const char *text;
} helpers[CNN__HELPER_COUNT] = {
    [CNN__HELPER_EXP] = {0,
        "/* e to the power of x; 0 below -87, as at 88 above. x = k ln 2 + r. */\n"
        "static float @_exp(float x)\n"
        "{\n"
        "  union { uint32_t bits; float value; } power;\n"
        "  if (!(x > -87.0f))\n"
        "    return x != x ? x : 0.0f;\n"
        "  if (x > 88.0f)\n"
        "    x = 88.0f;\n"
        "  const int32_t k = (int32_t)(x * 1.44269504f + (x < 0.0f ? -0.5f : 0.5f));\n"
        "  const float r = (x - (float)k * 0.693359375f) + (float)k * 2.12194440e-4f;\n"
        "  float p = 0.00138144331f;\n"
        "  p = p * r + 0.00836879669f;\n"
        "  p = p * r + 0.0416683958f;\n"
        "  p = p * r + 0.1666652f;\n"
        "  p = p * r + 0.499999934f;\n"
        "  power.bits = (uint32_t)(k + 127) << 23;\n"
        "  return (r * r * p + r + 1.0f) * power.value;\n"
        "}\n"},
    [CNN__HELPER_SIGMOID] = {BIT(EXP),
        "static float @_sigmoid(float x)\n"
        "{\n"
        "  return 1.0f / (1.0f + @_exp(-x));\n"
        "}\n"},
    [CNN__HELPER_TANH] = {BIT(EXP),
        "/* Hyperbolic tangent: a polynomial near 0. */\n"
        "static float @_tanh(float x)\n"
        "{\n"
        "  const float a = x < 0.0f ? -x : x;\n"
        "  if (a < 0.625f) {\n"
        "    const float z = x * x;\n"
        "    float p = -0.00571704495f;\n"
        "    p = p * z + 0.0206505872f;\n"
        "    p = p * z - 0.0537434981f;\n"
        "    p = p * z + 0.133314913f;\n"
        "    p = p * z - 0.333332839f;\n"
        "    return p * z * x + x;\n"
        "  }\n"
        "  const float t = 1.0f - 2.0f / (@_exp(a + a) + 1.0f);\n"
        "  return x < 0.0f ? -t : t;\n"
        "}\n"},
    [CNN__HELPER_NORMAL] = {BIT(EXP),
        "/* The share of a normal distribution below x. */\n"
        "static float @_normal(float x)\n"
        "{\n"
        "  const float a = x < 0.0f ? -x : x;\n"
        "  if (a < 1.0f) {\n"
        "    const float z = x * x;\n"
        "    float p = -7.63314347e-06f;\n"
        "    p = p * z + 0.000113441114f;\n"
        "    p = p * z - 0.00118629693f;\n"
        "    p = p * z + 0.00997331366f;\n"
        "    p = p * z - 0.0664903596f;\n"
        "    p = p * z + 0.398942292f;\n"
        "    return p * x + 0.5f;\n"
        "  }\n"
        "  const float t = 2.0f / (a + 2.0f);\n"
        "  float p = 0.0503853783f;\n"
        "  p = p * t - 0.286631107f;\n"
        "  p = p * t + 0.585997522f;\n"
        "  p = p * t - 0.496689349f;\n"
        "  p = p * t + 0.0742316246f;\n"
        "  p = p * t + 0.0202017743f;\n"
        "  p = p * t + 0.153489307f;\n"
        "  p = p * t + 0.19919017f;\n"
        "  p = p * t + 0.199479714f;\n"
        "  const float below = @_exp(-0.5f * a * a) * p * t;\n"
        "  return x > 0.0f ? 1.0f - below : below;\n"
        "}\n"},
    [CNN__HELPER_WINDOW] = {0,
        "/* How a window goes over the rows (down) and columns (across) of an image. */\n"
        "struct @_window {\n"
        "  int32_t height, width, channels;\n"
        "  int32_t out_width, out_channels;\n"
        "  int32_t size_down, size_across, stride_down, stride_across, dilation_down, dilation_across;\n"
        "  int32_t top, left; /* padding */\n"
        "  int32_t groups;\n"
        "};\n"},
    [CNN__HELPER_RELU] = {0, EACH("max(x, 0)", "relu", "", "x[i] > 0.0f ? x[i] : 0.0f")},
    [CNN__HELPER_SIGMOID_ALL] = {BIT(SIGMOID), EACH("1 / (1 + exp(-x))", "sigmoid_all", "", "@_sigmoid(x[i])")},
    [CNN__HELPER_TANH_ALL] = {BIT(TANH), EACH("tanh(x)", "tanh_all", "", "@_tanh(x[i])")},
    [CNN__HELPER_SOFTMAX] = {BIT(EXP),
        "/* exp(x) / sum of exp(x) in each row, with the largest x taken off. */\n"
        "static void @_softmax(int32_t rows, int32_t width, const float *x, float *y)\n"
        "{\n"
        "  for (int32_t i = 0; i < rows; i++, x += width, y += width) {\n"
        "    float largest = x[0], sum = 0.0f;\n"
        "    for (int32_t k = 1; k < width; k++)\n"
        "      largest = x[k] > largest ? x[k] : largest;\n"
        "    for (int32_t k = 0; k < width; k++) {\n"
        "      y[k] = @_exp(x[k] - largest);\n"
        "      sum += y[k];\n"
        "    }\n"
        "    for (int32_t k = 0; k < width; k++)\n"
        "      y[k] /= sum;\n"
        "  }\n"
        "}\n"},
    [CNN__HELPER_LEAKY_RELU] = {0, EACH("x where x > 0, else slope * x", "leaky_relu", "float slope, ", "x[i] > 0.0f ? x[i] : slope * x[i]")},
    [CNN__HELPER_ELU] = {BIT(EXP), EACH("x where x > 0, else alpha * (exp(x) - 1)", "elu", "float alpha, ",
                                        "x[i] > 0.0f ? x[i] : alpha * (@_exp(x[i]) - 1.0f)")},
    [CNN__HELPER_GELU] = {BIT(NORMAL), EACH("x times the share of a normal distribution below x", "gelu", "", "x[i] * @_normal(x[i])")},
    [CNN__HELPER_GELU_BY_TANH] = {BIT(SIGMOID), EACH("x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x x x)))", "gelu_by_tanh", "",
                                                     "x[i] * @_sigmoid(x[i] * (1.59576912f + 0.0713548163f * x[i] * x[i]))")},
    [CNN__HELPER_SOFTPLUS] = {BIT(EXP),
        "/* log(1 + exp(x)): log(1 + e) of 0 <= e <= 1 by the series of the inverse hyperbolic tangent. */\n"
        "static void @_softplus(int32_t count, const float *x, float *y)\n"
        "{\n"
        "  for (int32_t i = 0; i < count; i++) {\n"
        "    const float e = @_exp(x[i] > 0.0f ? -x[i] : x[i]), s = e / (2.0f + e), z = s * s;\n"
        "    float p = 0.280244648f;\n"
        "    p = p * z + 0.279991388f;\n"
        "    p = p * z + 0.400216997f;\n"
        "    p = p * z + 0.666664124f;\n"
        "    y[i] = (x[i] > 0.0f ? x[i] : 0.0f) + s * z * p + (s + s);\n"
        "  }\n"
        "}\n"},
    [CNN__HELPER_SILU] = {BIT(SIGMOID), EACH("x / (1 + exp(-x))", "silu", "", "x[i] * @_sigmoid(x[i])")},
    [CNN__HELPER_COPY] = {0, EACH("the same", "copy", "", "x[i]")},
    [CNN__HELPER_ADD] = {0,
        "static void @_add(int32_t count, const float *a, const float *b, float *y)\n"
        "{\n"
        "  for (int32_t i = 0; i < count; i++)\n"
        "    y[i] = a[i] + b[i];\n"
        "}\n"},
    [CNN__HELPER_AFFINE] = {0,
        "/* x * scale + shift, of each channel its own; y may be x. */\n"
        "static void @_affine(int32_t pixels, int32_t channels, const float *scale, const float *shift, const float *x,\n"
        "    float *y)\n"
        "{\n"
        "  for (int32_t i = 0; i < pixels; i++, x += channels, y += channels)\n"
        "    for (int32_t c = 0; c < channels; c++)\n"
        "      y[c] = x[c] * scale[c] + shift[c];\n"
        "}\n"},
    [CNN__HELPER_START] = {0,
        "/* What sums begin with: the bias, or 0 where there is none. */\n"
        "static void @_start(int32_t count, const float *bias, float *y)\n"
        "{\n"
        "  for (int32_t f = 0; f < count; f++)\n"
        "    y[f] = bias ? bias[f] : 0.0f;\n"
        "}\n"},
    [CNN__HELPER_MULTIPLY] = {0,
        "/* Add the products of `channels` values and a matrix, whose rows are `stride` apart, to y. */\n"
        "static void @_multiply(int32_t channels, int32_t filters, int32_t stride, const float *restrict x,\n"
        "    const $ *restrict matrix, float *restrict y)\n"
        "{\n"
        "  for (int32_t c = 0; c < channels; c++) {\n"
        "    const $ *row = matrix + c * stride;\n"
        "    for (int32_t f = 0; f < filters; f++)\n"
        "      y[f] += x[c] * (float)row[f];\n"
        "  }\n"
        "}\n"},
    [CNN__HELPER_MULTIPLY_EACH] = {0,
        "/* Add the products of values, each with its own weight, to y. */\n"
        "static void @_multiply_each(int32_t channels, const float *restrict x, const $ *restrict weights, float *restrict y)\n"
        "{\n"
        "  for (int32_t c = 0; c < channels; c++)\n"
        "    y[c] += x[c] * (float)weights[c];\n"
        "}\n"},
    [CNN__HELPER_CONVOLVE] = {BIT(WINDOW) | BIT(START) | BIT(MULTIPLY),
        CONVOLVE("Convolution: each output begins with its bias, and each tap of the kernel inside the image adds its products.", "convolve",
                 "  const int32_t channels = g->channels / g->groups, filters = g->out_channels / g->groups;\n",
                 "          const $ *tap = kernel + (p * g->size_across + q) * channels * g->out_channels;\n"
                 "          for (int32_t k = 0; k < g->groups; k++)\n"
                 "            @_multiply(channels, filters, g->out_channels, pixel + k * channels, tap + k * filters, y + k * filters);\n")},
    [CNN__HELPER_CONVOLVE_EACH] = {BIT(WINDOW) | BIT(START) | BIT(MULTIPLY_EACH),
        CONVOLVE("Depthwise convolution: each channel by itself.", "convolve_each", "",
                 "          @_multiply_each(g->channels, pixel, kernel + (p * g->size_across + q) * g->channels, y);\n")},
    [CNN__HELPER_DENSE] = {BIT(START) | BIT(MULTIPLY),
        "/* Rows of x times a matrix, plus the bias. */\n"
        "static void @_dense(int32_t rows, int32_t width, int32_t units, const $ *matrix, const float *bias, const float *x,\n"
        "    float *y)\n"
        "{\n"
        "  for (int32_t i = 0; i < rows; i++, x += width, y += units) {\n"
        "    @_start(units, bias, y);\n"
        "    @_multiply(width, units, units, x, matrix, y);\n"
        "  }\n"
        "}\n"},
    [CNN__HELPER_ROWS] = {0,
        "/* Where window i begins and ends along an axis of an image. */\n"
        "static int32_t @_begin(int32_t i, int32_t stride, int32_t padding)\n"
        "{\n"
        "  return i * stride > padding ? i * stride - padding : 0;\n"
        "}\n"
        "static int32_t @_end(int32_t i, int32_t stride, int32_t padding, int32_t size, int32_t extent)\n"
        "{\n"
        "  const int32_t end = i * stride - padding + size;\n"
        "  return end < extent ? end : extent;\n"
        "}\n"},
    [CNN__HELPER_MAX_POOL] = {BIT(WINDOW) | BIT(ROWS),
        POOL("The largest value of each window.", "max_pool", "x[((top - base) * g->width + left) * g->channels + c]",
             "pixel[c] > y[c] ? pixel[c] : y[c]", "")},
    [CNN__HELPER_AVERAGE_POOL] = {BIT(WINDOW) | BIT(ROWS),
        POOL("The average of each window.", "average_pool", "0.0f", "y[c] + pixel[c]",
             "      for (int32_t c = 0; c < g->channels; c++)\n"
             "        y[c] /= (float)((bottom - top) * (right - left));\n")},
    [CNN__HELPER_GLOBAL_AVERAGE] = {0,
        "/* The average of each channel, summed row by row so that large images lose nothing. */\n"
        "static void @_global_average(int32_t height, int32_t width, int32_t channels, const float *x, float *y)\n"
        "{\n"
        "  for (int32_t c = 0; c < channels; c++) {\n"
        "    float sum = 0.0f;\n"
        "    for (int32_t i = 0; i < height; i++) {\n"
        "      float row = 0.0f;\n"
        "      for (int32_t j = 0; j < width; j++)\n"
        "        row += x[(i * width + j) * channels + c];\n"
        "      sum += row;\n"
        "    }\n"
        "    y[c] = sum / (float)(height * width);\n"
        "  }\n"
        "}\n"},
    [CNN__HELPER_GLOBAL_MAX] = {0,
        "/* The largest value of each channel. */\n"
        "static void @_global_max(int32_t pixels, int32_t channels, const float *x, float *y)\n"
        "{\n"
        "  for (int32_t c = 0; c < channels; c++)\n"
        "    y[c] = x[c];\n"
        "  for (int32_t i = 1; i < pixels; i++)\n"
        "    for (int32_t c = 0; c < channels; c++)\n"
        "      y[c] = x[i * channels + c] > y[c] ? x[i * channels + c] : y[c];\n"
        "}\n"},
};

void cnn__source_need(uint32_t *set, cnn__source_helper helper) {
  *set |= 1u << helper | helpers[helper].needs;
  for (int32_t i = CNN__HELPER_COUNT - 1; i >= 0; i--) /* what is called stands before who calls it */
    if (*set >> i & 1u)
      *set |= helpers[i].needs;
}

void cnn__source_put_helpers(cnn__source_text *to, uint32_t set) {
  for (int32_t i = 0; i < CNN__HELPER_COUNT; i++)
    if (set >> i & 1u) {
      cnn__source_put(to, helpers[i].text, 0);
      cnn__source_put(to, "\n");
    }
}
