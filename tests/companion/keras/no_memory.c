/* Where any one of the allocations of loading or saving fails, the answer is CNN_ENOMEM and nothing else has changed, or what comes is whole: no
 * crash, no leak, no model that is another, no file that is cut. HDF5's library is let alone: where one of its allocations fails it ends the process or keeps what it had, and
 * is only begun where there is memory enough. */
#include "failing_malloc.h"
#include "suite.h"

#include <cnn/cnn.h>
#include <cnn/format.h>
#include <cnn/keras.h>
#include <execinfo.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where HDF5's code lies. */
static uintptr_t hdf5_begins, hdf5_ends;

static int find_hdf5(struct dl_phdr_info *about, size_t bytes, void *user) {
  (void)bytes, (void)user;
  for (int i = 0; i < about->dlpi_phnum && strstr(about->dlpi_name, "libhdf5"); i++)
    if (about->dlpi_phdr[i].p_type == PT_LOAD && about->dlpi_phdr[i].p_flags & PF_X) {
      hdf5_begins = about->dlpi_addr + about->dlpi_phdr[i].p_vaddr;
      hdf5_ends = hdf5_begins + about->dlpi_phdr[i].p_memsz;
    }
  return 0;
}

/* Has HDF5, or what it called, called for this? */
static int32_t is_hdf5(void) {
  void *callers[64];
  for (int i = backtrace(callers, 64); i-- > 0;)
    if ((uintptr_t)callers[i] >= hdf5_begins && (uintptr_t)callers[i] < hdf5_ends)
      return 1;
  return 0;
}

/* The sanitizer counts leaks at the end of each process: libzip loses blocks of its own, and what the loader keeps it sees as this program's malloc. */
const char *__lsan_default_suppressions(void);
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void) { return "leak:libzip\nleak:_dl_map_object_deps\n"; }

/* ---- what is loaded and saved ---- */

enum { ROOM = 1 << 17, PATH = 64 };

static cnn_context *context;
static int64_t warnings;
static cnn_model *model; /* the one that is saved, and takes weights */
static char folder[PATH] = "/dev/shm/cnn-memory-XXXXXX"; /* in memory where that is: thousands of files are written through to the disk */

static const char *path_of(const char *name) {
  static char path[PATH];
  cnn_format(path, sizeof path, "%s/%s", folder, name);
  return path;
}

static size_t contents(const char *path, char *bytes) {
  FILE *file = fopen(path, "rb");
  ck_assert_ptr_nonnull(file);
  size_t count = fread(bytes, 1, ROOM, file);
  ck_assert(count < ROOM && fclose(file) == 0);
  return count;
}

static void log_line(void *user, int32_t level, const char *text) {
  (void)user, (void)text;
  warnings += level == CNN_LOG_WARNING;
}
static const cnn_logger logger = {.size = sizeof logger, .write = log_line};

static void begin(void) {
  cnn_optimizer *optimizer;
  cnn_tensor *x, *y;
  cnn_logs *logs;
  dl_iterate_phdr(find_hdf5, NULL);
  ck_assert_int_eq(is_hdf5(), 0); /* the first backtrace allocates */
  ck_assert_uint_ne(hdf5_ends, 0);
  failing_malloc.spared = is_hdf5;
  if (!mkdtemp(folder))
    ck_assert_ptr_nonnull(mkdtemp(strcpy(folder, "/tmp/cnn-memory-XXXXXX")));
  ck_assert_int_eq(cnn_context_new(&context, cnn_context_opts(.threads = 1, .logger = &logger)), CNN_OK);
  ck_assert_int_eq(cnn_keras_register(context), CNN_OK);
  ck_assert_int_eq(cnn_model_new(&model, context, NULL), CNN_OK);
  cnn_input(model, 3, (const int64_t[]){4, 4, 1}, NULL);
  cnn_layer_add(model, "conv2d", "filters=2 kernel_size=2 padding=same activation=gelu name=the_first_of_two_convolutions "
                                 "kernel_initializer=random_normal(mean=0,stddev=0.123456789) kernel_regularizer=l2(l2=0.001)");
  cnn_layer_add(model, "batch_normalization", "name=n");
  cnn_layer_add(model, "activation", "activation=elu alpha=0.1234567 name=e");
  cnn_layer_add(model, "add", "inputs=e,n");
  cnn_layer_add(model, "max_pooling2d", "pool_size=2");
  cnn_layer_add(model, "flatten", "");
  cnn_layer_add(model, "dense", "units=3 activation=softmax");
  ck_assert_int_eq(cnn_optimizer_new(&optimizer, context, "sgd", "momentum=0.9 learning_rate_schedule=piecewise_constant_decay(boundaries=1:10,values=0.1:0.05:0.01)"), CNN_OK);
  ck_assert_msg(cnn_model_compile(model, optimizer, 1, (const char *const[]){"categorical_crossentropy label_smoothing=0.1"},
                                  cnn_compile_opts(.metrics = (const char *const[]){"acc", "top_k_categorical_accuracy k=2"}, .metric_count = 2)) == CNN_OK,
                "%s", cnn_error_text());
  ck_assert_int_eq(cnn_tensor_new(&x, context, CNN_F32, 4, (const int64_t[]){1, 4, 4, 1}, NULL), CNN_OK);
  ck_assert_int_eq(cnn_tensor_new(&y, context, CNN_F32, 2, (const int64_t[]){1, 3}, NULL), CNN_OK);
  for (int32_t i = 0; i < 16; i++)
    ((float *)cnn_tensor_data(x))[i] = (float)i / 16;
  ((float *)cnn_tensor_data(y))[1] = 1;
  ck_assert_int_eq(cnn_logs_new(&logs, context), CNN_OK);
  ck_assert_int_eq(cnn_model_train_on_batch(logs, model, cnn_batch(.inputs = x, .targets = y)), CNN_OK);
  cnn_logs_free(logs);
  cnn_tensor_free(x);
  cnn_tensor_free(y);
  cnn_optimizer_free(optimizer);
}

