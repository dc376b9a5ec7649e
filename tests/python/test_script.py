"""scripts/mnist ends with a page: with what it needs, without NumPy, without matplotlib, and after Ctrl-C. Building and installing are
stood in for: the program and the library are this build's."""
from __future__ import annotations

import os
import pathlib
import shutil
import signal
import subprocess
import time
from typing import Dict, List

import pytest

import runs

ROOT = pathlib.Path(os.environ["SOURCE_ROOT"])
BUILD = pathlib.Path(os.environ["BUILD_ROOT"])


@pytest.fixture(scope="module")
def tree(mnist: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A source tree that is built: scripts/mnist, the package, the program; and data."""
    top = tmp_path_factory.mktemp("tree")
    runs.program()
    (top / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "mnist", top / "scripts")
    (top / "bindings").symlink_to(ROOT / "bindings")
    built = top / "build-release"
    (built / "examples").mkdir(parents=True)
    (built / "build.ninja").touch()
    (built / "lib").symlink_to(BUILD / "lib")
    (built / "examples" / "mnist_train").symlink_to(runs.program())
    _program(top / "scripts" / "packages", 'echo "$*" >>"$(dirname "$0")/asked"')
    (top / "bin").mkdir()
    _program(top / "bin" / "ninja", "exit 0")
    runs.part_of_mnist(mnist, top / "digits")
    return top


def _program(path: pathlib.Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def arguments(tree: pathlib.Path, output: pathlib.Path, *more: str) -> List[str]:
    return [str(tree / "scripts" / "mnist"), "--data", str(tree / "digits"), "--output", str(output), "--epochs", "1",
            "--quiet", *more]


def environment(tree: pathlib.Path, without: str = "", folder: pathlib.Path = pathlib.Path()) -> Dict[str, str]:
    """As a user's: without what the tests set, and without a module of that name."""
    variables = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "LIBCNN", "MPLBACKEND")}
    variables["PATH"] = f"{tree / 'bin'}:{variables['PATH']}"
    if without:
        (folder / f"{without}.py").write_text("raise ImportError('none here')\n", encoding="utf-8")
        variables["PYTHONPATH"] = str(folder)
    return variables


def mnist_run(tree: pathlib.Path, output: pathlib.Path, *more: str,
              variables: Dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments(tree, output, *more), capture_output=True, text=True, timeout=300, env=variables)


def test_a_run_ends_with_its_page(tree: pathlib.Path, tmp_path: pathlib.Path) -> None:
    output = tmp_path / "a folder"
    done = mnist_run(tree, output, variables=environment(tree))
    assert done.returncode == 0, done.stderr
    assert f"Results lie in {output}\n" in done.stderr and f"Page of the run: {output}/index.html\n" in done.stderr
    assert "later" not in done.stderr and "<img" in (output / "index.html").read_text(encoding="utf-8")
    assert "python3-matplotlib" in (tree / "scripts" / "asked").read_text()


def test_status_and_json_are_the_programs(tree: pathlib.Path, tmp_path: pathlib.Path) -> None:
    bare = environment(tree, "matplotlib", tmp_path)
    done = mnist_run(tree, tmp_path / "o", "--json", "--require-accuracy", "1", variables=bare)
    assert done.returncode == 4 and done.stdout.startswith("{") and done.stdout.endswith("}\n")
    assert (tmp_path / "o" / "index.html").exists()
    done = mnist_run(tree, tmp_path / "p", "--epochs", "none", variables=bare)
    assert done.returncode == 2 and not (tmp_path / "p").exists() and "Results" not in done.stderr


@pytest.mark.parametrize("module, package", [("numpy", "python3-numpy"), ("matplotlib", "python3-matplotlib")])
def test_what_is_missing_is_said(tree: pathlib.Path, tmp_path: pathlib.Path, module: str, package: str) -> None:
    shadow = tmp_path / "shadow"
    shadow.mkdir()
    output = tmp_path / "results"
    done = mnist_run(tree, output, variables=environment(tree, module, shadow))
    assert done.returncode == 0, done.stderr
    assert package in done.stderr and "Traceback" not in done.stderr
    assert (output / "index.html").exists() == (module == "matplotlib")
    later = done.stderr.split("To make them later: ")[1].strip()
    if module == "matplotlib":
        again = subprocess.run(later, shell=True, capture_output=True, text=True, env=environment(tree), timeout=300)
        assert again.returncode == 0, again.stderr
        assert "<img" in (output / "index.html").read_text(encoding="utf-8")


def test_packages_that_cannot_be_had(tree: pathlib.Path, tmp_path: pathlib.Path) -> None:
    packages = tree / "scripts" / "packages"
    before = packages.read_text()
    _program(packages, 'case $* in *matplotlib*) exit 1 ;; esac')
    try:
        done = mnist_run(tree, tmp_path / "results", variables=environment(tree, "matplotlib", tmp_path))
    finally:
        packages.write_text(before)
    assert done.returncode == 0 and (tmp_path / "results" / "index.html").exists(), done.stderr


def test_ctrl_c_ends_with_what_there_is(tree: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """A terminal sends it to the script and to the program."""
    output = tmp_path / "results"
    words = [*arguments(tree, output), "--epochs", "100000"]
    process = subprocess.Popen(words, start_new_session=True, stderr=subprocess.PIPE, text=True,
                               env=environment(tree, "matplotlib", tmp_path))
    until = time.monotonic() + 120
    while not (output / "best.safetensors").exists():
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130 and f"Results lie in {output}" in said, said
    assert "Interrupted" in (output / "index.html").read_text(encoding="utf-8")
