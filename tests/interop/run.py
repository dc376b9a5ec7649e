#!/usr/bin/python3
"""The Python package beside what it stands in for: Keras, scikit-learn, the newest NumPy, matplotlib, pandas, mypy, and auditwheel.

Makes an environment of its own from PyPI (tests/interop/requirements.txt) in build-test-interop, builds the wheel as pip does for anybody, with
the newest meson-python, and runs there: auditwheel, every table of tests/interop, the tests of tests/python, mypy, and what the companion
libraries write in the programs that it is for, TensorBoard's page in Chromium among them. Writes the table in docs/testing.md.

Usage: run.py [--only WORD]   (--only: the tables whose title holds WORD, and nothing else; docs/testing.md stays)"""
from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
from typing import Any

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FOLDER = ROOT / "build-test-interop"
BIN = FOLDER / "venv" / "bin"
PAGE = ROOT / "docs" / "testing.md"
MARKS = "<!-- made by scripts/test --interop -->\n", "<!-- end of it -->\n"
SOURCES = ["lib", "include", "bindings", "docs", "meson.build", "meson_options.txt", "pyproject.toml", "README.md", "LICENSE"]
NEWEST_POLICY = (2, 36)
# What belongs to Debian's packages: libclang, Chromium, notebooks, the wheel of Debian's meson-python, its mypy.
DEBIAN_TESTS = {"abi", "browser", "example_notebook", "wheel", "typing"}
# Scripts of tests/companion: title, package whose version it names, script, program that the script is given, difference allowed.
COMPANIONS = [
    ("ONNX Runtime {}: every layer type, NHWC and NCHW, 1, 3 and 128 samples", "onnxruntime", "export/onnx_runtime.py", "export/export_models", "1e-05"),
    ("LiteRT {}: every layer type, 1 and 3 samples; what int8 costs", "ai-edge-litert", "export/litert.py", "export/export_models", "1e-05"),
    ("ONNX Runtime {}: the notebook's model beside PyTorch's export, the operators; and the time, which decides nothing", "onnxruntime",
     "export/onnx_speed.py", "export/export_models", "5%"),
    ("Keras {}: .keras and .h5 of every layer type load, predict, train on, and what it saves then loads here", "keras", "keras/keras_files.py",
     "keras/keras_written", "1e-05"),
    ("Keras {}: .h5 and .weights.h5 are loaded and trained on, every optimizer", "keras", "keras/interop_h5.py", "keras/keras_resave", "1e-06"),
    ("safetensors {}: weights and models open", "safetensors", "export/weights_check.py", "export/weights_files", "equal"),
]
SUMMARY = re.compile(r"\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)")


class Tally:
    """Counts, and the rows of the table."""

    def __init__(self) -> None:
        self.passed = self.failed = 0
        self.rows: list[str] = []

    def add(self, passed: int, failed: int, title: str = "", seen: str = "", wanted: str = "") -> None:
        self.passed += passed
        self.failed += failed
        if title:
            self.rows.append(f"| {title} | {passed + failed} | {seen} | {wanted} |\n")


