"""The program of docs/python.md that draws the notebook's pictures, word for word, on the notebook's own data."""
from __future__ import annotations

import re
from typing import Any

import matplotlib.pyplot as plt

import cnn
import cnn.plot
import keras_models
import pictures

TITLES = ["Sample MNIST Images", "Class Distribution in Training Set", "Data Augmentation Examples", "Model Accuracy Over Epochs",
          "Confusion Matrix - MNIST CNN", "Sample Predictions with Confidence Scores",
          "Detailed Predictions: Images and Probability Distributions", "Misclassified Examples"]


def test_program(monkeypatch: Any, tmp_path: Any) -> None:
    page = (pictures.ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    start = page.index("The figures of a Keras MNIST notebook")
    program = re.findall(r"```python\n(.*?)```", page[start:], re.S)[0]
    monkeypatch.chdir(tmp_path)
    (train, labels), (test, test_labels) = pictures.mnist(), pictures.mnist("t10k")
    batches = iter(train[i:i + 1, ..., None] for i in range(9))
    exec(compile(program, "docs/python.md", "exec"), {
        "cnn": cnn, "X_train": train, "y_train": labels, "X_test": test, "y_test": test_labels, "batches": batches,
        "history": pictures.history(), "cm": pictures.confusion(), "y_pred_proba": pictures.predicted(),
        "sample_indices": [3, 1, 4, 15, 9], "model": keras_models.notebook()._core})
    figures = [plt.figure(number) for number in plt.get_fignums()]
    assert [figure._suptitle.get_text() if figure._suptitle else figure.axes[0].get_title() for figure in figures] == TITLES
    sizes = [(12, 8), (10, 5), (12, 5), (14, 5), (10, 8), (15, 3), (12, 15), (15, 6)]
    assert [tuple(round(float(side), 3) for side in figure.get_size_inches()) for figure in figures] == sizes
    assert (tmp_path / "mnist_cnn.png").stat().st_size > 10000
    plt.close("all")
