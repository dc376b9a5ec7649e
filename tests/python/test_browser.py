"""The page of a run in a real browser: an empty console, nothing asked for, pictures that load, and room for all of it at the widths of
phone and desk, in light and dark."""
from __future__ import annotations

import pathlib
from typing import Any, Iterator, List

import pytest

import runs
from browser import Browser

WIDTHS = (360, 1280)
SCHEMES = ("light", "dark")

# Elements whose own box goes beyond the window, where no parent scrolls them.
BEYOND = """[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll, .skip') &&
  (e.getBoundingClientRect().right > innerWidth + 0.5 || e.getBoundingClientRect().left < -0.5)).map(e => e.outerHTML.slice(0, 120))"""

# Contrast of every text with what lies behind it, by WCAG 2: the least one, and where.
CONTRAST = """(() => {
  const part = c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = rgb => { const [r, g, b] = rgb.match(/[\\d.]+/g).map(c => part(c / 255)); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if (c !== 'rgba(0, 0, 0, 0)') return c; } return 'rgb(255, 255, 255)'; };
  let least = [99, ''];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; node = walk.nextNode();) {
    if (!node.data.trim()) continue;
    const a = light(getComputedStyle(node.parentElement).color), b = light(behind(node.parentElement));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < least[0]) least = [ratio, node.data.trim().slice(0, 60)];
  }
  return least;
})()"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as one:
        yield one


@pytest.fixture(scope="module")
def page(mnist: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    from cnn import page
    folder = tmp_path_factory.mktemp("browser")
    run = runs.train(runs.part_of_mnist(mnist, folder / "digits"), folder / "results")
    page.write(run)
    return run / page.NAME


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_page_is_right(browser: Browser, page: pathlib.Path, width: int, scheme: str) -> None:
    browser.open(page, width, scheme)
    assert browser.evaluate("[document.readyState, document.compatMode]") == ["complete", "CSS1Compat"]
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    browser.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.evaluate(BEYOND) == []
    loaded: List[int] = browser.evaluate("[...document.images].map(i => i.complete ? i.naturalWidth : 0)")
    assert len(loaded) > 9 and all(loaded), loaded
    dark = browser.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert dark == (scheme == "dark")
    ratio, where = browser.evaluate(CONTRAST)
    assert ratio >= 4.5, where
    assert browser.console() == []
    assert browser.requests() == [page.resolve().as_uri()]


def test_sections_are_reached(browser: Browser, page: pathlib.Path) -> None:
    browser.open(page, 1280, "light")
    links: List[Any] = browser.evaluate("[...document.querySelectorAll('nav a')].map(a => [a.textContent, "
                                        "document.querySelector(a.hash + ' h2').textContent])")
    assert len(links) > 4 and all(label == title for label, title in links)
    tree = browser.call("Accessibility.getFullAXTree")["nodes"]
    roles = [node["role"]["value"] for node in tree if not node["ignored"]]
    assert {"banner", "navigation", "main", "contentinfo"} <= set(roles)
    tables = [node for node in tree if node["role"]["value"] == "table" and not node["ignored"]]
    assert tables and all(node["name"]["value"] for node in tables)


def test_the_browser_tells_of_faults(browser: Browser, tmp_path: pathlib.Path) -> None:
    """The checks above can fail."""
    bad = tmp_path / "bad.html"
    bad.write_text("<!doctype html><body><img src=nothing.png><div style='width:2000px;color:#888'>wide</div>"
                   "<script>console.log('said'); throw Error('thrown')</script>", encoding="utf-8")
    browser.open(bad, 360, "light")
    methods = {event["method"] for event in browser.console()}
    assert {"Runtime.consoleAPICalled", "Runtime.exceptionThrown"} <= methods
    assert browser.evaluate("document.documentElement.scrollWidth") > 360 and browser.evaluate(BEYOND)
    assert browser.evaluate(CONTRAST)[0] < 4.5
    assert browser.evaluate("[...document.images].map(i => i.naturalWidth)") == [0]
    assert len(browser.requests()) == 2
