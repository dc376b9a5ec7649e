#!/usr/bin/python3
"""Makes classes.* (see below), models.json and trainings.json: models and compiled trainings, each in libcnn's words and as Keras 3 describes it, in .keras archives
("archive") and in whole-model .h5 files ("legacy"). Needs Keras 3.15.1 with TensorFlow, h5py; nothing of libcnn.

Usage: make.py"""
import io
import json
import pathlib
import tempfile

import h5py
import keras
import numpy
from keras import initializers, layers, losses, metrics, models, optimizers, regularizers

HERE = pathlib.Path(__file__).resolve().parent
IMAGES = ("input", "shape=12,12,4 name=image")
Conv, Dense, Act = layers.Conv2D, layers.Dense, layers.Activation

# one layer after an input of 12 x 12 x 4: libcnn's type and attributes, Keras's layer
LAYERS = [
    ("conv2d", "filters=8 kernel_size=3", lambda: Conv(8, 3)),
    ("conv2d", "filters=8 kernel_size=3,2 strides=2,1 padding=same groups=2 activation=relu use_bias=false",
     lambda: Conv(8, (3, 2), strides=(2, 1), padding="same", groups=2, activation="relu", use_bias=False)),
    ("conv2d", "filters=2 kernel_size=3 dilation_rate=2,3 activation=silu trainable=false",
     lambda: Conv(2, 3, dilation_rate=(2, 3), activation="silu", trainable=False)),
    ("batch_normalization", "", layers.BatchNormalization),
    ("batch_normalization", "momentum=0.9 epsilon=1e-05 center=false scale=false trainable=false",
     lambda: layers.BatchNormalization(momentum=0.9, epsilon=1e-5, center=False, scale=False, trainable=False)),
    ("batch_normalization", "gamma_initializer=constant(value=0.5) beta_initializer=random_normal(mean=0.25,stddev=0.125) "
     "moving_mean_initializer=ones moving_variance_initializer=constant(value=2) gamma_regularizer=l2(l2=0.5) beta_regularizer=l1(l1=0.25)",
     lambda: layers.BatchNormalization(
         gamma_initializer=initializers.Constant(0.5), beta_initializer=initializers.RandomNormal(0.25, 0.125),
         moving_mean_initializer="ones", moving_variance_initializer=initializers.Constant(2.0),
         gamma_regularizer=regularizers.L2(0.5), beta_regularizer=regularizers.L1(0.25))),
    ("max_pooling2d", "", layers.MaxPooling2D),
    ("max_pooling2d", "pool_size=3,2 strides=1,2 padding=same", lambda: layers.MaxPooling2D((3, 2), strides=(1, 2), padding="same")),
    ("average_pooling2d", "pool_size=3 strides=2 padding=same", lambda: layers.AveragePooling2D(3, strides=2, padding="same")),
    ("global_average_pooling2d", "", layers.GlobalAveragePooling2D),
    ("global_max_pooling2d", "keepdims=true", lambda: layers.GlobalMaxPooling2D(keepdims=True)),
    ("flatten", "", layers.Flatten),
    ("dense", "units=3", lambda: Dense(3)),
    ("dense", "units=3 activation=gelu use_bias=false kernel_regularizer=l1_l2(l1=0.25,l2=0.5)",
     lambda: Dense(3, activation="gelu", use_bias=False, kernel_regularizer=regularizers.L1L2(0.25, 0.5))),
    ("dropout", "rate=0.25", lambda: layers.Dropout(0.25)),
    ("activation", "activation=leaky_relu negative_slope=0.125", lambda: layers.LeakyReLU(0.125)),
    ("activation", "activation=elu alpha=0.5", lambda: layers.ELU(0.5)),
    *(("activation", f"activation={name}", lambda name=name: Act(name)) for name in
      ("linear", "relu", "sigmoid", "tanh", "softmax", "leaky_relu", "elu", "gelu", "softplus", "silu")),
    *(("dense", f"units=3 kernel_initializer={ours}", lambda theirs=theirs: Dense(3, kernel_initializer=theirs)) for ours, theirs in {
        "zeros": "zeros", "ones": "ones", "glorot_uniform": "glorot_uniform", "he_uniform": "he_uniform", "lecun_uniform": "lecun_uniform",
        "glorot_normal": "glorot_normal", "he_normal": "he_normal", "lecun_normal": "lecun_normal",
        "constant(value=0.75)": initializers.Constant(0.75), "truncated_normal(mean=0.5,stddev=0.25)": initializers.TruncatedNormal(0.5, 0.25),
        "random_uniform(minval=-0.5,maxval=0.25)": initializers.RandomUniform(-0.5, 0.25),
        "random_normal(mean=0,stddev=0.05)": "random_normal", "orthogonal(gain=2)": initializers.Orthogonal(2.0)}.items()),
]

