#!/usr/bin/python3
"""HDF5 files as h5py can make them, from unusual to evil: the one kind loads with the same values, the other is refused with a sentence, at once
and without the memory that it asks for; no other file is ever opened.

Usage: hostile.py REFERENCE_DIR RESAVE"""
import json
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib

import h5py
import numpy

MODEL, RESAVE = pathlib.Path(sys.argv[1]).resolve() / "interop" / "small" / "keras3.h5", pathlib.Path(sys.argv[2]).resolve()
KERNEL = "model_weights/dense1/sequential/dense1/kernel"
CONFIG = "model_config"
LIMIT = 1 << 30  # bytes of address space: a bomb that goes off is seen
checks, failures = 0, []


def that(condition, what):
    global checks
    checks += 1
    if not condition:
        failures.append(what)


def replaced(file, values=None, **options):
    """The kernel's data set in another manner."""
    old = file[KERNEL][()]
    del file[KERNEL]
    return file.create_dataset(KERNEL, data=old if values is None else values(old), **options)


def bomb(file, extent, chunk, stored, packed=None):
    """Chunks that unpack to zeros, all of them from the same bytes."""
    del file[KERNEL]
    data = file.create_dataset(KERNEL, (extent,), "f4", chunks=(chunk,), compression="gzip")
    packed = packed or zlib.compress(bytes(4 * chunk), 9)
    for place in range(stored):
        data.id.write_direct_chunk((place * chunk,), packed)


def wide_chunks(file):
    """One number each: what they unpack to is thrown away."""
    del file[KERNEL]
    count, wide = 40, 1 << 23
    data = file.create_dataset(KERNEL, (count, 1), "f4", chunks=(1, wide), maxshape=(None, None), compression="gzip")
    packed = zlib.compress(bytes(4 * wide), 9)
    for place in range(count):
        data.id.write_direct_chunk((place, 0), packed)


def reconfigured(change):
    def make(file):
        config = json.loads(file.attrs[CONFIG])
        change(config)
        file.attrs[CONFIG] = json.dumps(config).encode()
    return make


def rate_in_config(file):
    training = json.loads(file.attrs["training_config"])
    training["optimizer_config"]["config"]["learning_rate"] = -0.1
    file.attrs["training_config"] = json.dumps(training)


def rate_in_state(value):
    def make(file):
        file["optimizer_weights/adam/learning_rate"][()] = value
    return make


def layer(class_name):
    return reconfigured(lambda config: config["config"]["layers"][3].update(class_name=class_name))


def attribute(name, value, group="model_weights"):
    def make(file):
        del file[group].attrs[name]
        file[group].attrs[name] = value
    return make


def in_parts(file):
    names = file["model_weights"].attrs["layer_names"]
    del file["model_weights"].attrs["layer_names"]
    file["model_weights"].attrs["layer_names0"] = names[:5]
    file["model_weights"].attrs["layer_names1"] = names[5:]


def fixed_texts(file):
    for group in [file["model_weights"], *file["model_weights"].values()]:
        for name in ("layer_names", "weight_names"):
            if len(group.attrs.get(name, ())):
                names = numpy.array([str(one).encode() for one in group.attrs[name]])
                del group.attrs[name]
                group.attrs[name] = names


def names_of_keras_2(file):
    group = file["model_weights/conv1"]
    for name in ("kernel", "bias"):
        group.move(f"sequential/conv1/{name}", f"conv1/{name}:0")
    group.attrs["weight_names"] = [b"conv1/kernel:0", b"conv1/bias:0"]


def without_top_level(file):
    del file["model_weights/top_level_model_weights"]


def more_groups(file):
    file["model_weights/loop"] = file["model_weights"]  # nobody follows it
    file["elsewhere"] = h5py.ExternalLink("/etc/hostname", "/")
    file.create_group("model_weights/zzz")


SAME = {
    "double": lambda f: replaced(f, lambda v: v.astype("f8")),
    "big_endian": lambda f: replaced(f, lambda v: v.astype(">f4")),
    "double_big_endian": lambda f: replaced(f, lambda v: v.astype(">f8")),
    "chunks": lambda f: replaced(f, chunks=(50, 7)),
    "gzip": lambda f: replaced(f, chunks=(100, 5), compression="gzip"),
    "gzip_shuffle": lambda f: replaced(f, chunks=(37, 16), compression="gzip", shuffle=True),
    "shuffle": lambda f: replaced(f, chunks=(392, 16), shuffle=True),
    "names_in_parts": in_parts,
    "fixed_texts": fixed_texts,
    "names_of_keras_2": names_of_keras_2,
    "without_top_level": without_top_level,
}


def soft(file):
    del file[KERNEL]
    file[KERNEL] = h5py.SoftLink("/model_weights/output/sequential/output/kernel")


