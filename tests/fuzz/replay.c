/* replay: libFuzzer's place in ordinary tests. Runs the target on each file of the folders it is given, on each of its beginnings of some
 * lengths, and on copies with some bytes changed: always the same ones. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CUTS = 16, CHANGED = 48, MOST_CHANGES = 4 };

static uint8_t whole[FUZZ_MOST_BYTES], changed[FUZZ_MOST_BYTES];
static int32_t files, runs;
static uint64_t state;

static uint32_t next(void) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(state >> 33);
}

/* The inputs lie in blocks of their very size, so that a sanitizer sees a byte read too far. */
static void run(const uint8_t *data, size_t bytes) {
  uint8_t *exact = malloc(bytes ? bytes : 1);
  if (!exact)
    abort();
  memcpy(exact, data, bytes);
  (void)LLVMFuzzerTestOneInput(exact, bytes);
  free(exact);
  runs++;
}

static void change(size_t bytes) {
  memcpy(changed, whole, bytes);
  for (uint32_t left = 1 + next() % MOST_CHANGES; left > 0; left--) {
    uint8_t *at = &changed[next() % bytes];
    const uint8_t values[] = {(uint8_t)(*at ^ 1u << next() % 8), (uint8_t)next(), 0, 255, '9', '"', (uint8_t)(*at + 1)};
    *at = values[next() % sizeof values];
  }
  run(changed, bytes);
}

static void run_file(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) {
    perror(path);
    exit(1);
  }
  const size_t bytes = fread(whole, 1, sizeof whole, file);
  fclose(file);
  state = bytes;
  files++;
  run(whole, bytes);
  for (size_t cut = 0; bytes && cut < CUTS; cut++)
    run(whole, next() % bytes);
  for (int32_t i = 0; bytes && i < CHANGED; i++)
    change(bytes);
}

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static void run_folder(const char *folder) {
  struct dirent **entries;
  const int count = scandir(folder, &entries, NULL, by_name);
  for (int i = 0; i < count; i++) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
    if (entries[i]->d_name[0] != '.')
      run_file(path);
    free(entries[i]);
  }
  if (count >= 0)
    free(entries);
}

int main(int count, char **folders) {
  for (int i = 1; i < count; i++)
    run_folder(folders[i]);
  printf("%d files, %d runs\n", files, runs);
  if (!files)
    fprintf(stderr, "replay: no file in the corpus\n");
  return files == 0;
}
