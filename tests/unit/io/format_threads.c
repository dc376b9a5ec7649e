/* format_threads: formats that two threads register in one context at once. An ending is one format's, and the other is told so. */
#include "scratch.h"
#include "toy_format.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static cnn_context *context;
static pthread_barrier_t both_looked;

/* Memory for a row is asked for once its endings were found free: each waits for the other one to be as far. */
static void *alloc_together(void *user, size_t bytes, size_t alignment) {
  (void)user;
  if (context)
    pthread_barrier_wait(&both_looked);
  return aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

static void release(void *user, void *memory) {
  (void)user;
  free(memory);
}

typedef struct registering {
  cnn_file_format format;
  cnn_status status;
  char text[256];
} registering;

static void *register_one(void *user) {
  registering *r = user;
  r->status = cnn_format_register(context, &r->format);
  cnn_format(r->text, sizeof r->text, "%s", r->status < 0 ? cnn_error_text() : "");
  return NULL;
}

static void two_at_once(const char *name, const char *endings, const char *part) {
  const cnn_allocator allocator = {.size = sizeof allocator, .alloc = alloc_together, .free = release};
  registering r[2] = {{.format = toy_format}, {.format = toy_format}};
  pthread_t threads[2];
  cnn_context *made;
  r[1].format.name = name;
  r[1].format.endings = endings;
  ck_assert_int_eq(cnn_context_new(&made, cnn_context_opts(.threads = 1, .allocator = &allocator)), CNN_OK);
  context = made;
  pthread_barrier_init(&both_looked, NULL, 2);
  for (int i = 0; i < 2; i++)
    ck_assert_int_eq(pthread_create(&threads[i], NULL, register_one, &r[i]), 0);
  for (int i = 0; i < 2; i++)
    pthread_join(threads[i], NULL);
  pthread_barrier_destroy(&both_looked);
  const registering *late = &r[r[0].status == CNN_OK];
  ck_assert_int_eq(r[0].status + r[1].status, CNN_ENAME);
  ck_assert_int_eq(late->status, CNN_ENAME);
  ck_assert_msg(strstr(late->text, part) != NULL, "%s", late->text);
  context = NULL;
  cnn_context_free(made);
}

START_TEST(one_ending) {
  two_at_once("other", ".a .Toy", "oy' is that of format '");
  two_at_once("toy", ".a", "format 'toy': the name is registered in this context already");
}
END_TEST

static void add(TCase *tests) { tcase_add_test(tests, one_ending); }

int main(void) { return scratch_run("format_threads", add); }
