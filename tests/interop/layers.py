"""Every layer in Keras's words: outputs of predict, and the weights after a step of SGD, which its gradients made."""
from __future__ import annotations

from typing import Any, Callable

from comparing import Case, drawn, fill

IMAGE, ROW = (9, 8, 3), (7,)
# name, layer, shape of its input
LAYERS: list[tuple[str, Callable[[Any], Any], tuple[int, ...]]] = [
    ("Conv2D", lambda k: k.layers.Conv2D(5, 3), IMAGE),
    ("Conv2D same relu", lambda k: k.layers.Conv2D(4, (3, 3), activation="relu", padding="same"), IMAGE),
    ("Conv2D of 16 channels", lambda k: k.layers.Conv2D(16, 3, padding="same", activation="relu"), (12, 12, 16)),
    ("Conv2D strides", lambda k: k.layers.Conv2D(4, (3, 2), strides=(2, 1), padding="same"), IMAGE),
    ("Conv2D dilated", lambda k: k.layers.Conv2D(4, 3, dilation_rate=2), IMAGE),
    ("Conv2D groups", lambda k: k.layers.Conv2D(6, 3, groups=3, use_bias=False), IMAGE),
    ("Dense", lambda k: k.layers.Dense(6), ROW),
    ("Dense of an image's channels", lambda k: k.layers.Dense(4, activation="tanh"), IMAGE),
    ("Dense without bias", lambda k: k.layers.Dense(6, use_bias=False), ROW),
    ("BatchNormalization of images", lambda k: k.layers.BatchNormalization(), IMAGE),
    ("BatchNormalization of rows", lambda k: k.layers.BatchNormalization(momentum=0.9, epsilon=1e-2), ROW),
    ("BatchNormalization, no scale, no center", lambda k: k.layers.BatchNormalization(scale=False, center=False), IMAGE),
    ("MaxPooling2D", lambda k: k.layers.MaxPooling2D((2, 2)), IMAGE),
    ("MaxPooling2D same", lambda k: k.layers.MaxPooling2D(3, strides=2, padding="same"), IMAGE),
    ("AveragePooling2D", lambda k: k.layers.AveragePooling2D(2), IMAGE),
    ("AveragePooling2D same", lambda k: k.layers.AveragePooling2D((3, 2), strides=(2, 1), padding="same"), IMAGE),
    ("GlobalAveragePooling2D", lambda k: k.layers.GlobalAveragePooling2D(), IMAGE),
    ("GlobalAveragePooling2D keepdims", lambda k: k.layers.GlobalAveragePooling2D(keepdims=True), IMAGE),
    ("GlobalMaxPooling2D", lambda k: k.layers.GlobalMaxPooling2D(), IMAGE),
    ("Flatten", lambda k: k.layers.Flatten(), IMAGE),
    ("Dropout", lambda k: k.layers.Dropout(0.0), ROW),
    ("ReLU", lambda k: k.layers.ReLU(), ROW),
    ("ReLU with a slope", lambda k: k.layers.ReLU(negative_slope=0.2), ROW),
    ("LeakyReLU", lambda k: k.layers.LeakyReLU(), ROW),
    ("ELU", lambda k: k.layers.ELU(alpha=0.7), ROW),
    ("Softmax", lambda k: k.layers.Softmax(), ROW),
    *((f"Activation {name}", lambda k, name=name: k.layers.Activation(name), ROW)
      for name in ("linear", "relu", "leaky_relu", "elu", "gelu", "sigmoid", "silu", "swish", "softplus", "tanh", "softmax")),
]


def forward(layer: Callable[[Any], Any], shape: tuple[int, ...]) -> Callable[[Any], Any]:
    def run(k: Any) -> Any:
        model = fill(k.Sequential([k.Input(shape=shape), layer(k)]))
        return {"output": model.predict(drawn(1, 4, *shape), verbose=0), "shape": list(model.output_shape), "parameters": model.count_params(),
                "weights": [list(w.shape) for w in model.get_weights()]}
    return run


def trained(layer: Callable[[Any], Any], shape: tuple[int, ...]) -> Callable[[Any], Any]:
    """The layer between two others, so that its gradient for its input counts as well."""
    def run(k: Any) -> Any:
        model = k.Sequential([k.Input(shape=shape), k.layers.Dense(shape[-1], name="before"), layer(k), k.layers.Flatten(),
                              k.layers.Dense(2, name="after")])
        fill(model, 2).compile(optimizer=k.optimizers.SGD(learning_rate=0.1), loss="mean_squared_error")
        loss = model.train_on_batch(drawn(3, 6, *shape), drawn(4, 6, 2))
        return {"loss": float(loss), "weights": model.get_weights()}
    return run


def branches(k: Any) -> Any:
    """A functional model: two branches that are added, and one input read twice."""
    inputs = k.Input(shape=IMAGE)
    left = k.layers.Conv2D(4, 3, padding="same", name="left")(inputs)
    right = k.layers.Conv2D(4, 1, padding="same", activation="relu", name="right")(inputs)
    both = k.layers.Add(name="sum")([left, right, left])
    outputs = k.layers.Dense(3, activation="softmax", name="out")(k.layers.GlobalAveragePooling2D(name="pool")(both))
    model = k.Model(inputs=inputs, outputs=outputs, name="branches")
    # Weights by name: the order of layers of one depth is each library's own.
    for layer in model.layers:
        if layer.get_weights():
            layer.set_weights([drawn(len(layer.name), *w.shape) / 4 for w in layer.get_weights()])
    model.compile(optimizer=k.optimizers.SGD(learning_rate=0.1), loss="categorical_crossentropy")
    model.train_on_batch(drawn(5, 6, *IMAGE), abs(drawn(6, 6, 3)))
    return {"output": model.predict(drawn(7, 4, *IMAGE), verbose=0),
            "weights": {name: model.get_layer(name).get_weights() for name in ("left", "right", "out")}}


FORWARD = [Case(name, forward(layer, shape), 1e-6) for name, layer, shape in LAYERS]
TRAINED = [Case(name, trained(layer, shape), 5e-6) for name, layer, shape in LAYERS] + [Case("branches", branches, 5e-6)]
