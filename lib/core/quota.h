/* quota: how many CPUs this process may use. */
#ifndef CNN_CORE_QUOTA_H
#define CNN_CORE_QUOTA_H

#include <stdint.h>

#define CNN__MOST_THREADS 1024

/* CPUs in the affinity mask, at least 1. */
int32_t cnn__affinity(void);

/* CPUs that the control groups grant, rounded up, the least over all groups above this process (v1 and v2); INT32_MAX where none
 * limits. root stands before every path read: "" for the machine itself. */
int32_t cnn__quota(const char *root);

/* Threads to use when none are asked for: CNN_NUM_THREADS, else the affinity mask's count cut by the cgroup quota
 * (v1 and v2, rounded up); at least 1. -1 with text when CNN_NUM_THREADS is no number from 1 to 1024. */
int32_t cnn__threads_default(void);

#endif
