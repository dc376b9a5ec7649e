/* cnn-convert: a model from one form of file to another. */
#include "forms.h"

#include <cnn/format.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#ifdef WITH_EXPORT
#include <cnn/export.h>
#endif

static const char help_text[] =
    "Usage: cnn-convert [OPTION]... IN OUT\n"
    "Write the model in IN to OUT, in the form that OUT's ending names: .h5 and .keras are Keras's, .onnx,\n"
    ".tflite and .c are for running it elsewhere, .npz is NumPy's (weights alone), anything else is libcnn's\n"
    "own (.safetensors); whatever companion libraries this program was built with. IN's form follows from its\n"
    "content: libcnn's or Keras's.\n"
    "OUT is replaced as a whole; where something fails it stays as it was.\n"
    "\n"
    "      --no-optimizer   leave out the optimizer's state: training would begin anew\n"
    "      --weights-only   leave out configuration and compilation, too\n"
    "      --nchw           .onnx: images come as [N, C, H, W] instead of [N, H, W, C]\n"
    "      --int8           .c, .tflite: kernels as bytes with scales, a quarter of the size, a little less\n"
    "                       accurate\n"
    "      --like MODEL     IN holds weights alone, those of a model such as MODEL\n"
    "  -h, --help           print this and exit\n"
    "  -V, --version        print version and build and exit\n"
    "\n"
    "Exit status: 0 done; 1 run-time failure; 2 usage error, or OUT's form cannot be written; 3 bad\n"
    "input file.\n";

enum { DONE = 0, RUNTIME = 1, USAGE = 2, BAD_FILE = 3 };

typedef struct options {
  const char *in, *out, *like;
  int32_t no_optimizer, weights_only, nchw, int8;
} options;

static int fail(int code) {
  fprintf(stderr, "cnn-convert: %s\n", cnn_error_text());
  return code;
}

static int fail_usage(const char *why) {
  fprintf(stderr, "cnn-convert: %s\nTry 'cnn-convert --help'.\n", why);
  return USAGE;
}

/* ---- reading ---- */

/* Weights of IN, in a model like MODEL. */
static cnn_status load_into(cnn_container **file, cnn_context *context, const options *o) {
  cnn_model *model;
  cnn_status status = cnn_model_load(&model, context, o->like, cnn_load_opts(.no_optimizer = 1));
  if (status < 0)
    return status;
  status = cnn_model_load_weights(model, o->in, NULL);
  if (status >= 0)
    status = cnn_model_to_container(file, model, NULL);
  cnn_model_free(model);
  return status;
}

/* A file of libcnn's own is what saving the model would write, and of a checkpoint no more than its model is taken. */
static int32_t is_written_anew(const cnn_container *file, cnn_context *context, const char *out) {
  const char *format = cnn_container_note(file, "format");
  return strcmp(cnn_format_name(context, out), "libcnn") == 0 || (format && strcmp(format, "libcnn checkpoint") == 0);
}

/* What IN says of its model is held to be true when that model could be made. */
static cnn_status check_model(cnn_container **file, cnn_context *context, const options *o) {
  cnn_model *model;
  if (!cnn_container_note(*file, "config"))
    return CNN_OK;
  cnn_status status = cnn_model_from_container(&model, context, *file, NULL);
  if (status < 0)
    return status;
  if (is_written_anew(*file, context, o->out)) {
    int32_t stateless = !cnn_container_note(*file, "iterations"); /* as it came */
    cnn_container_free(*file);
    *file = NULL;
    status = cnn_model_to_container(file, model, cnn_save_opts(.no_optimizer = stateless));
  }
  cnn_model_free(model);
  return status;
}

static cnn_status load(cnn_container **file, cnn_context *context, const options *o) {
  *file = NULL;
  if (o->like)
    return load_into(file, context, o);
  cnn_status status = cnn_container_load(file, context, o->in, NULL);
  return status < 0 ? status : check_model(file, context, o);
}

/* ---- forms that have options of their own ---- */

typedef struct way {
  const char *ending;
  int32_t nchw, int8; /* which options it takes */
  cnn_status (*save)(const cnn_model *model, const options *o);
} way;

#ifdef WITH_EXPORT
static cnn_status save_onnx(const cnn_model *model, const options *o) {
  return cnn_model_save_onnx(model, o->out, cnn_onnx_opts(.nchw = o->nchw));
}

