/* quota: CPUs that control groups grant, read from made-up file systems. */
#include "suite.h"

#include "core/quota.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "quota-XXXXXX";

/* Writes a file of the made-up system and the folders above it. */
static void put(const char *path, const char *text) {
  char full[512];
  snprintf(full, sizeof full, "%s%s", root, path);
  for (char *slash = strchr(full + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    ck_assert(mkdir(full, 0700) == 0 || errno == EEXIST);
    *slash = '/';
  }
  FILE *file = fopen(full, "w");
  ck_assert_ptr_nonnull(file);
  fputs(text, file);
  fclose(file);
}

static void clear(void) {
  char command[64];
  snprintf(command, sizeof command, "rm -rf ./%s", root);
  ck_assert_int_eq(system(command), 0);
}

static void start(const char *groups) {
  ck_assert_ptr_nonnull(mkdtemp(root));
  if (groups)
    put("/proc/self/cgroup", groups);
}

static void expect(int32_t cpus) {
  int32_t found = cnn__quota(root);
  clear();
  ck_assert_int_eq(found, cpus);
}

START_TEST(no_groups) {
  start(NULL);
  expect(INT32_MAX);
}
END_TEST

START_TEST(v2_without_limit) {
  start("0::/\n");
  put("/sys/fs/cgroup/cpu.max", "max 100000\n");
  expect(INT32_MAX);
}
END_TEST

START_TEST(v2_at_the_root_of_a_container) {
  start("0::/\n");
  put("/sys/fs/cgroup/cpu.max", "200000 100000\n");
  expect(2);
}
END_TEST

START_TEST(v2_fractions_are_rounded_up) {
  start("0::/a\n");
  put("/sys/fs/cgroup/a/cpu.max", "250000 100000\n");
  expect(3);
}
END_TEST

START_TEST(v2_small_shares_grant_one) {
  start("0::/a\n");
  put("/sys/fs/cgroup/a/cpu.max", "10000 100000\n");
  expect(1);
}
END_TEST

START_TEST(v2_the_least_of_all_above_counts) {
  start("0::/a/b/c\n");
  put("/sys/fs/cgroup/a/b/c/cpu.max", "800000 100000\n");
  put("/sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  put("/sys/fs/cgroup/a/cpu.max", "300000 100000\n");
  expect(3);
}
END_TEST

START_TEST(v1_beside_other_controllers) {
  start("12:cpuset:/x\n4:cpu,cpuacct:/docker/1\n1:name=systemd:/y\n0::/\n");
  put("/sys/fs/cgroup/cpu/docker/1/cpu.cfs_quota_us", "150000\n");
  put("/sys/fs/cgroup/cpu/docker/1/cpu.cfs_period_us", "100000\n");
  put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  expect(2);
}
END_TEST

START_TEST(v1_seen_from_inside_a_container) {
  start("4:cpuacct,cpu:/docker/not/visible\n");
  put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "400000\n");
  put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  expect(4);
}
END_TEST

START_TEST(nonsense_limits_nothing) {
  start("nonsense\n:\n::\n0::/a\n7:cpu\n");
  put("/sys/fs/cgroup/a/cpu.max", "many 0\n");
  put("/sys/fs/cgroup/cpu.max", "100000\n");
  expect(INT32_MAX);
}
END_TEST

START_TEST(a_period_of_zero_limits_nothing) {
  start("0::/\n");
  put("/sys/fs/cgroup/cpu.max", "100000 0\n");
  expect(INT32_MAX);
}
END_TEST

START_TEST(this_machine_has_cpus) {
  ck_assert_int_ge(cnn__quota(""), 1);
  ck_assert_int_ge(cnn__affinity(), 1);
}
END_TEST

START_TEST(the_affinity_mask_counts) {
  cpu_set_t mask;
  ck_assert_int_eq(sched_getaffinity(0, sizeof mask, &mask), 0);
  size_t first = 0;
  while (!CPU_ISSET(first, &mask))
    first++;
  CPU_ZERO(&mask);
  CPU_SET(first, &mask);
  ck_assert_int_eq(sched_setaffinity(0, sizeof mask, &mask), 0);
  ck_assert_int_eq(cnn__affinity(), 1);
}
END_TEST

int main(void) {
  const char *folder = getenv("TMPDIR");
  if (chdir(folder ? folder : "/tmp") != 0)
    return 1;
  return RUN_SUITE("quota", 0, no_groups, v2_without_limit, v2_at_the_root_of_a_container, v2_fractions_are_rounded_up,
                   v2_small_shares_grant_one, v2_the_least_of_all_above_counts, v1_beside_other_controllers,
                   v1_seen_from_inside_a_container, nonsense_limits_nothing, a_period_of_zero_limits_nothing,
                   this_machine_has_cpus, the_affinity_mask_counts);
}
