#!/usr/bin/python3
"""mnist_train on a terminal: the bar, its colours and who forbids them, and Ctrl-C outside of training."""
import os
import pathlib
import pty
import signal
import subprocess
import sys

from data_sets import data_set
from support import Checks, scratch

TRAIN = os.environ["MNIST_TRAIN"]


def on_terminal(command, environment=None, at=None):
    """What a command writes to a terminal, and its exit status; SIGINT once it has written `at`."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([str(word) for word in command], stdin=theirs, stdout=theirs, stderr=theirs,
                               env={**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", "NO_COLOR": "", **(environment or {})})
    os.close(theirs)
    seen = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other end is closed
            piece = b""
        if not piece:
            break
        seen += piece
        if at and at in seen:
            process.send_signal(signal.SIGINT)
            at = None
    os.close(ours)
    return seen, process.wait()


def main():
    try:
        for end in pty.openpty():
            os.close(end)
    except OSError as error:
        print(f"skipped: this machine gives no pseudo-terminal: {error}")
        return 77
    checks = Checks()
    with scratch() as folder:
        folder = pathlib.Path(folder)
        data = data_set(folder / "data", (8, 8))
        command = [TRAIN, "--data", data, "--output", folder / "o", "--epochs", 2, "--batch-size", 16, "--threads", 1]
        seen, code = on_terminal(command)
        last = seen.rindex(b"\r\x1b[1m16/16\x1b[0m \x1b[32m" + 20 * "━".encode() + b"\x1b[0m\x1b[37m\x1b[0m \x1b[1m")
        checks.that(code == 0 and b"s/step - accuracy: " in seen[last:last + 200], "the bar is Keras's", seen[last:last + 200])
        checks.that(b"\x1b[1mDataset Shapes:\x1b[0m" in seen, "headings are bold")
        for options, environment in (["--color", "never"], {}), ([], {"NO_COLOR": "1"}), ([], {"TERM": "dumb"}):
            seen, code = on_terminal(command + options, environment)
            checks.that(code == 0 and b"\x1b" not in seen, f"no colours with {options or environment}", seen[seen.find(b"\x1b"):][:99])
            checks.that(b"\r16/16 " in seen, "but a bar")
        seen, code = on_terminal(command, {"LC_ALL": "C"})
        checks.that(code == 0 and all(byte < 128 for byte in seen), "ASCII where the locale is not UTF-8")
        seen, code = on_terminal(command, at=b"Training completed!")
        checks.that(code == 130 and b"Model saved to:" in seen, "SIGINT after training: all is written, exit 130", code)
    checks.close()


if __name__ == "__main__":
    sys.exit(main())
