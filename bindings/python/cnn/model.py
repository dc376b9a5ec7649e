"""The model: layers with their weights; made, trained, asked, saved."""
from __future__ import annotations

import ctypes
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Iterable, Mapping, Sequence, Union

import numpy as np

from . import _abi, _arrays, _logs, _training
from ._calls import call
from ._counts import count, level
from ._described import made
from ._errors import InvalidArgument, check
from ._handle import Owner, Pointers, new
from ._library import lib
from ._options import options
from ._source import Source
from .augmenter import Augmenter
from .builtin import BuiltinCallback
from .callback import Callback
from .context import Context
from .dataset import Dataset
from .history import History
from .inspection import Inspection
from .objective import Loss, Metric
from .optimizer import Optimizer
from .tensor import Tensor, to_numpy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._arrays import Array

    AnyCallback = Union[Callback, BuiltinCallback]


class Model(Inspection):
    """A graph of layers with its weights.

    Parameters
    ----------
    name : str, optional
        None: "sequential".
    context : Context, optional
        Where it is made, with the seed of its weights; None: the default context.

    Notes
    -----
    Several threads may predict and evaluate at once. Where one changes the model, as `fit` does, calls of the others
    are refused with StateError, and so is a change while others are in a call.

    Examples
    --------
    >>> import cnn, numpy
    >>> model = cnn.Model(context=cnn.Context(seed=1))
    >>> _ = model.add("input", shape=(8, 8, 1))
    >>> _ = model.add("conv2d", filters=4, kernel_size=3, activation="relu")
    >>> _ = model.add("flatten")
    >>> _ = model.add("dense", units=3, activation="softmax")
    >>> model
    Model('sequential': (8, 8, 1) -> (3,), 4 layers, 475 parameters)
    >>> model.compile("adam", "categorical_crossentropy", ["accuracy"])
    >>> x, y = numpy.zeros((12, 8, 8, 1), numpy.float32), numpy.arange(12) % 3
    >>> history = model.fit(x, y, epochs=2, batch_size=4, verbose=0)
    >>> sorted(history.history)
    ['accuracy', 'loss']
    >>> model.predict(x).shape
    (12, 3)
    """

    def _begin(self, context: Context) -> None:
        super()._begin(context)
        self.history: History | None = None

    # ---- compile ----

    def compile(self, optimizer: Optimizer | str, loss: Loss | str, metrics: Iterable[Metric | str] = (),
                weighted_metrics: Iterable[Metric | str] = (), *, keep_state: bool = False) -> None:
        """Make the model ready for training. Weights stay as they are; the optimizer's state is new.

        Parameters
        ----------
        optimizer, loss : handle or str
            Texts may have attributes: "sgd learning_rate=0.1".
        metrics, weighted_metrics : iterable of handles or str
            "accuracy", "top_k_categorical_accuracy k=3 name=top3"; at most 8 in all.
        keep_state : bool
            The optimizer's slots and count of steps go on from the last `compile`, with the rate and the settings of
            this one.

        Raises
        ------
        NameError_
            No such loss, metric or attribute; the sentence names the nearest.
        InvalidArgument
            No layers; a name in logs twice; `keep_state` with an optimizer of another type or other slots, or with
            a weight that was not trained before.
        StateError
            Inside fit; `keep_state` before the first compile.
        """
        if isinstance(metrics, (str, Metric)) or isinstance(weighted_metrics, (str, Metric)):
            raise InvalidArgument("compile: metrics must be a sequence of them: ['accuracy']")
        context = self._context
        how = made(Optimizer, optimizer, context, "compile: optimizer")
        what = made(Loss, loss, context, "compile: loss")
        plain, weighted = [[made(Metric, metric, context, "compile: metric") for metric in listed]
                           for listed in (metrics, weighted_metrics)]
        with self._changing():
            check(lib.cnn_model_compile(self._handle, how._handle, 1, None, options(
                _abi.cnn_compile_opts, loss_handles=[what], metric_handles=plain, metric_handle_count=len(plain),
                weighted_metric_handles=weighted, weighted_metric_handle_count=len(weighted),
                keep_state=int(bool(keep_state)))))

    @property
    def learning_rate(self) -> float:
        """The rate of the next step; 0 before compile. It may be set, from the next step on, where no schedule gives
        it."""
        return float(lib.cnn_model_learning_rate(self._handle))

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        with self._changing():
            check(lib.cnn_model_set_learning_rate(self._handle, float(rate)))

    @property
    def iterations(self) -> int:
        """Training steps so far."""
        return int(lib.cnn_model_iterations(self._handle))

    # ---- fit ----

    def fit(self, x: Any, y: Array | None = None, *, batch_size: int | None = None, epochs: int = 1,
            initial_epoch: int = 0, steps_per_epoch: int | None = None, validation: Any = None,
            validation_split: float = 0,
            augmenter: Augmenter | None = None, callbacks: AnyCallback | Sequence[AnyCallback] | None = None,
            verbose: int = 1, shuffle: bool = True, validation_freq: int | Iterable[int] = 1, validation_batch_size: int | None = None,
            validation_steps: int | None = None, class_weight: Mapping[int, float] | Sequence[float] | None = None,
            sample_weight: Array | None = None) -> History:
        """Train.

        Parameters
        ----------
        x : array_like, Tensor, Dataset, or iterable of batches
            Inputs [N, ...], see `Dataset`; or a data set; or a generator, or what else gives batches (x, y) or (x, y,
            sample_weight). Of a generator goes on where it stands at each epoch, anything else is gone over anew.
        y : array_like, Tensor
            Class labels or rows of values.
        batch_size : int, optional
            None: 32, or with `steps_per_epoch` what makes one pass of all samples.
        epochs, initial_epoch : int
            Epochs initial_epoch .. epochs - 1 are run.
        steps_per_epoch : int, optional
            At most so many batches each epoch; needed where a generator has no end.
        validation : (x, y), (x, y, sample_weight), Dataset, or iterable of batches
            Validated on after each epoch.
        validation_split : float
            Instead: keep the last part of the samples for it.
        augmenter : Augmenter, optional
            Of training images; of validation images its standardisation alone.
        callbacks : sequence of callbacks
            Called in this order, then the progress.
        verbose : int
            0 silent, 1 a bar on a terminal and in notebooks, else one line an epoch, 2 one line an epoch.
        shuffle : bool
            A new order of the samples for each epoch. Generators give their own.
        validation_freq : int or iterable of int
            Validate every so many epochs, or after the epochs of these numbers, the first being 1.
        validation_batch_size, validation_steps : int, optional
            Of validation; None: as in training, and all.
        class_weight : mapping of class to weight, or sequence, optional
            What samples of a class count in training.
        sample_weight : array_like, optional
            What each sample counts, [N].

        Returns
        -------
        History
            Also kept as `history`, where training failed or was ended by Ctrl-C too.

        Raises
        ------
        StateError
            Not compiled, or called from a callback of the same model.
        ShapeError, DataError, InvalidArgument
            Data or options that do not fit.
        KeyboardInterrupt
            Ctrl-C, after the step that was under way; the model holds its weights.
        Exception
            What a callback or a generator raised, itself.
        """
        self._refuse_inside("fit")
        pointer, history = ctypes.c_void_p(), History()
        with ExitStack() as stack:
            data = _training.supply(self, x, y, sample_weight, "fit", stack)
            chosen = {
                "batch_size": count(batch_size, "batch_size"), "epochs": count(epochs, "epochs"),
                "initial_epoch": initial_epoch,
                "steps_per_epoch": count(steps_per_epoch, "steps_per_epoch"), "validation_split": validation_split,
                "augmenter": _training.in_use(augmenter, stack), "verbose": level(verbose), "no_shuffle": int(not shuffle),
                **_training.validated_epochs(validation_freq),
                "validation_batch_size": count(validation_batch_size, "validation_batch_size"),
                "validation_steps": count(validation_steps, "validation_steps"),
                **_training.validation_supply(self, validation, stack), **_training.weights_of_classes(class_weight)}
            told = _training.callback_owners(self, callbacks, stack)
            try:
                with self._changing():
                    _training.fit(self, data, chosen, told, pointer)
            finally:
                history = self.history = History._read(pointer)
        return history

    def _batch(self, x: Any, y: Any, sample_weight: Any, what: str) -> _abi.cnn_batch:
        inputs, targets, weights = _arrays.batch((x, y, sample_weight), self._context, what)
        return options(_abi.cnn_batch, inputs=inputs, targets=targets, sample_weights=weights)

    def train_on_batch(self, x: Array, y: Array, sample_weight: Array | None = None) -> dict[str, float]:
        """One training step on one batch, for loops of one's own. Returns the figures of this batch alone, by name."""
        batch = self._batch(x, y, sample_weight, "train_on_batch")
        figures = new("cnn_logs", lib.cnn_logs_new, self._context._handle)
        with self._changing():
            check(lib.cnn_model_train_on_batch(figures, self._handle, batch))
        return _logs.read(figures)

    def test_on_batch(self, x: Array, y: Array, sample_weight: Array | None = None) -> dict[str, float]:
        """The figures of one batch in inference mode, by name."""
        batch = self._batch(x, y, sample_weight, "test_on_batch")
        figures = new("cnn_logs", lib.cnn_logs_new, self._context._handle)
        with self._reading():
            check(lib.cnn_model_test_on_batch(figures, self._handle, batch))
        return _logs.read(figures)

    def finalize(self) -> None:
        """What fit does at its end: where the optimizer keeps an average of the weights, it takes their place. For
        loops of `train_on_batch`."""
        with self._changing():
            check(lib.cnn_model_finalize(self._handle))

    # ---- evaluate, predict ----

    def evaluate(self, x: Any, y: Array | None = None, *, batch_size: int | None = None, verbose: int = 0,
                 sample_weight: Array | None = None, steps: int | None = None,
                 augmenter: Augmenter | None = None) -> dict[str, float]:
        """"loss" and the metrics over data, in inference mode.

        Parameters
        ----------
        x, y, batch_size, verbose, sample_weight
            As `fit`.
        steps : int, optional
            At most so many batches.
        augmenter : Augmenter, optional
            Its standardisation, without transforms.

        Returns
        -------
        dict
            Figures by name.
        """
        with ExitStack() as stack:
            data = _training.supply(self, x, y, sample_weight, "evaluate", stack)
            chosen = self._passing(_abi.cnn_evaluate_opts, batch_size, verbose, steps, augmenter, stack)
            function = lib.cnn_model_evaluate_source if isinstance(data, Source) else lib.cnn_model_evaluate
            with self._reading() as handle:
                figures = new("cnn_logs", function, handle, _training.given(data), chosen)
        return _logs.read(figures)

    def _passing(self, struct: Any, batch_size: int | None, verbose: int, steps: int | None,
                 augmenter: Augmenter | None, stack: ExitStack) -> Any:
        return options(struct, batch_size=count(batch_size, "batch_size"), verbose=level(verbose),
                       steps=count(steps, "steps"), augmenter=_training.in_use(augmenter, stack),
                       sink=self._context.sink())

    def _predicted(self, x: Any, batch_size: int | None, verbose: int, steps: int | None,
                   augmenter: Augmenter | None) -> Owner:
        """The outputs as a tensor."""
        with ExitStack() as stack:
            chosen = self._passing(_abi.cnn_predict_opts, batch_size, verbose, steps, augmenter, stack)
            data = _training.to_predict(self, x, steps, stack)
            with self._reading() as handle:
                if isinstance(data, Tensor):
                    outputs = new("cnn_tensor", lib.cnn_model_predict, 1, handle, Pointers([data]), 1, chosen)
                else:
                    from_source = isinstance(data, Source)
                    function = lib.cnn_model_predict_source if from_source else lib.cnn_model_predict_dataset
                    outputs = new("cnn_tensor", function, 1, handle, _training.given(data), chosen)
        return outputs

    def predict(self, x: Any, *, batch_size: int | None = None, verbose: int = 0, steps: int | None = None,
                augmenter: Augmenter | None = None, out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """The model's outputs, in inference mode. One image alone gives the bits of its row in any batch.

        Parameters
        ----------
        x : array_like, Tensor, Dataset, or iterable of batches
            Inputs [N, ...]; uint8 is divided by 255.
        batch_size, verbose, steps, augmenter
            As `evaluate`.
        out : ndarray, optional
            float32, row-major, of the outputs' shape: where they are to go, of float inputs alone. It may be a view.

        Returns
        -------
        ndarray
            float32 [N, ...]; `out` where it is given.

        Raises
        ------
        ShapeError, DataError
            Inputs that do not fit, or with NaN or infinity (sample and position).
        """
        if out is None:
            return to_numpy(self._predicted(x, batch_size, verbose, steps, augmenter))
        into = _training.output_of(out, self._context)
        with ExitStack() as stack:
            data = _training.to_predict(self, x, steps, stack)
            if not isinstance(data, Tensor):
                raise InvalidArgument("predict: out goes with arrays of float inputs alone")
            with self._reading():
                call(lib.cnn_model_predict_into, Pointers([into]), 1, self._handle, Pointers([data]), 1,
                     self._passing(_abi.cnn_predict_opts, batch_size, verbose, steps, augmenter, stack))
        return out

    def predict_classes(self, x: Any, *, batch_size: int | None = None, verbose: int = 0, steps: int | None = None,
                        augmenter: Augmenter | None = None) -> NDArray[np.int32]:
        """The class of each sample, int32 [N]: the column of the largest output; of a single output 1 above 0.5."""
        rows = self._predicted(x, batch_size, verbose, steps, augmenter)
        return to_numpy(new("cnn_tensor", lib.cnn_to_classes, rows))
