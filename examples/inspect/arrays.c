/* arrays: files of data: one array of IDX or NumPy, plain or compressed, and NumPy's archives of several. */
#include "inspect.h"

#include <minizip/unzip.h>
#include <string.h>

enum { LONGEST_NAME = 240 };

static int describe_array(json_t *found, cnn_status status, cnn_tensor *value, const char *form) {
  if (status < 0)
    return status;
  json_t *list = json_array();
  put(found, "form", json_string(form));
  add(list, describe_tensor("", value));
  put(found, "tensors", list);
  cnn_tensor_free(value);
  return 1;
}

static int32_t ends_with(const char *text, const char *ending) {
  size_t length = strlen(text), wanted = strlen(ending);
  return length >= wanted && strcmp(text + length - wanted, ending) == 0;
}

/* What is inside shows when it is unpacked. */
static int describe_packed(json_t *found, cnn_context *context, const char *path) {
  cnn_tensor *value = NULL;
  if (!ends_with(path, ".npy.gz")) {
    cnn_status status = cnn_idx_load(&value, context, path);
    if (status >= 0 || status != CNN_EFORMAT || !ends_with(path, ".npy"))
      return describe_array(found, status, value, "IDX, packed by gzip");
  }
  cnn_status status = cnn_npy_load(&value, context, path);
  return describe_array(found, status, value, "NumPy array, packed by gzip");
}

/* ---- archives ---- */

/* Names of the members, without .npy; NULL: one is no array, and the archive something else. */
static json_t *list_arrays(unzFile archive) {
  json_t *names = json_array();
  int more = unzGoToFirstFile(archive);
  for (; more == UNZ_OK; more = unzGoToNextFile(archive)) {
    char name[LONGEST_NAME + 1];
    unz_file_info64 about;
    if (unzGetCurrentFileInfo64(archive, &about, name, sizeof name, NULL, 0, NULL, 0) != UNZ_OK ||
        about.size_filename > LONGEST_NAME)
      break;
    name[about.size_filename] = 0;
    if (!ends_with(name, ".npy"))
      break;
    name[strlen(name) - 4] = 0;
    add(names, json_stringn_nocheck(name, strlen(name)));
  }
  if (more == UNZ_END_OF_LIST_OF_FILE && json_array_size(names) > 0)
    return names;
  json_decref(names);
  return NULL;
}

static cnn_status describe_members(json_t *list, cnn_context *context, const char *path, const json_t *names) {
  for (size_t i = 0; i < json_array_size(names); i++) {
    const char *name = json_string_value(json_array_get(names, i));
    cnn_tensor *value;
    cnn_status status = cnn_npz_load(&value, context, path, name);
    if (status < 0)
      return status;
    add(list, describe_tensor(name, value));
    cnn_tensor_free(value);
  }
  return CNN_OK;
}

static int describe_archive(json_t *found, cnn_context *context, const char *path) {
  unzFile archive = unzOpen64(path);
  if (!archive)
    return cnn_error_set(CNN_EFORMAT, "'%s': is a zip archive without its list of files: cut off or damaged", path);
  json_t *names = list_arrays(archive), *list = json_array();
  unzClose(archive);
  if (!names) {
    json_decref(list);
    return 0;
  }
  cnn_status status = describe_members(list, context, path, names);
  json_decref(names);
  put(found, "form", json_string("NumPy archive"));
  put(found, "tensors", list);
  return status < 0 ? status : 1;
}

int describe_arrays(json_t *found, cnn_context *context, const char *path) {
  unsigned char head[8] = {0};
  cnn_tensor *value = NULL;
  FILE *file = fopen(path, "rb");
  size_t count = file ? fread(head, 1, sizeof head, file) : 0;
  if (file)
    fclose(file);
  if (count == sizeof head && memcmp(head, "PK\3\4", 4) == 0)
    return describe_archive(found, context, path);
  if (count >= 2 && head[0] == 0x1f && head[1] == 0x8b)
    return describe_packed(found, context, path);
  if (count == sizeof head && memcmp(head, "\x93NUMPY", 6) == 0) {
    cnn_status status = cnn_npy_load(&value, context, path);
    return describe_array(found, status, value, "NumPy array");
  }
  /* 00 00 type rank: as the length of a header it would be far beyond what a model's file may have */
  if (count >= 4 && !head[0] && !head[1] && head[2] >= 8 && head[2] <= 14 && head[3] >= 1 && head[3] <= CNN_MAX_RANK) {
    cnn_status status = cnn_idx_load(&value, context, path);
    return describe_array(found, status, value, "IDX");
  }
  return 0;
}
