#!/usr/bin/python3
"""What is written has the structure of Keras's own files: names, types, shapes and attributes as the lists in tests/reference/interop have them
(read by h5py), the same data, the same bytes each time, and texts beyond 64 KB in parts.

Usage: structure.py REFERENCE_DIR RESAVE"""
import json
import pathlib
import subprocess
import sys
import tempfile

import h5py

SMALL, RESAVE = pathlib.Path(sys.argv[1]).resolve() / "interop" / "small", pathlib.Path(sys.argv[2]).resolve()
checks, failures = 0, []


def that(condition, what):
    global checks
    checks += 1
    if not condition:
        failures.append(what)


def text_type(attribute):
    kind = attribute.get_type()
    if not isinstance(kind, h5py.h5t.TypeStringID):
        return str(attribute.dtype)
    length = "variable length" if kind.is_variable_str() else "fixed length"
    return f"string, {length}, {'UTF-8' if kind.get_cset() else 'ASCII'}"


def value_of(raw):
    if isinstance(raw, bytes):
        raw = raw.decode()
    if isinstance(raw, str):
        return json.loads(raw) if raw.startswith("{") else raw
    return [value_of(one) for one in raw]


def listing(file):
    """Objects by path, as the lists of the reference have them, without the values of data sets."""
    found = {}

    def visit(path, thing):
        entry = {"kind": "group"}
        if isinstance(thing, h5py.Dataset):
            layout = "contiguous" if thing.id.get_create_plist().get_layout() == h5py.h5d.CONTIGUOUS else "other"
            entry = {"kind": "dataset", "shape": list(thing.shape), "dtype": str(thing.dtype), "layout": layout}
        attributes = {}
        for name in thing.attrs:
            low = h5py.h5a.open(thing.id, name.encode())
            shape = "scalar" if low.get_space().get_simple_extent_type() == h5py.h5s.SCALAR else list(low.shape)
            attributes[name] = {"type": text_type(low), "shape": shape, "value": value_of(thing.attrs[name])}
        if attributes:
            entry["attributes"] = attributes
        found["/" + path] = entry

    visit("", file)
    file.visititems(visit)
    return found


def compare(ours, theirs, name):
    with h5py.File(ours) as file, h5py.File(theirs) as model:
        have = listing(file)
        wanted = {entry["path"]: {key: entry[key] for key in entry if key not in ("path", "value")}
                  for entry in json.loads((SMALL / name).read_text())}
        that(sorted(have) == sorted(wanted), f"{name}: objects: {sorted(set(have) ^ set(wanted))}")
        for path in sorted(set(have) & set(wanted)):
            that(have[path] == wanted[path], f"{name}: {path}: {have[path]} instead of {wanted[path]}")
            if have[path]["kind"] == "dataset":
                that(file[path][()].tobytes() == model[path][()].tobytes(), f"{name}: {path}: other values")


def main():
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder)

        def resave(source, name, *what):
            done = subprocess.run([str(RESAVE), str(source), str(out / name), *what], capture_output=True, text=True, cwd="/")
            that(done.returncode == 0, f"{name}: {done.stderr}")
            return out / name

        whole = resave(SMALL / "keras3.h5", "model.h5")
        compare(whole, SMALL / "keras3.h5", "keras3.h5.listing.json")
        compare(resave(SMALL / "keras3.h5", "model.weights.h5"), SMALL / "keras3.weights.h5", "keras3.weights.h5.listing.json")
        that(whole.read_bytes() == (SMALL / "keras3.h5").read_bytes(), "not the very bytes that Keras wrote")
        that(resave(SMALL / "keras3.h5", "again.h5").read_bytes() == whole.read_bytes(), "the same model, other bytes")
        that(resave(whole, "back.h5").read_bytes() == whole.read_bytes(), "written and read back it is another one")
        with h5py.File(resave(SMALL / "keras3.h5", "legacy.h5", "weights")) as file, h5py.File(whole) as model:
            that("layer_names" in file.attrs and "model_config" not in file.attrs, "weights alone begin with layer_names")
            that(listing(file)["/conv1"] == listing(model)["/model_weights/conv1"], "and have the groups of a model")
        with h5py.File(resave(SMALL / "keras3.h5", "plain.h5", "stateless")) as file:
            that("training_config" in file.attrs and "optimizer_weights" not in file, "a model without its optimizer's state")
        that(not list(pathlib.Path("/").glob("keras.h5")), "no file is made beside")
    print("\n".join(failures))
    print(f"{100 * (checks - len(failures)) // checks}%: Checks: {checks}, Failures: {len(failures)}, Errors: 0")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
