#!/usr/bin/python3
"""cnn-inspect: what it says of each kind of file, to people and as JSON, beside what NumPy says; and of damaged ones."""
import gzip
import json
import os
import pathlib
import struct
import subprocess
import unicodedata
import zipfile

import numpy

from data_sets import data_set
from support import Checks, ROOT, run, scratch

INTEROP = ROOT / "tests" / "reference" / "interop" / "small"
TRAIN, INSPECT = os.environ["MNIST_TRAIN"], os.environ["CNN_INSPECT"]


def described(checks, path):
    out, err, code = run(INSPECT, "--json", path)
    checks.that(code == 0 and not err, f"{path.name}: exit 0", (code, err))
    return json.loads(out or "{}", parse_constant=lambda constant: checks.that(False, f"{constant} in JSON"))


def tensors_of(path):
    """The tensors of a file in the safetensors form, and its metadata."""
    whole = path.read_bytes()
    length = struct.unpack("<Q", whole[:8])[0]
    header, data = json.loads(whole[8:8 + length]), whole[8 + length:]
    notes = header.pop("__metadata__")
    del header["__checksum__"]
    return {name: numpy.frombuffer(data[row["data_offsets"][0]:row["data_offsets"][1]], "<f4").reshape(row["shape"])
            for name, row in header.items()}, notes


def check_ranges(checks, found, arrays, what):
    checks.equal([row["name"] for row in found["tensors"]], list(arrays), f"{what}: names, in the file's order")
    for row in found["tensors"]:
        array = arrays[row["name"]]
        finite = array[numpy.isfinite(array)] if array.size else array
        checks.equal([row["type"], row["shape"], row["values"], row["nan"], row["infinite"]],
                     [str(array.dtype), list(array.shape), array.size, int(numpy.isnan(array).sum()), int(numpy.isinf(array).sum())],
                     f"{what}: {row['name']}")
        seen = [None if value is None else float(numpy.float64(value).astype(array.dtype)) for value in (row["min"], row["max"])]
        checks.equal(seen, [float(finite.min()), float(finite.max())] if finite.size else [None, None], f"{what}: range of {row['name']}")


def check_model(checks, found, path, form):
    arrays, notes = tensors_of(path)
    check_ranges(checks, found, arrays, form)
    checks.equal([found["form"], found["bytes"], found["format_version"], found["library"]],
                 [form, path.stat().st_size, 1, notes["library"]], f"{form}: the file")
    config = json.loads(notes["config"])
    checks.equal([(row["name"], row["type"], row["attributes"]) for row in found["model"]["layers"]],
                 [(row["name"], row["type"], row["attributes"]) for row in config["layers"]], f"{form}: layers")
    weights = sum(array.size for name, array in arrays.items() if name.count("/") == 1)
    checks.equal([found["model"]["parameters"], sum(row["parameters"] for row in found["model"]["layers"])], [weights, weights],
                 f"{form}: parameters")
    checks.equal([found["model"]["seed"], found["compilation"]["iterations"], found["compilation"]["optimizer"]["name"]],
                 ["42", int(notes["iterations"]), "adam"], f"{form}: seed and compilation")
    checks.that(all(row["right"] for row in found["checks"]) and len(found["checks"]) == 4, f"{form}: four checks", found["checks"])


def check_libcnn(checks, folder):
    output = folder / "run"
    run(TRAIN, "--data", data_set(folder / "data", (8, 8)), "--output", output, "--epochs", 2, "--checkpoint", output / "c", "--quiet")
    check_model(checks, described(checks, output / "final.safetensors"), output / "final.safetensors", "libcnn model")
    found = described(checks, output / "c")
    check_model(checks, found, output / "c", "libcnn checkpoint")
    place, epochs = found["checkpoint"]["place"], found["checkpoint"]["epochs"]
    checks.equal([place["epoch"], place["step"], place["steps"], len(epochs)], [2, 0, 2, 2], "where the training stands")
    report = json.loads((output / "report.json").read_text(encoding="utf-8"))
    checks.that(abs(epochs[1]["figures"]["val_loss"] - report["epochs"][1]["val_loss"]) < 1e-8, "the history's figures", epochs)
    checks.that({"early_stopping", "csv_logger"} <= {row["kind"] for row in found["checkpoint"]["callbacks"]}, "callbacks by kind")
    text, err, code = run(INSPECT, output / "c")
    checks.that(code == 0 and not err, "text: exit 0", err)
    for part in ("libcnn checkpoint, ", "Model \"sequential\": 13 layers, ", "conv1     conv2d ", "filters=32 kernel_size=3,3 padding=same",
                 "Compiled: adam, loss categorical_crossentropy, metrics accuracy; ", "Training: epoch 3 in hand, 0 of 2 batches done",
                 "early_stopping: wait=", "optimizer/conv1/kernel/momentum", "  yes  the checksum is right"):
        checks.that(part in text, f"text says '{part}'", text)
    rows = text[text.index("Tensors: "):].split("\n\n")[1].split("\n")
    checks.that(len({len(row) for row in rows}) == 1 and len(rows) > 20, "columns are aligned", rows[:3])
    checks.that("use_bias" not in text, "what is the default is not said", text)


