"""What objects of Keras have beside these, and the library's have not, with the nearest thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Mapping

from .._errors import UnsupportedError


class LackingError(UnsupportedError, AttributeError):
    """An attribute that Keras's object has. It is an AttributeError too, so that `hasattr` says no."""

    @property
    def name(self) -> str:
        """That of its status, as of all errors here."""
        return super().name

    @name.setter
    def name(self, value: str) -> None:
        """Python tells an AttributeError which attribute it was; the sentence says so already."""


class Lacking:
    """A class whose objects say of the names in `_lacks` (what is nearest: names) that the library has them not."""

    _lacks: ClassVar[Mapping[str, str]] = {}

    if not TYPE_CHECKING:  # or every name would be one that is there

        def __getattr__(self, name: str) -> Any:
            known = getattr(type(self), name, None)
            if isinstance(known, property):
                return known.fget(self)  # it has no value: its own sentence comes out
            raise lacking(self, name)


def lacking(owner: Any, name: str) -> AttributeError:
    """The error for an attribute that is not there."""
    kind = type(owner)
    if not name.startswith("_"):
        for base in kind.__mro__:
            for nearest, names in vars(base).get("_lacks", {}).items():
                if name in names.split():
                    return LackingError(f"{kind.__name__}.{name} is not in libcnn; the nearest is {nearest}")
    return AttributeError(f"'{kind.__name__}' object has no attribute '{name}'")


LAYER = {
    "a layer of one's own, in C (docs/adding-a-layer.md)":
        "add_weight add_variable call build_from_config compute_output_spec symbolic_call stateless_call rematerialized_call "
        "quantized_call quantized_build call_signature_parameters convolution_op variable_serialization_spec",
    "kernel_regularizer": "add_loss",
    "metrics of compile": "add_metric metrics_variables",
    "get_weights and set_weights": "get_state_tree set_state_tree save_own_variables load_own_variables",
    "float32, which all is": "dtype_policy quantize",
    "input.shape, of a layer that has been called": "input_spec get_build_config",
    "none: there are no masks": "compute_mask supports_masking",
    "none: nothing is traced": "supports_jit",
    "none: a kernel is trained whole": "enable_lora",
    "keras.utils.set_random_seed": "seed_generator",
}
MODEL = {
    "train_on_batch, which makes one step":
        "train_function make_train_function stateless_compute_loss unrolled_steps_per_execution",
    "test_on_batch": "test_step test_function make_test_function",
    "predict_on_batch": "predict_step predict_function make_predict_function stateless_call symbolic_call rematerialized_call",
    "evaluate, or the loss called with arrays": "compute_loss compiled_loss",
    "evaluate(return_dict=True)": "compute_metrics compiled_metrics metrics_variables add_metric",
    "to_json for the layers, and get_config of the optimizer":
        "get_compile_config compile_from_config get_build_config build_from_config call_signature_parameters",
    "layers of its own: add them one by one": "add_weight add_variable",
    "kernel_regularizer of the layers": "add_loss",
    "get_weights and set_weights": "get_state_tree set_state_tree save_own_variables load_own_variables",
    "output_shape": "compute_output_spec",
    "float32, which all is": "dtype_policy quantize quantized_build quantized_call get_quantization_layer_structure",
    "input_shape": "input_spec",
    "none: there are no masks": "compute_mask supports_masking",
    "none: nothing is traced": "supports_jit",
    "the context's threads: the same bits for any number of them": "distribute_strategy",
}
OPTIMIZER = {
    "train_on_batch, or fit: the library applies the gradients itself":
        "apply apply_gradients stateless_apply update_step build assign assign_add assign_sub scale_loss "
        "finalize_variable_values add_variable add_variable_from_reference add_optimizer_variables",
    "save of the model, which keeps the optimizer's state": "variables set_weights save_own_variables load_own_variables",
}
LOSS = {"the function of the same name in losses": "fn"}
METRIC = {
    "update_state, result and reset_state": "stateless_update_state stateless_result stateless_reset_state from_sorted_ids",
    "total and count": "variables",
    "predict, and the figure by NumPy": "add_weight add_variable",
}
TENSOR = {"layers.Flatten": "reshape squeeze"}
VARIABLE = {
    "numpy() and assign": "handle",
    "none: there is one process": "aggregation synchronization",
}
EARLY_STOPPING = {"restore_best_weights=True, after which the model has them": "best_weights"}
MONITOR = {"monitor and mode": "monitor_op get_monitor_value"}
CSV_LOGGER = {"the file, once fit is over": "csv_file writer keys append_header"}
TENSORBOARD = {"cnn.TensorBoard, which draws samples and the confusion matrix too": "summary"}
PROGRESS = {"verbose of fit": "progbar epochs seen target verbose"}
SCALED = {"the class's own name, which tells the distribution": "distribution mode scale"}
FLOW = {
    "index_array and shuffle": "index_generator on_epoch_begin",
    "matplotlib.pyplot.imsave of next(flow)": "save_to_dir save_prefix save_format white_list_formats",
    "one array of images": "x_misc",
    "the context's threads: batches are made by C": "workers use_multiprocessing max_queue_size",
}