# read alone: what Keras writes, and what libcnn has for it
READ = [
    ("activation", "activation=relu", layers.ReLU),
    ("activation", "activation=leaky_relu negative_slope=0.5", lambda: layers.ReLU(negative_slope=0.5)),
    ("activation", "activation=leaky_relu negative_slope=0.3", layers.LeakyReLU),
    ("activation", "activation=elu", layers.ELU),
    ("activation", "activation=softmax", layers.Softmax),
    ("conv2d", "filters=8 kernel_size=3 groups=4 padding=same kernel_initializer=he_normal kernel_regularizer=l2(l2=0.5)",
     lambda: layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same", depthwise_initializer="he_normal",
                                    depthwise_regularizer=regularizers.L2(0.5))),
    ("dense", "units=3 kernel_initializer=he_normal",
     lambda: Dense(3, kernel_initializer=initializers.HeNormal(seed=7))),
]


def cleaned(value):
    """Without the marks of objects that Keras writes once."""
    if isinstance(value, dict):
        return {key: cleaned(item) for key, item in value.items() if key not in ("shared_object_id", "compile_config")}
    return [cleaned(item) for item in value] if isinstance(value, list) else value


def legacy(model, key):
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model.h5"
        model.save(path)
        with h5py.File(path) as file:
            return json.loads(file.attrs[key])


def described(words, model, **more):
    return {"layers": words, "name": model.name, "archive": cleaned(json.loads(model.to_json())),
            "legacy": cleaned(legacy(model, "model_config")), **more}


def chain(kind, words, make, **more):
    layer = make()
    layer.name = "it"
    model = models.Sequential([keras.Input((12, 12, 4), name="image"), layer], name="chain")
    return described([IMAGES, (kind, f"name=it {words}")], model, **more)


def residual():
    """Two branches of unequal length that come together twice, with every type inside."""
    image = keras.Input((12, 12, 4), name="image")
    a = Conv(4, 3, padding="same", activation="relu", name="a")(image)
    b = layers.BatchNormalization(name="b")(a)
    c = Act("tanh", name="c")(b)
    d = layers.Add(name="d")([image, c])
    e = layers.Add(name="e")([c, d, a])
    f = layers.MaxPooling2D(name="f")(e)
    g = layers.Dropout(0.5, name="g")(f)
    h = layers.AveragePooling2D(2, name="h")(e)
    i = layers.LeakyReLU(0.125, name="i")(h)
    j = layers.Add(name="j")([i, g])
    k = layers.Flatten(name="k")(j)
    output = Dense(3, activation="softmax", name="output")(k)
    words = [IMAGES, ("conv2d", "name=a filters=4 kernel_size=3 padding=same activation=relu"), ("batch_normalization", "name=b"),
             ("activation", "name=c activation=tanh"), ("add", "name=d inputs=image,c"), ("add", "name=e inputs=c,d,a"),
             ("max_pooling2d", "name=f"), ("dropout", "name=g rate=0.5"), ("average_pooling2d", "name=h input=e"),
             ("activation", "name=i activation=leaky_relu negative_slope=0.125"), ("add", "name=j inputs=i,g"), ("flatten", "name=k"),
             ("dense", "name=output units=3 activation=softmax")]
    return described(words, models.Model(image, output, name="graph"))


def plus():
    """Sums by an operator."""
    image = keras.Input((12, 12, 4), name="image")
    a = Conv(4, 1, name="a")(image)
    output = layers.GlobalMaxPooling2D(name="output")(a + image)
    words = [IMAGES, ("conv2d", "name=a filters=4 kernel_size=1"), ("add", "name=add inputs=a,image"),
             ("global_max_pooling2d", "name=output")]
    return described(words, models.Model(image, output, name="plus"), read_only=True)


