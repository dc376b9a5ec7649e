"""The README's Makefile: two variables and make's own rules."""
from installation import readme_file


def check(checks, installation):
    folder = installation.project("makefile")
    (folder / "Makefile").write_text(readme_file("Makefile"), encoding="utf-8")
    out, err, code = installation.run("make", cwd=folder)
    checks.that(code == 0, "make builds the program", out + err)
    installation.check_program(checks, folder, "program", "shared")