def check_arrays(checks, folder):
    arrays = {"x": numpy.array([[1.5, numpy.nan, -numpy.inf], [0, 2, 0.25]], "f4"), "labels": numpy.array([3, -4, 7]),
              "bytes": numpy.arange(24, dtype="u1").reshape(2, 3, 4), "none": numpy.zeros((0, 5), "f4"), "nan": numpy.full(2, numpy.nan, "f4")}
    for save, name in ((numpy.savez, "a.npz"), (numpy.savez_compressed, "packed.npz")):
        save(folder / name, **arrays)
        found = described(checks, folder / name)
        checks.equal(found["form"], "NumPy archive", name)
        check_ranges(checks, found, arrays, name)
    numpy.save(folder / "x.npy", arrays["x"])
    idx = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 9, 8, 7, 6, 5, 4])
    (folder / "i").write_bytes(idx)
    (folder / "i.gz").write_bytes(gzip.compress(idx))
    (folder / "x.npy.gz").write_bytes(gzip.compress((folder / "x.npy").read_bytes()))
    values = numpy.array([[9, 8, 7], [6, 5, 4]], "u1")
    for name, form, array in (("x.npy", "NumPy array", arrays["x"]), ("x.npy.gz", "NumPy array, packed by gzip", arrays["x"]),
                              ("i", "IDX", values), ("i.gz", "IDX, packed by gzip", values)):
        found = described(checks, folder / name)
        checks.equal(found["form"], form, name)
        check_ranges(checks, found, {"": array}, name)


def check_names(checks, folder):
    """A terminal must not obey what a file calls its arrays; JSON holds it."""
    names, path = ["\x1b[31mred", "line\nbreak", "bell\x07\x7f", "C1 \x9b5m", "plain \u00e9"], folder / "\x1b[7mnames.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            with archive.open(name + ".npy", "w") as member:
                numpy.save(member, numpy.zeros(2, "f4"))
    out, err, code = run(INSPECT, path)
    checks.that(code == 0 and not err, "names with control characters: exit 0", (code, err))
    checks.that(not [c for c in out if unicodedata.category(c) == "Cc" and c != "\n"] and out.count("\n") == 5 + len(names),
                "no control character is printed, no line more", out)
    for shown in ("\\x1b[7mnames.npz: ", "\\x1b[31mred ", "line\\x0abreak ", "bell\\x07\\x7f ", "C1 \\x9b5m ", "plain \u00e9 "):
        checks.that(shown in out, f"text says {shown}", out)
    checks.equal([row["name"] for row in described(checks, path)["tensors"]], names, "JSON has the names as they are")


def check_keras(checks):
    """Files of the real Keras: the tensors that it listed, and the network; or the name of the library that is missing."""
    for name, form in (("keras2.h5", "Keras HDF5"), ("keras3.h5", "Keras HDF5"), ("keras3.keras", "Keras archive (.keras)")):
        out, err, code = run(INSPECT, "--json", INTEROP / name)
        if code == 3:
            checks.that("libcnn-keras" in err, f"{name}: the library is named", err)
            continue
        found = json.loads(out)
        checks.equal([found["form"], found["model"]["parameters"], found["compilation"]["optimizer"]["name"]], [form, 6842, "adam"], name)
        checks.equal([row["type"] for row in found["model"]["layers"] if row["parameters"]],
                     ["conv2d", "batch_normalization"] * 2 + ["dense"] * 2, f"{name}: layers")
        shapes = {row["name"]: row["shape"] for row in found["tensors"]}
        checks.equal(shapes["optimizer/dense1/kernel/velocity"], [392, 16], f"{name}: the optimizer's state")
        checks.that(all(row["right"] for row in found["checks"]), f"{name}: checks", found["checks"])


def check_damage(checks, folder):
    model = (folder / "run" / "final.safetensors").read_bytes()
    archive = (folder / "a.npz").read_bytes()
    flipped = bytearray(model)
    flipped[-100] ^= 1
    damaged = {"cut": model[:3000], "flipped": bytes(flipped), "empty": b"", "text": b"no model at all, but some text\n",
               "cut.npz": archive[:200], "flipped.npz": archive[:150] + bytes([archive[150] ^ 255]) + archive[151:],
               "cut.idx": bytes([0, 0, 8, 1, 0, 0, 0, 9, 1]), "hdf5": b"\x89HDF\r\n\x1a\n" + bytes(600), "zip": b"PK\3\4" + bytes(100)}
    for name, content in damaged.items():
        path = folder / name
        path.write_bytes(content)
        out, err, code = run(INSPECT, path)
        checks.that(code == 3 and not out and name in err and err.count("\n") == 1, f"{name}: exit 3, one line that names it", (code, out, err))
        out, err, code = run(INSPECT, "--json", path)
        wrong = json.loads(out)
        checks.that(code == 3 and set(wrong) == {"file", "status", "error"} and name in wrong["error"], f"{name}: JSON says what is wrong", out)
    for path, wanted in ((folder / "absent", "No such file"), (folder, "is not a regular file")):
        out, err, code = run(INSPECT, path)
        checks.that(code == 3 and wanted in err and not out, f"{wanted}: exit 3", (code, err))
    for arguments in ([], ["a", "b"], ["--no-such-option", "a"]):
        out, err, code = run(INSPECT, *arguments)
        checks.that(code == 2 and err and not out, f"usage error {arguments}", (code, err))
    with open("/dev/full", "w", encoding="utf-8") as full:
        for option in ("--json", "--"):
            done = subprocess.run([INSPECT, option, folder / "a.npz"], stdout=full, stderr=-1, text=True, check=False)
            checks.that(done.returncode == 1 and "standard output" in done.stderr, f"{option}: stdout is full: exit 1", done)


def main():
    checks = Checks()
    with scratch() as folder:
        folder = pathlib.Path(folder)
        check_libcnn(checks, folder)
        check_arrays(checks, folder)
        check_names(checks, folder)
        check_damage(checks, folder)
    check_keras(checks)
    checks.close()


main()
