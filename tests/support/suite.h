/* suite: a main for one file of tests. */
#ifndef CNN_TESTS_SUITE_H
#define CNN_TESTS_SUITE_H

#include <check.h>

/* Runs the tests, each in a process of its own; returns main's exit status. `seconds`: after so many a test has failed; 0: Check's four. */
int run_suite(const char *name, const TTest *const *tests, size_t count, double seconds);
/* The same with a fixture: `before` and `after` each test, in its process. */
int run_suite_with(const char *name, const TTest *const *tests, size_t count, double seconds, SFun before, SFun after);
#define RUN_SUITE_WITH(before, after, name, seconds, ...)                                                              \
  run_suite_with(name, (const TTest *const[]){__VA_ARGS__},                                                            \
                 sizeof((const TTest *const[]){__VA_ARGS__}) / sizeof(const TTest *), seconds, before, after)
#define RUN_SUITE(name, seconds, ...)                                                                                  \
  run_suite(name, (const TTest *const[]){__VA_ARGS__},                                                                 \
            sizeof((const TTest *const[]){__VA_ARGS__}) / sizeof(const TTest *), seconds)

#endif
