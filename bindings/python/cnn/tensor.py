"""Tensors: the form in which arrays travel between Python and the library."""
from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _abi
from ._calls import hold, release, trampoline
from ._dlpack import CPU, capsule
from ._errors import DataError, ShapeError
from ._handle import Handle, Owner, new
from ._library import lib
from ._options import options
from .context import Context, context_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

DTYPES: dict[int, np.dtype[Any]] = {
    _abi.CNN_F32: np.dtype(np.float32), _abi.CNN_U8: np.dtype(np.uint8),
    _abi.CNN_I32: np.dtype(np.int32), _abi.CNN_I64: np.dtype(np.int64),
}
TYPES = {dtype: code for code, dtype in DTYPES.items()}
# What else NumPy has goes to the next type that holds it; floats of any width to float32.
_CONVERTED = {"?": np.uint8, "b": np.int32, "h": np.int32, "H": np.int32, "I": np.int64, "L": np.int64, "Q": np.int64,
              "e": np.float32, "d": np.float32, "g": np.float32}


@trampoline(_abi.cnn_tensor_opts_release)
def _release(user: int, data: int) -> None:
    release(user)


def prepared(value: Any, what: str = "array") -> NDArray[Any]:
    """An array that C can read as it stands: the value itself where it can be, else one copy.

    Taken without a copy: float32, uint8, int32 and int64 in this machine's byte order, row-major, aligned. Copied: what
    is in another order; float16, float64 and longer floats (to float32), bool (to uint8), int8, int16 and uint16 (to
    int32), uint32 and uint64 (to int64), lists and tuples of numbers.

    Raises
    ------
    ShapeError
        Elements that are no numbers (objects, text, complex, dates), or lists of lists of different lengths.
    DataError
        A uint64 beyond int64.
    """
    if isinstance(value, np.ma.MaskedArray):
        raise ShapeError(f"{what}: a masked array, whose mask would be lost; fill it first")
    if not hasattr(value, "__array_interface__") and not hasattr(value, "__array__") and hasattr(value, "__dlpack__"):
        value = np.from_dlpack(value)
    try:
        array: NDArray[Any] = np.asarray(value)
    except ValueError as error:
        raise ShapeError(f"{what}: no array can be made of it: {error}") from None
    native = array.dtype.newbyteorder("=")
    wanted = native if native in TYPES else _CONVERTED.get(native.char)
    if wanted is None:
        raise ShapeError(f"{what}: elements of type {array.dtype}; float32, uint8, int32 and int64 are taken as they "
                         "are, other real numbers are converted")
    if native == np.uint64 and array.size and array.max() > np.iinfo(np.int64).max:
        raise DataError(f"{what}: {array.max()} does not fit int64")
    if array.dtype == wanted and array.flags.c_contiguous and array.flags.aligned and array.dtype.isnative:
        return array
    with np.errstate(over="ignore"):
        return np.array(array, dtype=wanted, order="C")


