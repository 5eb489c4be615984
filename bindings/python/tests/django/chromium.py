"""Debian's Chromium, headless, driven over the pipe of its own protocol: no driver, no library, no port."""

from __future__ import annotations

import base64
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FLAGS = [
    "--headless",
    "--no-sandbox",  # root has none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
    "--window-size=900,600",
]

#: The browser reads from descriptor 3 and writes to 4.
LAUNCH = """
import os, sys
reading, writing = map(int, sys.argv[1:3])
os.dup2(reading, 203); os.dup2(writing, 204)
os.dup2(203, 3); os.dup2(204, 4)
os.closerange(5, 256)
os.execvp(sys.argv[3], sys.argv[3:])
"""

DEADLINE = 60.0


class Browser:
    """One tab."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading = reading
        self._writing = writing
        self._received = b""
        self._last = 0
        self._session: str | None = None
        self._runs_scripts = True
        #: Everything that was told, in order.
        self.events: list[dict[str, Any]] = []
        # Chromium renders nothing ahead for those who are attached to a page itself.
        tab = self.call("Target.createTarget", url="about:blank", forTab=True)["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=tab, flatten=True)["sessionId"]
        self.call("Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=False, flatten=True)
        self._attend(self._attached(lambda page: "subtype" not in page))

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Calls a method, and waits for its answer."""
        self._last += 1
        call: dict[str, Any] = {"id": self._last, "method": method, "params": params}
        if self._session is not None:
            call["sessionId"] = self._session
        os.write(self._writing, json.dumps(call).encode() + b"\0")
        answer = self._until(lambda message: message.get("id") == call["id"])
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, url: str) -> None:
        """Goes to an address, and waits until the page is there with all that it needs."""
        before = len(self.events)
        frame = self.call("Page.navigate", url=url)
        if "errorText" in frame:
            raise RuntimeError(f"{url}: {frame['errorText']}")
        self._wait_for_load(before)

    def evaluate(self, script: str) -> Any:
        """What a script comes to, also where the page may run none; a promise is waited for."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def forbid_scripts(self) -> None:
        """From here on no page runs its scripts."""
        self.call("Emulation.setScriptExecutionDisabled", value=True)
        self._runs_scripts = False

    def settle(self) -> None:
        """Waits until the page's timers that are due have run."""
        if self._runs_scripts:
            self.evaluate("new Promise(done => setTimeout(done))")

    def wait_for_answers(self) -> None:
        """Waits until each request that the page has sent since it is in view has come to its end."""
        # A page that was kept for the way back is not told what came meanwhile.
        navigated = [n for n, event in enumerate(self.events) if event["method"] == "Page.frameNavigated"]
        sent = set(self._requests("requestWillBeSent", navigated[-1]))

        def are_over(_: object = None) -> bool:
            return sent <= {*self._requests("loadingFinished"), *self._requests("loadingFailed")}

        if not are_over():
            self._until(are_over)

    def _requests(self, what: str, since: int = 0) -> list[str]:
        """The ids of the requests of which this was told."""
        told = [event["params"] for event in self.events[since:] if event["method"] == f"Network.{what}"]
        return [params["requestId"] for params in told]

    def send_headers(self, **headers: str) -> None:
        """Sends these with each request; names have ``_`` for ``-``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.call("Network.setExtraHTTPHeaders", headers=named)

    def click(self, selector: str) -> None:
        """Clicks with the mouse on what leads to another page, and waits for that."""
        root = self.call("DOM.getDocument", depth=0)["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.scrollIntoViewIfNeeded", nodeId=node)
        corners = self.call("DOM.getContentQuads", nodeId=node)["quads"][0]
        place = {"x": sum(corners[::2]) / 4, "y": sum(corners[1::2]) / 4}
        before = len(self.events)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **place)
        self._wait_for_load(before)

    def show_ahead(self, selector: str) -> None:
        """Follows a link to a page that was rendered ahead, and is there at once."""
        ahead = self._attached(lambda page: page.get("subtype") == "prerender")
        left = self._session
        before = len(self.events)
        # The answer comes from a page that is left at once: it is to come before that.
        self.evaluate(f"void setTimeout(() => document.querySelector({json.dumps(selector)}).click())")

        def is_left(message: dict[str, Any]) -> bool:
            is_detached = message.get("method") == "Target.detachedFromTarget"
            return is_detached and message["params"]["sessionId"] == left

        if not any(map(is_left, self.events[before:])):
            self._until(is_left)
        self._attend(ahead)

    def text(self, selector: str) -> list[str]:
        """What stands in the elements of a selector."""
        script = f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.innerText)"
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        texts: list[str] = answer["result"]["value"]
        return texts

    def run(self, script: str) -> None:
        """Runs a script that leads to another page, and waits for that."""
        before = len(self.events)
        self.call("Runtime.evaluate", expression=script)
        self._wait_for_load(before)

    def cookies(self) -> dict[str, dict[str, Any]]:
        """The cookies of the page, by name."""
        return {cookie["name"]: cookie for cookie in self.call("Network.getCookies")["cookies"]}

    def set_cookies(self, name: str) -> list[str]:
        """The lines by which responses have set this cookie."""
        lines = []
        for event in self.events:
            if event["method"] == "Network.responseReceivedExtraInfo":
                headers = {key.lower(): value for key, value in event["params"]["headers"].items()}
                lines += headers.get("set-cookie", "").split("\n")
        return [line for line in lines if line.startswith(f"{name}=")]

    def screenshot(self, path: Path) -> None:
        """Keeps what is seen, as PNG."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def _attached(self, is_wanted: Callable[[dict[str, Any]], bool]) -> str:
        """The session of the last page of this kind that there is."""
        told = [event["params"] for event in self.events if event["method"] == "Target.attachedToTarget"]
        pages = [params for params in told if params["targetInfo"]["type"] == "page"]
        session: str = [page["sessionId"] for page in pages if is_wanted(page["targetInfo"])][-1]
        return session

    def _attend(self, session: str) -> None:
        """From here on this is about the page of a session."""
        self._session = session
        for domain in ("Page", "Network", "Runtime"):
            self.call(f"{domain}.enable")

    def _wait_for_load(self, before: int) -> None:
        # It may have been told of while the call was waited for.
        def is_load(message: dict[str, Any]) -> bool:
            return message.get("method") == "Page.loadEventFired"

        if not any(map(is_load, self.events[before:])):
            self._until(is_load)

    def _until(self, is_wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + DEADLINE
        while True:
            message = self._next(deadline)
            if "method" in message:
                self.events.append(message)
            if is_wanted(message):
                return message

    def _next(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._received:
            ready, _, _ = select.select([self._reading], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError("Chromium says nothing")
            chunk = os.read(self._reading, 1 << 16)
            if not chunk:
                raise RuntimeError("Chromium has ended")
            self._received += chunk
        line, self._received = self._received.split(b"\0", 1)
        message: dict[str, Any] = json.loads(line)
        return message


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """A browser with a profile of its own, which remembers nothing."""
    to_browser, writing = os.pipe()
    reading, from_browser = os.pipe()
    command = ["chromium", *FLAGS, f"--user-data-dir={profile}", "about:blank"]
    log = profile.with_suffix(".log")
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH, str(to_browser), str(from_browser), *command],
            pass_fds=(to_browser, from_browser),
            stdout=stderr,
            stderr=stderr,
        )
    os.close(to_browser)
    os.close(from_browser)
    try:
        made = Browser(reading, writing)
        yield made
        made._session = None
        made.call("Browser.close")
    finally:
        os.close(writing)
        os.close(reading)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
