"""Models as C source, compiled as their users would and run: here by gcc and clang and under sanitizers, and on an emulated Cortex-M3.

Usage: c_source.py C_MODELS"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
M3 = ["-mcpu=cortex-m3", "-mthumb"]
# What a compiler may call for copies and, without an FPU, for arithmetic.
ALLOWED = re.compile(r"mem(cpy|set|move)|__aeabi_\w+|\w*_predict")
STACK = 1024

failures = []
checks = 0


def that(condition, what, seen=""):
    global checks
    checks += 1
    if not condition:
        failures.append(what)
        print(f"FAILED: {what}\n{str(seen)[-3000:]}")


def run(*command, timeout=300):
    """Everything that a command printed, and its exit status."""
    environment = {k: v for k, v in os.environ.items() if k not in ("LD_PRELOAD",)}
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL, env=environment)
    return done.stdout, done.returncode


def build(what, *command):
    output, status = run(*command)
    that(status == 0 and not output, f"{what} is compiled without a warning", output)
    return status == 0


def check(what, *command):
    """Runs c_check and gives what it printed."""
    output, status = run(*command)
    that(status == 0 and re.search(r"^[1-9]\d* models, 0 failed$", output, re.M), f"{what} gives what libcnn gives", output)
    return output


def host(folder, what, compiler, *flags):
    if not shutil.which(compiler):
        print(f"SKIPPED: {what} by {compiler}, which is not here")
        return
    program = folder / f"check-{compiler}"
    if build(f"{what} by {compiler}", compiler, *STRICT, *flags, f"-I{folder}", HERE / "c_check.c", "-o", program):
        check(f"{what} by {compiler}", program)


def small(tool, folder):
    """Every layer with every option, and random models: everywhere."""
    sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    if run("gcc", "-print-file-name=libubsan.so")[0].strip() == "libubsan.so":
        print("SKIPPED: sanitizers, for want of libubsan")
        sanitizers = []
    folders = {}
    for kind in ("cases", "some", "int8"):
        folders[kind] = folder / kind
        folders[kind].mkdir()
        output, status = run(tool, folders[kind], kind)
        that(status == 0, f"models ({kind}) are written", output)
    host(folders["cases"], "every model", "gcc", "-O0", *sanitizers)
    host(folders["some"], "every third model", "clang-14", "-O1")
    host(folders["int8"], "every second model as int8", "gcc", "-O1")
    arm(folders["some"], "every third model")


def arm_parts(folder, what):
    """The program for the board, and whether its functions keep within a small stack."""
    parts = [folder / "check.o", folder / "start.o"]
    program = folder / "check.elf"
    built = build(f"{what} for a Cortex-M3", "arm-none-eabi-gcc", *M3, *STRICT, "-O1", "-fstack-usage", f"-I{folder}", "-c", HERE / "c_check.c", "-o", parts[0]) and \
        build("the board's start", "arm-none-eabi-gcc", *M3, "-std=c99", "-Wall", "-Wextra", "-O1", "-c", HERE / "cortex_m3.c", "-o", parts[1]) and \
        build("the board's program", "arm-none-eabi-gcc", *M3, "--specs=rdimon.specs", "-nostartfiles", "-T", HERE / "cortex_m3.ld", "-Wl,--entry=reset",
              *parts, "-o", program)
    used = [line.split("\t") for line in (folder / "check.su").read_text().splitlines()] if built else []
    that(all(kind == "static" and int(count) <= STACK for _, count, kind in used), f"{what}: a stack of known size, at most {STACK} bytes a function", used)
    if used:
        print(f"{what}: the deepest function has {max(int(count) for _, count, _ in used)} bytes of stack on a Cortex-M3")
    return program if built else None


def arm(folder, what):
    missing = [name for name in ("arm-none-eabi-gcc", "qemu-system-arm") if not shutil.which(name)]
    if not missing and run("arm-none-eabi-gcc", *M3, "-print-file-name=rdimon.specs")[0].strip() == "rdimon.specs":
        missing = ["libnewlib-arm-none-eabi"]
    if missing:
        print(f"SKIPPED: {what} on a Cortex-M3, for want of {' and '.join(missing)}")
        return
    program = arm_parts(folder, what)
    if program:
        check(f"{what} on a Cortex-M3", "qemu-system-arm", "-M", "mps2-an385", "-nographic", "-monitor", "none", "-serial", "none",
              "-semihosting-config", "enable=on,target=native", "-kernel", program)


def alone(folder):
    """Nothing is called that is not in the file, nothing lasts from call to call, and the declaration stands by itself."""
    built = folder / "notebook.o"
    if not build("the notebook's model for a freestanding machine", "gcc", *STRICT, "-ffreestanding", "-O2", "-c", folder / "notebook.c", "-o", built):
        return
    names = [line.split() for line in run("nm", built)[0].splitlines()]
    that(all(ALLOWED.fullmatch(words[-1]) for words in names if words[-2] == "U"), "nothing of a library is called", names)
    that(not [words for words in names if words[-2] in "bBdDC"], "nothing but constants has memory", names)
    that([words[-1] for words in names if words[-2] == "T"] == ["notebook_predict"], "one name is seen from outside", names)
    for compiler, kind in (("gcc", "c"), ("g++", "cc")):
        user = folder / f"user.{kind}"
        user.write_text('#define NOTEBOOK_DECLARATION_ONLY\n#include "notebook.c"\nstatic float work[NOTEBOOK_WORK_COUNT];\n'
                        "int main() {\n  const int shape[NOTEBOOK_INPUT_RANK] = NOTEBOOK_INPUT_SHAPE;\n"
                        "  return shape[0] != 28 || notebook_predict(NULL, NULL, work) != -1;\n}\n")
        if shutil.which(compiler):
            build(f"a user by {compiler}", compiler, "-Wall", "-Wextra", "-Werror", user, built, "-o", folder / "user")
            that(run(folder / "user")[1] == 0, f"a user by {compiler} runs")


def notebook(tool, folder, kind):
    """All test images. With int8 what that costs is told, and may be a quarter of a point."""
    folder.mkdir()
    output, status = run(tool, folder, kind)
    that(status == 0, f"{kind} is written", output)
    if not build(kind, "gcc", *STRICT, "-O3", "-march=native", "-DNOTEBOOK_FILES", f"-I{folder}", HERE / "c_check.c", "-o", folder / "check"):
        return
    output, status = run(folder / "check", *(folder / name for name in ("images.f32", "wanted.f32", "labels.i32")))
    found = re.search(r"worst (\S+) others (\d+) libcnn (\d+) right (\d+) speed (\d+)", output)
    that(found, f"{kind} runs", output)
    if found:
        worst, others, before, right = float(found[1]), int(found[2]), int(found[3]), int(found[4])
        size = re.search(r"_WORK_BYTES (\d+)\n#define \w+_WEIGHT_BYTES (\d+)", (folder / "notebook.c").read_text())
        print(f"{kind}: {size[1]} bytes of memory, {size[2]} of weights; {right / 100:.2f} % of the test images right instead of {before / 100:.2f} %, "
              f"{others} other classes, outputs at most {worst:.3g} away; {found[5]} images/s")
        that(before >= 9900 and abs(before - right) <= 25, f"{kind}: accuracy", output)
        that(kind == "notebook8" or worst <= 1e-5 and not others and status == 0, f"{kind} gives what libcnn gives", output)


def main():
    if len(sys.argv) != 2 or sys.argv[1] == "--help":
        print(__doc__)
        return 0 if sys.argv[-1] == "--help" else 2
    with tempfile.TemporaryDirectory(prefix="libcnn-test-") as name:
        folder = pathlib.Path(name)
        small(sys.argv[1], folder)
        notebook(sys.argv[1], folder / "float", "notebook")
        alone(folder / "float")
        arm(folder / "float", "the notebook's model")
        notebook(sys.argv[1], folder / "float8", "notebook8")
    share = 100 * (checks - len(failures)) // checks
    print(f"{share}%: Checks: {checks}, Failures: {len(failures)}, Errors: 0")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
