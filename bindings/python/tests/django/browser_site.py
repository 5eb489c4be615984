"""A site that threads of this process serve to a browser, and what it has recorded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from chromium import Browser
from kit.process import PATIENCE

from trackside import Exchange, Hit, RecordingTransport, Tracker
from trackside.wsgi import TracksideMiddleware

#: Below it the beacons of all sites here report.
BEACON = "/t/"

#: What ``Cache-Control`` says of a page, and the page; None: there is no such page.
Page = Callable[[str, Exchange], "tuple[str, str] | None"]


class Quiet(WSGIRequestHandler):
    """Says nothing."""

    def log_message(self, *_: Any) -> None:
        """Into no log."""


class Threaded(ThreadingMixIn, WSGIServer):
    """Answers each connection on a thread."""

    daemon_threads = True


class Site:
    """A site, which one browser visits."""

    def __init__(self, page: Page, config: dict[str, Any], tab: Browser) -> None:
        self._page = page
        self._tab = tab
        self.transport = RecordingTransport()
        config = {**config, "beacon": {"path": BEACON}}
        self.tracker = Tracker(config, env=False, transport=self.transport)
        self._counted = TracksideMiddleware(self._answer, tracker=self.tracker)
        self.server = make_server("127.0.0.1", 0, self._serve, Threaded, Quiet)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._changed = threading.Condition()
        #: The paths that were asked for, and answered but for their bodies.
        self.asked: list[str] = []

    def _serve(self, environ: Any, start_response: Any) -> Any:
        body = self._counted(environ, start_response)
        with self._changed:
            self.asked.append(environ["PATH_INFO"])
            self._changed.notify_all()
        return body

    def _answer(self, environ: Any, start_response: Any) -> list[bytes]:
        page = self._page(environ["PATH_INFO"], environ["trackside.exchange"])
        if page is None:
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"no such page"]
        caching, html = page
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", caching)])
        return [html.encode()]

    def wait(self, is_so: Callable[[], bool]) -> None:
        """Until something is so, which is looked at when a request has been answered."""
        with self._changed:
            assert self._changed.wait_for(is_so, PATIENCE), (self.asked, self.paths())

    def paths(self) -> list[str]:
        """Those of all hits so far."""
        return [hit.path for hit in self.transport.hits]

    def hits(self, count: int) -> list[Hit]:
        """All hits, which are to be ``count``, when each report that the browser has sent is answered."""
        self.wait(lambda: len(self.transport.hits) >= count)
        # With the timers that are due, the page has sent what it has to send.
        self._tab.settle()
        self._tab.wait_for_answers()
        self.wait(lambda: self.asked.count(BEACON) >= self._reports())
        found = self.transport.hits
        assert len(found) == count, self.paths()
        return found

    def _reports(self) -> int:
        """How many the browser says that it has sent."""
        sent = [event for event in self._tab.events if event["method"] == "Network.requestWillBeSent"]
        urls = [event["params"]["request"]["url"] for event in sent]
        return sum(url.startswith(f"{self.url}{BEACON}?") for url in urls)


@contextmanager
def served(page: Page, config: dict[str, Any], tab: Browser) -> Iterator[Site]:
    """Such a site, as long as it is needed."""
    site = Site(page, config, tab)
    threading.Thread(target=site.server.serve_forever, daemon=True).start()
    try:
        yield site
    finally:
        site.server.shutdown()
        site.server.server_close()
        site.tracker.close()
