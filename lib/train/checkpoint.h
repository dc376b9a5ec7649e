/* checkpoint: the callback that keeps a training from being lost. fit asks it, between events, whether it is time to save: then every
 * callback has heard of all that has happened. */
#ifndef CNN_TRAIN_CHECKPOINT_H
#define CNN_TRAIN_CHECKPOINT_H

#include "train/fit_internal.h"

/* fit->checkpoint, from the list of callbacks. CNN_EINVAL: there are two. */
cnn_status cnn__checkpoint_find(cnn__fit *fit);

/* Before anybody hears of the training: go on where the file says, if that is wanted. */
cnn_status cnn__checkpoint_begin(cnn__fit *fit);

/* What callbacks made of the model as they heard of a begin for the second time is undone. */
void cnn__checkpoint_again(const cnn__fit *fit);

/* fit->place is between two events; save if it is time. ended: of an epoch; last: of the training. */
cnn_status cnn__checkpoint_passed(cnn__fit *fit, int32_t ended, int32_t last);

/* The last file is on the disk, or its error returned. */
cnn_status cnn__checkpoint_end(cnn__fit *fit);

#endif