def soft_cycle(file):
    del file["model_weights/conv1"]
    file["model_weights/conv1"] = h5py.SoftLink("/model_weights/conv1")


def external_link(file):
    del file["model_weights/conv1"]
    file["model_weights/conv1"] = h5py.ExternalLink(str(MODEL), "/model_weights/conv1")


def virtual(file):
    source = h5py.VirtualSource(str(MODEL), KERNEL, shape=(392, 16))
    layout = h5py.VirtualLayout(shape=(392, 16), dtype="f4")
    layout[:] = source
    del file[KERNEL]
    file.create_virtual_dataset(KERNEL, layout)


def committed(file):
    file["a_type"] = numpy.dtype("f4")
    old = file[KERNEL][()]
    del file[KERNEL]
    file.create_dataset(KERNEL, data=old, dtype=file["a_type"])


def never_written(file):
    del file[KERNEL]
    file.create_dataset(KERNEL, (1 << 20, 1 << 20), "f4")


def references(file):
    del file[KERNEL]
    file.create_dataset(KERNEL, (2,), dtype=h5py.ref_dtype)


def group_for_data(file):
    del file[KERNEL]
    file.create_group(KERNEL)


def deep(file):
    del file.attrs[CONFIG]
    file.attrs[CONFIG] = b'{"a":' * 100000 + b"1" + b"}" * 100000


REFUSED = {  # name: (how to make it, a word of the sentence)
    "soft_link": (soft, "soft link"),
    "soft_link_cycle": (soft_cycle, "soft link"),
    "external_link": (external_link, "links"),
    "virtual": (virtual, "virtual"),
    "external_data": (lambda f: replaced(f, lambda v: v[:1], external=[("/etc/hostname", 0, 64)]), "another file"),
    "committed_type": (committed, "committed"),
    "never_written": (never_written, "not in the file"),
    "no_chunk": (lambda f: bomb(f, 1 << 40, 1 << 20, 0), "chunks"),
    "bomb": (lambda f: bomb(f, 1 << 31, 1 << 24, 128), "more than is allowed"),
    "one_large_chunk": (lambda f: bomb(f, 1 << 28, 1 << 28, 1, b"x" * 64), "more than is allowed"),
    "wide_chunks": (wide_chunks, "for 160 bytes of data"),
    "lzf": (lambda f: replaced(f, compression="lzf"), "filter"),
    "fletcher": (lambda f: replaced(f, fletcher32=True), "filter"),
    "scaled": (lambda f: replaced(f, scaleoffset=3, chunks=(392, 16)), "filter"),
    "whole_numbers": (lambda f: replaced(f, lambda v: v.astype("i4")), "floating-point"),
    "texts": (lambda f: replaced(f, lambda v: [b"a", b"b"]), "floating-point"),
    "compound": (lambda f: replaced(f, lambda v: numpy.zeros(3, [("a", "f4"), ("b", "i8")])), "floating-point"),
    "references": (references, "floating-point"),
    "nine_axes": (lambda f: replaced(f, lambda v: v.reshape((392, 16) + (1,) * 7)), "axes"),
    "another_shape": (lambda f: replaced(f, lambda v: v.reshape(16, 392)), "dense1/kernel"),
    "group_for_data": (group_for_data, "no data set"),
    "names_are_numbers": (attribute("layer_names", numpy.arange(12)), "no text"),
    "name_of_nothing": (attribute("weight_names", [b"a", b"b"], "model_weights/conv1"), "'a' is not in the file"),
    "names_twice": (attribute("layer_names", [b"conv1"] * 12), "conv1"),
    "names_for_ever": (attribute("layer_names", [b"x/" * 300 + b"y"] * 12), "not in the file"),
    "control_characters": (attribute("layer_names", [b"a\x1b[31m\nb"]), "'a?[31m?b'"),
    "lambda": (layer("Lambda"), "Lambda"),
    "unknown_layer": (layer("Conv7D"), "Conv7D"),
    "config_is_no_json": (attribute(CONFIG, b"{]", "/"), "model_config"),
    "config_is_a_list": (attribute(CONFIG, [b"{}", b"{}"], "/"), "model_config"),
    "config_is_deep": (deep, "model_config"),
    "config_is_huge": (attribute(CONFIG, b"{" + b" " * (20 << 20) + b"}", "/"), "model_config"),
}


def limited():
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))


def resave(source, target, *more):
    """Sanitizers need address space of their own."""
    sanitized = len(sys.argv) > 3 and sys.argv[3] == "sanitized"
    return subprocess.run([str(RESAVE), str(source), str(target), *map(str, more)], capture_output=True, text=True, timeout=60,
                          preexec_fn=None if sanitized else limited)


