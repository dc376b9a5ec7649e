/* optimizers: every type with every option, from the registry, so that a new type or option is tested with the rest. */
#ifndef CNN_TESTS_OPTIMIZERS_H
#define CNN_TESTS_OPTIMIZERS_H

#include <stddef.h>

/* How many combinations there are; the type of one and its attributes as text. */
int optimizer_combinations(void);
const char *optimizer_combination(int number, char *attributes, size_t bytes);

/* Fails the running test where an option that all types share is in none of them. */
void optimizer_combinations_check(void);

#endif
