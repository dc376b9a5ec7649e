#!/usr/bin/python3
"""The library as installed: files, SONAME, and a program built by pkg-config, shared and static, that runs."""
import os
import pathlib
import shlex
import subprocess

from support import BUILD, Checks, SANITIZED, run, scratch

PROGRAM = """#include <cnn/cnn.h>
#include <stdio.h>
int main(void) {
  cnn_context *ctx;
  cnn_model *m;
  if (cnn_context_new(&ctx, NULL) < 0 || cnn_model_new(&m, ctx, NULL) < 0)
    return 1;
  cnn_input(m, 3, (const int64_t[]){28, 28, 1}, NULL);
  cnn_conv2d(m, 8, 3, 3, NULL);
  cnn_flatten(m, NULL);
  cnn_dense(m, 10, NULL);
  printf("%s %lld\\n", cnn_version(), (long long)cnn_model_parameters(m));
  cnn_model_free(m);
  cnn_context_free(ctx);
  return 0;
}
"""


def main():
    checks = Checks()
    with scratch() as folder:
        folder = pathlib.Path(folder)
        done = subprocess.run(["meson", "install", "-C", str(BUILD), "--no-rebuild", "--destdir", str(folder / "root")],
                              capture_output=True, text=True)
        checks.equal(done.returncode, 0, "meson install")
        installed = sorted((folder / "root").rglob("cnn.pc"))
        checks.that(len(installed) == 1, "cnn.pc is installed", done.stderr)
        pc = installed[0]
        lib = pc.parent.parent
        prefix = next(line.split("=")[1].strip() for line in pc.read_text().splitlines() if line.startswith("prefix="))
        root = folder / "root"
        for name in ("libcnn.so", "libcnn.so.0", "libcnn.so.0.1.0", "libcnn.a"):
            checks.that((lib / name).exists(), f"{name} is installed")
        for name in "base cnn context data layer layers model report tensor train".split():
            checks.that((root / prefix.lstrip("/") / "include" / "cnn" / f"{name}.h").exists(), f"cnn/{name}.h is installed")
        checks.that(list(root.rglob("libcnn.3*")), "the manual page is installed")
        soname = subprocess.run(["readelf", "-d", str(lib / "libcnn.so.0.1.0")], capture_output=True, text=True).stdout
        checks.that("[libcnn.so.0]" in soname, "SONAME is libcnn.so.0")

        source = folder / "program.c"
        source.write_text(PROGRAM, encoding="utf-8")
        environment = {"PKG_CONFIG_PATH": str(pc.parent), "PKG_CONFIG_SYSROOT_DIR": str(root)}
        if SANITIZED:
            checks.close()
        for kind in ("shared", "static"):
            flags, err, code = run("pkg-config", "--cflags", "--libs", *(["--static"] if kind == "static" else []), "cnn",
                                   environment=environment)
            checks.equal(code, 0, f"pkg-config, {kind}")
            # sysroot prefixes the paths of other packages too; those are on the default search path anyway
            words = [word for word in shlex.split(flags)
                     if not (word.startswith(("-L", "-I")) and not pathlib.Path(word[2:]).exists())]
            if kind == "static":
                words = ["-l:libcnn.a" if word == "-lcnn" else word for word in words]
            program = folder / kind
            out, err, code = run(*os.environ["COMPILER"].split(), source, "-o", program, *words)
            checks.that(code == 0, f"a program links, {kind}", err)
            out, err, code = run(program, environment={"LD_LIBRARY_PATH": str(lib)})
            checks.that(code == 0 and out.startswith("0.1.0 "), f"and runs, {kind}", out + err)
            needed = subprocess.run(["readelf", "-d", str(program)], capture_output=True, text=True).stdout
            checks.equal("libcnn.so.0" in needed, kind == "shared", f"{kind}: NEEDED libcnn.so.0")
    checks.close()


main()