static cnn_status save_c(const cnn_model *model, const options *o) {
  return cnn_model_save_c(model, o->out, cnn_c_opts(.int8 = o->int8));
}

static cnn_status save_tflite(const cnn_model *model, const options *o) {
  return cnn_model_save_tflite(model, o->out, cnn_tflite_opts(.int8 = o->int8));
}
#endif

static const way ways[] = {
#ifdef WITH_EXPORT
    {".onnx", 1, 0, save_onnx},
    {".c", 0, 1, save_c},
    {".tflite", 0, 1, save_tflite},
#endif
    {NULL, 0, 0, NULL}};

/* NULL: OUT's form does not take the options that are given. */
static const way *find_way(const options *o) {
  size_t length = strlen(o->out);
  for (const way *w = ways; w->ending; w++) {
    size_t ending = strlen(w->ending);
    if (length >= ending && strcasecmp(o->out + length - ending, w->ending) == 0 && o->nchw <= w->nchw && o->int8 <= w->int8)
      return w;
  }
  return NULL;
}

static cnn_status save(const cnn_container *file, cnn_context *context, const options *o) {
  cnn_model *model;
  if (!o->nchw && !o->int8)
    return cnn_container_save(file, o->out, cnn_save_opts(.weights_only = o->weights_only, .no_optimizer = o->no_optimizer));
  cnn_status status = cnn_model_from_container(&model, context, file, cnn_load_opts(.no_optimizer = 1));
  if (status < 0)
    return status;
  status = find_way(o)->save(model, o);
  cnn_model_free(model);
  return status;
}

/* ---- the whole ---- */

static int convert(cnn_context *context, const options *o) {
  cnn_container *file;
  if (register_forms(context) < 0)
    return fail(RUNTIME);
  if (!cnn_format_name(context, o->out))
    return fail(USAGE);
  if ((o->nchw || o->int8) && !find_way(o))
    return fail_usage(o->nchw && o->int8 ? "--nchw is for .onnx alone, --int8 for .c and .tflite alone: no form takes both"
                      : o->nchw          ? "--nchw is for .onnx alone"
                                         : "--int8 is for .c and .tflite alone");
  cnn_status status = load(&file, context, o);
  int code = status >= 0 ? DONE : fail(status == CNN_ENOMEM ? RUNTIME : BAD_FILE);
  if (code == DONE && save(file, context, o) < 0)
    code = fail(RUNTIME);
  cnn_container_free(file);
  return code;
}

static void log_line(void *user, int32_t level, const char *line) {
  (void)user;
  (void)level;
  fprintf(stderr, "cnn-convert: %s\n", line);
}

int main(int count, char **arguments) {
  static const struct option known[] = {{"no-optimizer", no_argument, NULL, 'n'},
                                        {"weights-only", no_argument, NULL, 'w'},
                                        {"nchw", no_argument, NULL, 'c'},
                                        {"int8", no_argument, NULL, '8'},
                                        {"like", required_argument, NULL, 'l'},
                                        {"help", no_argument, NULL, 'h'},
                                        {"version", no_argument, NULL, 'V'},
                                        {NULL, 0, NULL, 0}};
  const cnn_logger logger = {.size = sizeof logger, .write = log_line};
  options o = {0};
  cnn_context *context;
  int option;
  while ((option = getopt_long(count, arguments, "hV", known, NULL)) != -1)
    switch (option) {
    case 'n': o.no_optimizer = 1; break;
    case 'w': o.weights_only = 1; break;
    case 'c': o.nchw = 1; break;
    case '8': o.int8 = 1; break;
    case 'l': o.like = optarg; break;
    case 'h': fputs(help_text, stdout); return DONE;
    case 'V': printf("cnn-convert of %s\n", cnn_build_info()); return DONE;
    default: fputs("Try 'cnn-convert --help'.\n", stderr); return USAGE;
    }
  if (optind + 2 != count)
    return fail_usage("two files are expected, IN and OUT");
  o.in = arguments[optind];
  o.out = arguments[optind + 1];
  if (cnn_context_new(&context, cnn_context_opts(.logger = &logger)) < 0)
    return fail(RUNTIME);
  int code = convert(context, &o);
  cnn_context_free(context);
  return code;
}
