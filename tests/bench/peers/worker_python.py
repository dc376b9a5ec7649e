"""libcnn through its Python package, in Keras's words: what a notebook does."""
import time

import worker


def start():
    settings = worker.Settings()
    import cnn
    from cnn import keras
    cnn.set_default_context(cnn.Context(seed=1, threads=settings.threads))
    model = keras.models.load_model(settings.weights_path)
    images, targets, test = settings.images("train"), settings.one_hot("train"), settings.images("t10k")
    generator = keras.preprocessing.image.ImageDataGenerator(rotation_range=10, zoom_range=0.1, width_shift_range=0.1,
                                                             height_shift_range=0.1)
    flow = generator.flow(images, targets, batch_size=worker.BATCH)

    class Watch(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.began = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            self.seconds, self.loss = time.perf_counter() - self.began, logs["loss"]

    watch = Watch()

    def fitted(steps, *data, **options):
        model.fit(*data, epochs=1, steps_per_epoch=steps, verbose=0, callbacks=[watch], **options)
        return {"images": steps * worker.BATCH, "seconds": watch.seconds, "loss": watch.loss}

    def train(steps):
        return fitted(steps, images, targets, batch_size=worker.BATCH)

    def augment(steps):
        return fitted(steps, flow)

    def infer(steps):
        batch = test[: worker.BATCH]
        return worker.timed(lambda: model.predict(batch, batch_size=worker.BATCH, verbose=0), steps, worker.BATCH)

    def single(steps):
        image = test[:1]
        return worker.timed_singles(lambda: model.predict(image, verbose=0), steps)

    def check(steps, **unused):
        return {"difference": settings.difference(lambda inputs: model.predict(inputs, verbose=0))}

    return f"cnn {cnn.__version__} on Python", {"train": train, "augment": augment, "infer": infer, "single": single, "check": check}


worker.serve(start)