def run(*command: Any, **environment: str) -> tuple[int, str]:
    """Exit status and all that was printed, in the environment made here; no other libcnn or package can be found."""
    others = {name: value for name, value in os.environ.items() if name not in ("LIBCNN", "PYTHONPATH", "LD_LIBRARY_PATH")}
    path = {"PATH": f"{BIN}:{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": "1", "MPLBACKEND": "Agg"}
    done = subprocess.run([str(word) for word in command], cwd=FOLDER, env={**others, **path, **environment},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def need(*command: Any) -> str:
    status, text = run(*command)
    if status:
        print(text[-4000:])
        sys.exit(f"interop: {' '.join(map(str, command[:4]))} failed")
    return text


def environment() -> None:
    """The environment, made anew when the list of packages changed."""
    wanted = (HERE / "requirements.txt").read_text(encoding="utf-8")
    stamp = FOLDER / "venv" / "requirements.txt"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    shutil.rmtree(FOLDER / "venv", ignore_errors=True)
    need("/usr/bin/python3", "-m", "venv", FOLDER / "venv")
    need(BIN / "pip", "install", "--quiet", "-r", HERE / "requirements.txt")
    stamp.write_text(wanted, encoding="utf-8")


def wheel() -> pathlib.Path:
    """Built with the newest meson-python that pip finds, from the sources that git knows."""
    for name in ("sources", "wheel", "repaired"):
        shutil.rmtree(FOLDER / name, ignore_errors=True)
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z", *SOURCES], capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        (FOLDER / "sources" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, FOLDER / "sources" / name)
    need(BIN / "pip", "wheel", "--no-deps", "--no-cache-dir", "--wheel-dir", FOLDER / "wheel", FOLDER / "sources")
    return next((FOLDER / "wheel").glob("*.whl"))


def version(package: str) -> str:
    return need(BIN / "python", "-c", f"import importlib.metadata as m; print(m.version({package!r}))").strip()


def audit(tally: Tally, made: pathlib.Path) -> pathlib.Path:
    """The wheel under the tag that auditwheel grants it; nothing is grafted."""
    need(BIN / "auditwheel", "repair", "--wheel-dir", FOLDER / "repaired", made)
    repaired = next((FOLDER / "repaired").glob("*.whl"))
    policies = [tuple(map(int, found)) for found in re.findall(r"manylinux_(\d+)_(\d+)_", repaired.name)]
    good = bool(policies) and min(policies) <= NEWEST_POLICY and "py3-none" in repaired.name and made.stat().st_size < 3 << 20
    tag = ".".join(f"manylinux_{major}_{minor}" for major, minor in policies)
    tally.add(int(good), int(not good), f"auditwheel {version('auditwheel')}", f"{tag}, py3-none", "manylinux_2_36 or older")
    return repaired


def build() -> pathlib.Path:
    """A build of its own: programs and companion libraries, which no wheel holds, are those of these sources."""
    folder = FOLDER / "build"
    need("meson", "setup", *["--reconfigure"][:(folder / "build.ninja").exists()], folder, ROOT, "-Dpython=disabled", "-Dexamples=true")
    need("meson", "compile", "-C", folder, "cnn-keras:shared_library", "cnn-export:shared_library")
    return folder


def tables(tally: Tally, build: pathlib.Path, only: str = "") -> None:
    (FOLDER / "rows").write_text("", encoding="utf-8")
    status, text = run(BIN / "python", HERE / "compare.py", "--table", FOLDER / "rows", "--only", only,
                       LIBCNN_COMPANIONS=str(build / "lib" / "companion"))
    print(text)
    counts = re.search(r"(\d+) passed, (\d+) failed\n\Z", text)
    tally.add(*map(int, counts.groups()) if counts else (0, 1))
    tally.rows += (FOLDER / "rows").read_text(encoding="utf-8").splitlines(keepends=True)


def tests(tally: Tally) -> None:
    """Each file in a process of its own, as meson runs them."""
    files = [path for path in sorted((ROOT / "tests" / "python").glob("test_*.py")) if path.stem[len("test_"):] not in DEBIAN_TESTS]
    checks = failed = 0
    for path in files:
        status, text = run(BIN / "python", "-m", "pytest", "-c", ROOT / "tests" / "python" / "pytest.ini", "--rootdir", ROOT, path,
                           PYTHONPATH=str(ROOT / "tests" / "python"), BUILD_ROOT=str(ROOT / "build-test-gcc"), SOURCE_ROOT=str(ROOT))
        found = SUMMARY.findall(text)
        total, failures, errors = map(int, found[-1]) if found else (1, 1, 0)
        wrong = failures + errors or int(bool(status))
        if wrong:
            print(text[-4000:])
        checks, failed = checks + max(total, wrong), failed + wrong
    names = ", ".join(f"{name} {version(package)}" for name, package in
                      {"NumPy": "numpy", "matplotlib": "matplotlib", "pandas": "pandas", "seaborn": "seaborn"}.items())
    tally.add(checks - failed, failed, f"tests/python under {names}", "all pass" if not failed else f"{failed} fail", "all pass")


def board(tally: Tally, build: pathlib.Path) -> None:
    """What mnist_train's events are to TensorBoard: its reader, its server, and its page in Debian's Chromium."""
    need("ninja", "-C", build, "examples/mnist_train")
    status, text = run(BIN / "python", HERE / "board.py", build / "examples" / "mnist_train", PYTHONPATH=str(ROOT / "tests" / "python"))
    counts = re.search(r"^(\d+) passed, (\d+) failed$", text, re.M)
    passed, failed = map(int, counts.groups()) if counts else (0, 1)
    if failed or status:
        print(text[-4000:])
    tally.add(passed, failed, f"TensorBoard {version('tensorboard')}: its reader, its server, and the curves of its page in a headless Chromium", "",
              "equal")


def companions(tally: Tally, build: pathlib.Path) -> None:
    """What libcnn's companion libraries write, read by others."""
    for title, package, script, program, allowed in COMPANIONS:
        need("ninja", "-C", build, f"tests/companion/{program}")
        status, text = run(BIN / "python", ROOT / "tests" / "companion" / script, build / "tests" / "companion" / program,
                           SOURCE_ROOT=str(ROOT), BUILD_ROOT=str(build))
        found, largest = SUMMARY.findall(text), re.findall(r"^largest difference (\S+)$", text, re.M)
        total, failures, errors = map(int, found[-1]) if found else (1, 1, 0)
        wrong = failures + errors or int(bool(status))
        if wrong:
            print(text[-4000:])
        print(*re.findall(r"^int8 .*$", text, re.M), sep="\n", end="\n")
        tally.add(max(total, wrong) - wrong, wrong, title.format(version(package)), largest[-1] if largest else "", allowed)


def hints(tally: Tally) -> None:
    """NumPy's newest hints are for its own Pythons; the older ones are checked with Debian's."""
    versions = ["3.12", "3.13", "3.14"]
    wrong = []
    for python in versions:
        status, text = run(BIN / "mypy", "--config-file", ROOT / "pyproject.toml", "--python-version", python, "--cache-dir", FOLDER / "mypy",
                           ROOT / "bindings" / "python" / "cnn")
        if status:
            wrong.append(python)
            print(text[-3000:])
    tally.add(len(versions) - len(wrong), len(wrong), f"mypy {version('mypy')} --strict, Python {', '.join(versions)}",
              "no finding" if not wrong else f"findings: {', '.join(wrong)}", "no finding")


def write(tally: Tally) -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.split(MARKS[0])[0], text.split(MARKS[1])[1]
    head = "| what | cases | largest difference | allowed |\n|---|---|---|---|\n"
    PAGE.write_text(before + MARKS[0] + head + "".join(tally.rows) + MARKS[1] + after, encoding="utf-8")


def main() -> int:
    arguments = sys.argv[1:]
    if arguments and (arguments[0] != "--only" or len(arguments) != 2):
        print(__doc__)
        return 0 if arguments[0] == "--help" else 2
    FOLDER.mkdir(exist_ok=True)
    tally = Tally()
    environment()
    repaired = audit(tally, wheel())
    need(BIN / "pip", "install", "--quiet", "--force-reinstall", "--no-deps", repaired)
    if "site-packages" not in need(BIN / "python", "-c", "import cnn; print(cnn.__file__)"):
        sys.exit("interop: another package 'cnn' than the wheel's is found")
    programs = build()
    tables(tally, programs, *arguments[1:])
    if not arguments:
        tests(tally)
        hints(tally)
        companions(tally, programs)
        board(tally, programs)
        write(tally)
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