static void end(void) {
  cnn_model_free(model);
  cnn_context_free(context);
  ck_assert_int_eq(rmdir(folder), 0);
}

/* All of a model: its description, training, weights and state. */
static size_t all_of(const cnn_model *m, char *bytes) {
  size_t count;
  ck_assert_msg(cnn_model_save_memory(m, bytes, ROOM, &count, NULL) == CNN_OK, "%s", cnn_error_text());
  return count;
}

/* ---- one allocation after the other ---- */

typedef cnn_status attempt(const char *name);
typedef void check(const char *name, cnn_status status, int64_t n);

/* spare: blocks that libraries below may lose each time (libzip does) or keep for later (HDF5 does). */
static void fail_each(const char *name, attempt *try, check *looked_at, int64_t spare) {
  int64_t failed = 0;
  for (int64_t n = -1, made = 0; n < 0 || made >= n; n++) { /* first with none that fails: what is kept for ever is made then */
    const int64_t before = failing_malloc.alive;
    failing_malloc.calls = warnings = 0;
    failing_malloc.failing = n;
    const cnn_status status = try(name);
    made = failing_malloc.calls;
    failing_malloc.failing = -1;
    ck_assert_msg(status == CNN_OK || status == CNN_ENOMEM, "%s: %s when allocation %lld fails: %s", name, cnn_status_name(status), (long long)n, cnn_error_text());
    ck_assert_msg(status == CNN_OK || *cnn_error_text(), "%s: no sentence when allocation %lld fails", name, (long long)n);
    ck_assert_msg(warnings == 0, "%s: a warning when allocation %lld fails", name, (long long)n);
    looked_at(name, status, n);
    ck_assert_msg(n < 0 || failing_malloc.alive <= before + spare, "%s: %lld blocks are left when allocation %lld fails (%s)", name, (long long)(failing_malloc.alive - before), (long long)n, cnn_status_name(status));
    failed += status < 0;
  }
  ck_assert_int_gt(failed, 20);
}

/* ---- saving ---- */

static const char *const files[] = {"m.h5", "m.keras", "m.weights.h5"};
static char whole[ROOM], seen[ROOM];
static size_t whole_count;

static cnn_status try_saving(const char *name) { return cnn_model_save(model, path_of(name), NULL); }

static void ck_saved(const char *name, cnn_status status, int64_t n) {
  const size_t count = contents(path_of(name), seen);
  if (status == CNN_OK)
    ck_assert_msg(count == whole_count && !memcmp(seen, whole, count), "%s: CNN_OK and %zu bytes of %zu when allocation %lld fails", name, count, whole_count, (long long)n);
  else
    ck_assert_msg(count == 3 && !memcmp(seen, "old", 3), "%s: the file has changed when allocation %lld fails", name, (long long)n);
  FILE *file = fopen(path_of(name), "wb");
  ck_assert(file && fputs("old", file) >= 0 && fclose(file) == 0);
}

START_TEST(saving) {
  begin();
  ck_assert_int_eq(try_saving(files[_i]), CNN_OK);
  whole_count = contents(path_of(files[_i]), whole);
  fail_each(files[_i], try_saving, ck_saved, 8);
  ck_assert_int_eq(unlink(path_of(files[_i])), 0);
  end();
}
END_TEST

/* HDF5 included: with little address space left a save either has enough for all of it, or is not begun. Each in a process of its own, which saves once more when
 * there is plenty again. */
