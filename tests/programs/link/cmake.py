"""The README's CMakeLists.txt with each of the package's targets, in place and moved, and which versions the package answers to."""
import re

from installation import readme_file

VERSIONS = """cmake_minimum_required(VERSION 3.19)
project(versions C)
foreach(request "0" "0.1" "0.1.0" "0.1.0;EXACT" "0.1...<0.2" "0.0.9...0.1.0" "0.1.1" "0.2" "0.0.9" "1" "0.0.9...<0.1" "0.1.1...2"
    "0.1;COMPONENTS;static" "0.1;COMPONENTS;fast")
  find_package(cnn ${request} QUIET)
  message(STATUS "${request} ${cnn_FOUND}")
  unset(cnn_DIR CACHE)
endforeach()
"""
ANSWERED = ["0", "0.1", "0.1.0", "0.1.0;EXACT", "0.1...<0.2", "0.0.9...0.1.0", "0.1;COMPONENTS;static"]


def build(checks, installation, name, target):
    folder = installation.project(name)
    text = readme_file("CMakeLists.txt")
    checks.that("cnn::cnn" in text, "the README's CMakeLists.txt links cnn::cnn", text)
    (folder / "CMakeLists.txt").write_text(text.replace("cnn::cnn", target), encoding="utf-8")
    for command in (["cmake", "-S", ".", "-B", "build"], ["cmake", "--build", "build"]):
        out, err, code = installation.run(*command, cwd=folder)
        checks.that(code == 0 and "Warning" not in err, f"{name}: {' '.join(command)}", out[-2000:] + err)
    installation.check_program(checks, folder, "build/program", "static" if target == "cnn::static" else "shared")


def check_versions(checks, installation):
    folder = installation.project("versions")
    (folder / "CMakeLists.txt").write_text(VERSIONS, encoding="utf-8")
    out, err, code = installation.run("cmake", "-S", ".", "-B", "build", cwd=folder)
    found = re.findall(r"^-- (\S+) (?:1|TRUE)$", out, re.M)
    checks.that(code == 0 and found == ANSWERED, "the requests that the package answers", (found, err))


def words_of(text):
    return {word for word in text.split() if word.startswith("-l") and word != "-lcnn"}


def check(checks, installation):
    build(checks, installation, "cmake", "cnn::cnn")
    build(checks, installation, "cmake_static", "cnn::static")
    check_versions(checks, installation)
    config = next(installation.prefix.rglob("cnnConfig.cmake")).read_text(encoding="utf-8")
    checks.that(str(installation.folder) not in config, "the package names no folder of the prefix", config)
    words = re.search(r'INTERFACE_LINK_LIBRARIES "(.*)"', config).group(1).replace(";", " ")
    out, err, _ = installation.run("pkg-config", "--static", "--libs", "cnn", cwd=installation.folder)
    checks.equal(words_of(words), words_of(out), "what the archive needs: as in cnn.pc")


def check_moved(checks, installation):
    build(checks, installation, "cmake_moved", "cnn::cnn")
    build(checks, installation, "cmake_static_moved", "cnn::static")
