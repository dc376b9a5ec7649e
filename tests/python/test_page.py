"""python3 -m cnn and the page of a run, without pictures: what it says is what the report says, as HTML that needs nothing else."""
from __future__ import annotations

import html.parser
import json
import os
import pathlib
import re
import subprocess
import sys
from typing import Any, Dict, List, Optional, Tuple

import pytest

import runs

VOID = {"meta", "link", "img", "br", "hr", "source"}


class Outline(html.parser.HTMLParser):
    """Elements in order with their attributes and text; asserts that each that is opened is closed, in order."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.open: List[Tuple[str, Dict[str, Optional[str]]]] = []
        self.elements: List[Tuple[str, Dict[str, Optional[str]]]] = []
        self.texts: List[str] = []
        self.cells: List[List[str]] = []
        self.feed(content)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: List[Tuple[str, Optional[str]]]) -> None:
        attributes = dict(attrs)
        assert len(attributes) == len(attrs), f"an attribute stands twice in <{tag}>"
        self.elements.append((tag, attributes))
        if tag == "tr":
            self.cells.append([])
        if tag in ("td", "th"):
            self.cells[-1].append("")
        if tag not in VOID:
            self.open.append((tag, attributes))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1][0] == tag, (tag, self.open[-3:])
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if any(tag in ("td", "th") for tag, _ in self.open):
            self.cells[-1][-1] += data

    def all(self, tag: str) -> List[Dict[str, Optional[str]]]:
        return [attributes for name, attributes in self.elements if name == tag]


def command(*words: Any, **environment: str) -> subprocess.CompletedProcess[str]:
    """python3 -m cnn WORDS."""
    return subprocess.run([sys.executable, "-m", "cnn", *map(str, words)], capture_output=True, text=True, timeout=300,
                          env={**os.environ, **environment})


@pytest.fixture(scope="module")
def run(mnist: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("page")
    return runs.train(runs.part_of_mnist(mnist, folder / "some digits"), folder / "results")


@pytest.fixture
def copy(run: pathlib.Path, tmp_path: pathlib.Path) -> pathlib.Path:
    """A folder that holds the run's report alone, to be spoilt."""
    folder = tmp_path / "copy"
    folder.mkdir()
    (folder / "report.json").write_bytes((run / "report.json").read_bytes())
    return folder


def made(folder: pathlib.Path) -> str:
    from cnn import page
    return page.page(page.load(folder), {}, ["a note <of the page>"])


def test_tables_say_what_the_report_says(copy: pathlib.Path) -> None:
    report = json.loads((copy / "report.json").read_bytes())
    outline = Outline(made(copy))
    for epoch in report["epochs"]:
        label = f"{epoch['epoch']}" + (" (best)" if epoch["epoch"] == report["best_epoch"] else "")
        figures = [f"{epoch[name]:.4f}" for name in ("accuracy", "loss", "val_accuracy", "val_loss")]
        assert any(row[:5] == [label, *figures] for row in outline.cells), figures
    scores = [row for row in outline.cells if row[0] == "7" and len(row) == 5]
    seven = report["classification_report"]["7"]
    assert [f"{seven['precision']:.2f}", f"{seven['recall']:.2f}", f"{seven['f1-score']:.2f}", str(seven["support"])] in [
        row[1:] for row in scores]
    matrix = report["confusion_matrix"]
    for i, counts in enumerate(matrix):
        assert [str(i), *map(str, counts)] in outline.cells
        share = f"{counts[i] / sum(counts) * 100:.2f} %"
        assert any(row[:4] == [str(i), str(counts[i]), str(sum(counts)), share] for row in outline.cells)
    most = report["most_confused"]
    text = " ".join("".join(outline.texts).split())
    assert f"Most confused pair: {most['label']} mistaken as {most['prediction']}, {most['count']} time" in text
    assert f"{report['errors']} of 1,000 test images are misclassified" in text
    for shown in ("some digits", "2,700", report["model_hash"], "rotation_range = 10"):
        assert shown in text, shown


def test_page_is_by_itself(copy: pathlib.Path) -> None:
    content = made(copy)
    outline = Outline(content)
    assert not re.search(r"https?:|//\w|url\(|@import|<script|<iframe|javascript:", content)
    for _, attributes in outline.elements:
        for name in ("src", "srcset", "href"):
            value = attributes.get(name)
            assert value is None or value.startswith(("data:", "#")) or re.fullmatch(r"[\w.%-]+", value), value
    targets = [str(value["href"])[1:] for value in outline.all("a") if str(value["href"]).startswith("#")]
    named = [attributes["id"] for _, attributes in outline.elements if "id" in attributes]
    assert len(set(named)) == len(named) and set(targets) <= set(named)
    assert str(copy) not in content


