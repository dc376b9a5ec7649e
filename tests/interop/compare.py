"""Run every table under Keras and cnn.keras, scikit-learn and cnn.metrics. Prints what differs and "N passed, M failed".

Usage: compare.py [--table FILE] [--only WORD] [--itself]

  --table FILE  append the rows as Markdown to FILE
  --only WORD   tables whose title holds WORD
  --itself      compare the originals with themselves, to see whether the cases are fair"""
from __future__ import annotations

import argparse
import logging
import os
import sys
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import sklearn  # noqa: E402
import sklearn.metrics  # noqa: E402
import tensorflow  # noqa: E402

import augmenting  # noqa: E402
import files  # noqa: E402
import layers  # noqa: E402
import names  # noqa: E402
import objectives  # noqa: E402
import optimizers  # noqa: E402
import reports  # noqa: E402
import texts  # noqa: E402
import training  # noqa: E402
import words  # noqa: E402
from comparing import Row, Table, compare  # noqa: E402


def tables(itself: bool) -> list[Table]:
    keras, metrics = tensorflow.keras, sklearn.metrics
    if itself:
        ours, our_metrics = keras, metrics
    else:
        import cnn.keras
        import cnn.metrics
        ours, our_metrics = cnn.keras, cnn.metrics
    name, learn = f"Keras {keras.__version__}", f"scikit-learn {sklearn.__version__}"
    return [
        Table(f"{name}: layers, predict", keras, ours, layers.FORWARD),
        Table(f"{name}: layers, weights after a step", keras, ours, layers.TRAINED),
        Table(f"{name}: losses, and their gradients", keras, ours, objectives.LOSS_CASES),
        Table(f"{name}: metrics", keras, ours, objectives.METRIC_CASES),
        Table(f"{name}: optimizers and schedules, six steps", keras, ours, optimizers.CASES),
        Table(f"{name}: fit, evaluate, callbacks, History", keras, ours, training.CASES),
        Table(f"{name}: its files and cnn.keras's, read by both and trained on", keras, ours, files.cases(keras, ours)),
        Table(f"{name}: TensorBoard, as TensorBoard reads it", keras, ours, files.BOARD),
        Table(f"{name}: ImageDataGenerator", keras, ours, augmenting.CASES),
        Table(f"{name}: names, arguments, summaries, wrong words", keras, ours, words.CASES),
        Table(f"{name}: every public name is here, or names the nearest", keras, ours, [] if itself else names.cases()),
        Table(f"{name}: printed text, utils", keras, ours, texts.CASES),
        Table(f"{learn}: reports, matrices, accuracy", metrics, our_metrics, reports.CASES),
    ]


def line(row: Row) -> str:
    return f"| {row.title} | {row.cases} | {row.largest:.1g} | {row.within:g} |\n" if row.within else f"| {row.title} | {row.cases} | equal | equal |\n"


def main() -> int:
    tensorflow.get_logger().setLevel("ERROR")
    logging.getLogger("absl").setLevel("ERROR")
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--table")
    parser.add_argument("--only", default="")
    parser.add_argument("--itself", action="store_true")
    given = parser.parse_args()
    rows = [compare(table) for table in tables(given.itself) if given.only in table.title]
    for row in rows:
        print(line(row), end="")
    wrong = [failure for row in rows for failure in row.failures]
    print("\n".join(wrong))
    if given.table:
        with open(given.table, "a", encoding="utf-8") as file:
            file.writelines(map(line, rows))
    print(f"{sum(row.cases for row in rows) - len(wrong)} passed, {len(wrong)} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
