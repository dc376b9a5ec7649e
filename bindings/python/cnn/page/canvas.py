"""What pictures are drawn on and kept as: for desk and phone, on light and dark, for the page and for print."""
from __future__ import annotations

import base64
import io
import pathlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Mapping, Optional

import numpy as np

from ..plot._style import style_parameters
from .markup import Markup, text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PHONE_INCHES = 4.3      # the width at which texts of ten points are read on a phone
PHONE = "(max-width: 40rem)"
DARK = "(prefers-color-scheme: dark)"
INCH = 78               # CSS pixels of an inch on the page
DOTS = {True: 117, False: 156}  # an inch of a picture for desk and phone: one and a half and two a pixel
COLORS = 256


@dataclass(frozen=True)
class Canvas:
    """Where a picture goes. `wide`: as the notebook has it, else for a phone."""

    wide: bool
    style: str

    def figure(self, height: float) -> Optional[Figure]:
        """None where the picture has its own size, else a figure of a phone's width and that many inches of height."""
        return None if self.wide else self._figure(height, 0)

    def axes(self, height: float, rows: int = 1) -> Any:
        """As `figure`, with Axes: one, or an array of several below each other."""
        return None if self.wide else self._figure(height, rows)

    def _figure(self, height: float, rows: int) -> Any:
        from matplotlib import pyplot
        from matplotlib.figure import Figure
        parameters: Any = dict(style_parameters(self.style))
        with pyplot.rc_context(parameters):
            figure = Figure(figsize=(PHONE_INCHES, height), layout="constrained")
            return figure.subplots(rows) if rows else figure


CANVASES = (Canvas(False, "dark"), Canvas(False, "light"), Canvas(True, "dark"), Canvas(True, "light"))


@dataclass(frozen=True)
class Encoded:
    """A PNG and its size on the page."""

    data: bytes
    width: int
    height: int

    @property
    def address(self) -> str:
        return "data:image/png;base64," + base64.b64encode(self.data).decode("ascii")


def encode(figure: Figure, wide: bool) -> Encoded:
    """A PNG of few colours, which is a third as large and looks the same. savefig would draw twice."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image
    figure.set_dpi(DOTS[wide])
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
    packed, scale = io.BytesIO(), INCH / DOTS[wide]
    image.quantize(COLORS, dither=Image.Dither.NONE).save(packed, "PNG")
    return Encoded(packed.getvalue(), round(image.width * scale), round(image.height * scale))


def save(figure: Figure, path: pathlib.Path, dpi: int) -> None:
    """As a file; laid out as it was drawn before."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    figure.set_layout_engine("none")
    figure.set_dpi(dpi)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.print_png(path)


def close(figure: Figure) -> None:
    from matplotlib import pyplot
    pyplot.close(figure)


def element(pictures: Mapping[Canvas, Encoded], name: str, alternative: str, caption: Markup) -> Markup:
    """A figure element: the browser takes the picture for its width and scheme, where there are several."""
    lines = []
    for canvas, picture in pictures.items():
        media = " and ".join(([] if canvas.wide else [PHONE]) + ([DARK] if canvas.style == "dark" else []))
        size = f'width="{picture.width}" height="{picture.height}"'
        lines.append(f'<source media="{media}" srcset="{picture.address}" {size}>' if media else
                     f'<img src="{picture.address}" alt="{text(alternative)}" {size}>')
    return Markup(f'<figure id="{name}">\n<picture>\n' + "\n".join(lines) + "\n</picture>\n"
                  f"<figcaption>{caption}</figcaption>\n</figure>")
