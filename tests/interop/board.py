#!/usr/bin/python3
"""What mnist_train --tensorboard writes, before TensorBoard itself: its reader lists Keras's tags with the values of the run, histograms are those of
tf.summary to the bit, the server of the real thing hands them out, and a headless Chromium draws the curves.

Usage: board.py MNIST_TRAIN [FOLDER]   (in an environment with tensorboard and tensorflow; PYTHONPATH=tests/python; FOLDER: the screenshot stays there)"""
from __future__ import annotations

import json
import pathlib
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from typing import Any, Callable

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util

EPOCHS = 3
KERAS = {  # run: tags of Keras's own callback for this training
    "train": {"epoch_accuracy", "epoch_loss", "epoch_learning_rate", "epoch_steps_per_second", "batch_accuracy", "batch_loss",
              "batch_steps_per_second"},
    "validation": {"epoch_accuracy", "epoch_loss", "evaluation_accuracy_vs_iterations", "evaluation_loss_vs_iterations"}}
FAILURES: list[str] = []
CHECKS = 0


def that(good: Any, what: str, seen: Any = "") -> None:
    global CHECKS
    CHECKS += 1
    if not good:
        FAILURES.append(what)
        print(f"FAIL {what}: {seen}")


def accumulated(run: pathlib.Path) -> dict[str, list[tuple[int, Any]]]:
    reader = EventAccumulator(str(run), size_guidance={"tensors": 0})
    reader.Reload()
    return {tag: [(event.step, tensor_util.make_ndarray(event.tensor_proto)) for event in reader.Tensors(tag)]
            for tag in reader.Tags()["tensors"]}


