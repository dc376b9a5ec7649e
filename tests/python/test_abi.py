"""The generated file is what the headers give, and the compiled library has what it says."""
from __future__ import annotations

import ctypes
import os
import pathlib
import re
import shlex
import subprocess
import sys
from typing import Any

import pytest

import cnn
from cnn import _abi, _companions, _errors, _library


def headers_of(root: pathlib.Path) -> list[pathlib.Path]:
    """The public headers, those of companion libraries among them."""
    return sorted((root / "include" / "cnn").glob("*.h"))


def compiled(root: pathlib.Path, folder: pathlib.Path, lines: list[str]) -> dict[str, str]:
    """What a C program with the public headers prints: words "name value", a line each."""
    source, program = folder / "layout.c", folder / "layout"
    includes = [f"#include <cnn/{path.name}>" for path in headers_of(root)]
    source.write_text("\n".join([*includes, "#include <stdio.h>", "int main(void) {", *lines, "return 0; }", ""]))
    compiler = shlex.split(os.environ.get("CC", "cc"))
    subprocess.run([*compiler, f"-I{root / 'include'}", str(source), "-o", str(program)], check=True)
    printed = subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout
    return dict(line.split(" ", 1) for line in printed.splitlines())


def test_committed_file_is_generated_anew(root: pathlib.Path) -> None:
    pytest.importorskip("clang.cindex", reason="python3-clang-14")
    folder = root / "bindings" / "python"
    command = [sys.executable, str(folder / "generate.py"), str(root)]
    made = subprocess.run(command, check=True, capture_output=True, text=True)
    committed = (folder / "cnn" / "_abi.py").read_text()
    assert made.stdout == committed, "run bindings/python/generate.py SOURCE_ROOT --write"


def test_structs_are_laid_out_as_the_compiler_does(root: pathlib.Path, tmp_path: pathlib.Path) -> None:
    lines, here = [], {}
    for struct in _abi.STRUCTS:
        name = struct.__name__
        here[name] = str(ctypes.sizeof(struct))
        lines.append(f'printf("{name} %zu\\n", sizeof(struct {name}));')
        for field in struct._fields_:
            descriptor = getattr(struct, field[0])
            here[f"{name}.{field[0]}"] = f"{descriptor.offset} {descriptor.size}"
            lines.append(f'printf("{name}.{field[0]} %zu %zu\\n", offsetof(struct {name}, {field[0]}), '
                         f"sizeof(((struct {name} *)0)->{field[0]}));")
    assert compiled(root, tmp_path, lines) == here


def test_no_struct_of_the_headers_is_left_out(root: pathlib.Path) -> None:
    headers = "".join(path.read_text() for path in headers_of(root))
    defined = set(re.findall(r"^typedef struct (cnn_\w+) \{", headers, re.M))
    assert defined == {struct.__name__ for struct in _abi.STRUCTS}


