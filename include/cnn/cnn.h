/** @file cnn.h
 * All of libcnn: the only header that programs need to name. */
#ifndef CNN_CNN_H
#define CNN_CNN_H

#include "augment.h"
#include "base.h"
#include "callback.h"
#include "context.h"
#include "data.h"
#include "inspect.h"
#include "layer.h"
#include "layers.h"
#include "model.h"
#include "objective.h"
#include "optimizer.h"
#include "report.h"
#include "schedule.h"
#include "tensor.h"
#include "train.h"

#endif
