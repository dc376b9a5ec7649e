"""The pictures of a run: every one is drawn, as a file and on the page in four forms; what cannot be drawn is said."""
from __future__ import annotations

import base64
import json
import os
import pathlib
import re
import shutil
import struct
from typing import Any, Dict, List, Optional, Tuple

import numpy as np
import pytest

import cnn
import runs
from test_page import Outline, command

PRINTED = {"training_history", "confusion_matrix"}  # with 300 dots an inch
FORMS = 4  # desk and phone, light and dark


@pytest.fixture(scope="module")
def run(mnist: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("pictures")
    output = runs.train(runs.part_of_mnist(mnist, folder / "mnist"), folder / "results")
    done = command("plot", output)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert done.stdout == f"Page of the run: {output}/index.html\n"
    return output


@pytest.fixture
def copy(run: pathlib.Path, tmp_path: pathlib.Path) -> pathlib.Path:
    """The run as mnist_train left it, to be spoilt."""
    folder = tmp_path / "copy"
    folder.mkdir()
    for name in ("report.json", "history.csv", "final.safetensors"):
        shutil.copy(run / name, folder)
    return folder


def names() -> List[str]:
    from cnn.page import pictures
    return [picture.name for picture in pictures.PICTURES]


def file(name: str) -> str:
    return {"model_diagram": "model"}.get(name, name)


def png_size(content: bytes) -> Tuple[int, int, float]:
    """Width, height and dots an inch (0 where it does not say)."""
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", content[16:24])
    at = content.find(b"pHYs")
    return width, height, struct.unpack(">I", content[at + 4:at + 8])[0] * 0.0254 if at > 0 else 0.0


def few(folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch, place: Optional[str] = None) -> Tuple[Dict[str, str], List[str]]:
    """What `draw_all` gives where there are no more pictures than one for each thing that they need."""
    from cnn.page import load, pictures, run
    kept = {tuple(picture.needs): picture for picture in pictures.PICTURES}
    monkeypatch.setattr(pictures, "PICTURES", list(kept.values()))
    drawn, notes = pictures.draw_all(run.Run(load(folder), place))
    return dict(drawn), notes


def outline(folder: pathlib.Path) -> Outline:
    return Outline((folder / "index.html").read_text(encoding="utf-8"))


def test_every_picture_is_a_file(run: pathlib.Path) -> None:
    assert sorted(path.stem for path in run.glob("*.png")) == sorted(map(file, names()))  # mnist_train's model.png too
    for name in names():
        width, height, dots = png_size((run / f"{file(name)}.png").read_bytes())
        assert abs(dots - (300 if name in PRINTED else 150)) < 0.1, name
        assert width >= 3.5 * dots and height >= 1.5 * dots, name


def test_every_picture_is_on_the_page_in_each_form(run: pathlib.Path) -> None:
    page = outline(run)
    shown = page.all("img")
    assert [attributes["id"] for attributes in page.all("figure")] and len(shown) == len(names())
    assert {attributes["id"] for attributes in page.all("figure")} == set(names())
    assert len(page.all("figcaption")) == len(names())
    for image in shown:
        assert len(image["alt"] or "") > 40, image["alt"]
    sources = page.all("source")
    assert len(sources) == (FORMS - 1) * (len(names()) - 1)  # the diagram is the same in all
    assert len({source["media"] for source in sources}) == FORMS - 1
    for attributes in [*shown, *sources]:
        address = attributes.get("src") or attributes["srcset"] or ""
        head, data = address.split(",", 1)
        width, height, _ = png_size(base64.b64decode(data, validate=True))
        assert head == "data:image/png;base64"
        assert 1.4 < width / int(attributes["width"] or 0) < 2.1 and 1.4 < height / int(attributes["height"] or 0) < 2.1


def test_page_is_of_reasonable_size(run: pathlib.Path) -> None:
    assert (run / "index.html").stat().st_size < 3 * 2**20


def test_drawn_again_it_is_the_same(copy: pathlib.Path, run: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn, notes = few(copy, monkeypatch)
    assert not notes
    for name, element in drawn.items():
        assert element in (run / "index.html").read_text(encoding="utf-8")
        assert (copy / f"{file(name)}.png").read_bytes() == (run / f"{file(name)}.png").read_bytes()


def test_without_matplotlib_tables_stay(copy: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (tmp_path / "matplotlib.py").write_text("raise ImportError('none here')\n", encoding="utf-8")
    done = command("plot", copy, PYTHONPATH=f"{tmp_path}:{os.environ['PYTHONPATH']}")
    assert done.returncode == 4 and "python3-matplotlib" in done.stderr and done.stderr.count("\n") == 1, done
    page = outline(copy)
    assert not page.all("img") and len(page.all("table")) > 4 and "python3-matplotlib" in "".join(page.texts)
    assert not list(copy.glob("*.png"))


def test_data_that_are_gone_are_said(copy: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = json.loads((copy / "report.json").read_bytes())
    place = report["data"]["place"]
    report["data"]["place"] = str(copy / "gone")
    (copy / "report.json").write_text(json.dumps(report), encoding="utf-8")
    drawn, notes = few(copy, monkeypatch)
    assert len(notes) == 1 and f"{copy / 'gone'}: the data set is not there any more" in notes[0]
    assert "confusion_matrix" in drawn and "class_distribution" not in drawn
    from cnn.page import load, run
    assert run.Run(load(copy), place).reasons == []


def test_data_of_another_run_are_refused(copy: pathlib.Path, mnist: pathlib.Path, tmp_path: pathlib.Path) -> None:
    from cnn.page import load, run
    results = load(copy)
    found = run.Run(results, str(mnist))
    assert "10000 test images, but the run had 1000" in found.reasons[0] and not found.has("train")
    assert found.has("model") and not found.has("probabilities")
    other = tmp_path / "other"
    shutil.copytree(results.data or "", other)
    labels = other / "t10k-labels-idx1-ubyte"
    content = labels.read_bytes()
    labels.write_bytes(content[:8] + content[:7:-1])
    found = run.Run(results, str(other))
    assert len(found.reasons) == 1 and "does not predict on this data set what" in found.reasons[0]
    assert found.has("train") and found.has("model") and not found.has("probabilities")


@pytest.mark.parametrize("content", [None, b"not a model", "another"])
def test_model_that_is_gone_damaged_or_another(copy: pathlib.Path, run: pathlib.Path, content: Any) -> None:
    from cnn.page import load
    from cnn.page import run as again
    path = copy / "final.safetensors"
    path.unlink()
    if content == "another":
        model = cnn.Model.load(run / "final.safetensors")
        model.set_weight("output/bias", model.weight("output/bias") + 1)
        model.save(path)
    elif content is not None:
        path.write_bytes(content)
    found = again.Run(load(copy))
    assert len(found.reasons) == 1 and "final.safetensors" in found.reasons[0], found.reasons
    assert found.has("train") and not found.has("model") and not found.has("probabilities")


def test_colours_and_other_classes(tmp_path: pathlib.Path) -> None:
    """A set of small coloured images of three classes, in an archive."""
    draw = np.random.default_rng(1)
    arrays = {}
    for part, count in (("train", 90), ("test", 30)):
        labels = draw.integers(0, 3, count).astype(np.uint8)
        images = draw.integers(0, 80, (count, 8, 8, 3)).astype(np.uint8)
        images[np.arange(count), :, :, labels] += 150
        arrays.update({f"x_{part}": images, f"y_{part}": labels})
    np.savez(tmp_path / "colours.npz", **arrays)
    output = runs.train(tmp_path / "colours.npz", tmp_path / "results", "--batch-size", "10", "--no-augment")
    done = command("plot", output)
    assert (done.returncode, done.stderr) == (0, ""), done
    drawn = {attributes["id"] for attributes in outline(output).all("figure")}
    unfit = {"augmentation"} if json.loads((output / "report.json").read_bytes())["errors"] else {"augmentation", "misclassified"}
    assert drawn == set(names()) - unfit
    assert not re.search("MNIST|Digit", re.sub("base64,[^\"]*", "", (output / "index.html").read_text(encoding="utf-8")))
