/* suite: a main for one file of tests. */
#ifndef CNN_TESTS_SUITE_H
#define CNN_TESTS_SUITE_H

#include <check.h>

/* Runs the tests, each in a process of its own; returns main's exit status. `seconds`: after so many a test has failed; 0: Check's four. */
int run_suite(const char *name, const TTest *const *tests, size_t count, double seconds);
#define RUN_SUITE(name, seconds, ...)                                                                                  \
  run_suite(name, (const TTest *const[]){__VA_ARGS__},                                                                 \
            sizeof((const TTest *const[]){__VA_ARGS__}) / sizeof(const TTest *), seconds)

#endif
