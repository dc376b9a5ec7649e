"""What libcnn-keras writes as HDF5, read by the real Keras: the files are those that Keras wrote, read and written again here. The model predicts the same,
and training goes on from weights and optimizer's state as it does from Keras's own file.

Keras 3.15 cannot go on from a whole-model .h5, its own ones included (the optimizer is built for no variables): it is compiled anew here, and the state
comes from .weights.h5.

Usage: interop_h5.py RESAVE"""
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras  # noqa: E402
import numpy as np  # noqa: E402

RESAVE = pathlib.Path(sys.argv[1]).resolve()
X = np.random.RandomState(0).rand(32, 8, 8, 1).astype("f4")
Y = np.eye(4, dtype="f4")[np.arange(32) % 4]
O, L = keras.optimizers, keras.layers
checks, failures, largest = 0, [], 0.0


def that(condition, what):
    global checks
    checks += 1
    if not condition:
        failures.append(what)


def near(ours, theirs, what):
    global largest
    difference = max(float(np.abs(a - b).max()) for a, b in zip(ours, theirs))
    largest = max(largest, difference)
    that(difference <= 1e-6, f"{what}: {difference}")


def sequential():
    return keras.Sequential([keras.Input((8, 8, 1)), L.Conv2D(4, 3, padding="same", activation="relu", name="c1"), L.BatchNormalization(name="b1"),
                             L.MaxPooling2D(2, name="p1"), L.Flatten(name="f"), L.Dense(4, activation="softmax", name="o")])


def functional():
    inputs = keras.Input((8, 8, 1), name="inp")
    first = L.Conv2D(4, 3, padding="same", activation="relu", name="c1")(inputs)
    joined = L.Add(name="s")([first, L.Conv2D(4, 3, padding="same", name="c2")(first)])
    return keras.Model(inputs, L.Dense(4, activation="softmax", name="o")(L.GlobalAveragePooling2D(name="g")(joined)), name="net")


CASES = {
    "adam": (sequential, lambda: O.Adam()), "amsgrad": (functional, lambda: O.Adam(amsgrad=True)), "sgd": (sequential, lambda: O.SGD(0.05)),
    "momentum": (sequential, lambda: O.SGD(0.05, momentum=0.9)), "rmsprop": (functional, lambda: O.RMSprop(momentum=0.5, centered=True)),
    "adamw": (sequential, lambda: O.AdamW()), "nadam": (sequential, lambda: O.Nadam()), "adagrad": (functional, lambda: O.Adagrad()),
    "adadelta": (sequential, lambda: O.Adadelta()), "adamax": (sequential, lambda: O.Adamax()), "lion": (functional, lambda: O.Lion()),
    "lamb": (sequential, lambda: O.Lamb()), "ftrl": (sequential, lambda: O.Ftrl()), "average": (sequential, lambda: O.Adam(use_ema=True)),
    "accumulated": (sequential, lambda: O.Adam(gradient_accumulation_steps=2)),
    "schedule": (sequential, lambda: O.SGD(O.schedules.ExponentialDecay(0.1, 10, 0.9), momentum=0.9)),
}


def compiled(model, optimizer):
    model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
    return model


def resave(source, target, name):
    done = subprocess.run([str(RESAVE), str(source), str(target)], capture_output=True, text=True)
    that(done.returncode == 0 and not done.stderr, f"{name}: {done.stderr}")
    return target


def gone_on(whole, weights, optimizer):
    """(predictions, the optimizer's variables, weights after a few more steps) of a model from these files."""
    # Keras 3.15.1 does not find every optimizer of its own .h5 files again ("lamb"): where it does, the file is compiled anew all the same.
    try:
        model = keras.models.load_model(whole)
    except ValueError as error:
        that("Could not interpret optimizer identifier" in str(error), f"{whole.name}: {error}")
        model = keras.models.load_model(whole, compile=False)
    model = compiled(model, optimizer)
    model.optimizer.build(model.trainable_variables)
    model.load_weights(weights)
    predicted, state = model.predict(X, verbose=0), [np.asarray(v) for v in model.optimizer.variables]
    model.fit(X, Y, batch_size=8, epochs=1, shuffle=False, verbose=0)
    return predicted, state, model.get_weights()


def main():
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder)
        for name, (model_of, optimizer) in CASES.items():
            keras.utils.set_random_seed(1)
            model = compiled(model_of(), optimizer())
            model.fit(X, Y, batch_size=8, epochs=1, shuffle=False, verbose=0)
            model.save_weights(out / "keras.weights.h5")
            model.save(out / "keras.h5")
            resave(out / "keras.h5", out / "ours.h5", name)
            resave(out / "keras.h5", out / "ours.weights.h5", name)
            theirs = gone_on(out / "keras.h5", out / "keras.weights.h5", optimizer())
            ours = gone_on(out / "ours.h5", out / "ours.weights.h5", optimizer())
            near([ours[0]], [theirs[0]], f"{name}: predictions")
            that(len(ours[1]) == len(theirs[1]) and all(a.tobytes() == b.tobytes() for a, b in zip(ours[1], theirs[1])),
                 f"{name}: another state of the optimizer")
            near(ours[2], theirs[2], f"{name}: weights after more steps")
    print("\n".join(failures))
    print(f"largest difference {largest:.1e}")
    print(f"{100 * (checks - len(failures)) // checks}%: Checks: {checks}, Failures: {len(failures)}, Errors: 0")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
