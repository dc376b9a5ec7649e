"""What runs where, and Keras's settings, of which there is one value each."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

from ._missing import missing
from .backend import backend, epsilon, floatx, image_data_format

__all__ = ["PhysicalDevice", "backend", "epsilon", "floatx", "image_data_format", "list_physical_devices"]


class PhysicalDevice(NamedTuple):
    """A device that computes."""

    name: str
    device_type: str


def list_physical_devices(device_type: Optional[str] = None) -> list[PhysicalDevice]:
    """The devices of a type: one CPU, and no others.

    Examples
    --------
    >>> list_physical_devices("GPU")
    []
    >>> list_physical_devices("CPU")
    [PhysicalDevice(name='/physical_device:CPU:0', device_type='CPU')]
    """
    if device_type is not None and device_type != "CPU":
        return []
    return [PhysicalDevice("/physical_device:CPU:0", "CPU")]


def __getattr__(name: str) -> Any:
    return missing(__name__, name)
