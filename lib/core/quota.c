/* quota: how many CPUs this process may use.
 *
 * A container's limit is a bandwidth: so many microseconds of CPU time in each period. More threads than that share
 * spend the rest of every period stopped, all at once, which a barrier turns into waiting. Files are read into fixed
 * buffers: nothing is allocated. */
#include "core/quota.h"

#include "core/status.h"
#include "core/text.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 4096

int32_t cnn__affinity(void) {
  long count = 0;
#if defined(__linux__)
  static const size_t bytes = 8192 / 8;
  unsigned long mask[8192 / 8 / sizeof(unsigned long)];
  memset(mask, 0, sizeof mask);
  if (sched_getaffinity(0, bytes, (cpu_set_t *)(void *)mask) == 0)
    count = CPU_COUNT_S(bytes, (cpu_set_t *)(void *)mask);
#endif
  if (count < 1)
    count = sysconf(_SC_NPROCESSORS_ONLN);
  return count < 1 ? 1 : (int32_t)count;
}

/* The start of a file as text; non-zero where there is none. */
static int32_t read_file(char *buffer, size_t bytes, const char *path) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return 1;
  ssize_t got = read(file, buffer, bytes - 1);
  close(file);
  buffer[got < 0 ? 0 : got] = 0;
  return got <= 0;
}

/* The word at *at as a positive number, 0 where it is none ("max", "-1"); *at moves behind it. */
static int64_t number(const char **at) {
  char word[32];
  size_t length = strcspn(*at, " \n");
  int64_t value = 0;
  cnn__format(word, sizeof word, "%.*s", (int)(length < sizeof word ? length : sizeof word), *at);
  *at += length + (size_t)((*at)[length] != 0);
  return cnn__read_int(word, &value) || value < 0 ? 0 : value;
}

static int32_t cpus(int64_t quota, int64_t period) {
  if (quota <= 0 || period <= 0)
    return INT32_MAX;
  int64_t rounded_up = quota / period + (quota % period != 0);
  return rounded_up > INT32_MAX ? INT32_MAX : (int32_t)rounded_up;
}

/* What one group grants; folder is its path in the file system. */
static int32_t group_cpus(const char *folder, int32_t version) {
  char path[PATH_BYTES], text[64], period_text[64];
  const char *at = text, *period_at = period_text;
  cnn__format(path, sizeof path, "%s/%s", folder, version == 2 ? "cpu.max" : "cpu.cfs_quota_us");
  if (read_file(text, sizeof text, path))
    return INT32_MAX;
  int64_t quota = number(&at);
  if (version == 2)
    return cpus(quota, number(&at));
  cnn__format(path, sizeof path, "%s/cpu.cfs_period_us", folder);
  return read_file(period_text, sizeof period_text, path) ? INT32_MAX : cpus(quota, number(&period_at));
}

/* The least that the groups of one path grant, from it up to the hierarchy's root. A group that is not visible, because
 * the path is the host's and this is a container, grants what those above it do. */
static int32_t path_cpus(const char *mount, const char *group, int32_t version) {
  char folder[PATH_BYTES];
  int32_t least = INT32_MAX, length = cnn__format(folder, sizeof folder, "%s%s", mount, group);
  size_t root = strlen(mount);
  if (length < 0 || (size_t)length >= sizeof folder)
    return INT32_MAX;
  for (;;) {
    int32_t granted = group_cpus(folder, version);
    if (granted < least)
      least = granted;
    char *slash = strrchr(folder, '/');
    if (strlen(folder) <= root || !slash)
      return least;
    *slash = 0;
  }
}

/* Whether a comma-separated list holds the controller "cpu". */
static int32_t has_cpu(const char *controllers, size_t length) {
  for (size_t i = 0; i < length;) {
    size_t word = strcspn(controllers + i, ",:");
    if (word == 3 && memcmp(controllers + i, "cpu", 3) == 0)
      return 1;
    i += word + 1;
  }
  return 0;
}

int32_t cnn__quota(const char *root) {
  char groups[PATH_BYTES], path[PATH_BYTES];
  int32_t least = INT32_MAX;
  cnn__format(path, sizeof path, "%s/proc/self/cgroup", root);
  if (read_file(groups, sizeof groups, path))
    return INT32_MAX;
  for (char *line = groups, *next; line; line = next) { /* hierarchy:controllers:path */
    next = strchr(line, '\n');
    if (next)
      *next++ = 0;
    char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group)
      continue;
    controllers++;
    size_t length = (size_t)(group - controllers);
    int32_t version = length == 0 ? 2 : 1;
    if (version == 1 && !has_cpu(controllers, length))
      continue;
    cnn__format(path, sizeof path, "%s/sys/fs/cgroup%s", root, version == 1 ? "/cpu" : "");
    int32_t granted = path_cpus(path, group + 1, version);
    if (granted < least)
      least = granted;
  }
  return least;
}

int32_t cnn__threads_default(void) {
  const char *wanted = getenv("CNN_NUM_THREADS");
  int64_t threads;
  if (wanted && *wanted) {
    if (cnn__read_int(wanted, &threads) || threads < 1 || threads > CNN__MOST_THREADS)
      return cnn__fail(CNN_EINVAL, "CNN_NUM_THREADS is '%s', not a number from 1 to %d", wanted, CNN__MOST_THREADS), -1;
    return (int32_t)threads;
  }
  int32_t allowed = cnn__affinity(), granted = cnn__quota("");
  if (granted < allowed)
    allowed = granted;
  return allowed < CNN__MOST_THREADS ? allowed : CNN__MOST_THREADS;
}
