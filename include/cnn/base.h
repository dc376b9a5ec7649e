/** @file base.h
 * Version, status codes, error text and the conventions that every other header keeps.
 *
 * - Required arguments are positional, optional ones are fields of an options struct, and zero is every field's
 *   default. The same-named macro fills `.size`; NULL means all defaults:
 *
 *       cnn_conv2d(m, 32, 3, 3, cnn_conv2d_opts(.padding = CNN_PADDING_SAME, .name = "conv1"));
 *
 *   Where 0 is a legal value but not the default, pass CNN_ZERO or CNN_ZERO_INT. Bytes of an options struct beyond what this
 *   version knows must be zero, else the call is refused with CNN_ETOONEW; a struct smaller than the first version's is CNN_EINVAL.
 *   C++ has no compound literals: fill the struct by hand, `.size = sizeof`.
 * - Written through the first argument, a handle is yours: free it. Returned, it is borrowed and lives as long as its
 *   parent. Freeing NULL does nothing. After a failure there is nothing to free there. Handles are counted inside and keep what they need alive, so they may be freed
 *   in any order.
 * - NULL for a handle, a name or a place to write is refused with CNN_EINVAL; a getter of NULL gives 0, "" or NULL (-1 where that
 *   means none).
 * - A const handle may be used by several threads at once, any other by one thread at a time.
 * - A function that can fail returns a cnn_status: 0 or a negative code, and records a text that holds the values.
 * - Nothing here exits, aborts, prints, reads the locale, installs a signal handler or touches the environment. */
#ifndef CNN_BASE_H
#define CNN_BASE_H

#include <stddef.h>
#include <stdint.h>

#define CNN_VERSION_MAJOR 0
#define CNN_VERSION_MINOR 1
#define CNN_VERSION_PATCH 0
#define CNN_VERSION_NUMBER (CNN_VERSION_MAJOR * 10000 + CNN_VERSION_MINOR * 100 + CNN_VERSION_PATCH)

#if defined(__GNUC__) && defined(CNN_BUILD)
#define CNN_API __attribute__((visibility("default")))
#else
#define CNN_API
#endif
#if defined(__GNUC__)
#define CNN_MUST_CHECK __attribute__((warn_unused_result))
#else
#define CNN_MUST_CHECK
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** 0 success; negative: a code below; positive: only from callbacks (CNN_STOP). */
typedef int32_t cnn_status;

/** X(name, value, what it means): one code for each reaction that a caller may have. */
#define CNN_STATUS_LIST(X)                                                                                             \
  X(CNN_OK, 0, "success")                                                                                              \
  X(CNN_STOP, 1, "a callback asks training to stop")                                                                   \
  X(CNN_ENOMEM, -1, "out of memory")                                                                                   \
  X(CNN_EINVAL, -2, "an argument or option is out of its range")                                                       \
  X(CNN_ESHAPE, -3, "shapes, ranks or element types do not fit")                                                       \
  X(CNN_EDATA, -4, "the data hold what they must not: NaN, infinity, a label out of range")                            \
  X(CNN_ESTATE, -5, "the handle is not in a state for this call")                                                      \
  X(CNN_ENAME, -6, "no such name")                                                                                     \
  X(CNN_EIO, -7, "reading or writing a file failed")                                                                   \
  X(CNN_EFORMAT, -8, "a file is damaged or not of the format it should be")                                            \
  X(CNN_ETOONEW, -9, "a struct or file was made for a newer version")                                                  \
  X(CNN_EUNSUPPORTED, -10, "valid, but not done by this version or build")                                             \
  X(CNN_ECALLBACK, -11, "a callback of the caller failed")                                                             \
  X(CNN_EINTERNAL, -12, "a promise inside the library was broken")

enum {
#define CNN_STATUS_ENUM(name, value, text) name = value,
  CNN_STATUS_LIST(CNN_STATUS_ENUM)
#undef CNN_STATUS_ENUM
};

/** Zero where zero is not the default (see above). Constants of their own, safe under -ffast-math. */
#define CNN_ZERO 1.17549435e-38f
#define CNN_ZERO_INT INT32_MIN

/** Text of the last failure on this thread: one line, with the values, never NULL; "" before any failure.
 * Borrowed: valid until the next failing call on this thread. Since 0.1. */
CNN_API const char *cnn_error_text(void);

/** Record a failure of one's own on this thread, for callbacks: the text, one line in the C locale, is what cnn_error_text then gives, and fit
 * passes it on. @param code negative   @return code; CNN_EINTERNAL for a code that is not negative. Threads: any. Since 0.1. */
CNN_API cnn_status cnn_error_set(cnn_status code, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/** Name of a status, "CNN_EINVAL"; "unknown status" for any other number. Static text. Since 0.1. */
CNN_API const char *cnn_status_name(cnn_status status);

/** What a status means, from CNN_STATUS_LIST. Static text. Since 0.1. */
CNN_API const char *cnn_status_text(cnn_status status);

/** Version at run time: the number as in CNN_VERSION_NUMBER, and "0.1.0". Since 0.1. */
CNN_API int32_t cnn_version_number(void);
CNN_API const char *cnn_version(void);

/** snprintf in the C locale, whatever locale the program has set: for callbacks and reports that write numbers.
 * @return the length wanted, as snprintf. Threads: any. Since 0.1. */
CNN_API int32_t cnn_format(char *buffer, size_t bytes, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/** Shortest text that reads back as the same double, as Python's repr writes it ("0.0005000000237487257", "1e-07", "1.0",
 * "nan"). @param buffer at least 32 bytes. @return buffer. Threads: any. Since 0.1. */
CNN_API const char *cnn_format_shortest(char *buffer, double value);

#ifdef __cplusplus
}
#endif
#endif
