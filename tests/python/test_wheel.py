"""`pip install .` and the wheel: built by Debian's meson-python, installed in an environment of its own far from the sources."""
from __future__ import annotations

import base64
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from typing import Any, Iterator

import pytest

from conftest import ROOT

MOST = 3 << 20
SOURCES = ["bindings", "include", "lib", "docs", "meson.build", "meson_options.txt", "pyproject.toml", "README.md", "LICENSE"]
LIBRARIES = {"libcnn.so.0", "libjansson.so.4"}
SYSTEM = {"libm.so.6", "libc.so.6", "ld-linux-x86-64.so.2"}
TRAIN = """
import json
import sys

import cnn
import numpy

folder = sys.argv[1]
with cnn.Context(seed=1) as context:
    data = cnn.Dataset.idx(f"{folder}/t10k-images-idx3-ubyte.gz", f"{folder}/t10k-labels-idx1-ubyte.gz", context=context)
    model = cnn.Model(context=context)
    model.add("input", shape=(28, 28, 1))
    model.add("conv2d", filters=8, kernel_size=3, activation="relu")
    model.add("flatten")
    model.add("dense", units=10, activation="softmax")
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(data, epochs=1, batch_size=128, steps_per_epoch=8, verbose=0)
    predicted = model.predict(numpy.zeros((2, 28, 28, 1), numpy.float32))
with open("/proc/self/maps") as maps:
    mapped = {line.split(maxsplit=5)[5].strip() for line in maps if "/" in line}
print(json.dumps({"package": cnn.__file__, "loss": history.history["loss"], "sums": predicted.sum(axis=1).tolist(),
                  "mapped": sorted(name for name in mapped if "libcnn" in name or "libjansson" in name)}))
"""


def clean_environment() -> dict[str, str]:
    """Nothing that would lead to another libcnn or package."""
    gone = {"LIBCNN", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}
    return {name: value for name, value in os.environ.items() if name not in gone}