def test_headings_tables_and_language(copy: pathlib.Path) -> None:
    outline = Outline(made(copy))
    assert outline.all("html")[0]["lang"] == "en"
    levels = [int(tag[1]) for tag, _ in outline.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:]))
    assert len(outline.all("table")) == len(outline.all("caption")) > 4
    assert all(attributes.get("scope") in ("row", "col") for attributes in outline.all("th"))
    named = {attributes.get("id") for _, attributes in outline.elements}
    assert all(attributes["aria-labelledby"] in named for _, attributes in outline.elements if "aria-labelledby" in attributes)


def test_text_from_outside_is_text(copy: pathlib.Path) -> None:
    report = json.loads((copy / "report.json").read_bytes())
    hostile = "<script>alert('&')</script>\"><img src=x onerror=alert(1)> $title \u0000\u001b[31m"
    report["data"]["place"] = "/" + hostile.replace("/", "\\")
    for key in ("recipe", "model_hash", "version", "augmenter"):
        report[key] = hostile
    report["epochs"] = [{**row, "val_" + hostile: 1.5} for row in report["epochs"]]
    (copy / "report.json").write_text(json.dumps(report), encoding="utf-8")
    content = made(copy)
    outline = Outline(content)
    assert not outline.all("script") and not outline.all("img")
    assert "$title" in content and "\x1b" not in content and "\x00" not in content
    assert "<script>alert('&')</script>" in "".join(outline.texts)


def test_no_errors_no_epochs_no_numbers(copy: pathlib.Path) -> None:
    report = json.loads((copy / "report.json").read_bytes())
    support = [sum(row) for row in report["confusion_matrix"]]
    support[3] = 0
    report.update(confusion_matrix=[[n if i == j else 0 for j in range(10)] for i, n in enumerate(support)], errors=0, most_confused=None,
                  epochs=[], best_epoch=None, test_loss="nan", interrupted=True)
    for key in ("data", "augmenter", "images_per_second", "peak_rss_bytes"):
        del report[key]
    (copy / "report.json").write_text(json.dumps(report), encoding="utf-8")
    outline = Outline(made(copy))
    text = "".join(outline.texts)
    assert "No test image is misclassified." in text and "no samples" in text and "nan" in text and "Interrupted" in text


SPOILT = [
    (lambda r: r.pop("epochs"), "'epochs' is missing"),
    (lambda r: r.update(epochs=[{"loss": 1}]), "has no 'epoch'"),
    (lambda r: r.update(epochs=[{"epoch": 1, "loss": "much"}]), "'epochs, loss' is missing or no number"),
    (lambda r: r["confusion_matrix"].pop(), "not square"),
    (lambda r: r["confusion_matrix"][2].__setitem__(1, -1), "whole number of at least 0"),
    (lambda r: r["classification_report"].pop("4"), "'classification_report, 4'"),
    (lambda r: r.update(test_accuracy=None), "'test_accuracy' is missing"),
    (lambda r: r.update(seed=True), "'seed' is missing"),
]


@pytest.mark.parametrize("spoil, said", SPOILT, ids=[said for _, said in SPOILT])
def test_damaged_report_is_refused(copy: pathlib.Path, spoil: Any, said: str) -> None:
    from cnn import page
    report = json.loads((copy / "report.json").read_bytes())
    spoil(report)
    (copy / "report.json").write_text(json.dumps(report), encoding="utf-8")
    with pytest.raises(page.ResultsError) as refused:
        page.write(copy)
    assert said in str(refused.value) and str(copy / "report.json") in str(refused.value)
    assert sorted(path.name for path in copy.iterdir()) == ["report.json"]


def test_command_refuses_with_a_sentence(copy: pathlib.Path, tmp_path: pathlib.Path) -> None:
    for place, said in ((tmp_path / "nowhere", "no such folder"), (tmp_path, "report.json: no such file")):
        done = command("plot", place)
        assert (done.returncode, done.stdout) == (3, "") and said in done.stderr and done.stderr.count("\n") == 1, done
    (copy / "report.json").write_bytes(b"[" * 100000)
    done = command("plot", copy)
    assert done.returncode == 3 and "no JSON" in done.stderr and done.stderr.count("\n") == 1
    usages: List[List[str]] = [[], ["plot"], ["draw"], ["--nothing"]]
    for words in usages:
        done = command(*words)
        assert (done.returncode, done.stdout) == (2, "") and done.stderr.startswith("usage: python3 -m cnn"), done


def test_version_and_help() -> None:
    import cnn
    done = command("--version")
    assert done.returncode == 0 and done.stdout.startswith(f"cnn {cnn.__version__} (") and cnn.build_info() in done.stdout
    assert "index.html" in command("plot", "--help").stdout
    assert "Exit status: 0 done" in command("--help").stdout