schedules = optimizers.schedules
OPTIMIZERS = [
    *((name.lower(), "", lambda name=name: getattr(optimizers, name)()) for name in
      ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "Nadam", "Lion", "Ftrl", "Lamb")),
    ("sgd", "learning_rate=0.5 momentum=0.875 nesterov=true weight_decay=0.25",
     lambda: optimizers.SGD(0.5, momentum=0.875, nesterov=True, weight_decay=0.25)),
    ("adam", "beta_1=0.5 beta_2=0.75 epsilon=0.125 amsgrad=true clipnorm=0.5 use_ema=true ema_momentum=0.75 ema_overwrite_frequency=3",
     lambda: optimizers.Adam(beta_1=0.5, beta_2=0.75, epsilon=0.125, amsgrad=True, clipnorm=0.5, use_ema=True, ema_momentum=0.75,
                             ema_overwrite_frequency=3)),
    ("adamw", "weight_decay=0.5 global_clipnorm=2 gradient_accumulation_steps=4",
     lambda: optimizers.AdamW(weight_decay=0.5, global_clipnorm=2.0, gradient_accumulation_steps=4)),
    ("rmsprop", "rho=0.5 momentum=0.25 epsilon=0.125 centered=true clipvalue=0.5",
     lambda: optimizers.RMSprop(rho=0.5, momentum=0.25, epsilon=0.125, centered=True, clipvalue=0.5)),
    ("ftrl", "learning_rate_power=-0.25 initial_accumulator_value=0.5 l1_regularization_strength=0.25 l2_regularization_strength=0.125 "
     "l2_shrinkage_regularization_strength=0.5 beta=0.75",
     lambda: optimizers.Ftrl(learning_rate_power=-0.25, initial_accumulator_value=0.5, l1_regularization_strength=0.25,
                             l2_regularization_strength=0.125, l2_shrinkage_regularization_strength=0.5, beta=0.75)),
    *(("adam", f"learning_rate_schedule={words}", lambda made=made: optimizers.Adam(made)) for words, made in {
        "cosine_decay(initial_learning_rate=0.5,decay_steps=100,alpha=0,warmup_target=0,warmup_steps=0)": schedules.CosineDecay(0.5, 100),
        "cosine_decay(initial_learning_rate=0,decay_steps=100,alpha=0.25,warmup_target=0.5,warmup_steps=10)":
            schedules.CosineDecay(0.0, 100, alpha=0.25, warmup_target=0.5, warmup_steps=10),
        "cosine_decay_restarts(initial_learning_rate=0.5,first_decay_steps=10,t_mul=1.5,m_mul=0.5,alpha=0.25)":
            schedules.CosineDecayRestarts(0.5, 10, t_mul=1.5, m_mul=0.5, alpha=0.25),
        "exponential_decay(initial_learning_rate=0.5,decay_steps=10,decay_rate=0.75,staircase=false)":
            schedules.ExponentialDecay(0.5, 10, 0.75),
        "inverse_time_decay(initial_learning_rate=0.5,decay_steps=10,decay_rate=0.25,staircase=true)":
            schedules.InverseTimeDecay(0.5, 10, 0.25, staircase=True),
        "piecewise_constant_decay(boundaries=10:20,values=0.5:0.25:0.125)": schedules.PiecewiseConstantDecay([10, 20], [0.5, 0.25, 0.125]),
        "polynomial_decay(initial_learning_rate=0.5,decay_steps=10,end_learning_rate=0.25,power=2,cycle=true)":
            schedules.PolynomialDecay(0.5, 10, end_learning_rate=0.25, power=2.0, cycle=True)}.items()),
]
NAMES = ["categorical_crossentropy", "sparse_categorical_crossentropy", "binary_crossentropy", "mean_squared_error", "mean_absolute_error",
         "huber", "log_cosh", "poisson", "mean_absolute_percentage_error", "mean_squared_logarithmic_error", "kl_divergence",
         "cosine_similarity", "hinge", "squared_hinge", "categorical_hinge"]
