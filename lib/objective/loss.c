/* loss: the list of losses, inside and as the public interface shows it. */
#include "objective/objective.h"

static const cnn__objective_type *const types[] = {
#define LOSS(name) &cnn__##name##_loss,
#include "objective/losses.def"
#undef LOSS
};

const cnn__objectives cnn__losses = {"loss", types, sizeof types / sizeof types[0], CNN__REGISTERED_LOSS};

cnn_status cnn__loss_make(cnn_loss **out, cnn_context *context, const cnn__objective_type *type,
                          const void *attributes) {
  cnn__objective *made;
  if (!out)
    return cnn__fail(CNN_EINVAL, "%s: out is NULL", type->name);
  CNN__TRY(cnn__objective_make(&made, context, type, attributes, NULL));
  *out = (cnn_loss *)made;
  return CNN_OK;
}

cnn_status cnn_loss_new(cnn_loss **out, cnn_context *context, const char *name, const char *attributes) {
  cnn__objective *made;
  if (!out)
    return cnn__fail(CNN_EINVAL, "cnn_loss_new: out is NULL");
  CNN__TRY(cnn__objective_new(&made, context, &cnn__losses, name, attributes));
  *out = (cnn_loss *)made;
  return CNN_OK;
}

void cnn_loss_free(cnn_loss *loss) { cnn__objective_free(loss ? &loss->objective : NULL); }

const char *cnn_loss_type(const cnn_loss *loss) { return loss ? loss->objective.type->name : ""; }

cnn_status cnn_loss_attribute_text(const cnn_loss *loss, const char *key, char *buffer, size_t bytes) {
  return cnn__objective_show(loss ? &loss->objective : NULL, key, buffer, bytes);
}

int32_t cnn_loss_type_count(void) { return cnn__losses.count; }

const char *cnn_loss_type_at(int32_t index) { return cnn__objective_name_at(&cnn__losses, index); }

const char *cnn_loss_type_help(const char *type) { return cnn__objective_help(&cnn__losses, type); }

int32_t cnn_loss_attribute_count(const char *type) { return cnn__objective_attribute_count(&cnn__losses, type); }

cnn_status cnn_loss_attribute_at(const char *type, int32_t index, cnn_attribute *out) {
  return cnn__objective_attribute_at(&cnn__losses, type, index, out);
}
