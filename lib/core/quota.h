/* quota: how many CPUs this process may use. */
#ifndef CNN_CORE_QUOTA_H
#define CNN_CORE_QUOTA_H

#include <stdint.h>

/* CPUs in the affinity mask, at least 1. */
int32_t cnn__affinity(void);

/* CPUs that the control groups grant, rounded up, the least over all groups above this process (v1 and v2); INT32_MAX where none
 * limits. root stands before every path read: "" for the machine itself. */
int32_t cnn__quota(const char *root);

#endif
