"""libcnn built from its sources and installed in an empty prefix, and what the README says about linking with it."""
import os
import re
import shutil
import subprocess
import time

from support import ROOT, run

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
PRINTS = "0.1.0 54170\n"
BLOCK = re.compile(r"`([\w.]+)`[^\n]*:\n\n```\w*\n(.*?)```", re.S)


class Installation:
    """A prefix in `folder`, and an environment in which compilers and loaders find it as they find what lies in the system's folders."""

    def __init__(self, folder):
        self.folder, self.prefix = folder, folder / "prefix"
        tools = folder / "bin"
        tools.mkdir()
        compiler = " ".join(shutil.which(word) or word for word in os.environ["COMPILER"].split())  # not this cc, for ever
        (tools / "cc").write_text(f'#!/bin/sh\nexec {compiler} "$@"\n', encoding="utf-8")
        (tools / "cc").chmod(0o755)
        self.path = f"{tools}:{os.environ['PATH']}"

    def build(self):
        """Build all there is, as `meson setup build && ninja -C build` does, and install it. What failed, and the seconds it took."""
        start = time.monotonic()
        build = self.folder / "build"
        for command in (["meson", "setup", f"--prefix={self.prefix}", build, ROOT], ["ninja", "-C", build],
                        ["meson", "install", "-C", build, "--no-rebuild"]):
            out, err, code = run(*command, environment={"CCACHE_DISABLE": "1", "PATH": self.path, "DESTDIR": ""}, timeout=900)
            if code:
                return out[-3000:] + err[-3000:], 0
        return "", time.monotonic() - start

    def move(self):
        """The whole prefix to another place."""
        moved = self.folder / "elsewhere" / "moved"
        moved.parent.mkdir()
        shutil.move(self.prefix, moved)
        self.prefix = moved

    @property
    def lib(self):
        return next(self.prefix.rglob("libcnn.so")).parent

    def environment(self):
        return {"PATH": self.path, "PKG_CONFIG_PATH": str(self.lib / "pkgconfig"), "CMAKE_PREFIX_PATH": str(self.prefix),
                "C_INCLUDE_PATH": str(self.prefix / "include"), "LIBRARY_PATH": str(self.lib), "LD_LIBRARY_PATH": str(self.lib)}

    def run(self, *command, cwd):
        return run(*command, environment=self.environment(), cwd=cwd)

    def project(self, name):
        """A folder with program.c in it."""
        folder = self.folder / name
        folder.mkdir()
        (folder / "program.c").write_text(PROGRAM, encoding="utf-8")
        return folder

    def check_program(self, checks, folder, program, linked):
        """It runs, and needs libcnn.so where it was linked "shared" alone."""
        out, err, code = self.run(folder / program, cwd=folder)
        checks.that(code == 0 and out == PRINTS, f"{folder.name}: {program} runs", out + err)
        needed = subprocess.run(["readelf", "-d", str(folder / program)], capture_output=True, text=True).stdout
        checks.equal("libcnn.so.0" in needed, linked == "shared", f"{folder.name}: {program} needs libcnn.so.0")


def readme():
    """The README's section on linking."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return text[text.index("## Ways to link"):].split("\n## ")[0]


def readme_file(name):
    """A file that the section shows under its name."""
    return next(block for title, block in BLOCK.findall(readme()) if title == name)


def readme_commands():
    """The commands of the section that compile program.c."""
    return [line for line in readme().splitlines() if line.startswith("cc program.c ")]
