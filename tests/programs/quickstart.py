#!/usr/bin/python3
"""The README's program does what it says: trains, prints, saves; and says what is missing where it lacks data."""
import os
import pathlib

from support import Checks, ROOT, run, scratch


def main():
    checks = Checks()
    program = os.environ["QUICKSTART"]
    with scratch() as folder:
        out, err, code = run(program, ROOT / "examples" / "data" / "mnist", cwd=folder)
        checks.equal(code, 0, "quickstart ends with 0")
        checks.that(not err, "nothing on stderr", err)
        for text in ("conv2d (Conv2D)", "Epoch 2/2", "val_accuracy: 0.9"):
            checks.that(text in out, f"printed: {text}", out)
        checks.that((pathlib.Path(folder) / "quickstart.safetensors").stat().st_size > 1000, "the model is saved")
        out, err, code = run(program, "/nowhere", cwd=folder)
        checks.that(code == 1 and "/nowhere/train-images-idx3-ubyte.gz" in err, "missing data: exit 1, the path named", err)
    checks.close()


main()
