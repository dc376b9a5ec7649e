#!/usr/bin/python3
"""Pictures of the page of a run, as docs/ shows them: the desk in light, a phone in dark. Nothing is written without --write.

Usage: screenshots.py REPORT_DIR [--write]      (PYTHONPATH=tests/python; needs chromium and python3-pil)"""
from __future__ import annotations

import io
import pathlib
import sys

from PIL import Image

from browser import Browser

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
SHOTS = (("page-desk.png", 1280, "light", 1900, 0.75),
         ("page-phone.png", 360, "dark", 800, 1.5))


def main() -> int:
    if len(sys.argv) not in (2, 3) or sys.argv[1].startswith("-") or sys.argv[2:] not in ([], ["--write"]):
        print(__doc__)
        return 2
    with Browser() as browser:
        for name, width, scheme, height, scale in SHOTS:
            browser.open(pathlib.Path(sys.argv[1]) / "index.html", width, scheme, height, scale)
            if width < 1000:
                browser.evaluate("document.querySelector('#training').scrollIntoView()")
            packed = io.BytesIO()
            with Image.open(io.BytesIO(browser.picture())) as image:
                image.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(packed, "PNG", optimize=True)
            print(f"{name}: {len(packed.getvalue())} bytes")
            if sys.argv[2:]:
                (DOCS / name).write_bytes(packed.getvalue())
    return 0


if __name__ == "__main__":
    sys.exit(main())
