/** @file format.h
 * Files of models in forms other than libcnn's own: what such a file holds (a container), and the table of formats that a context
 * knows. cnn.h does not include it: programs that only load and save need model.h alone, and register the formats they want.
 *
 *     cnn_keras_register(ctx);                              // of libcnn-keras: from now on ctx knows .h5 and .keras
 *     cnn_model_load(&m, ctx, "from_keras.h5", NULL);       // by what stands in the file
 *     cnn_model_save(m, "to_keras.keras", NULL);            // by the name's ending
 *
 * cnn_model_load, cnn_model_load_weights, both from memory, cnn_model_save and the callback model_checkpoint go through the table. A format is
 * given bytes and gives bytes: the library reads within max_bytes and replaces files as a whole, so that nothing in a file can
 * reach another one. Files in libcnn's own form are looked at first and never given to a format. */
#ifndef CNN_FORMAT_H
#define CNN_FORMAT_H

#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- containers ---- */

/** What a file of a model holds, whatever its form: notes (text by key) and tensors by name. Keys, names and JSON are those of
 * docs/file-format.md: "config", "compile", "learning_rate", "iterations", "seed", "pass"; "conv1/kernel",
 * "optimizer/conv1/kernel/momentum". A const container may be used by several threads at once. */
typedef struct cnn_container cnn_container;

/** An empty one. Errors: CNN_EINVAL, CNN_ENOMEM. Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_container_new(cnn_container **out, cnn_context *context);

/** NULL does nothing. Since 0.1. */
CNN_API void cnn_container_free(cnn_container *container);

/** Add or replace a note; both texts are copied. @param key 1 to 320 bytes of UTF-8 without control characters  @param text UTF-8
 * Errors: CNN_EINVAL NULL, or no such text; CNN_ESTATE more than 64 notes; CNN_ENOMEM. On an error nothing is changed. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_container_set_note(cnn_container *container, const char *key, const char *text);

/** A note's text, borrowed until it is replaced or the container goes; NULL: there is none. Threads: const. Since 0.1. */
CNN_API const char *cnn_container_note(const cnn_container *container, const char *key);

/** How many notes there are; the key of one, in the file's order, borrowed; NULL: index out of range. Threads: const. Since 0.1. */
CNN_API int32_t cnn_container_note_count(const cnn_container *container);
CNN_API const char *cnn_container_note_key(const cnn_container *container, int32_t index);

/** Add or replace a tensor, which is copied, values and all. @param name as a note's key, and not "__metadata__" or "__checksum__"
 * Errors: CNN_EINVAL NULL, or no such name; CNN_ESTATE more than 4,095 tensors; CNN_ENOMEM. On an error nothing is changed. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_container_set_tensor(cnn_container *container, const char *name, const cnn_tensor *value);

/** A tensor, borrowed until it is replaced or the container goes; NULL: there is none. Threads: const. Since 0.1. */
CNN_API const cnn_tensor *cnn_container_tensor(const cnn_container *container, const char *name);

/** Where a format's load fills this container: max_bytes of the caller's options, which also bounds what the format unpacks. 0: he set no limit, or
 * nothing is being loaded. Threads: const. Since 0.1. */
CNN_API int64_t cnn_container_max_bytes(const cnn_container *container);

/** How many tensors there are; the name of one, in the file's order, borrowed; NULL: index out of range. Threads: const. Since 0.1. */
CNN_API int32_t cnn_container_tensor_count(const cnn_container *container);
CNN_API const char *cnn_container_tensor_name(const cnn_container *container, int32_t index);

