"""The README's meson.build: with the installed library, and with the sources as a subproject where none is installed."""
import re

from installation import readme_file
from support import ROOT


def build(checks, installation, folder, *options):
    (folder / "meson.build").write_text(readme_file("meson.build"), encoding="utf-8")
    for command in (["meson", "setup", "build", *options], ["ninja", "-C", "build", "program"]):
        out, err, code = installation.run(*command, cwd=folder)
        checks.that(code == 0, f"{folder.name}: {' '.join(command)}", out[-2000:] + err)
        yield out


def check(checks, installation):
    folder = installation.project("meson")
    text = "".join(build(checks, installation, folder))
    checks.that("Run-time dependency cnn found: YES" in text, "meson finds the installed library", text)
    installation.check_program(checks, folder, "build/program", "shared")
    folder = installation.project("subproject")
    (folder / "subprojects").mkdir()
    (folder / "subprojects" / "libcnn").symlink_to(ROOT)
    text = "".join(build(checks, installation, folder, "--force-fallback-for=cnn"))
    targets = re.search(r"Build targets in project: (\d+)$", text, re.MULTILINE)
    checks.that("Executing subproject libcnn" in text and targets, "meson takes the sources", text)
    checks.that(targets and int(targets[1]) < 60, "a subproject has the library's targets alone", targets)  # 200 with examples and tests
    checks.that(not list((folder / "build").rglob("mnist_train")), "a subproject builds neither examples nor tests")
    installation.check_program(checks, folder, "build/program", "shared")
