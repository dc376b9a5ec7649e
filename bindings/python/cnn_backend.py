"""What pip calls to build the package: meson-python, whose wheel gets the tag that is true of it.

meson-python takes any library for an extension module of the Python that builds it. Ours is opened by ctypes and knows nothing
of Python: one wheel serves every Python 3. Caches of a source tree in use are left out."""
from __future__ import annotations

import base64
import hashlib
import pathlib
import re
import zipfile
from typing import Any

import mesonpy
from mesonpy import build_sdist, get_requires_for_build_sdist, get_requires_for_build_wheel

__all__ = ["build_sdist", "build_wheel", "get_requires_for_build_sdist", "get_requires_for_build_wheel"]
EPOCH = (1980, 1, 1, 0, 0, 0)


def build_wheel(wheel_directory: str, config_settings: dict[Any, Any] | None = None, metadata_directory: str | None = None) -> str:
    folder = pathlib.Path(wheel_directory)
    made = folder / mesonpy.build_wheel(wheel_directory, config_settings, metadata_directory)
    name, version, _, _, platform = made.stem.split("-")
    tagged = f"{name}-{version}-py3-none-{platform}.whl"
    files = contents(made)
    made.unlink()
    about = f"{name}-{version}.dist-info"
    words = re.sub(r"(?m)^Tag: .*\n?", "", files[f"{about}/WHEEL"].decode()).rstrip()
    files[f"{about}/WHEEL"] = f"{words}\nTag: py3-none-{platform}\n".encode()
    write(folder / tagged, files, f"{about}/RECORD")
    return tagged


def contents(wheel: pathlib.Path) -> dict[str, bytes]:
    """The files of a wheel but its record and what Python left in the folders."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()
                if not name.endswith("/RECORD") and "__pycache__" not in name.split("/")}


def write(wheel: pathlib.Path, files: dict[str, bytes], record: str) -> None:
    """A wheel with its record: the same bytes for the same files."""
    lines = []
    for name, data in sorted(files.items()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(data)}\n")
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in [*sorted(files.items()), (record, "".join([*lines, f"{record},,\n"]).encode())]:
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED, 9)