def refused(source, word, name):
    done = resave(source, source.with_suffix(".out.h5"))
    text = done.stderr
    that(done.returncode == 1 and text.count("\n") == 1, f"{name}: {done.returncode} {text}")
    that(text.startswith(("CNN_EFORMAT", "CNN_EUNSUPPORTED", "CNN_ESHAPE")) and word in text, f"{name}: {text}")


def bounded(source, unpacked, word):
    """max_bytes bounds what is unpacked as well as the file: just enough is enough, and one byte less is said."""
    size, target = source.stat().st_size, source.with_suffix(".out.h5")
    that(size < unpacked - 1, f"{source.name}: {size} bytes unpack to no more than {unpacked}")
    for most in (0, unpacked):
        done = resave(source, target, "whole", most)
        that(done.returncode == 0, f"{source.name}: max_bytes={most}: {done.stderr}")
    for most, said in ((unpacked - 1, word), (size, word), (size - 1, "allowed")):
        done = resave(source, target, "whole", most)
        that(done.returncode == 1 and done.stderr.startswith("CNN_EFORMAT") and said in done.stderr, f"{source.name}: max_bytes={most}: {done.stderr}")


def packed(path):
    """The model with its larger arrays as zeros, deflated; returns the bytes of all its floats."""
    sizes = []

    def take(name, old):
        if isinstance(old, h5py.Group):
            made = new.create_group(name)
        elif old.size > 1000:
            made = new.create_dataset(name, old.shape, "f4", numpy.zeros_like(old), chunks=old.shape, compression="gzip")
        else:
            made = new.create_dataset(name, data=old[()])
        made.attrs.update(old.attrs)
        sizes.append(4 * old.size if isinstance(old, h5py.Dataset) and old.dtype.kind == "f" else 0)

    with h5py.File(MODEL) as file, h5py.File(path, "w") as new:
        new.attrs.update(file.attrs)
        file.visititems(take)
    return sum(sizes)


def bounds(folder):
    """Of an archive that is deflated, where Keras stores, and of deflated data sets."""
    archive, file = folder / "bounds.keras", folder / "bounds.h5"
    with zipfile.ZipFile(MODEL.with_suffix(".keras")) as stored, zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as deflated:
        for name in stored.namelist():
            deflated.writestr(name, stored.read(name))
        unpacked = sum(len(stored.read(name)) for name in ("config.json", "model.weights.h5"))
    bounded(archive, unpacked, "left of max_bytes")
    bounded(file, packed(file), "than is allowed")


def main():
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder)

        def made(name, make):
            path = out / f"{name}.h5"
            shutil.copy(MODEL, path)
            path.chmod(0o644)
            with h5py.File(path, "r+") as file:
                make(file)
            return path

        for name, make in SAME.items():
            target = out / "same.h5"
            done = resave(made(name, make), target)
            that(done.returncode == 0 and target.read_bytes() == MODEL.read_bytes(), f"{name}: not the same model: {done.stderr}")
        done = resave(made("half", lambda f: replaced(f, lambda v: v.astype("f2"))), out / "half.out.h5")
        with h5py.File(out / "half.out.h5") as file, h5py.File(MODEL) as model:
            that((file[KERNEL][()] == model[KERNEL][()].astype("f2").astype("f4")).all(), "halves are what they are as floats")
        done = resave(made("links", more_groups), out / "links.out.h5")
        that("links in a heap" not in done.stderr and (out / "links.out.h5").read_bytes() == MODEL.read_bytes(), f"links: {done.stderr}")
        for name, make in {"rate": rate_in_config, "rate_nan": rate_in_state(numpy.nan), "rate_inf": rate_in_state(numpy.inf), "rate_below": rate_in_state(-1)}.items():
            done = resave(made(name, make), out / "rate.out.h5")
            that(done.returncode == 0, f"{name}: training that cannot go on is no reason to refuse a model: {done.stderr}")
        for name, (make, word) in REFUSED.items():
            refused(made(name, make), word, name)
        with h5py.File(out / "latest.h5", "w", libver="latest") as file:
            file.attrs[CONFIG] = "{}"
        refused(out / "latest.h5", "h5repack", "latest")
        with h5py.File(out / "user_block.h5", "w", userblock_size=512) as file:
            file.attrs[CONFIG] = "{}"
        refused(out / "user_block.h5", "HDF5", "user_block")
        with h5py.File(out / "empty.h5", "w"):
            pass
        refused(out / "empty.h5", "none of Keras's", "empty")
        bounds(out)
    print("\n".join(failures))
    print(f"{100 * (checks - len(failures)) // checks}%: Checks: {checks}, Failures: {len(failures)}, Errors: 0")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
