/* leftover: the lock decides, not the number of the process in the name: in containers each one has the same, and another machine
 * that shares the folder has numbers of its own. */
#include "io/leftover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int cnn__leftover_claim(int file, int32_t *lost) {
  struct stat st;
  *lost = 0;
  if (flock(file, LOCK_EX | LOCK_NB) < 0) {
    *lost = errno == EWOULDBLOCK; /* who locks another's temporary is about to remove it */
    return -1;
  }
  *lost = fstat(file, &st) == 0 && st.st_nlink == 0;
  return *lost ? -1 : fcntl(file, F_DUPFD_CLOEXEC, 0);
}

/* "1f-2e-3.tmp" */
static int32_t tells_apart(const char *text) {
  for (int32_t part = 0; part < 3; part++) {
    size_t digits = strspn(text, "0123456789abcdef");
    if (!digits || text[digits] != (part < 2 ? '-' : '.'))
      return 0;
    text += digits + 1;
  }
  return !strcmp(text, "tmp");
}

/* A writer that comes to the end meanwhile renames it: then nothing has the name. */
static void remove_dead(int folder, const char *name) {
  struct stat st;
  int file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0)
    return;
  if (fstat(file, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 && st.st_uid == geteuid() && flock(file, LOCK_EX | LOCK_NB) == 0)
    (void)unlinkat(folder, name, 0);
  (void)close(file);
}

void cnn__leftovers_remove(int folder, const char *stem) {
  const size_t length = strlen(stem);
  int own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *listed = own < 0 ? NULL : fdopendir(own);
  if (!listed) {
    if (own >= 0)
      (void)close(own);
    return;
  }
  for (const struct dirent *entry; (entry = readdir(listed));)
    if (!strncmp(entry->d_name, stem, length) && tells_apart(entry->d_name + length))
      remove_dead(folder, entry->d_name);
  (void)closedir(listed);
}