class Tensor(Handle):
    """Element type, shape and data, dense and row-major.

    Parameters
    ----------
    array : array_like
        Anything that NumPy makes an array of, or with `__dlpack__`. float32, uint8, int32 and int64 in row-major order
        are not copied: the tensor then shows the array's own memory and keeps it alive. Else there is one copy (see the
        page on the binding).
    context : Context, optional
        Where it is made; None: the default context.

    Raises
    ------
    ShapeError
        Elements that are no real numbers, or more than 8 axes.

    Examples
    --------
    >>> import cnn, numpy
    >>> images = numpy.zeros((4, 28, 28, 1), numpy.float32)
    >>> tensor = cnn.Tensor(images)
    >>> tensor
    Tensor(float32, (4, 28, 28, 1))
    >>> numpy.shares_memory(images, tensor.numpy())
    True
    """

    def __init__(self, array: ArrayLike | Tensor, context: Context | None = None) -> None:
        source = array.numpy() if isinstance(array, Tensor) else prepared(array)
        if source.ndim > _abi.CNN_MAX_RANK:
            raise ShapeError(f"array: {source.ndim} axes, at most {_abi.CNN_MAX_RANK}")
        shape = (ctypes.c_int64 * max(source.ndim, 1))(*source.shape)
        number = hold(source)
        try:
            self._owner = new(
                "cnn_tensor", lib.cnn_tensor_new, context_of(context)._handle, TYPES[source.dtype], source.ndim, shape,
                options(_abi.cnn_tensor_opts, data=source.ctypes.data, release=_release, user=number))
        except BaseException:
            release(number)
            raise
        self._writeable = bool(source.flags.writeable)

    @classmethod
    def _adopt(cls, owner: Owner, writeable: bool = True) -> Tensor:
        """A tensor that C has made; of a borrowed one the owner keeps the parent."""
        tensor = cls.__new__(cls)
        tensor._owner, tensor._writeable = owner, writeable
        return tensor

    @property
    def shape(self) -> tuple[int, ...]:
        """Extents."""
        handle = self._handle
        extents = lib.cnn_tensor_shape(handle)
        return tuple(extents[axis] for axis in range(lib.cnn_tensor_rank(handle)))

    @property
    def dtype(self) -> np.dtype[Any]:
        """Element type, as NumPy's."""
        return DTYPES[lib.cnn_tensor_type(self._handle)]

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return int(lib.cnn_tensor_rank(self._handle))

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(lib.cnn_tensor_count(self._handle))

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return int(lib.cnn_tensor_bytes(self._handle))

    def __len__(self) -> int:
        shape = self.shape
        if not shape:
            raise TypeError("a tensor without axes has no length")
        return shape[0]

    def _memory(self) -> Any:
        """The bytes as a buffer object that keeps the C tensor alive, also once this object is closed."""
        owner = self._handle
        count = int(lib.cnn_tensor_bytes(owner))
        address = lib.cnn_tensor_read(owner)
        buffer = (ctypes.c_char * count).from_address(address) if count else (ctypes.c_char * 0)()
        buffer.owner = owner  # type: ignore[attr-defined]
        return buffer if self._writeable else memoryview(buffer).toreadonly()

    @property
    def __array_interface__(self) -> dict[str, Any]:
        return {"version": 3, "shape": self.shape, "typestr": self.dtype.str, "data": self._memory()}

    def numpy(self) -> NDArray[Any]:
        """A view of the data, without a copy. It keeps the memory alive, also after `close`.

        Returns
        -------
        ndarray
            Of this shape and dtype; read-only where the memory came from a read-only array.
        """
        return np.asarray(self)

    def copy(self) -> Tensor:
        """A tensor of the same values in memory of its own."""
        return Tensor._adopt(new("cnn_tensor", lib.cnn_tensor_copy, self._handle))

    def __dlpack__(self, *, stream: None = None) -> Any:
        """A DLPack capsule, for torch.from_dlpack and others. Raises BufferError where the memory is read-only."""
        if stream is not None:
            raise BufferError(f"a tensor in main memory has no stream, given {stream!r}")
        if not self._writeable:
            raise BufferError("read-only memory cannot be handed out by DLPack; copy() makes a tensor of its own")
        owner = self._handle
        dtype = self.dtype
        return capsule(lib.cnn_tensor_read(owner), self.shape, dtype.kind, 8 * dtype.itemsize, owner)

    def __dlpack_device__(self) -> tuple[int, int]:
        return CPU, 0

    def _describe(self) -> str:
        return f"{self.dtype}, {self.shape}"


def as_tensor(value: ArrayLike | Tensor, context: Context | None = None) -> Tensor:
    """The tensor itself, or one made of an array."""
    return value if isinstance(value, Tensor) else Tensor(value, context)


def to_numpy(owner: Owner) -> NDArray[Any]:
    """The data of a tensor that C has made, as an array that owns it."""
    return Tensor._adopt(owner).numpy()
