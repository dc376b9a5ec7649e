/* status: the one way to fail. Text per thread, fixed size, never allocated. */
#ifndef CNN_CORE_STATUS_H
#define CNN_CORE_STATUS_H

#include "cnn/base.h"

#include <stdint.h>

#if defined(__GNUC__)
#define CNN__PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define CNN__PRINTF(f, a)
#endif

/* Record code and text for this thread and return code. The text is one line with the values in it and no newline
 * ("conv2d 'conv1': kernel 5x5 does not fit input 4x4 without padding"); control characters are replaced by '?',
 * formatting is that of the C locale. Nothing else in the library makes a negative status. */
cnn_status cnn__fail(cnn_status code, const char *format, ...) CNN__PRINTF(2, 3);

/* Put "prefix: " before the text already recorded and return its code. A level names its object and replaces nothing. */
cnn_status cnn__fail_in(const char *format, ...) CNN__PRINTF(1, 2);

/* The code recorded last on this thread (CNN_OK when none). */
cnn_status cnn__fail_code(void);

#ifdef CNN_ANALYSIS /* static analysers look at one file at a time: tell them that what has failed is negative */
static inline void cnn__said(const char *format, ...) { (void)format; }
#define cnn__fail(code, ...) (cnn__said(__VA_ARGS__), (code))
#define cnn__fail_in(...) (cnn__said(__VA_ARGS__), CNN_EFORMAT)
#define cnn__fail_code() CNN_ENOMEM
#endif

/* How many failures were recorded on this thread: a call of a foreign function between two readings has left a text where they differ. */
uint64_t cnn__fail_count(void);

/* What a function of the program returned that ends well with CNN_OK alone, as one of the library's failures: `what` names it ("setup").
 * before: cnn__fail_count() before the call. */
cnn_status cnn__returned(cnn_status status, const char *what, uint64_t before);

/* The nearest of `count` known names to `name` (edit distance at most 3 and less than its length), or NULL. For error texts that
 * help: "unknown layer type 'con2d'; did you mean 'conv2d'?" */
const char *cnn__nearest(const char *name, const char *const *known, int32_t count);

/* Pass a failure up unchanged. */
#define CNN__TRY(call)                                                                                                 \
  do {                                                                                                                 \
    cnn_status cnn__try_status = (call);                                                                               \
    if (cnn__try_status < 0)                                                                                           \
      return cnn__try_status;                                                                                          \
  } while (0)

#endif
