/* hdf5: files of HDF5 made in memory by HDF5's own library. */
#include "companion/keras/hdf5.h"

#include <hdf5.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* HDF5's macros look whether the library is the one of the header, and abort the process if not: we look ourselves. */
#undef H5CHECK
#define H5CHECK

enum {
  GROWS_BY = 1 << 20,
  MOST_ATTRIBUTE = 64512, /* bytes of a list of texts in one attribute, as Keras counts them */
  LEAST_TEXT = 17,        /* what each of them takes there at least */
  COPIES = 3,             /* of the file while it grows and is handed over */
  OWN = 8 << 20           /* what HDF5 takes for itself */
};
/* The driver looks for the file that it is to replace. In here there is none. */
#define NO_FILE "/dev/null/keras.h5"

struct keras__hdf5 {
  hid_t file, access, linked; /* properties: of the file, of links */
  cnn_status status;
  H5E_auto2_t handler; /* the program's */
  void *handler_data;
};

/* ---- the lock ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t watched = PTHREAD_ONCE_INIT;
static int32_t watching;

/* A child of fork has one thread and a copy of HDF5's tables: fork waits until they are whole, and both find the lock free. */
static void before_fork(void) { pthread_mutex_lock(&lock); }
static void after_fork(void) { pthread_mutex_unlock(&lock); }
static void watch(void) { watching = pthread_atfork(before_fork, after_fork, after_fork) == 0; }

/* ---- a file ---- */

void keras__hdf5_fail(keras__hdf5 *file, cnn_status status) {
  if (file->status == CNN_OK)
    file->status = status;
}

/* What HDF5 gave: below 0 it failed, in memory for want of it. */
static hid_t got(keras__hdf5 *file, hid_t result, const char *what) {
  if (result < 0 && file->status == CNN_OK)
    file->status = cnn_error_set(CNN_ENOMEM, "HDF5 could not make %s: out of memory", what);
  return result;
}

static cnn_status check_version(void) {
  unsigned major, minor, release;
  if (H5get_libversion(&major, &minor, &release) < 0 || major != H5_VERS_MAJOR || minor != H5_VERS_MINOR)
    return cnn_error_set(CNN_EUNSUPPORTED, "HDF5's library is of another version than %d.%d, for which libcnn-keras was built", H5_VERS_MAJOR,
                         H5_VERS_MINOR);
  return CNN_OK;
}

static void make(keras__hdf5 *f) {
  f->access = got(f, H5Pcreate(H5P_FILE_ACCESS), "properties");
  f->linked = got(f, H5Pcreate(H5P_LINK_CREATE), "properties");
  if (f->status == CNN_OK) {
    got(f, H5Pset_fapl_core(f->access, GROWS_BY, 0), "a file in memory");
    got(f, H5Pset_libver_bounds(f->access, H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST), "a file in memory");
    got(f, H5Pset_create_intermediate_group(f->linked, 1), "properties");
  }
  if (f->status == CNN_OK)
    f->file = got(f, H5Fcreate(NO_FILE, H5F_ACC_TRUNC, H5P_DEFAULT, f->access), "a file in memory");
}

/* Is there so much memory? */
static int32_t is_there(size_t bytes) {
  void *block = bytes < (SIZE_MAX - OWN) / COPIES ? malloc(COPIES * bytes + OWN) : NULL;
  free(block);
  return block != NULL;
}

cnn_status keras__hdf5_begin(keras__hdf5 **out, size_t bytes) {
  keras__hdf5 *f = is_there(bytes) ? calloc(1, sizeof *f) : NULL;
  *out = NULL;
  pthread_once(&watched, watch);
  if (!f || !watching) {
    free(f);
    return cnn_error_set(CNN_ENOMEM, "out of memory: a file of HDF5");
  }
  f->file = f->access = f->linked = -1;
  pthread_mutex_lock(&lock);
  H5Eget_auto2(H5E_DEFAULT, &f->handler, &f->handler_data);
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  f->status = check_version();
  if (f->status == CNN_OK)
    make(f);
  *out = f;
  return CNN_OK;
}

static void take_image(keras__hdf5 *f, unsigned char **bytes, size_t *count) {
  got(f, H5Fflush(f->file, H5F_SCOPE_GLOBAL), "the file");
  ssize_t size = f->status == CNN_OK ? H5Fget_file_image(f->file, NULL, 0) : 0;
  *bytes = size > 0 ? malloc((size_t)size) : NULL;
  *count = (size_t)size;
  if (!*bytes || H5Fget_file_image(f->file, *bytes, *count) != size) {
    free(*bytes);
    *bytes = NULL;
    got(f, -1, "the file's bytes");
  }
}