#ifndef __SANITIZE_ADDRESS__ /* which takes address space of its own */
static int save_within(rlim_t more, const char *name) {
  unsigned long pages = 0;
  FILE *statm = fopen("/proc/self/statm", "r");
  if (!statm || fscanf(statm, "%lu", &pages) != 1)
    return 99;
  fclose(statm);
  struct rlimit limit = {.rlim_cur = pages * (rlim_t)sysconf(_SC_PAGESIZE) + more, .rlim_max = RLIM_INFINITY};
  if (setrlimit(RLIMIT_AS, &limit) < 0)
    return 98;
  const cnn_status status = try_saving(name);
  limit.rlim_cur = RLIM_INFINITY;
  if (setrlimit(RLIMIT_AS, &limit) < 0 || try_saving(name) < 0)
    return 97;
  const size_t count = contents(path_of(name), seen);
  return count != whole_count || memcmp(seen, whole, count) != 0 ? 96 : status == CNN_OK ? 0 : status == CNN_ENOMEM ? 1 : 95;
}

START_TEST(little_memory) {
  int counts[2] = {0, 0};
  begin();
  ck_assert_int_eq(try_saving(files[_i]), CNN_OK);
  whole_count = contents(path_of(files[_i]), whole);
  for (rlim_t more = 0; more < (rlim_t)12 << 20; more += (rlim_t)384 << 10) {
    int status;
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
      _exit(save_within(more, files[_i]));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) < 2, "%s: %x with %llu more bytes", files[_i], status, (unsigned long long)more);
    counts[WEXITSTATUS(status)]++;
  }
  ck_assert_int_gt(counts[0], 2);
  ck_assert_int_gt(counts[1], 2);
  ck_assert_int_eq(unlink(path_of(files[_i])), 0);
  end();
}
END_TEST
#endif

/* ---- loading ---- */

static char file[ROOM];
static size_t file_count;
static cnn_model *loaded;

static cnn_status try_loading(const char *name) {
  (void)name;
  loaded = NULL;
  return cnn_model_load_memory(&loaded, context, file, file_count, NULL);
}

static void ck_loaded(const char *name, cnn_status status, int64_t n) {
  ck_assert_msg((status == CNN_OK) == (loaded != NULL), "%s: %s when allocation %lld fails", name, cnn_status_name(status), (long long)n);
  if (loaded) {
    const size_t count = all_of(loaded, seen);
    if (n < 0)
      memcpy(whole, seen, whole_count = count);
    ck_assert_msg(count == whole_count && !memcmp(seen, whole, count), "%s: another model when allocation %lld fails", name, (long long)n);
  }
  cnn_model_free(loaded);
}

/* Into a model that has others, and keeps them where it fails. */
static cnn_status try_weights(const char *name) {
  (void)name;
  return cnn_model_load_weights_memory(model, file, file_count, NULL);
}

static cnn_tensor *nothing;

static void ck_weights(const char *name, cnn_status status, int64_t n) {
  cnn_tensor *bias;
  ck_assert_int_eq(cnn_model_weight(&bias, model, "dense/bias"), CNN_OK);
  const float now = *(const float *)cnn_tensor_read(bias);
  ck_assert_msg((now != 0) == (status == CNN_OK), "%s: %g after %s when allocation %lld fails", name, (double)now, cnn_status_name(status), (long long)n);
  cnn_tensor_free(bias);
  ck_assert_int_eq(cnn_model_set_weight(model, "dense/bias", nothing), CNN_OK);
}

START_TEST(loading) {
  const int32_t is_model = _i < 2;
  begin();
  ck_assert_int_eq(try_saving(files[_i]), CNN_OK);
  file_count = contents(path_of(files[_i]), file);
  ck_assert_int_eq(unlink(path_of(files[_i])), 0);
  if (is_model)
    fail_each(files[_i], try_loading, ck_loaded, _i == 1 ? 2 : 0);
  ck_assert_int_eq(cnn_tensor_new(&nothing, context, CNN_F32, 1, (const int64_t[]){3}, NULL), CNN_OK);
  fail_each(files[_i], try_weights, ck_weights, _i == 1 ? 2 : 0);
  cnn_tensor_free(nothing);
  end();
}
END_TEST

int main(void) {
  Suite *suite = suite_create("no_memory");
  TCase *group = tcase_create("no_memory");
  tcase_set_timeout(group, 300);
  tcase_add_loop_test(group, saving, 0, 3);
#ifndef __SANITIZE_ADDRESS__
  tcase_add_loop_test(group, little_memory, 0, 3);
#endif
  tcase_add_loop_test(group, loading, 0, 3);
  suite_add_tcase(suite, group);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
