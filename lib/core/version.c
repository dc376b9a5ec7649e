/* version: what the library is at run time. */
#include "cnn/base.h"

#define TEXT_OF(number) #number
#define JOIN(major, minor, patch) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

int32_t cnn_version_number(void) { return CNN_VERSION_NUMBER; }

const char *cnn_version(void) { return JOIN(CNN_VERSION_MAJOR, CNN_VERSION_MINOR, CNN_VERSION_PATCH); }
