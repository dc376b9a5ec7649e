"""TensorFlow by way of Keras 3 or tf_keras: fit on arrays, fit on the augmenting generator, predict; and bare tf.function steps without
an input pipeline. The option `keras` says which."""
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["KERAS_BACKEND"] = "tensorflow"

import time

import worker


def start():
    settings = worker.Settings()
    import tensorflow as tf
    tf.config.threading.set_intra_op_parallelism_threads(settings.threads)
    tf.config.threading.set_inter_op_parallelism_threads(int(settings.options.get("inter", 1)))
    if settings.options["keras"] == "tf_keras":
        import tf_keras as keras
        generator_type = keras.preprocessing.image.ImageDataGenerator
    else:
        import keras
        generator_type = tf.keras.preprocessing.image.ImageDataGenerator
    keras.utils.set_random_seed(1)
    x, y = settings.images("train"), settings.one_hot("train")
    test = settings.images("t10k")
    made = {}

    class Clock(keras.callbacks.Callback):
        """Times an epoch from its begin to its end: what fit does once for all epochs is left out."""

        def on_epoch_begin(self, epoch, logs=None):
            self.began = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            self.seconds = time.perf_counter() - self.began
            self.loss = float(logs["loss"])

    def network():
        layers = [keras.layers.InputLayer((28, 28, 1)) if keras.__name__ == "tf_keras" else keras.Input((28, 28, 1))]
        for number, filters in ((1, 32), (2, 64)):
            layers += [keras.layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv{number}"),
                       keras.layers.BatchNormalization(name=f"bn{number}"), keras.layers.MaxPooling2D(2),
                       keras.layers.Dropout(0.25)]
        layers += [keras.layers.Flatten(), keras.layers.Dense(128, activation="relu", name="dense1"),
                   keras.layers.Dropout(0.5), keras.layers.Dense(10, activation="softmax", name="output")]
        model = keras.Sequential(layers)
        weights = settings.weights()
        for name, parts in (("conv1", "kernel bias"), ("bn1", "gamma beta moving_mean moving_variance"),
                            ("conv2", "kernel bias"), ("bn2", "gamma beta moving_mean moving_variance"),
                            ("dense1", "kernel bias"), ("output", "kernel bias")):
            model.get_layer(name).set_weights([weights[f"{name}/{part}"] for part in parts.split()])
        return model

    def compiled(jit, execution):
        model = network()
        options = {"0": {"jit_compile": False}, "1": {"jit_compile": True}, "auto": {}}[jit]
        model.compile(keras.optimizers.Adam(1e-3), "categorical_crossentropy", metrics=["accuracy"],
                      steps_per_execution=int(execution), **options)
        return model

    def get(make, *key):
        key = (make.__name__, *key)
        if key not in made:
            made[key] = make(*key[1:])
        return made[key]

    def fit(steps, jit, execution, *data, **options):
        clock = Clock()
        get(compiled, jit, execution).fit(*data, steps_per_epoch=steps, epochs=1, verbose=0, callbacks=[clock], **options)
        return {"images": steps * worker.BATCH, "seconds": clock.seconds, "loss": clock.loss}

    def train(steps, jit="auto", execution="1"):
        return fit(steps, jit, execution, x, y, batch_size=worker.BATCH)

    def flow(workers):
        generator = generator_type(rotation_range=10, zoom_range=0.1, width_shift_range=0.1, height_shift_range=0.1)
        return generator.flow(x, y, batch_size=worker.BATCH)

    def augment(steps, jit="auto", execution="1", workers="1"):
        batches = get(flow, workers)
        if keras.__name__ == "tf_keras":
            return fit(steps, jit, execution, batches, workers=int(workers))
        batches.workers = int(workers)
        return fit(steps, jit, execution, batches)

    def stepper(jit):
        model = network()
        optimizer = keras.optimizers.Adam(1e-3)
        optimizer.build(model.trainable_variables)
        loss_of = keras.losses.CategoricalCrossentropy()

        @tf.function(jit_compile=jit == "1")
        def step(images, labels):
            with tf.GradientTape() as tape:
                loss = loss_of(labels, model(images, training=True))
            variables = model.trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
            return loss
        return step

    def bare_train(steps, jit="0"):
        step = get(stepper, jit)
        batches = [(tf.constant(x[i : i + worker.BATCH]), tf.constant(y[i : i + worker.BATCH]))
                   for i in range(0, 100 * worker.BATCH, worker.BATCH)]
        losses = []
        number = iter(range(steps))
        answer = worker.timed(lambda: losses.append(step(*batches[next(number) % 100]).numpy()), steps, worker.BATCH)
        return {**answer, "loss": float(losses[-1])}

    def caller(jit, batch):
        model = network()
        return tf.function(lambda images: model(images, training=False), jit_compile=jit == "1",
                           input_signature=[tf.TensorSpec((batch, 28, 28, 1))])

    def bare_predict(steps, batch, jit):
        call, images = get(caller, jit, batch), tf.constant(test[:batch])
        if batch == 1:
            return worker.timed_singles(lambda: call(images).numpy(), steps)
        return worker.timed(lambda: call(images).numpy(), steps, batch)

    def infer(steps, jit="auto", execution="1"):
        # one call over many batches, as predict is meant to be used; not more than the test set has
        model, batches = get(compiled, jit, execution), min(steps, len(test) // worker.BATCH)
        calls = -(-steps // batches)
        return worker.timed(lambda: model.predict(test[: batches * worker.BATCH], batch_size=worker.BATCH, verbose=0), calls,
                            batches * worker.BATCH)

    def single(steps, jit="auto", execution="1"):
        model = get(compiled, jit, execution)
        return worker.timed_singles(lambda: model.predict(test[:1], verbose=0), steps)

    def check(steps, **unused):
        return {"difference": settings.difference(lambda images: network()(images, training=False))}

    version = f"TensorFlow {tf.__version__}, {'tf_keras' if keras.__name__ == 'tf_keras' else 'Keras'} {keras.__version__}"
    if settings.options.get("bare"):
        return version, {"train": bare_train, "check": check,
                         "infer": lambda steps, jit="0": bare_predict(steps, worker.BATCH, jit),
                         "single": lambda steps, jit="0": bare_predict(steps, 1, jit)}
    return version, {"train": train, "augment": augment, "infer": infer, "single": single, "check": check}


worker.serve(start)
