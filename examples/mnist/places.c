/* places: where the IDX files are. */
#include "places.h"

#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *const data_file_names[4] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                          "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};

/* folder/name, or folder/name.gz, whichever can be read. */
int find_data_file(const char *folder, const char *name, char *path, size_t bytes) {
  static const char *const endings[] = {"", ".gz"};
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
    const int length = path ? snprintf(path, bytes, "%s/%s%s", folder, name, endings[i]) : -1;
    if (length >= 0 && (size_t)length < bytes && access(path, R_OK) == 0)
      return 1;
  }
  return 0;
}

static int has_files(const char *folder) {
  char path[4096];
  for (int i = 0; i < 4; i++)
    if (!find_data_file(folder, data_file_names[i], path, sizeof path))
      return 0;
  return 1;
}

/* The data that come with the sources: seen from the working folder, or from where this program was built. */
int find_data_folder(char *folder, size_t bytes) {
  static const char *const places[] = {"examples/data/mnist", "../examples/data/mnist", "data/mnist"};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    snprintf(folder, bytes, "%s", places[i]);
    if (has_files(folder))
      return 1;
  }
  char self[4096];
  ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  if (length <= 0)
    return 0;
  self[length] = 0;
  int wanted = snprintf(folder, bytes, "%s/../../examples/data/mnist", dirname(self));
  return wanted > 0 && (size_t)wanted < bytes && has_files(folder);
}