def test_field_types_are_those_of_the_headers(root: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Integers are told from floats, signed from unsigned: by C's own generic selection."""
    kinds: dict[Any, str] = {ctypes.c_int32: "int32_t", ctypes.c_int64: "int64_t", ctypes.c_uint32: "uint32_t",
                             ctypes.c_uint64: "uint64_t", ctypes.c_float: "float", ctypes.c_double: "double"}
    lines, here = [], {}
    for struct in _abi.STRUCTS:
        for field in struct._fields_:
            if field[1] in kinds and field[1] is not ctypes.c_size_t:
                name, expected = f"{struct.__name__}.{field[0]}", kinds[field[1]]
                value = f"((struct {struct.__name__} *)0)->{field[0]}"
                lines.append(f'printf("{name} %d\\n", _Generic({value}, {expected}: 1, default: 0));')
                here[name] = "1"
    assert len(here) > 200
    assert compiled(root, tmp_path, lines) == here


def test_constants(root: pathlib.Path, tmp_path: pathlib.Path) -> None:
    headers = "".join(path.read_text() for path in headers_of(root))
    names = [name for name in re.findall(r"^#define (CNN_\w+) (?!__attribute__)\S", headers, re.M)]
    names += re.findall(r"^  X\((CNN_\w+),", headers, re.M)
    here = {name: repr(float(getattr(_abi, name))) for name in names}
    lines = [f'printf("{name} %.17g\\n", (double){name});' for name in names]
    there = {name: repr(ctypes.c_float(float(value)).value) if "." in value else repr(float(value))
             for name, value in compiled(root, tmp_path, lines).items()}
    here["CNN_ZERO"] = repr(ctypes.c_float(_abi.CNN_ZERO).value)
    assert there == here
    assert {name for name in vars(_abi) if name.startswith("CNN_")} == set(names)


def agree(prototypes: dict[str, Any], script: pathlib.Path, library: ctypes.CDLL) -> None:
    """The table, the version script and the library name the same functions."""
    listed = set(re.findall(r"^\s*(cnn_\w+);", script.read_text(), re.M))
    assert set(prototypes) == listed
    command = ["nm", "-D", "--defined-only", os.path.realpath(library._name)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    exported = {word for word in re.findall(r" [TW] (cnn_\w+)", done.stdout)}
    assert exported == listed
    for name, (result, arguments) in prototypes.items():
        function = getattr(library, name)
        assert function.restype is result and tuple(function.argtypes) == arguments


def test_functions_are_those_of_the_version_script_and_the_library(root: pathlib.Path) -> None:
    agree(_abi.PROTOTYPES, root / "lib" / "cnn.map", _library.lib)


@pytest.mark.parametrize("name", sorted(_abi.COMPANIONS))
def test_functions_of_companions_are_those_of_their_version_scripts(root: pathlib.Path, name: str) -> None:
    library = _companions.library(name)
    if library is None:
        pytest.skip(f"libcnn-{name} was not built")
    agree(_abi.COMPANIONS[name], root / "lib" / "companion" / name / f"{name}.map", library)


def test_each_companion_has_its_table(root: pathlib.Path) -> None:
    scripts = (root / "lib" / "companion").glob("*/*.map")
    assert {path.stem for path in scripts} == set(_abi.COMPANIONS)


def test_number_of_arguments(root: pathlib.Path) -> None:
    """Each prototype has as many arguments as the header's text has commas, found without libclang."""
    headers = "".join(path.read_text() for path in headers_of(root))
    headers = re.sub(r"/\*.*?\*/", "", headers, flags=re.S)
    found = {}
    for name, rest in re.findall(r"\bCNN_API\b[^;(]*?\b(cnn_\w+)\s*\(((?:[^;])*?)\)\s*(?:;|#if)", headers):
        depth, count = 0, 0 if rest.strip() == "void" else 1
        for character in rest:
            depth += {"(": 1, ")": -1}.get(character, 0)
            count += character == "," and depth == 0
        found[name] = count - ("..." in rest)
    known = {**_abi.PROTOTYPES, **{name: row for table in _abi.COMPANIONS.values() for name, row in table.items()}}
    assert found == {name: len(arguments) for name, (_, arguments) in known.items()}


def test_statuses() -> None:
    for code, (name, text) in _abi.STATUSES.items():
        assert _library.lib.cnn_status_name(code).decode() == name
        assert _library.lib.cnn_status_text(code).decode() == text
    assert _library.lib.cnn_status_name(min(_abi.STATUSES) - 1) == b"unknown status"
    assert set(_errors.CLASSES) == {code for code in _abi.STATUSES if code < 0}


@pytest.mark.parametrize(("found", "ours", "well"), [
    (100, 100, True), (105, 100, True), (100, 105, True), (200, 100, False), (100, 200, False), (10000, 100, False),
    (10000, 10000, True), (10200, 10000, True), (10000, 10100, False), (20000, 10000, False)])
def test_versions_that_fit(monkeypatch: pytest.MonkeyPatch, found: int, ours: int, well: bool) -> None:
    monkeypatch.setattr(_abi, "CNN_VERSION_MAJOR", ours // 10000)
    monkeypatch.setattr(_abi, "CNN_VERSION_MINOR", ours // 100 % 100)
    assert _library.fits(found) is well


def test_a_library_of_another_version_is_refused(tmp_path: pathlib.Path, python: Any) -> None:
    source = tmp_path / "other.c"
    source.write_text("int cnn_version_number(void) { return 20304; }\n")
    other = tmp_path / "libcnn.so.0"
    compiler = shlex.split(os.environ.get("CC", "cc"))
    subprocess.run([*compiler, "-shared", "-fPIC", str(source), "-o", str(other)], check=True)
    done = python("import cnn", status=1, LIBCNN=str(other))
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: ")
    assert str(other) in last and "2.3.4" in last and _library.text_of(_abi.CNN_VERSION_NUMBER) in last


def test_something_else_is_refused(tmp_path: pathlib.Path, python: Any) -> None:
    done = python("import cnn", status=1, LIBCNN=str(tmp_path / "nothing.so"))
    assert "ImportError: libcnn cannot be loaded (LIBCNN names it" in done.stderr
    done = python("import cnn", status=1, LIBCNN="libm.so.6")
    assert "ImportError: 'libm.so.6' is not the libcnn that this binding was made for" in done.stderr
