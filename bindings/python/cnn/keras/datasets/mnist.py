"""MNIST, from files: the archive mnist.npz of Keras, or the four IDX files, plain or gzip."""

from __future__ import annotations

import os
import pathlib
from typing import TYPE_CHECKING, Any, Iterator, Optional, Union

from ..._handle import new
from ..._library import lib
from ..._options import text
from ...context import default_context
from ...tensor import to_numpy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = tuple[NDArray[Any], NDArray[Any]]

_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
_ARCHIVE = "mnist.npz"
_ENVIRONMENT = "CNN_DATA"


def _folders() -> Iterator[pathlib.Path]:
    """Where data may lie: where the environment says, in a checkout of the repository, where Keras puts it."""
    given = os.environ.get(_ENVIRONMENT)
    if given:
        yield pathlib.Path(given)
        yield pathlib.Path(given) / "mnist"
        return
    here = pathlib.Path(__file__).resolve()
    for start in (here, pathlib.Path.cwd() / "here"):
        yield from (folder / "examples" / "data" / "mnist" for folder in start.parents)
    yield pathlib.Path(os.environ.get("KERAS_HOME", pathlib.Path.home() / ".keras")) / "datasets"


def _idx(folder: pathlib.Path, name: str) -> Optional[pathlib.Path]:
    """A file of a folder, as it is or packed; some copies have a dot where MNIST has a dash."""
    for stem in (name, name.replace("-idx", ".idx")):
        for path in (folder / stem, folder / (stem + ".gz")):
            if path.is_file():
                return path
    return None


def _array(function: Any, path: pathlib.Path, *name: bytes) -> NDArray[Any]:
    return to_numpy(new("cnn_tensor", function, default_context()._handle, text(path, "path"), *name))


def _archive(path: pathlib.Path) -> tuple[Arrays, Arrays]:
    train_x, train_y, test_x, test_y = (_array(lib.cnn_npz_load, path, name)
                                        for name in (b"x_train", b"y_train", b"x_test", b"y_test"))
    return (train_x, train_y), (test_x, test_y)


def _read(folder: pathlib.Path) -> Optional[tuple[Arrays, Arrays]]:
    """The arrays of a folder; None where they are not all there."""
    files = [_idx(folder, name) for name in _FILES]
    if all(files):
        train_x, train_y, test_x, test_y = (_array(lib.cnn_idx_load, path) for path in files if path is not None)
        return (train_x, train_y), (test_x, test_y)
    return _archive(folder / _ARCHIVE) if (folder / _ARCHIVE).is_file() else None


def load_data(path: Union[str, os.PathLike[str]] = _ARCHIVE) -> tuple[Arrays, Arrays]:
    """60,000 images of digits for training and 10,000 for testing, with their labels.

    Parameters
    ----------
    path : path
        A folder with the four IDX files or mnist.npz, or an archive of that form. Without it the data are looked for in
        the folder that CNN_DATA in the environment names (or in mnist there); without that in examples/data/mnist of a
        checkout that holds this package or the current folder, then in ~/.keras/datasets.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        uint8: images (n, 28, 28), labels (n,).

    Raises
    ------
    FileNotFoundError
        No data there; the sentence says which folder to give. Nothing is downloaded.
    cnn.FormatError
        A file that is damaged.

    Examples
    --------
    >>> (x_train, y_train), (x_test, y_test) = load_data()
    >>> x_train.shape, y_test.shape, x_train.dtype
    ((60000, 28, 28), (10000,), dtype('uint8'))
    """
    given = pathlib.Path(path)
    if given.is_file():
        return _archive(given)
    standard = os.fspath(path) == _ARCHIVE
    folders = list(_folders()) if standard else [given]
    for folder in folders:
        found = _read(folder)
        if found is not None:
            return found
    where = ", ".join(dict.fromkeys(str(folder)
                                    for folder in folders)) if os.environ.get(_ENVIRONMENT) or not standard else (
                                        f"examples/data/mnist, nor {folders[-1]}")
    raise FileNotFoundError(
        f"MNIST is not in {where}. Give load_data(path=...) or set {_ENVIRONMENT} to a folder with {', '.join(_FILES)} "
        f"(each may end in .gz) or {_ARCHIVE}; nothing is downloaded")