LOSSES = [
    *((name, name) for name in NAMES),
    ("categorical_crossentropy reduction=sum from_logits=true label_smoothing=0.25",
     losses.CategoricalCrossentropy(reduction="sum", from_logits=True, label_smoothing=0.25)),
    ("sparse_categorical_crossentropy ignore_class=2", losses.SparseCategoricalCrossentropy(ignore_class=2)),
    ("binary_crossentropy label_smoothing=0.5 reduction=mean_with_sample_weight",
     losses.BinaryCrossentropy(label_smoothing=0.5, reduction="mean_with_sample_weight")),
    ("mean_squared_error reduction=sum", losses.MeanSquaredError(reduction="sum")),
]
METRICS = [
    *(([name], [name]) for name in ("accuracy", "acc", "mse", "mean_absolute_error", "top_k_categorical_accuracy", "kl_divergence",
                                    "root_mean_squared_error", "cosine_similarity", "sparse_categorical_crossentropy")),
    (["top_k_categorical_accuracy k=2 name=top2", "mean_squared_error name=error", "binary_accuracy threshold=0.75"],
     [metrics.TopKCategoricalAccuracy(k=2, name="top2"), metrics.MeanSquaredError(name="error"), metrics.BinaryAccuracy(threshold=0.75)]),
    (["categorical_crossentropy from_logits=true label_smoothing=0.25 name=raw"],
     [metrics.CategoricalCrossentropy(name="raw", from_logits=True, label_smoothing=0.25)]),
    (["sparse_top_k_categorical_accuracy k=3 name=top3"], [metrics.SparseTopKCategoricalAccuracy(k=3, name="top3")]),
]


def training(ours, **arguments):
    model = models.Sequential([keras.Input((4,)), Dense(3, activation="softmax")])
    model.compile(jit_compile=False, **arguments)
    archive = cleaned(model.get_compile_config())
    return {**ours, "archive": archive, "legacy": cleaned(legacy(model, "training_config"))}


def trainings():
    for name, words, make in OPTIMIZERS:
        keras.backend.clear_session()
        yield training({"optimizer": [name, words], "loss": "mean_squared_error", "metrics": [], "weighted": []}, optimizer=make(), loss="mean_squared_error")
    for words, loss in LOSSES:
        keras.backend.clear_session()
        yield training({"optimizer": ["adam", ""], "loss": words, "metrics": [], "weighted": []}, optimizer="adam", loss=loss)
    for words, made in METRICS:
        keras.backend.clear_session()
        yield training({"optimizer": ["adam", ""], "loss": "categorical_crossentropy", "metrics": words, "weighted": ["accuracy"]},
                       optimizer="adam", loss="categorical_crossentropy", metrics=made, weighted_metrics=["accuracy"])


def written(name, cases):
    text = io.StringIO()
    text.write("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
    (HERE / name).write_text(text.getvalue(), encoding="utf-8")


def classes():
    """A small trained model of the classes that libcnn has under other names, in each form of file, and what it makes of one batch."""
    keras.utils.set_random_seed(7)
    image = keras.Input((6, 6, 2), name="image")
    a = layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same", name="a")(image)
    b = layers.LeakyReLU(name="b")(a)
    c = layers.DepthwiseConv2D(1, name="c")(b)
    d = layers.ReLU(negative_slope=0.25, name="d")(b + c)
    e = layers.ELU(0.5, name="e")(Dense(3, name="dense")(layers.GlobalAveragePooling2D(name="mean")(d)))
    model = models.Model(image, layers.Softmax(name="output")(e), name="classes")
    model.compile(optimizer=optimizers.Adam(0.01), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    x = (numpy.arange(8 * 72, dtype="float32") * 37 % 101 / 101).reshape(8, 6, 6, 2)
    model.fit(x, numpy.arange(8) % 3, epochs=2, batch_size=4, verbose=0)
    model.save(HERE / "classes.keras")
    model.save(HERE / "classes.h5")
    (HERE / "classes.json").write_text(json.dumps([[float(value) for value in row] for row in model.predict(x, verbose=0)]) + "\n", encoding="utf-8")


def main():
    classes()
    written("models.json", [*(chain(*case) for case in LAYERS), *(chain(*case, read_only=True) for case in READ), residual(), plus()])
    written("trainings.json", list(trainings()))


if __name__ == "__main__":
    main()
