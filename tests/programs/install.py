#!/usr/bin/python3
"""libcnn built from nothing and installed in an empty prefix: which files, and a program linked with it in each way that the README
shows. Says how long the whole build took."""
import os
import pathlib
import subprocess

from installation import Installation
from link import cmake, commands, makefile, meson
from support import Checks, ROOT, SANITIZED, scratch

PROGRAMS = ["cnn-convert", "cnn-inspect", "mnist_predict", "mnist_train"]
MNIST = ROOT / "examples" / "data" / "mnist"


def built(lib, name):
    """Whether the header `name` is libcnn's, or that of a companion library that was built."""
    return not (ROOT / "lib" / "companion" / name).is_dir() or (lib / f"libcnn-{name}.so.0").exists()


def check_files(checks, installation):
    prefix, lib = installation.prefix, installation.lib
    for name in ("libcnn.so.0", "libcnn.so.0.1.0", "libcnn.a", "pkgconfig/cnn.pc", "cmake/cnn/cnnConfig.cmake",
                 "cmake/cnn/cnnConfigVersion.cmake"):
        checks.that((lib / name).exists(), f"{name} is installed")
    headers = {path.name for path in (ROOT / "include" / "cnn").glob("*.h") if built(lib, path.stem)}
    checks.equal({path.name for path in (prefix / "include" / "cnn").iterdir()}, headers, "all public headers are installed")
    checks.equal({path.name for path in (prefix / "bin").iterdir()}, set(PROGRAMS), "the installed programs")
    pages = {path.name for path in (prefix / "share" / "man").rglob("*.[0-9]")}
    checks.equal(pages, {"libcnn.3", *(f"{name}.1" for name in PROGRAMS)}, "each installed program has its page, and so has the library")
    examples = {path.name for path in (prefix / "share" / "doc" / "libcnn" / "examples").iterdir()}
    checks.equal(examples, {"quickstart.c", "custom_layer.c", "custom_callback.c"}, "the examples for reading")
    others = {path.relative_to(prefix).parts[0] for path in prefix.rglob("*") if path.is_file()}
    checks.equal(others, {"bin", "include", "lib", "share"}, "nothing else is installed")
    soname = subprocess.run(["readelf", "-d", str(lib / "libcnn.so.0.1.0")], capture_output=True, text=True).stdout
    checks.that("[libcnn.so.0]" in soname, "SONAME is libcnn.so.0")


COMPANION = """#include <cnn/cnn.h>
#include <cnn/{name}.h>
#include <stdio.h>
int main(void) {{
  cnn_context *ctx;
  if (cnn_context_new(&ctx, NULL) < 0 || cnn_{name}_register(ctx) < 0)
    return 1;
  cnn_context_free(ctx);
  return puts("registered") < 0;
}}
"""


def check_companions(checks, installation):
    """Each companion library that was built: its files, and a program linked with it by its package alone, shared and with the archives."""
    lib = installation.lib
    for name in sorted(path.name for path in (ROOT / "lib" / "companion").iterdir() if path.is_dir()):
        if not built(lib, name):
            print(f"libcnn-{name} was not built: what it stands on is not here")
            continue
        for file in (f"libcnn-{name}.a", f"libcnn-{name}.so.0.1.0", f"pkgconfig/cnn-{name}.pc"):
            checks.that((lib / file).exists(), f"{file} is installed")
        soname = subprocess.run(["readelf", "-d", str(lib / f"libcnn-{name}.so.0.1.0")], capture_output=True, text=True).stdout
        checks.that(f"[libcnn-{name}.so.0]" in soname and "[libcnn.so.0]" in soname, f"SONAME is libcnn-{name}.so.0, and it needs libcnn.so.0")
        folder = installation.project(f"companion-{name}")
        (folder / "program.c").write_text(COMPANION.format(name=name), encoding="utf-8")
        archives = f"$(pkg-config --static --cflags --libs cnn-{name} | sed 's/-lcnn-{name}/-l:libcnn-{name}.a/;s/-lcnn /-l:libcnn.a /')"
        for way, words in (("shared", f"$(pkg-config --cflags --libs cnn-{name})"), ("static", archives)):
            out, err, code = installation.run("sh", "-c", f"cc program.c {words} -o {way}", cwd=folder)
            checks.that(code == 0 and not out + err, f"a program links with libcnn-{name}, {way}", out + err)
            out, err, code = installation.run(folder / way, cwd=folder)
            checks.equal((out, code), ("registered\n", 0), f"and runs, {way} ({err})")
            needed = subprocess.run(["readelf", "-d", str(folder / way)], capture_output=True, text=True).stdout
            checks.equal(f"libcnn-{name}.so" in needed, way == "shared", f"it needs libcnn-{name}.so where it was linked shared alone")


def check_programs(checks, installation):
    """They find the library beside them, wherever they are, without help of the environment."""
    for name in PROGRAMS:
        done = subprocess.run([str(installation.prefix / "bin" / name), "--version"], capture_output=True, text=True, cwd="/",
                              env={key: value for key, value in os.environ.items() if key != "LD_LIBRARY_PATH"})
        checks.that(done.returncode == 0 and "libcnn 0.1.0" in done.stdout, f"{name} runs where it was installed", done.stderr)


def check_package(checks, installation):
    """The Python package finds the library that was installed with it, wherever both are, without help of the environment."""
    package = next(installation.prefix.rglob("*-packages/cnn"))
    checks.equal({path.name for path in package.rglob("*.pyc")}, set(), "no cache of the sources is installed")
    words = "import cnn; print(cnn.__version__, cnn.library_path); cnn.Context(seed=1).close()"
    others = {key: value for key, value in os.environ.items() if key not in ("LD_LIBRARY_PATH", "LIBCNN")}
    done = subprocess.run(["/usr/bin/python3", "-B", "-c", words], capture_output=True, text=True, cwd="/",
                          env={**others, "PYTHONPATH": str(package.parent)})
    checks.equal(done.stdout, f"0.1.0 {package / 'libcnn.so.0'}\n", f"the Python package runs where it was installed ({done.stderr})")


def check_layer_of_ones_own(checks, installation):
    """examples/custom_layer.c is somebody else's program: it needs nothing but what is installed."""
    folder = installation.project("custom_layer")
    source = next((installation.prefix / "share").rglob("custom_layer.c"))
    out, err, code = installation.run("cc", "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", source, "-lcnn", "-o",
                                      folder / "custom_layer", cwd=folder)
    checks.that(code == 0 and not err, "custom_layer.c compiles as C99 against the installed headers", err)
    out, err, code = installation.run(folder / "custom_layer", MNIST, cwd=folder)
    checks.that(code == 0 and "loaded:  test loss" in out, "and trains its layer", out + err)


def main():
    checks = Checks()
    if SANITIZED:  # programs of others are not sanitized
        checks.that(True, "skipped")
        checks.close()
    with scratch() as folder:
        installation = Installation(pathlib.Path(folder))
        broken, seconds = installation.build()
        checks.that(not broken, "libcnn builds and installs", broken)
        if broken:
            checks.close()
        print(f"A whole build from nothing, tests included, took {seconds:.0f} s on {len(os.sched_getaffinity(0))} CPUs.")
        check_files(checks, installation)
        check_programs(checks, installation)
        for way in (commands, makefile, meson, cmake):
            way.check(checks, installation)
        check_companions(checks, installation)
        check_package(checks, installation)
        check_layer_of_ones_own(checks, installation)
        installation.move()
        check_programs(checks, installation)
        check_package(checks, installation)
        cmake.check_moved(checks, installation)
    checks.close()


main()
