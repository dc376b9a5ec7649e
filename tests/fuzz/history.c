/* history: histories as JSON; one that is read is written and read again to the same text. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct kept {
  char *text;
  size_t bytes;
} kept;

static void keep(void *user, const char *text, size_t bytes) {
  kept *k = user;
  char *more = realloc(k->text, k->bytes + bytes + 1);
  if (!more)
    abort();
  memcpy(more + k->bytes, text, bytes);
  *k = (kept){more, k->bytes + bytes};
}

static kept written(const cnn_history *history) {
  kept k = {0};
  fuzz_said(cnn_history_to_json(history, &(cnn_sink){.size = sizeof(cnn_sink), .user = &k, .write = keep}));
  return k;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  cnn_history *history = NULL, *again = NULL;
  cnn_status status = cnn_history_from_json(&history, fuzz_context(), (const char *)data, bytes);
  fuzz_said(status);
  if (status < 0)
    return 0;
  kept first = written(history);
  if (cnn_history_from_json(&again, fuzz_context(), first.text, first.bytes) < 0) {
    fprintf(stderr, "what was written is not read: %s\n", cnn_error_text());
    abort();
  }
  kept second = written(again);
  if (first.bytes != second.bytes || memcmp(first.text, second.text, first.bytes))
    abort();
  free(first.text);
  free(second.text);
  cnn_history_free(history);
  cnn_history_free(again);
  return 0;
}