cnn_status keras__hdf5_end(keras__hdf5 *f, unsigned char **bytes, size_t *count) {
  const hid_t lists[] = {f->access, f->linked};
  *bytes = NULL;
  if (f->status == CNN_OK)
    take_image(f, bytes, count);
  if (f->file >= 0)
    H5Fclose(f->file);
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
    if (lists[i] >= 0)
      H5Pclose(lists[i]);
  H5Eclear2(H5E_DEFAULT);
  H5Eset_auto2(H5E_DEFAULT, f->handler, f->handler_data);
  pthread_mutex_unlock(&lock);
  cnn_status status = f->status;
  free(f);
  return status;
}

/* ---- groups and data ---- */

void keras__hdf5_group(keras__hdf5 *f, const char *path) {
  if (f->status < 0)
    return;
  hid_t list = got(f, H5Pcreate(H5P_GROUP_CREATE), "a group");
  if (list >= 0)
    got(f, H5Pset_obj_track_times(list, 0), "a group");
  hid_t group = f->status == CNN_OK ? got(f, H5Gcreate2(f->file, path, f->linked, list, H5P_DEFAULT), path) : -1;
  if (group >= 0)
    H5Gclose(group);
  if (list >= 0)
    H5Pclose(list);
}

static void data(keras__hdf5 *f, const char *path, hid_t type, int32_t rank, const int64_t *shape, const void *values) {
  hsize_t extents[CNN_MAX_RANK];
  for (int32_t i = 0; i < rank; i++)
    extents[i] = (hsize_t)shape[i];
  hid_t space = got(f, rank ? H5Screate_simple(rank, extents, NULL) : H5Screate(H5S_SCALAR), "a shape");
  hid_t list = got(f, H5Pcreate(H5P_DATASET_CREATE), "a data set");
  if (f->status == CNN_OK)
    got(f, H5Pset_obj_track_times(list, 0), "a data set");
  hid_t set = f->status == CNN_OK ? got(f, H5Dcreate2(f->file, path, type, space, f->linked, list, H5P_DEFAULT), path) : -1;
  if (set >= 0) {
    got(f, H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), path);
    H5Dclose(set);
  }
  if (list >= 0)
    H5Pclose(list);
  if (space >= 0)
    H5Sclose(space);
}

void keras__hdf5_floats(keras__hdf5 *f, const char *path, int32_t rank, const int64_t *shape, const float *values) {
  if (f->status == CNN_OK)
    data(f, path, H5T_NATIVE_FLOAT, rank, shape, values);
}

void keras__hdf5_integer(keras__hdf5 *f, const char *path, int64_t value) {
  if (f->status == CNN_OK)
    data(f, path, H5T_NATIVE_INT64, 0, NULL, &value);
}

/* ---- attributes ---- */

/* values: `count` texts, NULL for an empty list, which h5py has as an array of no doubles. scalar: one that is no list. */
static void attribute(keras__hdf5 *f, const char *path, const char *name, const char *const *values, size_t count, int32_t scalar,
                      int32_t utf8) {
  hsize_t extent = count;
  hid_t object = f->status == CNN_OK ? got(f, H5Oopen(f->file, path, H5P_DEFAULT), path) : -1;
  hid_t space = got(f, scalar ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &extent, NULL), "a shape");
  hid_t type = got(f, H5Tcopy(count ? H5T_C_S1 : H5T_NATIVE_DOUBLE), "a type");
  if (f->status == CNN_OK && count) {
    got(f, H5Tset_size(type, H5T_VARIABLE), "a type");
    got(f, H5Tset_cset(type, utf8 ? H5T_CSET_UTF8 : H5T_CSET_ASCII), "a type");
  }
  hid_t made = f->status == CNN_OK ? got(f, H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT), name) : -1;
  if (made >= 0) {
    if (count)
      got(f, H5Awrite(made, type, values), name);
    H5Aclose(made);
  }
  if (type >= 0)
    H5Tclose(type);
  if (space >= 0)
    H5Sclose(space);
  if (object >= 0)
    H5Oclose(object);
}

void keras__hdf5_text(keras__hdf5 *f, const char *path, const char *name, const char *text, int32_t utf8) {
  if (f->status == CNN_OK)
    attribute(f, path, name, &text, 1, 1, utf8);
}

void keras__hdf5_texts(keras__hdf5 *f, const char *path, const char *name, const char *const *texts, size_t count) {
  size_t longest = LEAST_TEXT, parts = 1;
  for (size_t i = 0; i < count; i++)
    longest = strlen(texts[i]) > longest ? strlen(texts[i]) : longest;
  while ((count + parts - 1) / parts * longest > MOST_ATTRIBUTE && parts < count)
    parts++;
  for (size_t i = 0, first = 0; i < parts && f->status == CNN_OK; i++) {
    size_t here = count / parts + (i < count % parts); /* the first ones are the longer ones */
    char numbered[64];
    cnn_format(numbered, sizeof numbered, "%s%zu", name, i);
    attribute(f, path, parts > 1 ? numbered : name, texts + first, here, 0, 0);
    first += here;
  }
}
