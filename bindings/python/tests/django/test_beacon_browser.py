"""The beacon's script in Chromium: pages from its cache, routes of scripts, back and forward, the notice."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from chromium import Browser, browser

from trackside import Hit, RecordingTransport, Tracker
from trackside.wsgi import TracksideMiddleware

PLACE = '<p id="trackside-notice" hidden></p>'
COUNTED = '<script defer data-counted src="/t/s.js"></script>'
PRERENDERS = (
    '<script type="speculationrules">{"prerender": [{"urls": ["/next"]}]}</script><a href="/next">Next</a>'
)

#: What pages say to caches, and what they hold beside their title and the beacon.
PAGES = {
    "/": ("public, max-age=60", PLACE),
    "/placeless": ("public, max-age=60", ""),
    "/private": ("private, max-age=0", None),
    "/counted": ("private, max-age=0", COUNTED),
    "/ahead": ("public, max-age=60", PRERENDERS),
    "/next": ("public, max-age=60", ""),
}


class Quiet(WSGIRequestHandler):
    """Says nothing."""

    def log_message(self, *_: Any) -> None:
        """Into no log."""


class Threaded(ThreadingMixIn, WSGIServer):
    """Answers each connection on a thread."""

    daemon_threads = True


class Site:
    """A site that a thread serves, and what it has recorded."""

    def __init__(self, policy: str) -> None:
        self.transport = RecordingTransport()
        config = {"consent": {"policy": policy}, "beacon": {"path": "/t/"}}
        self.tracker = Tracker(config, env=False, transport=self.transport)
        counted = TracksideMiddleware(self._answer, tracker=self.tracker)
        self.server = make_server("127.0.0.1", 0, counted, Threaded, Quiet)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        #: The paths of pages that reached the server.
        self.asked: list[str] = []

    def _answer(self, environ: Any, start_response: Any) -> list[bytes]:
        path = environ["PATH_INFO"]
        if path not in PAGES:
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"no such page"]
        self.asked.append(path)
        caching, more = PAGES[path]
        tag = environ["trackside"].beacon() if more is not None and more != COUNTED else ""
        page = f"<!doctype html><title>Page {path}</title><h1>{path}</h1>{more or ''}{tag}"
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", caching)])
        return [page.encode()]

    def hits(self, count: int) -> list[Hit]:
        """All hits so far, which are to be ``count``: reports come when they come."""
        deadline = time.monotonic() + 20
        while len(self.transport.hits) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        # One too many would come about now.
        time.sleep(0.3)
        found = self.transport.hits
        assert len(found) == count, [hit.path for hit in found]
        return found


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[str], tuple[Site, Browser]]]:
    """Opens a site with a policy, and a browser that has never been there."""
    with browser(tmp_path / "profile") as tab:
        sites: list[Site] = []

        def open_site(policy: str) -> tuple[Site, Browser]:
            site = Site(policy)
            sites.append(site)
            threading.Thread(target=site.server.serve_forever, daemon=True).start()
            return site, tab

        yield open_site
        for site in sites:
            site.server.shutdown()
            site.server.server_close()


Opened = Callable[[str], tuple[Site, Browser]]


def evaluate(tab: Browser, script: str) -> Any:
    return tab.call("Runtime.evaluate", expression=script, awaitPromise=True)["result"].get("value")


def test_each_view_counts_once_whether_the_browser_asks_for_the_page_or_not(opened: Opened) -> None:
    site, tab = opened("none")
    tab.open(f"{site.url}/")
    site.hits(1)  # With its answer the cookie has come.
    tab.open(f"{site.url}/private")
    tab.open(f"{site.url}/")
    tab.open(f"{site.url}/private")
    first = site.hits(4)[0]
    assert sorted(hit.path for hit in site.transport.hits) == ["/", "/", "/private", "/private"]
    assert site.asked.count("/") == 1, "the browser has kept it"
    assert (first.title, first.status, first.is_new) == ("Page /", 200, True)
    assert {hit.visitor for hit in site.transport.hits} == {first.visitor}
    assert tab.cookies()["trackside"]["value"].startswith(first.visitor)
    assert tab.cookies()["trackside"]["httpOnly"]
    assert evaluate(tab, "localStorage.length + sessionStorage.length") == 0
    skipped = site.tracker.stats().requests.skipped
    assert skipped["beacon"] == 1
    assert site.tracker.failures.count == 0


def test_routes_of_a_script_are_views(opened: Opened) -> None:
    site, tab = opened("none")
    tab.open(f"{site.url}/")
    site.hits(1)
    evaluate(tab, "history.pushState({}, '', '/cart?utm_source=mail&id=7'); document.title = 'Cart'")
    site.hits(2)
    evaluate(tab, "history.replaceState({}, '', '/cart?utm_source=mail&id=7#top')")
    evaluate(tab, "history.pushState({}, '', '#more')")
    site.hits(2)
    evaluate(tab, "history.replaceState({}, '', '/checkout')")
    site.hits(3)
    evaluate(tab, "history.go(-2)")
    hits = site.hits(4)
    assert [(hit.path, hit.query) for hit in hits] == [
        ("/", ""),
        ("/cart", "utm_source=mail"),
        ("/checkout", ""),
        ("/", ""),
    ]
    assert hits[1].title == "Cart"
    assert hits[1].referrer == f"{site.url}/"
    assert hits[2].referrer == f"{site.url}/cart"
    assert len({hit.visitor for hit in hits}) == 1


def test_back_and_forward_are_views_also_of_pages_that_the_browser_has_kept(opened: Opened) -> None:
    site, tab = opened("none")
    tab.open(f"{site.url}/")
    tab.open(f"{site.url}/placeless")
    site.hits(2)
    evaluate(tab, "history.back()")
    site.hits(3)
    evaluate(tab, "history.forward()")
    assert [hit.path for hit in site.hits(4)] == ["/", "/placeless", "/", "/placeless"]
    assert site.asked.count("/") == 1


def test_a_page_that_the_server_counts_may_have_the_script_for_its_routes(opened: Opened) -> None:
    site, tab = opened("none")
    tab.open(f"{site.url}/counted")
    assert [hit.path for hit in site.hits(1)] == ["/counted"]
    evaluate(tab, "history.pushState({}, '', '/counted/2')")
    assert [hit.path for hit in site.hits(2)] == ["/counted", "/counted/2"]


def test_what_is_rendered_ahead_counts_when_it_is_shown(opened: Opened) -> None:
    site, tab = opened("none")
    tab.open(f"{site.url}/ahead")
    deadline = time.monotonic() + 10
    while "/next" not in site.asked and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [hit.path for hit in site.hits(1)] == ["/ahead"], "it is not shown yet"
    tab.open(f"{site.url}/next")
    assert [hit.path for hit in site.hits(2)] == ["/ahead", "/next"]


def test_the_notice_is_shown_where_the_page_has_a_place_for_it(opened: Opened) -> None:
    site, tab = opened("notice")
    tab.open(f"{site.url}/placeless")
    (untold,) = site.hits(1)
    assert (untold.is_cookieless, untold.is_new) == (True, None)
    assert "trackside" not in tab.cookies(), "nobody has told the visitor"
    tab.open(f"{site.url}/")
    site.hits(2)
    shown = "document.getElementById('trackside-notice')"
    assert evaluate(tab, f"{shown}.textContent") == "127.0.0.1 uses a cookie to count visits."
    assert evaluate(tab, f"{shown}.hidden") is False
    assert "trackside" in tab.cookies()
    tab.open(f"{site.url}/")
    assert evaluate(tab, f"{shown}.hidden") is True
    site.hits(3)


def test_a_page_of_another_site_cannot_report(opened: Opened) -> None:
    site, tab = opened("none")
    other, _ = opened("none")
    tab.open(f"{other.url}/")
    other.hits(1)
    send = f"fetch('{site.url}/t/?p=/forged', {{method: 'POST', mode: 'no-cors', credentials: 'include'}})"
    evaluate(tab, send)
    image = f"i.src = '{site.url}/t/?p=/x'"
    evaluate(tab, f"new Promise(done => {{ let i = new Image(); i.onload = i.onerror = done; {image} }})")
    evaluate(tab, image)
    assert site.hits(0) == []
    assert site.tracker.stats().requests.skipped == {"cross-origin": 2}
