"""What the program tests share: running a program, and checks that say what they saw."""
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(os.environ["SOURCE_ROOT"])
BUILD = pathlib.Path(os.environ["BUILD_ROOT"])
SANITIZED = bool(os.environ.get("SANITIZED"))


def run(*command, environment=None, cwd=None, timeout=600):
    """stdout, stderr and exit status of a command."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=timeout, cwd=cwd,
                          env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL)
    return done.stdout, done.stderr, done.returncode


class Checks:
    """Counts checks and ends in the closing line that the test runner counts."""

    def __init__(self):
        self.passed = self.failed = 0

    def that(self, condition, what, seen=""):
        if condition:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {what}" + (f"; seen: {str(seen)[-2000:]}" if seen != "" else ""))

    def equal(self, seen, wanted, what):
        self.that(seen == wanted, f"{what}: wanted {wanted!r}", seen)

    def close(self):
        total = self.passed + self.failed
        share = 100 * self.passed // total if total else 0
        print(f"{share}%: Checks: {total}, Failures: {self.failed}, Errors: 0")
        sys.exit(1 if self.failed else 0)


def scratch():
    return tempfile.TemporaryDirectory(prefix="libcnn-test-")
