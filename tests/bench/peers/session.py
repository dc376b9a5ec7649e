"""Running workers: one process for each way of starting a contender, asked one at a time while all others wait."""
import contextlib
import json
import os
import selectors
import shlex
import subprocess
import time

from environments import Missing

TICKS = os.sysconf("SC_CLK_TCK")


class Gate:
    """A turn on a shared machine: `command` (such as "flock FILE cat") is started and has the turn as soon as it echoes a line; the end of
    its input gives the turn back. Without a command the machine is always ours."""

    def __init__(self, command):
        self.words, self.child = shlex.split(command), None

    def __enter__(self):
        if self.words:
            self.child = subprocess.Popen(self.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.child.stdin.write("go\n")
            self.child.stdin.flush()
            if not self.child.stdout.readline():
                raise SystemExit(f"run: the gate {self.words} ended without an answer")
            self.since = time.monotonic()
        return self

    def __exit__(self, *unused):
        if self.child:
            with contextlib.suppress(BrokenPipeError):
                self.child.stdin.close()
            self.child.wait()

    def held(self):
        """Whether the turn has been ours all the while."""
        return not self.child or self.child.poll() is None

    def breathe(self, seconds=25):
        """Let others have their turn after a while."""
        if self.child and time.monotonic() - self.since > seconds:
            self.__exit__()
            self.__enter__()


class Worker:
    """One process of a contender."""

    def __init__(self, words, environment, threads, log):
        allowed = sorted(os.sched_getaffinity(0))[:threads]
        base = {name: value for name, value in os.environ.items()
                if not name.startswith(("LD_", "MALLOC_", "OMP_", "MKL_", "OPENBLAS_", "CNN_", "KMP_", "TF_"))}
        counts = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
        with open(log, "a") as file:
            self.process = subprocess.Popen(words, env={**base, **counts, **environment}, stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=file, bufsize=0,
                                            preexec_fn=lambda: os.sched_setaffinity(0, allowed))
        self.greeting = self.read(300)
        self.description = self.greeting.get("ready")

    def read(self, timeout):
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            line, end = b"", time.monotonic() + timeout
            while not line.endswith(b"\n"):
                if not selector.select(max(0, end - time.monotonic())):
                    self.close()
                    raise Missing(f"no answer within {timeout} s")
                part = os.read(self.process.stdout.fileno(), 65536)
                if not part:
                    raise Missing(f"the worker ended with status {self.process.wait()}")
                line += part
        answer = json.loads(line)
        if "error" in answer:
            raise Missing(answer["error"])
        return answer

    def ask(self, task, steps=1, options=None, timeout=300):
        if self.process.poll() is not None:
            raise Missing(f"the worker has ended with status {self.process.returncode}")
        words = [task, str(steps)] + [f"{name}={value}" for name, value in (options or {}).items()]
        self.process.stdin.write((" ".join(words) + "\n").encode())
        return self.read(timeout)

    def seconds(self):
        """CPU time used so far."""
        try:
            with open(f"/proc/{self.process.pid}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / TICKS

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def settled(workers, patience=3):
    """Wait until pools that spin for a while, and what frameworks do after a call, have come to rest. The CPU time of the workers then."""
    end, before = time.monotonic() + patience, None
    while True:
        now = sum(worker.seconds() for worker in workers)
        if now == before or time.monotonic() > end:
            return now
        before = now
        time.sleep(0.15)


FIRST_STEPS = {"train": 3, "augment": 3, "infer": 3, "single": 5}
SHARE = {"train": 1, "augment": 2, "infer": 0.5, "single": 0.3}  # of the seconds of a burst
MOST_STEPS = {"train": 421, "augment": 421, "infer": 2000, "single": 20000}


def warm(worker, task, options, seconds):
    """Everything that happens only once, then the number of steps that fills a burst of `seconds`."""
    first = FIRST_STEPS[task]
    worker.ask(task, first, options, 600)
    for _ in range(2):
        answer = worker.ask(task, first, options)
        images = 1 if task == "single" else 128
        first = max(3, min(MOST_STEPS[task], round(seconds * SHARE[task] * answer["images"] / answer["seconds"] / images)))
    return first


def value_of(task, answer):
    """Images a second; for single images microseconds."""
    return answer["median_us"] if task == "single" else answer["images"] / answer["seconds"]


def better(task, a, b):
    return a < b if task == "single" else a > b
