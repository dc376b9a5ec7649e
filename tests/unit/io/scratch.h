/* scratch: a folder for files of one test, files as bytes, and a context whose allocations are counted. */
#ifndef CNN_TESTS_IO_SCRATCH_H
#define CNN_TESTS_IO_SCRATCH_H

#include "alloc.h"

#include <check.h>
#include <stddef.h>
#include <stdint.h>

/* An empty folder, removed with all that is in it by scratch_remove. */
void scratch_make(void);
void scratch_remove(void);
/* Path of a file in it; four results stay valid at a time. */
const char *scratch_path(const char *name);
/* How many files are in it, hidden ones too. */
int scratch_count(void);

/* For the rest of the test, what is saved is not forced out to the disk: hundreds of saves would take minutes. */
void scratch_without_sync(void);

void scratch_write(const char *name, const void *bytes, size_t count);
/* The whole file, to be freed; NULL where it cannot be read. */
unsigned char *scratch_read(const char *name, size_t *count);

/* A context that allocates through `scratch_alloc`. */
extern test_alloc scratch_alloc;
cnn_context *scratch_context(void);

/* status is `code`, and the text holds `part`. */
void ck_failed(cnn_status status, cnn_status code, const char *part);

/* Run a suite of one case with time for slow machines. */
int scratch_run(const char *name, void (*add)(TCase *tests));

#endif
