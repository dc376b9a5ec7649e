#!/usr/bin/python3
"""The example's callback ends training at its goal, its loop goes on from there; the same bits for any number of threads."""
import os
import re

from support import Checks, ROOT, run


def main():
    checks = Checks()
    program = os.environ["CUSTOM_CALLBACK"]
    data = ROOT / "examples" / "data" / "mnist"
    out, err, code = run(program, data)
    checks.equal((code, err), (0, ""), "custom_callback ends with 0 and nothing on stderr")
    epochs = re.findall(r"val_accuracy: ([\d.]+) - val_loss: [\d.]+ - missing: ([-\d.e+]+)", out)
    checks.that(1 < len(epochs) < 20, "the goal ends training early, but not at once", out)
    checks.that(all((float(accuracy) < 0.95) == (i < len(epochs) - 1) for i, (accuracy, _) in enumerate(epochs)), "at 0.95", out)
    checks.that(epochs and float(epochs[-1][1]) == 0 and float(epochs[0][1]) > 0, "its figure is told", out)
    reached = re.search(r"^validation: loss [\d.]+, accuracy ([\d.]+)$", out, re.M)
    checks.that(reached and float(reached.group(1)) > float(epochs[-1][0]), "the loop learns on", out)
    checks.that(re.search(r"^last batch: loss [\d.]+, accuracy [\d.]+$", out, re.M), "a batch's figures are told", out)
    for threads in ("1", "3"):
        again, _, _ = run(program, data, environment={"CNN_NUM_THREADS": threads})
        checks.that(reached and reached.group(0) in again, f"{threads} threads: the same figures", again)
    out, err, code = run(program, "--help")
    checks.that(code == 0 and out.startswith("Usage: custom_callback") and not err, "--help", out)
    out, err, code = run(program, "/nowhere")
    checks.that(code == 1 and "/nowhere/train-images-idx3-ubyte.gz" in err, "missing data: exit 1, the path named", (code, err))
    checks.close()


main()
