"""What models and layers are called, take and say: names, arguments, paths, shapes, summaries, and which words are wrong in both."""
from __future__ import annotations

import inspect
from typing import Any, Callable

import numpy as np

from comparing import Case

MODEL = ("fit", "evaluate", "predict", "compile", "train_on_batch", "test_on_batch", "predict_on_batch", "summary", "save_weights",
         "load_weights", "get_layer", "count_params", "get_weights", "set_weights", "to_json", "get_config", "export")


def arguments(function: Any) -> list[str]:
    given = inspect.signature(function).parameters.values()
    return [f"{p.name}={p.default}" for p in given if p.name not in ("self", "args", "kwargs")]


def of_functions(k: Any) -> Any:
    found = [getattr(k.Model, name) for name in MODEL] + [getattr(k.models, n) for n in ("load_model", "save_model", "clone_model")]
    found += [getattr(k.Sequential, name) for name in ("add", "pop", "build")] + [k.Input]
    found += [getattr(k.activations, n) for n in ("relu", "leaky_relu", "elu", "gelu", "softmax", "sigmoid", "tanh", "silu")]
    found += [getattr(k.initializers, n).__init__ for n in ("Constant", "RandomNormal", "RandomUniform", "Orthogonal", "HeNormal")]
    found += [getattr(k.regularizers, n).__init__ for n in ("L1", "L2", "L1L2")]
    return [arguments(function) for function in found]


def told(model: Any, **how: Any) -> str:
    texts: list[str] = []
    model.summary(print_fn=lambda text, **_: texts.append(text), **how)
    return "".join(texts)


def in_a_row(k: Any) -> Any:
    k.backend.clear_session()
    made = k.layers
    model = k.Sequential([k.Input((8, 8, 1)), made.Conv2D(4, 3, activation="relu"), made.BatchNormalization(), made.MaxPooling2D(),
                          made.Flatten(), made.Dropout(0.5), made.Dense(3, activation="softmax")])
    weights = [[w.path, w.name, list(w.shape), str(w.dtype), bool(w.trainable)] for w in model.weights]
    texts = [told(model), told(model, show_trainable=True), told(model, layer_range=("conv2d", "flatten")),
             told(model, positions=[0.3, 0.6, 1.0], line_length=60)]
    popped = model.pop().name
    return {"names": [layer.name for layer in model.layers], "weights": weights, "texts": texts, "popped": popped,
            "shapes": [list(model.input_shape[1:]), list(model.output_shape[1:]), model.count_params()],
            "said": [repr(model), repr(model.layers[0]), repr(model.inputs)]}


def with_branches(k: Any) -> Any:
    k.backend.clear_session()
    made = k.layers
    x = k.Input((8, 8, 4), name="in")
    y = made.ReLU()(x + made.Conv2D(4, 3, padding="same")(x))
    y = made.GlobalAveragePooling2D()(k.activations.gelu(k.activations.relu(y)))
    model = k.Model(x, made.Dense(2)(y))
    part = k.Model(model.inputs, model.layers[2].output)
    both = k.Model(model.inputs, [model.layers[1].output, model.output])
    row = k.Model(x, made.Dense(2, name="last")(x))
    models = (model, part, both, row)
    return {"texts": [told(each) for each in models], "said": [repr(each) for each in models] + [repr(y)],
            "layers": [[layer.name for layer in each.layers] for each in models],
            "seen": list(part.predict(np.zeros((2, 8, 8, 4), np.float32), verbose=0).shape)}


def not_built(k: Any) -> Any:
    k.backend.clear_session()
    model = k.Sequential([k.layers.Dense(3), k.layers.Dense(2)])
    before = [told(model), model.built, len(model.weights), repr(model)]
    model.build((None, 4))
    return [*before, told(model), [w.path for w in model.weights], model.built]


WRONG: dict[str, Callable[[Any], Any]] = {
    "padding": lambda k: k.layers.Conv2D(1, 3, padding="x"), "filters": lambda k: k.layers.Conv2D(0, 3),
    "kernel_size": lambda k: k.layers.Conv2D(1, (1, 2, 3)), "rate": lambda k: k.layers.Dropout(2),
    "a word of nobody's": lambda k: k.layers.Dense(1, foo=1), "units": lambda k: k.layers.Dense(-1),
    "a kernel beyond the image": lambda k: k.layers.Conv2D(1, 9)(k.Input((4, 4, 1))),
    "axes": lambda k: k.layers.Conv2D(1, 1)(k.Input((4,))), "groups": lambda k: k.layers.Conv2D(3, 3, groups=2)(k.Input((8, 8, 2))),
    "shapes of a sum": lambda k: k.layers.Add()([k.Input((4,)), k.Input((5,))]),
    "a layer's name": lambda k: k.Sequential([k.layers.Dense(1)]).get_layer("no"),
    "weights": lambda k: k.Sequential([k.Input((4,)), k.layers.Dense(1)]).set_weights([]),
    "no layer": lambda k: k.Sequential().add("dense"),
    "not compiled": lambda k: k.Sequential([k.Input((4,)), k.layers.Dense(1)]).fit(np.zeros((2, 4)), np.zeros((2, 1))),
}


def refused(what: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def run(k: Any) -> Any:
        try:
            what(k)
        except ValueError:
            return "ValueError"
        return "nothing"
    return run


CASES = [Case("arguments", of_functions), Case("in a row", in_a_row), Case("with branches", with_branches), Case("not built", not_built),
         *[Case(f"wrong: {name}", refused(what)) for name, what in WRONG.items()]]
