"""DLPack: memory handed to other array libraries without a copy (https://dmlc.github.io/dlpack, version 0)."""
from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, c_char_p, c_int32, c_int64, c_uint8, c_uint16, c_uint64, c_void_p
from typing import Any

from ._calls import hold, release

CPU = 1
CODES = {"i": 0, "u": 1, "f": 2}


class _Device(Structure):
    _fields_ = [("device_type", c_int32), ("device_id", c_int32)]


class _DataType(Structure):
    _fields_ = [("code", c_uint8), ("bits", c_uint8), ("lanes", c_uint16)]


class _Tensor(Structure):
    _fields_ = [
        ("data", c_void_p), ("device", _Device), ("ndim", c_int32), ("dtype", _DataType), ("shape", POINTER(c_int64)),
        ("strides", POINTER(c_int64)), ("byte_offset", c_uint64)]


_Deleter = ctypes.CFUNCTYPE(None, c_void_p)


class _ManagedTensor(Structure):
    _fields_ = [("dl_tensor", _Tensor), ("manager_ctx", c_void_p), ("deleter", _Deleter)]


_Destructor = ctypes.CFUNCTYPE(None, c_void_p)
_new = ctypes.pythonapi.PyCapsule_New
_new.restype, _new.argtypes = ctypes.py_object, (c_void_p, c_char_p, _Destructor)
# As bare addresses: a capsule that is being destroyed must not be counted again.
_is_valid = ctypes.PYFUNCTYPE(c_int32, c_void_p, c_char_p)(("PyCapsule_IsValid", ctypes.pythonapi))
_pointer = ctypes.PYFUNCTYPE(c_void_p, c_void_p, c_char_p)(("PyCapsule_GetPointer", ctypes.pythonapi))
_NAME = b"dltensor"


def _delete_tensor(managed: int) -> None:
    release(ctypes.cast(managed, POINTER(_ManagedTensor)).contents.manager_ctx)


def _destroy_capsule(capsule: int) -> None:
    """Of a capsule that nobody took; who takes one gives it another name and calls the deleter himself."""
    if _is_valid(capsule, _NAME):
        _delete_tensor(_pointer(capsule, _NAME))


_delete, _destroy = _Deleter(_delete_tensor), _Destructor(_destroy_capsule)
for _function in (_delete, _destroy):  # for ever: capsules may outlive this module
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(_function))


def capsule(address: int, shape: tuple[int, ...], kind: str, bits: int, owner: Any) -> Any:
    """A capsule around dense row-major memory; `owner` lives until the taker's deleter call.

    Parameters
    ----------
    kind : str
        "i", "u" or "f", as NumPy's dtype.kind.
    """
    managed = _ManagedTensor()
    extents = (c_int64 * max(len(shape), 1))(*shape)
    steps, strides = 1, (c_int64 * max(len(shape), 1))()
    for axis in reversed(range(len(shape))):
        strides[axis] = steps
        steps *= max(shape[axis], 1)
    tensor = managed.dl_tensor
    tensor.data, tensor.ndim = address, len(shape)
    tensor.device.device_type = CPU
    tensor.dtype.code, tensor.dtype.bits, tensor.dtype.lanes = CODES[kind], bits, 1
    tensor.shape = ctypes.cast(extents, POINTER(c_int64))
    tensor.strides = ctypes.cast(strides, POINTER(c_int64))
    managed.deleter = _delete
    managed.manager_ctx = hold((managed, extents, strides, owner))
    try:
        return _new(ctypes.addressof(managed), _NAME, _destroy)
    except BaseException:
        release(managed.manager_ctx)
        raise
