/* disk: checkpoints and models on file systems that are full or may not be written to, as they are and not as a fault that is
 * injected. The tests run in processes of their own, since they give up rights and see mounts that nobody else sees. */
#include "fitting.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOBODY = 65534 };

static char folder[] = "/tmp/cnn-disk-XXXXXX", path[64];
static fitting f;

static void make_folder(void) {
  strcpy(folder + strlen(folder) - 6, "XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(folder));
  ck_assert_int_eq(chmod(folder, 0777), 0);
  snprintf(path, sizeof path, "%s/run", folder);
}

static void write_text(const char *name, const char *text) {
  int file = open(name, O_WRONLY | O_CLOEXEC);
  if (file < 0 || write(file, text, strlen(text)) < 0)
    perror(name);
  if (file >= 0)
    close(file);
}

/* 1 where this process may now mount: as root, or as the root of a user namespace of its own. */
static int32_t may_mount(void) {
  char map[64];
  const unsigned user = geteuid(), group = getegid();
  if (unshare(user ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS) < 0)
    return 0;
  if (user) {
    write_text("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "0 %u 1", user);
    write_text("/proc/self/uid_map", map);
    snprintf(map, sizeof map, "0 %u 1", group);
    write_text("/proc/self/gid_map", map);
  }
  return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

/* A small disk at the folder. Said aloud where there can be none. */
static int32_t mount_disk(const char *options) {
  make_folder();
  if (may_mount() && mount("disk", folder, "tmpfs", 0, options) == 0)
    return 1;
  printf("disk: no file system can be mounted here (%s): full and read-only ones are tested by injected faults alone\n", strerror(errno));
  ck_assert_int_eq(rmdir(folder), 0);
  return 0;
}

static void unmount_disk(void) {
  ck_assert_int_eq(umount(folder), 0);
  ck_assert_int_eq(rmdir(folder), 0);
}

static cnn_status fit(int32_t epochs, int32_t resume) {
  cnn_callback *callback;
  ck_assert_int_eq(cnn_checkpoint_new(&callback, f.context, path, cnn_checkpoint_opts(.every_steps = 1, .resume = resume)), CNN_OK);
  cnn_status status = cnn_model_fit(f.model, f.data.labels,
                                    cnn_fit_opts(.batch_size = 12, .epochs = epochs, .callbacks = &callback, .callback_count = 1));
  cnn_callback_free(callback);
  return status;
}

static void ck_fails(cnn_status status, const char *part) {
  ck_assert_msg(status == CNN_EIO && strstr(cnn_error_text(), part) && strstr(cnn_error_text(), path), "%d %s", (int)status,
                cnn_error_text());
}

/* The hash of the model in the file, which is whole. */
static void hash_of_file(char hash[33]) {
  cnn_model *model = NULL;
  ck_assert_msg(cnn_model_load(&model, f.context, path, NULL) == CNN_OK, "%s", cnn_error_text());
  cnn_model_hash(model, hash);
  cnn_model_free(model);
}

/* What saving says of this place, and that what lies there stays and loads. */
static void ck_refuses(const char *reason) {
  char before[33], after[33];
  const int32_t count = fitting_files(folder);
  hash_of_file(before);
  ck_fails(fit(3, 0), reason);
  ck_fails(cnn_model_save(f.model, path, NULL), reason);
  ck_assert_int_eq(fitting_files(folder), count);
  hash_of_file(after);
  ck_assert_str_eq(before, after);
}

/* All that is left of the disk, but for less than a checkpoint. */
static void fill(const char *name) {
  static const char block[4096] = "x";
  int file = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  ck_assert_int_ge(file, 0);
  while (write(file, block, sizeof block) > 0) {
  }
  ck_assert_int_eq(errno, ENOSPC);
  close(file);
}

START_TEST(a_full_disk) {
  char filler[64], hash[33], other[33];
  if (!mount_disk("size=1m,mode=777"))
    return;
  snprintf(filler, sizeof filler, "%s/filler", folder);
  fitting_open(&f, 2);
  ck_assert_msg(fit(3, 0) == CNN_OK, "%s", cnn_error_text());
  cnn_model_hash(f.model, hash);
  fitting_anew(&f);
  ck_assert_msg(fit(2, 0) == CNN_OK, "%s", cnn_error_text());
  fill(filler);
  ck_refuses("No space left on device");
  ck_assert_int_eq(unlink(filler), 0);
  fitting_anew(&f); /* with room again it goes on from what was kept */
  ck_assert_msg(fit(3, 1) == CNN_OK, "%s", cnn_error_text());
  ck_assert_str_eq(cnn_model_hash(f.model, other), hash);
  fitting_close(&f);
  unmount_disk();
}
END_TEST

START_TEST(a_disk_mounted_for_reading) {
  if (!mount_disk("size=1m,mode=777"))
    return;
  fitting_open(&f, 2);
  ck_assert_msg(fit(2, 0) == CNN_OK, "%s", cnn_error_text());
  ck_assert_int_eq(mount(NULL, folder, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
  ck_refuses("Read-only file system");
  fitting_close(&f);
  unmount_disk();
}
END_TEST

START_TEST(a_folder_without_the_right_to_write) {
  make_folder();
  if (geteuid() == 0) {
    ck_assert_int_eq(chown(folder, NOBODY, NOBODY), 0);
    ck_assert_int_eq(setgid(NOBODY), 0);
    ck_assert_int_eq(setuid(NOBODY), 0);
  }
  fitting_open(&f, 2);
  ck_assert_msg(fit(2, 0) == CNN_OK, "%s", cnn_error_text());
  ck_assert_int_eq(chmod(folder, 0555), 0);
  ck_refuses("Permission denied");
  ck_assert_int_eq(chmod(folder, 0777), 0);
  ck_assert_msg(fit(3, 1) == CNN_OK, "%s", cnn_error_text());
  fitting_close(&f);
  char previous[80];
  snprintf(previous, sizeof previous, "%s.prev", path);
  ck_assert_int_eq(unlink(path), 0);
  ck_assert_int_eq(unlink(previous), 0);
  (void)rmdir(folder); /* with /tmp's sticky bit its maker alone may; it is now */
  ck_assert_int_eq(access(folder, F_OK), -1);
}
END_TEST

int main(void) {
  return RUN_SUITE("disk", 60, a_full_disk, a_disk_mounted_for_reading, a_folder_without_the_right_to_write);
}
