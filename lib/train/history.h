/* history: the figures of every epoch of a fit. */
#ifndef CNN_TRAIN_HISTORY_H
#define CNN_TRAIN_HISTORY_H

#include "io/json.h"
#include "train/logs.h"

cnn_status cnn__history_new(cnn_history **out, cnn_context *context);

/* Append an epoch with a copy of its figures. On an error nothing is changed. */
cnn_status cnn__history_add(cnn_history *history, int64_t epoch, double seconds, const cnn_logs *logs);

/* Has the row this figure? Its value. */
int32_t cnn__history_has(const cnn_history *history, int64_t row, const char *name, double *out);

cnn_context *cnn__history_context(const cnn_history *history);

/* All rows as a JSON array of {"epoch": 3, "seconds": "1.5", "figures": {"loss": "0.25"}}, and back into an empty history; fractions are
 * the shortest decimals that read back the same. NULL: no memory. CNN_EFORMAT, CNN_ENOMEM. */
json_t *cnn__history_to_json(const cnn_history *history);
cnn_status cnn__history_from_json(cnn_history *history, cnn_context *context, const json_t *rows);

/* The figures of the last row into empty logs; nothing where there is no row. */
cnn_status cnn__history_last(const cnn_history *history, cnn_logs *logs);

#endif
