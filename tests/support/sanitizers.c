/* sanitizers: what tests need of them: allocations that cannot be are tried, and must return NULL. The run-time libraries
 * find these functions only where they are visible. */
#define VISIBLE __attribute__((visibility("default")))

VISIBLE const char *__asan_default_options(void);
VISIBLE const char *__asan_default_options(void) { return "allocator_may_return_null=1"; }

VISIBLE const char *__tsan_default_options(void);
VISIBLE const char *__tsan_default_options(void) { return "allocator_may_return_null=1"; }
