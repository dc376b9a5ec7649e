/* failing_malloc: malloc and its kin, which fail on command. */
#include "failing_malloc.h"

#include <stddef.h>

#ifdef __SANITIZE_ADDRESS__
#define REAL(function) __interceptor_##function
#else
#define REAL(function) __libc_##function
#endif

void *REAL(malloc)(size_t bytes);
void *REAL(calloc)(size_t count, size_t bytes);
void *REAL(realloc)(void *old, size_t bytes);
void *REAL(memalign)(size_t alignment, size_t bytes);
void REAL(free)(void *old);

struct failing_malloc failing_malloc = {.failing = -1};

static int32_t refused(void) {
  return failing_malloc.calls++ == failing_malloc.failing && !(failing_malloc.spared && failing_malloc.spared());
}

static void *counted(void *made) {
  failing_malloc.alive += made != NULL;
  return made;
}

#define SEEN __attribute__((visibility("default")))
SEEN void *malloc(size_t bytes);
SEEN void *calloc(size_t count, size_t bytes);
SEEN void *realloc(void *old, size_t bytes);
SEEN void *aligned_alloc(size_t alignment, size_t bytes);
SEEN void free(void *old);

void *malloc(size_t bytes) { return refused() ? NULL : counted(REAL(malloc)(bytes)); }
void *calloc(size_t count, size_t bytes) { return refused() ? NULL : counted(REAL(calloc)(count, bytes)); }
void *realloc(void *old, size_t bytes) {
  if (refused())
    return NULL;
  void *made = REAL(realloc)(old, bytes);
  return old ? made : counted(made);
}
void *aligned_alloc(size_t alignment, size_t bytes) { return refused() ? NULL : counted(REAL(memalign)(alignment, bytes)); }
void free(void *old) {
  failing_malloc.alive -= old != NULL;
  REAL(free)(old);
}