def run(*command: Any, cwd: pathlib.Path) -> str:
    done = subprocess.run([str(word) for word in command], cwd=cwd, env=clean_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def place() -> Iterator[pathlib.Path]:
    with tempfile.TemporaryDirectory(prefix="libcnn-test-") as folder:
        yield pathlib.Path(folder).resolve()


@pytest.fixture(scope="module")
def python(place: pathlib.Path) -> pathlib.Path:
    """The Python of an environment that sees Debian's packages."""
    run(sys.executable, "-m", "venv", "--system-site-packages", "environment", cwd=place)
    return place / "environment" / "bin" / "python"


@pytest.fixture(scope="module")
def wheel(place: pathlib.Path, python: pathlib.Path) -> pathlib.Path:
    sources = place / "sources"
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, sources / name)
        else:
            sources.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, sources / name)
    for folder in ("", "plot"):  # as a source tree in use has them
        cache = sources / "bindings" / "python" / "cnn" / folder / "__pycache__"
        cache.mkdir(parents=True, exist_ok=True)
        (cache / "context.cpython-311.pyc").write_bytes(b"not for others")
    run(python, "-m", "pip", "wheel", "--no-build-isolation", "--no-index", "--no-deps", "--no-cache-dir", "--wheel-dir", place, sources,
        cwd=place)
    return next(place.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(place: pathlib.Path, python: pathlib.Path, wheel: pathlib.Path) -> pathlib.Path:
    """The folder of the installed package. What it depends on (NumPy) must be there already."""
    run(python, "-m", "pip", "install", "--no-index", "--no-cache-dir", wheel, cwd=place)
    return next((place / "environment" / "lib").glob("python3*/site-packages/cnn"))


def files(wheel: pathlib.Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_name_and_size(wheel: pathlib.Path) -> None:
    version = re.search(r"version: '([\d.]+)'", (ROOT / "meson.build").read_text(encoding="utf-8"))
    assert version and re.fullmatch(rf"libcnn-{version[1]}-py3-none-linux_\w+\.whl", wheel.name)
    print(f"{wheel.name}: {wheel.stat().st_size:,} bytes, {sum(map(len, files(wheel).values())):,} unpacked")
    assert wheel.stat().st_size < MOST


def test_contents(wheel: pathlib.Path) -> None:
    package = ROOT / "bindings" / "python"
    sources = {str(path.relative_to(package)) for path in (package / "cnn").rglob("*")
               if path.is_file() and "__pycache__" not in path.parts}
    assert "cnn/py.typed" in sources
    about = wheel.name.split("-py3")[0] + ".dist-info"
    assert set(files(wheel)) == sources | {f"cnn/{name}" for name in LIBRARIES | {"LICENSES.txt"}} | {
        f"{about}/{name}" for name in ("METADATA", "WHEEL", "RECORD")}


def test_record(wheel: pathlib.Path) -> None:
    held = files(wheel)
    record = next(name for name in held if name.endswith("/RECORD"))
    wanted = [f"{record},,"]
    for name, data in held.items():
        if name != record:
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            wanted.append(f"{name},sha256={digest},{len(data)}")
    assert sorted(held[record].decode().splitlines()) == sorted(wanted)


def test_words_about_itself(wheel: pathlib.Path) -> None:
    held = files(wheel)
    about = {name.split("/")[1]: data.decode() for name, data in held.items() if ".dist-info/" in name}
    assert re.findall(r"^Tag: (.*)$", about["WHEEL"], re.M) == ["-".join(wheel.stem.split("-")[2:])]
    assert "Root-Is-Purelib: false" in about["WHEEL"]
    assert "Requires-Dist: numpy" in about["METADATA"] and "Requires-Python: >=3.9" in about["METADATA"]
    licences = held["cnn/LICENSES.txt"].decode()
    assert all(word in licences for word in [*LIBRARIES, "zlib", "minizip", "xxHash", "Jansson"])


def test_library(installed: pathlib.Path) -> None:
    """All that libcnn needs beyond the C library stands in it or beside it, and nobody needs its symbols to debug."""
    needed, paths = set(), {}
    for name in LIBRARIES:
        dynamic = run("readelf", "--dynamic", installed / name, cwd=installed)
        needed |= set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic))
        paths[name] = re.findall(r"\(R(?:UN)?PATH\).*\[(.*)\]", dynamic)
        assert ".symtab" not in run("readelf", "--section-headers", "--wide", installed / name, cwd=installed)
    assert needed - SYSTEM == {"libjansson.so.4"}
    assert paths == {"libcnn.so.0": ["$ORIGIN"], "libjansson.so.4": []}


def test_trains(place: pathlib.Path, python: pathlib.Path, installed: pathlib.Path, mnist: pathlib.Path) -> None:
    """A few steps on the real MNIST; nothing of the sources, of the build folder or of the system is taken."""
    (place / "empty").mkdir()
    seen = json.loads(run(python, "-c", TRAIN, mnist, cwd=place / "empty"))
    assert seen["package"] == str(installed / "__init__.py")
    assert seen["mapped"] == sorted(str(installed / name) for name in LIBRARIES)
    assert 0.5 < seen["loss"][0] < 2.3  # chance is 2.3
    assert seen["sums"] == pytest.approx([1, 1], abs=1e-6)


def test_command(place: pathlib.Path, python: pathlib.Path, installed: pathlib.Path) -> None:
    printed = run(python, "-m", "cnn", "--version", cwd=place)
    assert f"({installed / 'libcnn.so.0'})" in printed and "blas none" in printed


def test_leaves_when_asked(place: pathlib.Path, python: pathlib.Path, installed: pathlib.Path) -> None:
    """Last, as it takes away what the others look at."""
    run(python, "-m", "pip", "uninstall", "--yes", "libcnn", cwd=place)
    left = [path for path in installed.rglob("*") if "__pycache__" not in path.parts] if installed.exists() else []
    assert not left
