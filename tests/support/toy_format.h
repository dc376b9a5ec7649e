/* toy_format: a file format of the test's own, in readable text, made of the public headers alone. Whole models keep every bit;
 * of weights alone it keeps the order and no names, so that reading needs to be told what they belong to. */
#ifndef CNN_TESTS_TOY_FORMAT_H
#define CNN_TESTS_TOY_FORMAT_H

#include <cnn/cnn.h>
#include <cnn/format.h>

#define TOY_MARK "toy format\n"

/* "toy", of files that end in .toy or .weights.toy. */
extern const cnn_file_format toy_format;

/* The same under another name and with other endings, both of the program's life. */
void toy_register(cnn_context *context, const char *name, const char *endings);

#endif
