/* version: number and text agree with the header and with each other. */
#include "suite.h"

#include <cnn/cnn.h>
#include <stdio.h>

START_TEST(number_is_the_header_s) { ck_assert_int_eq(cnn_version_number(), CNN_VERSION_NUMBER); }
END_TEST

START_TEST(text_is_the_number) {
  char text[32];
  snprintf(text, sizeof text, "%d.%d.%d", CNN_VERSION_MAJOR, CNN_VERSION_MINOR, CNN_VERSION_PATCH);
  ck_assert_str_eq(cnn_version(), text);
}
END_TEST

int main(void) { return RUN_SUITE("version", 0, number_is_the_header_s, text_is_the_number); }
