/** @file report.h
 * Reports on a classifier: confusion matrix, precision, recall, F1, as scikit-learn counts and prints them.
 *
 *     cnn_report *r;
 *     cnn_report_new(&r, ctx, labels, probabilities, NULL);
 *     cnn_report_print(r, NULL, 2); */
#ifndef CNN_REPORT_H
#define CNN_REPORT_H

#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cnn_report cnn_report;

typedef struct cnn_report_opts {
  size_t size;
  int64_t classes;                 /**< at most 4096; 0: largest label or prediction + 1 (columns of f32 predictions) */
  const char *const *class_names;  /**< `classes` names (copied); NULL: the numbers */
} cnn_report_opts;
#define cnn_report_opts(...) (&(const struct cnn_report_opts){.size = sizeof(struct cnn_report_opts), __VA_ARGS__})

/** Count labels [N] (integers) against predictions: integers [N], or f32 rows [N, K] whose first largest column counts.
 * Classes that occur in neither are left out of the printed report and of its averages, as scikit-learn does; the matrix keeps them.
 * Errors: CNN_ESHAPE; CNN_EDATA a label out of range (position named), NaN or infinity in f32 predictions; CNN_EINVAL no samples, too many
 * classes, a name that is NULL; CNN_ENOMEM. Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_report_new(cnn_report **out, cnn_context *context, const cnn_tensor *labels,
                                                 const cnn_tensor *predictions, const cnn_report_opts *options);
CNN_API void cnn_report_free(cnn_report *report);

/** Classes; samples; samples with `label` predicted as `prediction` (-1 out of range). Since 0.1. */
CNN_API int64_t cnn_report_classes(const cnn_report *report);
CNN_API int64_t cnn_report_samples(const cnn_report *report);
CNN_API int64_t cnn_report_count(const cnn_report *report, int64_t label, int64_t prediction);

/** Of one class: precision, recall, F1 (0 where the denominator is 0; NaN for a class out of range), support (-1 out of range); share of
 * correct among all. Since 0.1. */
CNN_API double cnn_report_precision(const cnn_report *report, int64_t label);
CNN_API double cnn_report_recall(const cnn_report *report, int64_t label);
CNN_API double cnn_report_f1(const cnn_report *report, int64_t label);
CNN_API int64_t cnn_report_support(const cnn_report *report, int64_t label);
CNN_API double cnn_report_accuracy(const cnn_report *report);

/** Share of the class's samples that are predicted right: recall, but NaN for a class without samples. Since 0.1. */
CNN_API double cnn_report_class_accuracy(const cnn_report *report, int64_t label);

/** A sample whose prediction is not its label. */
typedef struct cnn_report_error {
  size_t size;        /**< set by the caller */
  int64_t sample;     /**< its index among the labels */
  int64_t label;
  int64_t prediction;
  double confidence;  /**< the prediction's column of f32 predictions; NaN where predictions were classes */
} cnn_report_error;

/** The errors, in the order of the samples: how many, and one of them into *out, whose `.size` the caller has set.
 * Errors: CNN_EINVAL no such index, size. Threads: const. Since 0.1. */
CNN_API int64_t cnn_report_error_count(const cnn_report *report);
CNN_API CNN_MUST_CHECK cnn_status cnn_report_error_at(const cnn_report *report, int64_t index, cnn_report_error *out);

/** Averages over the classes that occur: plain, and weighted by support. which: 0 precision, 1 recall, 2 F1, else NaN. Since 0.1. */
CNN_API double cnn_report_macro(const cnn_report *report, int32_t which);
CNN_API double cnn_report_weighted(const cnn_report *report, int32_t which);

/** The largest entry off the diagonal, the first in row order; returns its count (0: no errors, *label = *prediction = -1). Since 0.1. */
CNN_API int64_t cnn_report_most_confused(const cnn_report *report, int64_t *label, int64_t *prediction);

/** classification_report's text, to the sink (NULL: the context's). digits 0 to 9. Where no prediction at all is right, supports are printed
 * as "1.0": so does scikit-learn. Errors: CNN_EINVAL; CNN_ENOMEM. Threads: const. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_report_print(const cnn_report *report, const cnn_sink *sink, int32_t digits);

/** The confusion matrix with row and column heads, to the sink (NULL: the context's); columns are headed by numbers where the names do not
 * fit its width. Errors: CNN_EINVAL; CNN_ENOMEM. Threads: const. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_report_print_matrix(const cnn_report *report, const cnn_sink *sink);

/** All of it as one JSON object, to the sink (NULL: the context's): "classes", "samples", "confusion_matrix" (rows: labels),
 * "classification_report" (keys as scikit-learn's output_dict), "class_accuracy", "most_confused" (null where nothing is), "errors". Numbers
 * are the shortest decimals that read back the same; NaN is null. Errors: CNN_EINVAL; CNN_ENOMEM. Threads: const. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_report_json(const cnn_report *report, const cnn_sink *sink);

#ifdef __cplusplus
}
#endif
#endif
