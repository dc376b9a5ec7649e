/* suite: a main for one file of tests. */
#include "suite.h"

int run_suite(const char *name, const TTest *const *tests, size_t count, double seconds) {
  return run_suite_with(name, tests, count, seconds, NULL, NULL);
}

int run_suite_with(const char *name, const TTest *const *tests, size_t count, double seconds, SFun before, SFun after) {
  Suite *suite = suite_create(name);
  TCase *group = tcase_create(name);
  if (seconds > 0)
    tcase_set_timeout(group, seconds);
  tcase_add_checked_fixture(group, before, after);
  for (size_t i = 0; i < count; i++)
    tcase_add_test(group, tests[i]);
  suite_add_tcase(suite, group);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
