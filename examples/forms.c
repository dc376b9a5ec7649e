/* forms: a companion does nothing by being linked; each is asked. */
#include "forms.h"

#ifdef WITH_KERAS
#include <cnn/keras.h>
#endif
#ifdef WITH_EXPORT
#include <cnn/export.h>
#endif

cnn_status register_forms(cnn_context *context) {
  cnn_status status = CNN_OK;
#ifdef WITH_KERAS
  status = cnn_keras_register(context);
#endif
#ifdef WITH_EXPORT
  if (status >= 0)
    status = cnn_export_register(context);
#endif
  (void)context;
  return status;
}
