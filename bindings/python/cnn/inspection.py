"""What a model makes of its inputs: outputs of any layer, and which input values an output hangs on."""
from __future__ import annotations

import ctypes
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, cast, overload

import numpy as np

from . import _abi, _training
from ._calls import call
from ._counts import count
from ._errors import InvalidArgument
from ._handle import Owner, Pointers, new
from ._library import lib
from ._network import Network
from ._options import integer, options, text
from .augmenter import Augmenter
from .dataset import Dataset
from .layer import Layer
from .tensor import Tensor, prepared, to_numpy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._arrays import Array
    from .model import Model


class Inspection(Network):
    """The part of `Model` that looks into it."""

    def _inspected(self, x: Any, stack: ExitStack) -> Tensor:
        """All samples as one tensor of floats."""
        given = _training.to_predict(cast("Model", self), x, None, stack)
        if isinstance(given, Dataset):
            return Tensor._adopt(new("cnn_tensor", lib.cnn_dataset_inputs, given._handle, 0, len(given)))
        if not isinstance(given, Tensor):
            raise InvalidArgument("x gives batches: activations and input_gradient take arrays or a Dataset; call them "
                                  "for each batch")
        return given

    @overload
    def activations(self, layer: str | Layer, x: Any, *, before_activation: bool = ..., batch_size: int | None = ...,
                    augmenter: Augmenter | None = ...) -> NDArray[np.float32]: ...

    @overload
    def activations(self, layer: list[Any] | tuple[Any, ...], x: Any, *, before_activation: bool = ...,
                    batch_size: int | None = ..., augmenter: Augmenter | None = ...) -> list[NDArray[np.float32]]: ...

    def activations(self, layer: str | Layer | list[Any] | tuple[Any, ...], x: Any, *, before_activation: bool = False,
                    batch_size: int | None = None, augmenter: Augmenter | None = None) -> Any:
        """Outputs of a layer, or of several in one pass, in inference mode: the bits that a model which ends with it
        would predict.

        Parameters
        ----------
        layer : str or Layer, or a list or tuple of them
            Any layer of the model, the input too.
        x : array_like, Tensor, Dataset
            Inputs [N, ...]; uint8 is divided by 255.
        before_activation : bool
            Of one layer: what the function at its end is applied to (the logits of a softmax).
        batch_size : int, optional
            None: 32. The results do not depend on it.
        augmenter : Augmenter, optional
            Its standardisation, without transforms.

        Returns
        -------
        ndarray, or a list of them
            float32 [N, ...output shape of the layer].

        Raises
        ------
        NameError_
            No such layer; the sentence names the nearest.
        ShapeError, DataError
            Inputs that do not fit, or with NaN or infinity (sample and position).

        Examples
        --------
        >>> import cnn, numpy
        >>> model = cnn.Model(context=cnn.Context(seed=1))
        >>> for type, attributes in [("input", {"shape": (8, 8, 1)}), ("conv2d", {"filters": 4, "kernel_size": 3}),
        ...                          ("flatten", {}), ("dense", {"units": 3, "activation": "softmax"})]:
        ...     layer = model.add(type, **attributes)
        >>> maps, outputs = model.activations(["conv2d", layer], numpy.ones((2, 8, 8, 1)))
        >>> maps.shape, outputs.shape
        ((2, 6, 6, 4), (2, 3))
        """
        wanted = list(layer) if isinstance(layer, (list, tuple)) else [layer]
        names = [one.name if isinstance(one, Layer) else one for one in wanted]
        listed = (ctypes.c_char_p * max(len(names), 1))(*[text(name, "layer") for name in names])
        made = (ctypes.c_void_p * max(len(names), 1))()
        with ExitStack() as stack:
            chosen = options(_abi.cnn_activations_opts, before_activation=int(before_activation),
                             batch_size=count(batch_size, "batch_size"), augmenter=_training.in_use(augmenter, stack))
            inputs = self._inspected(x, stack)
            try:
                with self._reading() as handle:
                    call(lib.cnn_model_activations, made, handle, len(names), listed, Pointers([inputs]), 1, chosen)
            finally:  # also where Ctrl-C came
                owners = [Owner(value, lib.cnn_tensor_free) for value in made if value]
        outputs = [to_numpy(owner) for owner in owners]
        return outputs if isinstance(layer, (list, tuple)) else outputs[0]

    def input_gradient(self, x: Any, classes: Array | int | None = None, *, after_activation: bool = False,
                       batch_size: int | None = None, augmenter: Augmenter | None = None) -> NDArray[np.float32]:
        """The gradient of one output value of each sample with respect to its inputs, in inference mode. Its absolute
        values are a saliency map (Simonyan, Vedaldi, Zisserman 2013).

        Parameters
        ----------
        x : array_like, Tensor, Dataset
            Inputs [N, ...]; uint8 is divided by 255, and the gradient is that for the quotients.
        classes : int, or integers [N], optional
            The output value that is meant, by its place; None: the largest one, which is the predicted class.
        after_activation : bool
            Of the outputs as `predict` gives them; else of what the last layer's function is applied to (logits).
        batch_size, augmenter
            As `activations`; the gradient is that for the standardised inputs.

        Returns
        -------
        ndarray
            float32 [N, ...input shape].

        Raises
        ------
        ShapeError, DataError
            As `activations`; classes of another shape, or outside the outputs.

        Examples
        --------
        >>> import cnn, numpy
        >>> model = cnn.Model(context=cnn.Context(seed=1))
        >>> layers = model.add("input", shape=2), model.add("dense", units=3, activation="softmax")
        >>> gradient = model.input_gradient(numpy.ones((4, 2)), classes=1)
        >>> numpy.array_equal(gradient[0], model.weight("dense/kernel")[:, 1])
        True
        """
        with ExitStack() as stack:
            inputs = self._inspected(x, stack)
            chosen = options(_abi.cnn_input_gradient_opts, classes=self._classes(classes, len(inputs)),
                             after_activation=int(after_activation), batch_size=count(batch_size, "batch_size"),
                             augmenter=_training.in_use(augmenter, stack))
            with self._reading() as handle:
                made = new("cnn_tensor", lib.cnn_model_input_gradient, 1, handle, Pointers([inputs]), 1, chosen)
        return to_numpy(made)

    def _classes(self, given: Array | int | None, samples: int) -> Tensor | None:
        if given is None or isinstance(given, Tensor):
            return given
        labels = prepared(given, "classes")
        if labels.ndim == 0:
            labels = np.full(samples, integer(labels.item(), what="classes"))
        return Tensor(labels, self._context)
