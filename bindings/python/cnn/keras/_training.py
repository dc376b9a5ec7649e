"""compile, fit, evaluate, predict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Collection, Mapping, Optional, Sequence, Union

import numpy as np

from . import _data, _fit
from ._arguments import only, refuse
from ._history import History
from ._hooks import Hooks
from ._recipes import Compiled
from ._tracked import Tracked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    import cnn

    from .layers.base import Layer

Verbose = Union[str, int, bool]
Figures = Union[float, list[float], dict[str, float]]


class Trainer:
    """What a model does with data.

    Attributes
    ----------
    optimizer
        That of `compile`; its `learning_rate` may be read and set. Before, there is no such attribute, as in Keras.
    loss
        That of `compile`.
    stop_training : bool
        A callback sets it to end training. There from `compile` on.
    history : History
        Of the last `fit`, also of one that failed. There from the first `fit` on.
    """

    _core: Optional[cnn.Model]
    name: str
    stop_training: bool
    history: History

    def _prepare(self) -> None:
        self._compiled: Optional[Compiled] = None
        self._trained: Optional[list[bool]] = None
        self._steps = 0
        self._shown: dict[str, float] = {}

    @property
    def layers(self) -> list[Layer]:
        """Its layers in order."""
        raise NotImplementedError

    def _build_for(self, shape: Sequence[int]) -> None:
        """Find out all shapes from that of the input."""

    # ---- compile ----

    def compile(self, optimizer: Any = "rmsprop", loss: Any = None, loss_weights: None = None,
                metrics: Optional[Sequence[Any]] = None, weighted_metrics: Optional[Sequence[Any]] = None,
                run_eagerly: bool = False, steps_per_execution: int = 1, jit_compile: Union[str, bool, None] = "auto",
                auto_scale_loss: bool = True) -> None:
        """Choose how to train. Weights stay as they are. An optimizer that has trained this model goes on with its state.

        Parameters
        ----------
        optimizer : str or optimizer
            See `cnn.keras.optimizers`.
        loss : str or loss
            See `cnn.keras.losses`. One; functions of one's own are not taken.
        metrics, weighted_metrics : list of str or metrics
            See `cnn.keras.metrics`; the latter count samples by their weights.
        loss_weights, run_eagerly, steps_per_execution, jit_compile, auto_scale_loss
            As they stand: one loss, nothing is traced, float32.

        Raises
        ------
        UnsupportedError
            A function in the place of a loss or metric, or what else libcnn lacks.
        NameError_
            An unknown name; the nearest is given.
        """
        only("compile", "loss_weights", loss_weights, (None,), "a model has one loss; sample_weight weighs samples")
        only("compile", "run_eagerly", run_eagerly, (False,), "nothing is traced: a callback sees every batch")
        only("compile", "steps_per_execution", steps_per_execution, (1, None), "callbacks are called for each batch")
        only("compile", "jit_compile", jit_compile, ("auto", False, None), "there is no just-in-time compiler")
        only("compile", "auto_scale_loss", auto_scale_loss, (True, False), "losses are float32 and need no scaling")
        self._compiled = Compiled(optimizer, loss, metrics, weighted_metrics)
        self.stop_training = False
        self._recompile()

    def _recompile(self) -> None:
        """Hand the recipes to the model of the binding, where there is one."""
        if self._compiled is not None and self._core is not None:
            self._compiled.apply(self._core, self.layers)
            self._trained = [layer.trainable for layer in self.layers]
            self._steps = self._core.iterations

    def _compile_as(self, compiled: Compiled) -> None:
        """Compile with another model's loss and metrics, and an optimizer of one's own made alike."""
        self._compiled = compiled.again()
        self._recompile()

    def _begin_training(self, core: cnn.Model) -> None:
        """Layers frozen or thawed between compile and the first step count, as in Keras, which looks at them then."""
        if self._trained not in (None, [layer.trainable for layer in self.layers]) and core.iterations == self._steps:
            self._recompile()
        self._ready("fit").begin()

    @property
    def compiled(self) -> bool:
        """Has `compile` been called?"""
        return self._compiled is not None

    @property
    def optimizer(self) -> Any:
        """The optimizer of `compile`."""
        if self._compiled is None:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute 'optimizer': call `compile()` first")
        return self._compiled.optimizer

    @property
    def loss(self) -> Any:
        """The loss of `compile`, as it was given; None before."""
        return self._compiled.loss if self._compiled else None

    @property
    def metrics_names(self) -> list[str]:
        """As in Keras 3, which counts all metrics as one. `evaluate(..., return_dict=True)` has their names."""
        return [metric.name for metric in self.metrics]

    @property
    def metrics(self) -> list[Tracked]:
        """The loss and all metrics as one; empty before `compile`. Their `result()` is that of the last call."""
        if self._compiled is None:
            return []
        names = ["loss", "compile_metrics"] if self._compiled.names else ["loss"]
        return [Tracked(name, self._shown) for name in names]

    def get_metrics_result(self) -> dict[str, float]:
        """The figures that the last call has shown, by name."""
        return dict(self._shown)

    @property
    def run_eagerly(self) -> bool:
        """No: nothing is traced, and nothing is slower for it."""
        return False

    @property
    def jit_compile(self) -> bool:
        """No."""
        return False

    @property
    def steps_per_execution(self) -> int:
        """1: callbacks are called for each batch."""
        return 1

    def _ready(self, what: str) -> Compiled:
        if self._compiled is None:
            raise ValueError(f"You must call `compile()` before calling `{what}()`.")
        return self._compiled

    def _model_for(self, x: Any) -> tuple[cnn.Model, Any]:
        """The model of the binding, built for these data where its shapes were open; and the data."""
        if self._core is None:
            import cnn

            x, shape = _data.peeked(x, cnn.default_context())
            self._build_for(shape)
        if self._core is None:
            raise ValueError(f"model '{self.name}' has no layers that can be run: add an Input and layers")
        return self._core, x

    def _wanted(self, core: cnn.Model) -> _data.Wanted:
        shape = core.output_shape
        assert shape is not None
        return _data.Wanted(core._context, shape, self._compiled is not None and self._compiled.sparse)

    # ---- fit ----

    def fit(self, x: Any = None, y: Any = None, batch_size: Optional[int] = None, epochs: int = 1,
            verbose: Verbose = "auto", callbacks: Any = None, validation_split: float = 0.0,
            validation_data: Any = None, shuffle: bool = True, class_weight: Optional[Mapping[int, float]] = None,
            sample_weight: Any = None, initial_epoch: int = 0, steps_per_epoch: Optional[int] = None,
            validation_steps: Optional[int] = None, validation_batch_size: Optional[int] = None,
            validation_freq: Union[int, Collection[int]] = 1) -> History:
        """Train.

        Parameters
        ----------
        x, y, sample_weight
            Arrays [N, ...]; or as x alone `datagen.flow(...)`, a generator, a Sequence or a `cnn.Dataset`.
        batch_size : int, optional
            Of arrays; None: 32.
        epochs, initial_epoch : int
            Epochs initial_epoch .. epochs - 1 are run.
        verbose : "auto", 0, 1 or 2
            Silent; a bar where the output is a terminal or a notebook, else one line an epoch; one line an epoch.
            "auto" is 1.
        callbacks : list, optional
            See `cnn.keras.callbacks`.
        validation_split : float
            The last part of the arrays, taken before any shuffling.
        validation_data
            (x, y), (x, y, sample_weight), or what x may be.
        shuffle : bool
            Draw a new order for each epoch. A flow has its own setting, a generator its own order.
        class_weight : dict, optional
            What samples of a class count; classes that are not named count 1. Not with sample_weight.
        validation_freq : int or list of int
            Validate every so many epochs, or after the epochs of these numbers, from 1 on.
        steps_per_epoch, validation_steps, validation_batch_size
            As their names say; every epoch makes all of its steps.

        Returns
        -------
        History

        Raises
        ------
        ValueError
            Not compiled, or arguments that do not go together.
        ShapeError, DataError
            Data that do not suit the model; NaN, infinity, a wrong label.
        KeyboardInterrupt
            Ctrl-C: after the step, with a model that can be used.

        Examples
        --------
        >>> import numpy as np
        >>> from cnn import keras
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="softmax")])
        >>> model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        >>> history = model.fit(np.eye(4), [0, 1, 0, 1], epochs=2, verbose=0)
        >>> list(history.history), history.epoch
        (['accuracy', 'loss'], [0, 1])
        """
        self._ready("fit")
        core, x = self._model_for(x)
        self._begin_training(core)
        plan = _fit.Plan(x, y, sample_weight, batch_size, shuffle, class_weight, self._wanted(core))
        plan.validate(validation_data, validation_split, validation_steps, validation_batch_size, validation_freq)
        steps = plan.steps(steps_per_epoch)
        self.stop_training = False
        self.history = history = History()
        turns = plan.turns(self, initial_epoch, steps_per_epoch)
        hooks = Hooks(self, callbacks, {"verbose": _verbosity(verbose), "epochs": epochs, "steps": steps})
        history.set_model(self)
        history.set_params(dict(hooks.params))
        if epochs <= initial_epoch:
            hooks.call("on_train_begin")
            hooks.call("on_train_end")
            return history
        with plan:
            whole = core.fit(plan.data, callbacks=[*turns, *hooks.made(core._context, history)],
                             epochs=epochs, initial_epoch=initial_epoch,
                             steps_per_epoch=steps_per_epoch, verbose=_verbosity(verbose), **plan.options)
        history._go_on_from(whole)
        hooks.finished()
        self._show_last(history.history)
        return history

    # ---- evaluate, predict ----

    def evaluate(self, x: Any = None, y: Any = None, batch_size: Optional[int] = None, verbose: Verbose = "auto",
                 sample_weight: Any = None, steps: Optional[int] = None, callbacks: Any = None,
                 return_dict: bool = False) -> Figures:
        """The loss and the metrics over data, in inference.

        Parameters
        ----------
        x, y, sample_weight, batch_size, verbose, callbacks
            As `fit`. Of the hooks `on_test_begin` and `on_test_end` are called.
        steps : int, optional
            At most so many batches.
        return_dict : bool
            By name instead of in order.

        Returns
        -------
        float, list or dict
            The loss alone where there are no metrics; else [loss, metric ...] in the order of `compile`.
        """
        compiled = self._ready("evaluate")
        core, x = self._model_for(x)
        hooks = Hooks(self, callbacks, {"verbose": _verbosity(verbose), "epochs": 1, "steps": steps})
        hooks.refuse_batches("test", "evaluate")
        with _fit.Supply(x, y, sample_weight, batch_size, self._wanted(core), "evaluate") as supply:
            supply.reset()
            hooks.call("on_test_begin")
            figures: dict[str, float] = core.evaluate(supply.data, batch_size=supply.batch_size, steps=steps,
                                                      augmenter=supply.augmenter, verbose=_verbosity(verbose))
            supply.end()
        hooks.call("on_test_end", dict(figures))
        self._shown = dict(figures)
        return compiled.figures(figures, return_dict)

    def predict(self, x: Any, batch_size: Optional[int] = None, verbose: Verbose = "auto", steps: Optional[int] = None,
                callbacks: Any = None) -> NDArray[np.float32]:
        """Outputs for all samples, float32 [N, ...].

        Parameters
        ----------
        x, batch_size, verbose, steps, callbacks
            As `evaluate`; of the hooks `on_predict_begin` and `on_predict_end` are called.

        Examples
        --------
        >>> import numpy as np
        >>> from cnn import keras
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="softmax")])
        >>> model.predict(np.eye(4), verbose=0).shape
        (4, 2)
        """
        core, x = self._model_for(x)
        hooks = Hooks(self, callbacks, {"verbose": _verbosity(verbose), "epochs": 1, "steps": steps})
        hooks.refuse_batches("predict", "predict")
        with _fit.Supply(x, None, None, batch_size, self._wanted(core), "predict") as supply:
            hooks.call("on_predict_begin")
            outputs = core.predict(supply.data, batch_size=supply.batch_size, steps=steps, augmenter=supply.augmenter,
                                   verbose=_verbosity(verbose))
            supply.end()
        hooks.call("on_predict_end")
        return np.asarray(outputs)

    # ---- single batches ----

    def train_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None,
                       class_weight: Optional[Mapping[int, float]] = None, return_dict: bool = False) -> Figures:
        """One training step on one batch; returns its figures, as `evaluate` does."""
        compiled = self._ready("train_on_batch")
        core, x = self._model_for(x)
        self._begin_training(core)
        wanted = self._wanted(core)
        if class_weight is not None:
            if sample_weight is not None:
                raise ValueError("Arguments `sample_weight` and `class_weight` cannot be specified at the same time. "
                                 "Received: "
                                 f"sample_weight={sample_weight}, class_weight={class_weight}")
            sample_weight = _fit.weights_of_samples(y, class_weight)
        self._shown = core.train_on_batch(_data.floats(x), _data.given_targets(y, wanted), sample_weight=sample_weight)
        return compiled.figures(self._shown, return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Figures:
        """The figures of one batch in inference, as `evaluate` returns them."""
        compiled = self._ready("test_on_batch")
        core, x = self._model_for(x)
        self._shown = core.test_on_batch(_data.floats(x), _data.given_targets(y, self._wanted(core)),
                                         sample_weight=sample_weight)
        return compiled.figures(self._shown, return_dict)

    def predict_on_batch(self, x: Any) -> NDArray[np.float32]:
        """Outputs for the samples of one batch, float32 [N, ...]."""
        core, x = self._model_for(x)
        array = _data.floats(x)
        return np.asarray(core.predict(array, batch_size=max(len(array), 1), verbose=0))

    def reset_metrics(self) -> None:
        """Forget what was shown last. Nothing is added up between calls: figures are those of the call."""
        self._shown = {}

    def _show_last(self, history: Mapping[str, Sequence[float]]) -> None:
        """The figures of the last epoch, of validation where there was one, as they are left in Keras."""
        last = {name: values[-1] for name, values in history.items() if values}
        names = ["loss", *self._ready("fit").names]
        self._shown = {name: last.get(f"val_{name}", last[name]) for name in names if name in last}

    def train_step(self, data: Any) -> None:
        """Refused: a training step is the library's own."""
        refuse("train_step: libcnn's training step is not made of parts in Python; train_on_batch makes one step")


def _verbosity(verbose: Verbose) -> int:
    if verbose == "auto":
        return 1
    if verbose in (0, 1, 2):
        return int(verbose)
    raise ValueError(f"verbose={verbose!r} must be 'auto', 0, 1 or 2")
