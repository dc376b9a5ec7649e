"""ImageDataGenerator: apply_transform with given parameters, featurewise and samplewise settings, what flow gives in which shapes."""
from __future__ import annotations

from typing import Any, Callable

import numpy as np

from comparing import Case, drawn, labels, one_hot

IMAGE = np.clip(drawn(1, 14, 12, 3) * 0.2 + 0.5, 0, 1)
GRAY = np.clip(drawn(2, 28, 28, 1) * 0.2 + 0.5, 0, 1)
TRANSFORMS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    # name, options of the generator, parameters of the transform
    ("rotation", {}, {"theta": 25.0}),
    ("rotation of a grey image", {"fill_mode": "constant", "cval": 0.3}, {"theta": -10.0}),
    ("shift", {"fill_mode": "reflect"}, {"tx": 2.5, "ty": -1.25}),
    ("shear", {"fill_mode": "wrap"}, {"shear": 12.0}),
    ("zoom", {}, {"zx": 0.8, "zy": 1.3}),
    ("all together", {}, {"theta": 9.0, "tx": 1.5, "ty": 0.5, "shear": 5.0, "zx": 1.1, "zy": 0.9}),
    ("flips", {}, {"flip_horizontal": True, "flip_vertical": True}),
    ("channel shift", {}, {"channel_shift_intensity": 0.2}),
    ("order 0", {"interpolation_order": 0}, {"theta": 30.0}),
]
OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("rescale", {"rescale": 1 / 255}),
    ("samplewise", {"samplewise_center": True, "samplewise_std_normalization": True}),
    ("featurewise", {"featurewise_center": True, "featurewise_std_normalization": True}),
]


def transformed(options: dict[str, Any], parameters: dict[str, Any]) -> Callable[[Any], Any]:
    def run(k: Any) -> Any:
        generator = k.preprocessing.image.ImageDataGenerator(**options)
        return [np.asarray(generator.apply_transform(image.copy(), dict(parameters))) for image in (IMAGE, GRAY)]
    return run


def standardized(options: dict[str, Any]) -> Callable[[Any], Any]:
    def run(k: Any) -> Any:
        generator = k.preprocessing.image.ImageDataGenerator(**options)
        images = abs(drawn(3, 20, 8, 8, 3)) + 1
        if "featurewise_center" in options:
            generator.fit(images)
        return np.asarray(generator.standardize(images[0].copy()))
    return run


def flowing(k: Any) -> Any:
    """Batches without any change: order, shapes, the short batch at the end, and around again."""
    images, targets = drawn(4, 10, 8, 8, 1), one_hot(labels(5, 10, 3), 3)
    flow = k.preprocessing.image.ImageDataGenerator().flow(images, targets, batch_size=4, shuffle=False)
    batches = [next(flow) for _ in range(4)]
    return {"length": len(flow), "batches": [[np.asarray(x), np.asarray(y)] for x, y in batches]}


CASES = [*(Case(name, transformed(options, parameters), 2e-6) for name, options, parameters in TRANSFORMS),
         *(Case(name, standardized(options), 2e-6) for name, options in OPTIONS), Case("flow", flowing)]
