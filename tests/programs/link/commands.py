"""The README's single commands: plain -lcnn, pkg-config, and pkg-config with the archive."""
from installation import readme_commands


def check(checks, installation):
    commands = readme_commands()
    checks.equal(len(commands), 3, "the README compiles program.c in three ways")
    folder = installation.project("commands")
    for number, command in enumerate(commands):
        program = f"program{number}"
        checks.that(command.endswith(" -o program"), "each writes the program", command)
        out, err, code = installation.run("sh", "-c", f"{command}{number}", cwd=folder)
        checks.that(code == 0 and not out + err, command, out + err)
        installation.check_program(checks, folder, program, "static" if "libcnn.a" in command else "shared")
