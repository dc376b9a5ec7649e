/* file_name: templates and what they give. */
#include "train/file_name.h"

#include "replay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static replay r;

static void gives(const char *path, const char *expected) {
  char name[CNN__PATH_BYTES] = "";
  ck_assert_int_eq(cnn__file_name(name, path, 3, 7, NULL), CNN_OK);
  ck_assert_int_eq(cnn__file_name(name, path, 3, 7, r.logs), CNN_OK);
  ck_assert_str_eq(name, expected);
}

START_TEST(replaces_fields) {
  replay_open(&r);
  ck_assert_int_eq(cnn_logs_set(r.logs, "val_loss", 0.123456789), CNN_OK);
  ck_assert_int_eq(cnn_logs_set(r.logs, "loss", -(double)NAN), CNN_OK);
  ck_assert_int_eq(cnn_logs_set(r.logs, "big", 12345.5), CNN_OK);
  gives("plain.cnn", "plain.cnn");
  gives("m-{epoch:02d}-{val_loss:.2f}.cnn", "m-03-0.12.cnn");
  gives("{epoch}{epoch:d}{epoch:5d}{epoch:05}", "33    300003");
  gives("{batch}-{batch:03d}", "7-007");
  gives("{epoch:.1f}", "3.0");
  gives("{val_loss}", "0.123456789");
  gives("{val_loss:.4f}|{val_loss:10.3f}|{val_loss:010.3f}", "0.1235|     0.123|000000.123");
  gives("{big:e}|{big:.1e}|{big:g}|{big:.3g}|{big:f}", "1.234550e+04|1.2e+04|12345.5|1.23e+04|12345.500000");
  gives("{loss}|{loss:.2f}", "nan|nan");
  gives("{{epoch}}{{{epoch}}}", "{epoch}{3}");
  replay_close(&r);
}
END_TEST

static void refuses(const char *path, cnn_status code) {
  char name[CNN__PATH_BYTES] = "as it was";
  ck_assert_msg(cnn__file_name(name, path, 3, 7, r.logs) == code, "'%s'", path);
  ck_assert_msg(strstr(cnn_error_text(), "file name") != NULL, "'%s': %s", path, cnn_error_text());
}

START_TEST(refuses_what_it_cannot_read) {
  char longest[CNN__PATH_BYTES + 1], out[CNN__PATH_BYTES];
  replay_open(&r);
  ck_assert_int_eq(cnn_logs_set(r.logs, "loss", 1e300), CNN_OK);
  const char *bad[] = {"{",           "}",          "a{}b",         "{epoch",       "{epoch:",    "{epoch:02d",
                       "{epoch:02d]", "{epoch:x}",  "{epoch:100d}", "{epoch:.2}",   "{epoch:.2d}", "{epoch:.d}",
                       "{loss:.100f}", "{loss:d}",  "{loss:8}",     "{{epoch}",     "{loss{epoch}}", "{epoch:%n}",
                       "{:02d}",      "{epoch:99999999999999999999d}"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    refuses(bad[i], CNN_EINVAL);
  refuses("{nonsense}", CNN_ENAME);
  refuses("{Epoch}", CNN_ENAME);
  memset(longest, 'x', CNN__PATH_BYTES);
  longest[CNN__PATH_BYTES] = 0;
  refuses(longest, CNN_EINVAL);
  ck_assert_int_eq(cnn__file_name(NULL, longest, 0, 0, NULL), CNN_EINVAL);
  longest[CNN__PATH_BYTES - 1] = 0;
  ck_assert_int_eq(cnn__file_name(out, longest, 3, 0, r.logs), CNN_OK);
  ck_assert_str_eq(out, longest);
  strcpy(longest + CNN__PATH_BYTES - 32, "{loss:f}"); /* 308 characters from 8 */
  refuses(longest, CNN_EINVAL);
  replay_close(&r);
}
END_TEST

static void add(TCase *tests) {
  tcase_add_test(tests, replaces_fields);
  tcase_add_test(tests, refuses_what_it_cannot_read);
}

int main(void) { return replay_run("file_name", add); }