/** What a file holds, of any form that the context knows, told by its content; no model is made and nothing but the file's own rules
 * is checked. Files of libcnn keep all of their notes ("format", "format_version", "library", those of a checkpoint); of other
 * forms "format", "seed" (the context's) and "pass" are filled in where they are missing. @param options max_bytes; no_optimizer: without
 * compilation and the optimizer's state. Errors: as cnn_model_load. Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_container_load(cnn_container **out, cnn_context *context, const char *path,
                                                     const cnn_load_opts *options);

/** Write it, in the form that cnn_format_name names, as a whole, as cnn_model_save does. @param options what to leave out; without
 * weights_only or no_optimizer a checkpoint stays one in libcnn's own form. Errors: CNN_EIO with errno's text; CNN_EUNSUPPORTED a form that
 * the context does not know or cannot write; CNN_ESTATE what cannot stand in a file; CNN_ENOMEM; what the format says. Threads: const. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_container_save(const cnn_container *container, const char *path,
                                                     const cnn_save_opts *options);

/** What cnn_model_save would write, as a container. Errors: CNN_EINVAL, CNN_ESTATE, CNN_ENOMEM. Threads: const. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_to_container(cnn_container **out, const cnn_model *model, const cnn_save_opts *options);

/** The model that a container describes, as cnn_model_load makes it of a file: "config" and all of its weights are needed, with
 * "compile" it is compiled, with "iterations" the optimizer's state must be there. Of the options max_bytes is not read. Errors: as
 * cnn_model_load, CNN_EFORMAT what is missing or wrong. Threads: const. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_model_from_container(cnn_model **out, cnn_context *context, const cnn_container *container,
                                                           const cnn_load_opts *options);

/* ---- formats ---- */

/** A row of the table: copied on registering, what it points to is borrowed for the context's life. Functions return CNN_OK or a status below 0
 * with a text by cnn_error_set, before which the library puts the file's name; several threads may call them at once. */
typedef struct cnn_file_format {
  size_t size;
  const char *name;     /**< for people, "Keras HDF5": 1 to 320 bytes of UTF-8 without control characters */
  const char *endings;  /**< of file names, apart by blanks, each '.' and at most 31 more bytes; without regard to case the longest that fits
                             decides: ".weights.h5" before ".h5". May be NULL where nothing is written */
  /** 1: a file with these bytes (all of it) is of this form. NULL: is only written. */
  int32_t (*sniff)(const void *bytes, size_t count);
  /** Take the bytes, which are hostile, into `out`, which is empty; a form that packs its data unpacks no more than cnn_container_max_bytes(out). like: NULL; or what the model is ("config" and weights, not its
   * optimizer's state) that wants this file's weights under its own names, for cnn_model_load_weights: then notes need not be given. */
  cnn_status (*load)(cnn_container *out, cnn_context *context, const void *bytes, size_t count, const cnn_container *like);
  /** The file, piece by piece into the sink; the file on the disk is only touched after all of it was given. What options leave out is not
   * in the container, but "config" always is where there is one: with weights_only it tells layers apart. options: never NULL. NULL: is only read. */
  cnn_status (*save)(const cnn_container *container, cnn_context *context, const cnn_save_opts *options, const cnn_sink *to);
} cnn_file_format;

/** Make a format known in a context. It stays until the context goes. Where several take the same bytes, the one registered last reads them.
 * Errors: CNN_EINVAL what is missing or wrong in the row; CNN_ENAME its name, or one of its endings, is registered already or ".safetensors";
 * CNN_ETOONEW; CNN_ENOMEM. Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_format_register(cnn_context *context, const cnn_file_format *format);

/** The name of the form that a save to this path would have, "libcnn" for its own: that is asked of any ending that no format has, but
 * .h5, .hdf5, .keras, .onnx, .tflite, .c and .npz. @return NULL: none can write it, and cnn_error_text() says which call is missing (CNN_EUNSUPPORTED).
 * Threads: any. Since 0.1. */
CNN_API const char *cnn_format_name(const cnn_context *context, const char *path);

/** Replace a file as a whole, in the way models are saved: at any moment, a crash included, path holds the old bytes or the new ones. A
 * symbolic link is followed, permission bits are kept. @param bytes NULL where count is 0. Errors: CNN_EINVAL; CNN_EIO with errno's text, nothing is
 * left behind; CNN_ENOMEM. Threads: any. Since 0.1. */
CNN_API CNN_MUST_CHECK cnn_status cnn_file_replace(cnn_context *context, const char *path, const void *bytes, size_t count);

#ifdef __cplusplus
}
#endif
#endif
