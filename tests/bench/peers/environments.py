"""Where contenders run: virtual environments of pinned packages, a few libraries of Debian's taken out of their packages without
installing them, and libcnn built from this tree."""
import hashlib
import os
import pathlib
import shutil
import subprocess

FOLDER = pathlib.Path(__file__).resolve().parent
ROOT = FOLDER.parents[2]
PYTHON = "/usr/bin/python3"
LIBRARIES = {"jemalloc": ("libjemalloc2", "libjemalloc.so.2"), "tcmalloc": ("libtcmalloc-minimal4", "libtcmalloc_minimal.so.4"),
             "openblas": ("libopenblas0-openmp", "libopenblas.so.0")}


class Missing(Exception):
    """A contender or a choice that cannot be had, with the reason."""


def last_line(text):
    lines = [line for line in (text or "").strip().split("\n") if line.strip()]
    return lines[-1].strip()[:160] if lines else "no word of why"


def command(*words, **options):
    try:
        done = subprocess.run(words, capture_output=True, text=True, **options)
    except OSError as error:
        raise Missing(str(error)) from error
    if done.returncode != 0:
        raise Missing(f"{pathlib.Path(words[0]).name}: {last_line(done.stderr or done.stdout)}")
    return done.stdout


def virtual_environment(directory, name):
    """The interpreter of an environment that holds requirements-NAME.txt, made where it is missing or another list made it."""
    requirements = FOLDER / f"requirements-{name}.txt"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    place, stamp = directory / name, directory / name / "requirements.sha256"
    python = place / "bin" / "python"
    if not (stamp.exists() and stamp.read_text() == digest and python.exists()):
        shutil.rmtree(place, ignore_errors=True)
        command(PYTHON, "-m", "venv", str(place))
        command(str(python), "-m", "pip", "install", "-q", "--no-deps", "-r", str(requirements))
        stamp.write_text(digest)
    return str(python)


def debian_torch():
    """The system's interpreter, with Debian's python3-torch; installed where that is possible."""
    try:
        command(PYTHON, "-c", "import torch, numpy")
    except Missing:
        try:
            command(str(ROOT / "scripts" / "packages"), "python3-torch", "python3-numpy")
        except Missing as error:
            raise Missing(f"needs Debian's python3-torch ({error})") from error
        command(PYTHON, "-c", "import torch, numpy")
    return PYTHON


def library(directory, name):
    """A library of Debian's, taken out of its package into the environment."""
    package, file = LIBRARIES[name]
    place = directory / "debian" / package
    if not place.exists():
        fetched = directory / "debian" / "packages" / package
        fetched.mkdir(parents=True, exist_ok=True)
        command("apt-get", "download", package, cwd=fetched)
        command("dpkg-deb", "-x", str(next(fetched.glob("*.deb"))), str(place))
    for found in sorted(place.rglob(file)):
        return str(found.parent if name == "openblas" else found)
    raise Missing(f"{package} has no {file}")


def places(directory, build):
    """What the braces in contenders.py stand for; a library that cannot be had stands as a Missing."""
    with open("/proc/cpuinfo") as file:
        flags = next((line for line in file if line.startswith("flags")), "").split()
    found = {"core": "SkylakeX" if "avx512f" in flags else "Haswell", "capability": "avx512" if "avx512f" in flags else "avx2",
             "libcnn": built(directory, build) / "libcnn.so.0", "package": ROOT / "bindings" / "python"}
    for name in LIBRARIES:
        try:
            found[name] = library(directory, name)
        except Missing as error:
            found[name] = error
    return found


def interpreter(directory, name):
    """The Python of a contender's environment."""
    if name == "package":
        return PYTHON
    return debian_torch() if name == "debian" else virtual_environment(directory, name)


def built(directory, build):
    """Where the library of a build folder lies."""
    return pathlib.Path(build or directory / "libcnn").resolve() / "lib"


def libcnn(directory, build):
    """The worker program, linked to libcnn of a build folder, which is made where none is named."""
    if build is None:
        build = directory / "libcnn"
        if not (build / "build.ninja").exists():
            command("meson", "setup", str(build), str(ROOT), "-Dtests=false", "-Dexamples=false")
        command("ninja", "-C", str(build))
    library_folder = built(directory, build)
    program = directory / "worker_cnn"
    command("cc", "-std=c11", "-D_GNU_SOURCE", "-O2", f"-I{ROOT / 'include'}", f"-I{ROOT / 'lib'}", "-o", str(program),
            str(FOLDER / "worker_cnn.c"), str(FOLDER.parent / "peak.c"), f"-L{library_folder}", "-lcnn", "-pthread",
            f"-Wl,-rpath,{library_folder}")
    return str(program)


def default_directory():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return pathlib.Path(cache) / "libcnn-peers"
