#!/usr/bin/python3
"""Every file includes only what stands before it: folders of lib/ in dependency order.

Usage: arrows.py SOURCE_ROOT"""
import pathlib
import re
import sys

# folder: folders that it may include besides itself and the public headers
ALLOWED = {
    "core": [],
    "tensor": ["core"],
    "kernels": ["core"],
    "layers": ["core", "tensor", "kernels"],
    "objective": ["core", "tensor", "kernels"],
    "optim": ["core", "tensor", "kernels", "layers"],
    "model": ["core", "tensor", "kernels", "layers", "objective", "optim"],
    "data": ["core", "tensor", "kernels"],
    "io": ["core", "tensor", "kernels", "layers", "objective", "optim", "model"],
    "train": ["core", "tensor", "kernels", "layers", "objective", "optim", "model", "data", "io"],
}
# callbacks that any user could have written: public headers, each other's public-only helpers, and builtin.h for their constructors
PUBLIC_ONLY = ["early_stopping", "reduce_lr_on_plateau", "model_checkpoint", "csv_logger", "terminate_on_nan", "monitor",
               "file_name", "learning_rate_scheduler", "log_file", "json_logger"]
# what stands on no other file of ours, so that a companion compiles it for itself
BY_ITSELF = ["io/json_reader.h"]
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def beyond(parts, name, where):
    """A companion library knows libcnn by its public headers, and besides its own files those that all of them share."""
    included = name.split("/")
    if name in BY_ITSELF:
        return
    if included[0] != "companion" or len(included) > 2 and included[1] != parts[1]:
        yield f"{where}: a companion includes public headers, its own files and those beside its folder alone"


def complaints(root):
    for path in sorted((root / "lib").rglob("*.[ch]")):
        folder = path.relative_to(root / "lib").parts[0]
        for name in INCLUDE.findall(path.read_text(encoding="utf-8")):
            first = name.split("/")[0]
            where = f"{path.relative_to(root)}: includes {name}"
            if first == "cnn":
                continue
            if folder == "companion":
                yield from beyond(path.relative_to(root / "lib").parts, name, where)
                continue
            if "/" not in name:
                yield f"{where}: name the folder, as in \"{folder}/{name}\""
            elif first != folder and first not in ALLOWED[folder]:
                yield f"{where}: {folder} stands before {first}"
            elif path.stem in PUBLIC_ONLY and folder == "train":
                stem = pathlib.Path(name).stem
                if stem not in PUBLIC_ONLY and stem != "builtin":
                    yield f"{where}: built-in callbacks use public headers alone"
    for path in sorted((root / "examples").rglob("*.[ch]")):
        for name in INCLUDE.findall(path.read_text(encoding="utf-8")):
            if (root / "lib" / name).exists():
                yield f"{path.relative_to(root)}: includes {name}: examples use public headers alone"


def main():
    if len(sys.argv) != 2 or sys.argv[1] == "--help":
        print(__doc__)
        return 0 if sys.argv[-1] == "--help" else 2
    found = list(complaints(pathlib.Path(sys.argv[1])))
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
