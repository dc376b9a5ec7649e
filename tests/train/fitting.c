/* fitting: see fitting.h. */
#include "fitting.h"

#include <dirent.h>
#include <string.h>

void fitting_open(fitting *f, int32_t threads) {
  test_alloc_init(&f->alloc);
  ck_assert_int_eq(cnn_context_new(&f->context, cnn_context_opts(.seed = 7, .threads = threads, .allocator = &f->alloc.allocator)),
                   CNN_OK);
  f->data = training_data_new(f->context, FITTING_COUNT, 1);
  f->other = training_data_new(f->context, FITTING_OTHERS, 5);
  f->model = training_model(f->context);
}

void fitting_close(fitting *f) {
  cnn_model_free(f->model);
  training_data_free(&f->data);
  training_data_free(&f->other);
  cnn_context_free(f->context);
  test_alloc_check(&f->alloc);
}

void fitting_anew(fitting *f) {
  cnn_model_free(f->model);
  f->model = training_model(f->context);
}

void fitting_fits(fitting *f, const cnn_dataset *dataset, const cnn_fit_opts *options) {
  ck_assert_msg(cnn_model_fit(f->model, dataset, options) == CNN_OK, "%s", cnn_error_text());
}

fitting_outcome fitting_run(fitting *f, const cnn_dataset *dataset, cnn_fit_opts options) {
  fitting_outcome o = {0};
  cnn_history *history;
  options.history = &history;
  fitting_fits(f, dataset, &options);
  int64_t last = cnn_history_count(history) - 1;
  cnn_model_hash(f->model, o.hash);
  o.loss = training_history(history, last, "loss");
  o.accuracy = training_history(history, last, "accuracy");
  if (cnn_history_name_count(history) == 4)
    o.val_loss = training_history(history, last, "val_loss");
  cnn_history_free(history);
  return o;
}

void fitting_equal(fitting_outcome x, fitting_outcome y) {
  ck_assert_str_eq(x.hash, y.hash);
  ck_assert_double_eq(x.loss, y.loss);
  ck_assert_double_eq(x.accuracy, y.accuracy);
  ck_assert_double_eq(x.val_loss, y.val_loss);
}

int32_t fitting_files(const char *folder) {
  int32_t n = 0;
  DIR *dir = opendir(folder);
  ck_assert_ptr_nonnull(dir);
  for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
    n += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
  closedir(dir);
  return n;
}
