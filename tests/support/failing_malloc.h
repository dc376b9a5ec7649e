/* failing_malloc: the program's own malloc, in front of the C library's or the address sanitizer's and seen by shared libraries too, which counts and fails on
 * command: also what libraries below libcnn allocate fails. Linked as a source (failing_malloc in meson), since it replaces the C library's. */
#ifndef CNN_TESTS_FAILING_MALLOC_H
#define CNN_TESTS_FAILING_MALLOC_H

#include <stdint.h>

extern struct failing_malloc {
  int64_t calls;            /* so far; set to 0 by who counts */
  int64_t failing;          /* the call, counted from 0, that fails; -1: none */
  int64_t alive;            /* blocks that were not freed */
  int32_t (*spared)(void);  /* 1: this call shall not fail. NULL: any may */
} failing_malloc;

#endif
