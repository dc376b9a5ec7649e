"""The types of numbers in Keras's words: there is one."""

from __future__ import annotations


class Float32:
    """What layers and models say of their numbers.

    Attributes
    ----------
    dtype, compute_dtype, variable_dtype, input_dtype : str
        "float32".
    """

    dtype = compute_dtype = variable_dtype = input_dtype = "float32"
    autocast = True
    quantization_mode: None = None
    activity_regularizer: None = None
