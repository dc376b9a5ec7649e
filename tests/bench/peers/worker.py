"""What the Python workers share: the data, the weights, the protocol.

A worker is started as `WORKER.py SETTINGS`, settings in JSON: threads, data (folder of the IDX files), weights (a file of
cnn_model_save), predictions (what libcnn says of the first test images), and the options of the variant. It says {"ready": ...} and
answers each line "TASK STEPS key=value..." on its standard input with a line of JSON: images and seconds, or error."""
import gzip
import json
import os
import statistics
import struct
import sys
import time
import traceback

BATCH = 128
CHECKED = 256


class Settings:
    """The settings of the command line, with the data and weights that they name."""

    def __init__(self):
        import numpy as np
        values = json.loads(sys.argv[1])
        self.threads = values["threads"]
        self.options = values.get("options", {})
        self.weights_path = values["weights"]
        self._data = values["data"]
        self._predictions = values["predictions"]
        self._np = np

    def _idx(self, name, header):
        with gzip.open(os.path.join(self._data, name)) as file:
            return self._np.frombuffer(file.read(), self._np.uint8)[header:]

    def images(self, part):
        """float32 [N, 28, 28, 1] in [0, 1], without the tenth that the notebook keeps for validation."""
        pixels = self._idx(f"{part}-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28, 1)
        pixels = pixels[: len(pixels) * 9 // 10] if part == "train" else pixels
        return pixels.astype(self._np.float32) / self._np.float32(255)

    def labels(self, part):
        labels = self._idx(f"{part}-labels-idx1-ubyte.gz", 8).astype(self._np.int64)
        return labels[: len(labels) * 9 // 10] if part == "train" else labels

    def one_hot(self, part):
        return self._np.eye(10, dtype=self._np.float32)[self.labels(part)]

    def weights(self):
        """Name to array, as libcnn saved them (safetensors)."""
        with open(self.weights_path, "rb") as file:
            content = file.read()
        (length,) = struct.unpack("<Q", content[:8])
        found = {}
        for name, entry in json.loads(content[8 : 8 + length]).items():
            if name != "__metadata__" and entry["dtype"] == "F32":
                first, last = (8 + length + offset for offset in entry["data_offsets"])
                found[name] = self._np.frombuffer(content[first:last], "<f4").reshape(entry["shape"]).copy()
        return found

    def difference(self, predict):
        """Largest absolute difference of predict(images) from what libcnn says."""
        expected = self._np.fromfile(self._predictions, "<f4").reshape(CHECKED, 10)
        return float(self._np.abs(self._np.asarray(predict(self.images("t10k")[:CHECKED])) - expected).max())


def timed(call, steps, images):
    """`steps` calls in a row."""
    began = time.perf_counter()
    for _ in range(steps):
        call()
    return {"images": steps * images, "seconds": time.perf_counter() - began}


def timed_singles(call, steps):
    """Calls timed one by one; the median counts."""
    times = []
    for _ in range(steps):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return {"images": steps, "seconds": sum(times), "median_us": statistics.median(times) * 1e6}


def peak_mib():
    """Largest resident size of this process so far."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM"))


def serve(start):
    """Answer requests until standard input ends. start() gives a description and the tasks: name to call(steps, **options)."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the frameworks print is no answer

    def say(value):
        answers.write(json.dumps(value) + "\n")
        answers.flush()

    try:
        description, tasks = start()
    except Exception as error:
        traceback.print_exc()
        say({"error": f"{type(error).__name__}: {error}".split("\n")[0][:200]})
        return
    say({"ready": description})
    for line in sys.stdin:
        task, *words = line.split()
        try:
            if task == "memory":
                say({"peak_mib": peak_mib()})
                continue
            steps = int(words[0]) if words else 1
            say(tasks[task](steps, **dict(word.split("=", 1) for word in words[1:])))
        except Exception as error:
            traceback.print_exc()
            say({"error": f"{type(error).__name__}: {error}".split("\n")[0][:200]})
