/* places: where the IDX files are. */
#ifndef MNIST_PLACES_H
#define MNIST_PLACES_H

#include <stddef.h>

/* Training images and labels, test images and labels; without .gz. */
extern const char *const data_file_names[4];

/* folder/name, or folder/name.gz, whichever can be read, into path; 0 where neither can. */
int find_data_file(const char *folder, const char *name, char *path, size_t bytes);

/* The data that come with the sources, seen from the working folder or from where the program was built; 0 where there are none. */
int find_data_folder(char *folder, size_t bytes);

#endif
