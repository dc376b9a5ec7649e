"""A headless Chromium, driven over the two pipes of its DevTools protocol: JSON messages that end in a zero byte."""
from __future__ import annotations

import base64
import fcntl
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
from typing import Any, Dict, List, Optional

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
         "--remote-debugging-pipe"]
PATIENCE = 60.0  # seconds for one answer


def program() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert found, "no Chromium: scripts/test installs Debian's 'chromium'"
    return found


class Browser:
    """A Chromium of its own, with an empty profile, and one page in it."""

    def __init__(self) -> None:
        self._profile = tempfile.TemporaryDirectory(prefix="cnn-chromium-", ignore_cleanup_errors=True)
        their_in, self._out = os.pipe()
        self._in, their_out = os.pipe()
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (their_in, their_out)]  # clear of 3 and 4

        def as_three_and_four() -> None:
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        with open(pathlib.Path(self._profile.name) / "stderr", "wb") as errors:
            self._process = subprocess.Popen(
                [program(), *FLAGS, f"--user-data-dir={self._profile.name}/profile", "about:blank"], stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=errors, pass_fds=(3, 4), preexec_fn=as_three_and_four, start_new_session=True)
        for end in (their_in, their_out, *ends):
            os.close(end)
        os.set_blocking(self._in, False)
        self._rest = b""
        self._number = 0
        self._session: Optional[str] = None
        self.events: List[Dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self._session = None
        try:
            self.call("Browser.close")
            self._process.wait(20)
        except (OSError, AssertionError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        os.close(self._out)
        self._profile.cleanup()

    def call(self, method: str, **parameters: Any) -> Dict[str, Any]:
        """A command of the protocol; its result."""
        self._number += 1
        message: Dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                result: Dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def _next(self) -> Dict[str, Any]:
        until = time.monotonic() + PATIENCE
        while b"\0" not in self._rest:
            assert time.monotonic() < until and self._process.poll() is None, "Chromium does not answer: " + self._said()
            try:
                self._rest += os.read(self._in, 1 << 20)
            except BlockingIOError:
                time.sleep(0.005)
        message, self._rest = self._rest.split(b"\0", 1)
        found: Dict[str, Any] = json.loads(message)
        return found

    def _said(self) -> str:
        return (pathlib.Path(self._profile.name) / "stderr").read_text(errors="replace")[-2000:]

    def open(self, path: pathlib.Path, width: int, scheme: str, height: int = 800, scale: float = 1) -> None:
        """Load a file in a window of that width, with that colour scheme; returns when all of it is there."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.events.clear()
        loaded = self.call("Page.navigate", url=path.resolve().as_uri())
        assert "errorText" not in loaded, loaded
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page; of a promise what it comes to."""
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def console(self) -> List[Dict[str, Any]]:
        """What the console of the page shows: messages, warnings, errors, exceptions."""
        shown = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        return [event for event in self.events if event.get("method") in shown]

    def requests(self) -> List[str]:
        """Every address that the page asked for, data: left out."""
        asked = [event["params"]["request"]["url"] for event in self.events if event.get("method") == "Network.requestWillBeSent"]
        return [url for url in asked if not url.startswith("data:")]

    def picture(self, whole: bool = False) -> bytes:
        """A PNG of the window, or of the whole page."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"])
