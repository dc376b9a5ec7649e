/* fuzz: what the targets share. A target is one file with one function, LLVMFuzzerTestOneInput, a dictionary NAME.dict and a folder of
 * seeds corpus/NAME; its line stands in meson.build. `tests/fuzz/run` builds them with libFuzzer; ordinary tests link
 * replay.c instead, which runs each file of the corpus and mutations of it. */
#ifndef CNN_TESTS_FUZZ_H
#define CNN_TESTS_FUZZ_H

#include <cnn/cnn.h>

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

enum { FUZZ_MOST_BYTES = 1 << 20 };

/* One context for all inputs, silent, of one thread, that reads files of 1 MiB at most into 16 MiB at most. */
cnn_context *fuzz_context(void);

/* A file with these bytes, the same path each time. */
const char *fuzz_file(const uint8_t *data, size_t bytes);

/* The input with the checksum that a file of libcnn ends with made right, so that mutations are not all thrown away for it. Valid
 * until the next call. */
const uint8_t *fuzz_checked(const uint8_t *data, size_t bytes);

/* What can be read of an object must be readable: ends the program where a status and its text do not go together. */
void fuzz_said(cnn_status status);

#endif
