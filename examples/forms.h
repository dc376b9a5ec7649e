/* forms: the file formats of the companion libraries that this program was built with. */
#ifndef EXAMPLES_FORMS_H
#define EXAMPLES_FORMS_H

#include <cnn/cnn.h>

/* Make them known to the context. */
cnn_status register_forms(cnn_context *context);

#endif