def f32(value: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


def check_graph(train: dict[str, list[tuple[int, Any]]]) -> None:
    """TensorBoard's own way from the event to the graph that it draws."""
    from tensorboard.plugins.graph.keras_util import keras_model_to_graph_def
    ((step, text),) = train["keras"]
    graph = keras_model_to_graph_def(json.loads(text.item()))
    chain = [node.name for node in graph.node]
    that(step == 0 and len(chain) == 13 and chain[1].endswith("/conv1"), "keras: the layers in their order", chain)
    that([list(node.input) for node in graph.node] == [[], *([name] for name in chain[:-1])], "keras: each reads the one before", graph)
    that(graph.node[1].attr["keras_class"].s == b"Conv2D", "keras: classes are Keras's", graph.node[1])


def check_values(runs: dict[str, dict[str, list[tuple[int, Any]]]], rows: list[dict[str, Any]]) -> None:
    for run, wanted in KERAS.items():
        that(wanted <= set(runs[run]), f"{run}: Keras's tags", set(runs[run]))
    for run, prefix in (("train", ""), ("validation", "val_")):
        for figure in ("loss", "accuracy"):
            seen = [(step, float(value)) for step, value in runs[run][f"epoch_{figure}"]]
            that(seen == [(row["epoch"], f32(row[prefix + figure])) for row in rows], f"{run}: epoch_{figure} is the run's", seen)
    steps = [step for step, _ in runs["train"]["batch_loss"]]
    that(steps == list(range(100, 100 * len(steps) + 1, 100)), "batch_loss at every 100th batch", steps)


def check_histograms(train: dict[str, list[tuple[int, Any]]], weights: dict[str, Any]) -> None:
    """The last epoch's against TensorFlow's own buckets of the weights as they are saved."""
    from tensorboard.plugins.histogram.summary_v2 import _buckets
    tags = [tag for tag in train if tag.endswith("/histogram")]
    that(len(tags) == len(weights) > 10, "a histogram for each weight array", tags)
    for tag in tags:
        name = tag.split("/", 1)[1][:-len("/histogram")]
        step, ours = train[tag][-1]
        theirs = np.asarray(_buckets(weights[name]))
        that(step == EPOCHS - 1 and np.array_equal(ours, theirs), f"{tag}: TensorFlow's buckets", abs(ours - theirs).max())


def saved(path: pathlib.Path) -> dict[str, Any]:
    bytes_ = path.read_bytes()
    length = struct.unpack("<Q", bytes_[:8])[0]
    table = json.loads(bytes_[8:8 + length])
    return {name: np.frombuffer(bytes_[8 + length + row["data_offsets"][0]:8 + length + row["data_offsets"][1]], "<f4").reshape(row["shape"])
            for name, row in table.items() if name.count("/") == 1 and row.get("dtype") == "F32"}


def check_pictures(validation: dict[str, list[tuple[int, Any]]]) -> None:
    import tensorflow as tf
    for tag, count in (("samples", 10), ("confusion_matrix", 1)):
        that([step for step, _ in validation[tag]] == list(range(EPOCHS)), f"{tag}: each epoch")
        width, height, *files = validation[tag][-1][1]
        that(len(files) == count, f"{tag}: {count} pictures", len(files))
        for file in files:
            shape = tf.io.decode_png(file).shape
            that(list(shape) == [int(height), int(width), 3], f"{tag}: a PNG of the size that is told", shape)


# ---- the server and its page ----

def until(done: Callable[[], Any], seconds: float = 90) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            found = done()
        except OSError:
            found = None
        if found:
            return found
        time.sleep(0.5)
    return None


def get(address: str) -> Any:
    with urllib.request.urlopen(address, timeout=20) as answer:
        return json.loads(answer.read())


def check_server(address: str, runs: dict[str, dict[str, list[tuple[int, Any]]]]) -> None:
    tags = until(lambda: {run: tags for run, tags in get(f"{address}/data/plugin/scalars/tags").items() if KERAS.get(run, set()) <= set(tags)})
    that(tags and set(tags) == set(KERAS), "the server lists the scalars of both runs", tags)
    query = urllib.parse.urlencode({"run": "train", "tag": "epoch_loss"})
    curve = [(step, value) for _, step, value in get(f"{address}/data/plugin/scalars/scalars?{query}")]
    that(curve == [(step, float(value)) for step, value in runs["train"]["epoch_loss"]], "the server gives the curve", curve)
    that("confusion_matrix" in get(f"{address}/data/plugin/images/tags")["validation"], "the server lists the pictures")
    that("train" in get(f"{address}/data/plugin/histograms/tags"), "the server lists the histograms")
    that(get(f"{address}/data/plugin/graphs/info")["train"]["tags"]["keras"]["conceptual_graph"], "the server lists the graph of the model")
    query = urllib.parse.urlencode({"run": "train", "tag": "keras", "conceptual": "true"})
    with urllib.request.urlopen(f"{address}/data/plugin/graphs/graph?{query}", timeout=20) as answer:
        that(b"conv1" in answer.read(), "the server gives the graph of the model")


# through the shadow trees: text and drawn lines of the page
PAGE_TEXT = """(() => { const seen = []; const walk = node => { if (node.shadowRoot) walk(node.shadowRoot);
for (const below of node.childNodes) { if (below.nodeType === 3) seen.push(below.textContent); else walk(below); } };
if (document.body) walk(document.body); return seen.join(' '); })()"""
# the boxes of the charts that are on the screen, whole: left, top, right, bottom
CHARTS = """(() => { const boxes = []; const walk = node => { if (node.shadowRoot) walk(node.shadowRoot);
for (const below of node.children || []) { if (below.localName === 'line-chart') { const box = below.getBoundingClientRect();
if (box.width > 100 && box.height > 100 && box.top >= 0 && box.bottom <= innerHeight) boxes.push([box.left, box.top, box.right, box.bottom]); }
walk(below); } }; walk(document); return boxes; })()"""
CHOICE_OF_RUNS = "document.querySelector('runs-data-table input[type=checkbox]')"


def check_page(address: str, keep: pathlib.Path | None) -> None:
    from browser import Browser
    with Browser() as browser:
        browser.call("Emulation.setDeviceMetricsOverride", width=1400, height=1000, deviceScaleFactor=1, mobile=False)
        browser.call("Page.navigate", url=f"{address}/#timeseries")
        wanted = ("epoch_loss", "epoch_accuracy", "train", "validation")
        until(lambda: all(word in browser.evaluate(PAGE_TEXT) for word in wanted) and browser.evaluate(CHARTS))
        text = browser.evaluate(PAGE_TEXT)
        that(all(word in text for word in wanted), "the page names runs and tags", text[:500])
        that(browser.evaluate(CHARTS), "the page has charts")
        that(until(lambda: drawn(browser) > 0.5), "curves go through more than half of a chart", drawn(browser))
        if keep:
            (keep / "tensorboard.png").write_bytes(browser.picture())
        that(browser.evaluate(f"{CHOICE_OF_RUNS} && ({CHOICE_OF_RUNS}.click(), true)"), "the page lets runs be chosen")
        that(until(lambda: browser.evaluate(CHARTS) and drawn(browser) == 0), "and with none chosen there is no curve", drawn(browser))


def drawn(browser: Any) -> float:
    """Through how much of a chart's width a curve goes, at most: columns of its box with a pixel that is neither black, white nor grey."""
    import tensorflow as tf
    pixels = tf.io.decode_png(browser.picture(), channels=3).numpy().astype(int)
    coloured = pixels.max(-1) - pixels.min(-1) > 25
    boxes = [[int(edge) for edge in box] for box in browser.evaluate(CHARTS)]
    return max((float(coloured[top:bottom, left:right].any(0).mean()) for left, top, right, bottom in boxes), default=0.0)


def serve(folder: pathlib.Path, runs: dict[str, dict[str, list[tuple[int, Any]]]], keep: pathlib.Path | None) -> None:
    server = subprocess.Popen([sys.executable, "-m", "tensorboard.main", "--logdir", str(folder), "--port", "0", "--host", "127.0.0.1"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr
        for line in server.stderr:
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            if found:
                break
        that(found, "the server starts")
        if found:
            check_server(found.group(), runs)
            check_page(found.group(), keep)
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def main() -> int:
    if len(sys.argv) not in (2, 3) or sys.argv[1] == "--help":
        print(__doc__)
        return 0 if sys.argv[-1] == "--help" else 2
    keep = pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else None
    with tempfile.TemporaryDirectory(prefix="cnn-board-") as name:
        folder = pathlib.Path(name)
        data = pathlib.Path(__file__).resolve().parents[2] / "examples" / "data" / "mnist"
        for epochs in (1, EPOCHS):  # in two parts: the second goes on from the checkpoint
            subprocess.run([sys.argv[1], "--data", data, "--epochs", str(epochs), "--steps-per-epoch", "100", "--recipe", "fast", "--quiet", "--resume",
                            "--output", folder / "out", "--tensorboard", folder / "board", "--log-jsonl", folder / "log.jsonl"], check=True)
        runs = {run: accumulated(folder / "board" / run) for run in KERAS}
        check_values(runs, [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()])
        check_histograms(runs["train"], saved(folder / "out" / "final.safetensors"))
        check_pictures(runs["validation"])
        check_graph(runs["train"])
        serve(folder / "board", runs, keep)
    print(f"{CHECKS - len(FAILURES)} passed, {len(FAILURES)} failed")
    return 1 if FAILURES else 0


if __name__ == "__main__":
    sys.exit(main())
