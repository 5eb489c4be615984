"""The beacon's script in Chromium: pages from its cache, routes of scripts, back and forward, the notice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from browser_site import BEACON, Site, served
from chromium import Browser, browser

from trackside import Exchange

PLACE = '<p id="trackside-notice" hidden></p>'
COUNTED = '<script defer data-counted src="/t/s.js"></script>'
PRERENDERS = (
    '<script type="speculationrules">{"prerender": [{"urls": ["/next"]}]}</script><a href="/next">Next</a>'
)

#: Tells when a page is there with all that it needs, behind the report that it has sent until then.
LOADED = "<script>addEventListener('load', () => fetch('/loaded'))</script>"

#: What pages say to caches, and what they hold beside their title and the beacon.
PAGES = {
    "/": ("public, max-age=60", PLACE),
    "/placeless": ("public, max-age=60", ""),
    "/private": ("private, max-age=0", None),
    "/counted": ("private, max-age=0", COUNTED),
    "/ahead": ("public, max-age=60", PRERENDERS),
    "/next": ("public, max-age=60", LOADED),
}


def page(path: str, exchange: Exchange) -> tuple[str, str] | None:
    if path not in PAGES:
        return None
    caching, more = PAGES[path]
    tag = exchange.beacon() if more is not None and more != COUNTED else ""
    return caching, f"<!doctype html><title>Page {path}</title><h1>{path}</h1>{more or ''}{tag}"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[str], tuple[Site, Browser]]]:
    """Opens a site with a policy, and a browser that has never been there."""
    with ExitStack() as sites, browser(tmp_path / "profile") as tab:

        def open_site(policy: str) -> tuple[Site, Browser]:
            return sites.enter_context(served(page, {"consent": {"policy": policy}}, tab)), tab

        yield open_site


Opened = Callable[[str], tuple[Site, Browser]]


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
    assert tab.evaluate("localStorage.length + sessionStorage.length") == 0
    skipped = site.tracker.stats().requests.skipped
    assert skipped["beacon"] == 1
    assert site.tracker.failures.count == 0


def test_routes_of_a_script_are_views(opened: Opened) -> None:
    site, tab = opened("none")
    tab.open(f"{site.url}/")
    site.hits(1)
    tab.evaluate("history.pushState({}, '', '/cart?utm_source=mail&id=7'); document.title = 'Cart'")
    site.hits(2)
    tab.evaluate("history.replaceState({}, '', '/cart?utm_source=mail&id=7#top')")
    tab.evaluate("history.pushState({}, '', '#more')")
    site.hits(2)
    tab.evaluate("history.replaceState({}, '', '/checkout')")
    site.hits(3)
    tab.evaluate("history.go(-2)")
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
    tab.evaluate("history.back()")
    site.hits(3)
    tab.evaluate("history.forward()")
    assert [hit.path for hit in site.hits(4)] == ["/", "/placeless", "/", "/placeless"]
    assert site.asked.count("/") == 1


def test_a_page_that_the_server_counts_may_have_the_script_for_its_routes(opened: Opened) -> None:
    site, tab = opened("none")
    tab.open(f"{site.url}/counted")
    assert [hit.path for hit in site.hits(1)] == ["/counted"]
    tab.evaluate("history.pushState({}, '', '/counted/2')")
    assert [hit.path for hit in site.hits(2)] == ["/counted", "/counted/2"]


def test_what_is_rendered_ahead_counts_when_it_is_shown(opened: Opened) -> None:
    site, tab = opened("none")
    tab.open(f"{site.url}/ahead")
    site.wait(lambda: "/loaded" in site.asked)
    assert [hit.path for hit in site.hits(1)] == ["/ahead"]
    assert site.asked.count(BEACON) == 1, "it is not shown yet, and has not reported"
    tab.show_ahead("a")
    assert [hit.path for hit in site.hits(2)] == ["/ahead", "/next"]
    assert site.asked.count("/next") == 1


def test_the_notice_is_shown_where_the_page_has_a_place_for_it(opened: Opened) -> None:
    site, tab = opened("notice")
    tab.open(f"{site.url}/placeless")
    (untold,) = site.hits(1)
    assert (untold.is_cookieless, untold.is_new) == (True, None)
    assert "trackside" not in tab.cookies(), "nobody has told the visitor"
    tab.open(f"{site.url}/")
    site.hits(2)
    shown = "document.getElementById('trackside-notice')"
    until = f"new MutationObserver(done).observe({shown}, {{attributes: true}})"
    tab.evaluate(f"new Promise(done => {shown}.hidden ? {until} : done())")
    assert tab.evaluate(f"{shown}.textContent") == "127.0.0.1 uses a cookie to count visits."
    assert tab.evaluate(f"{shown}.hidden") is False
    assert "trackside" in tab.cookies()
    tab.open(f"{site.url}/")
    assert tab.evaluate(f"{shown}.hidden") is True
    site.hits(3)


def test_a_page_of_another_site_cannot_report(opened: Opened) -> None:
    site, tab = opened("none")
    other, _ = opened("none")
    tab.open(f"{other.url}/")
    other.hits(1)
    send = f"fetch('{site.url}/t/?p=/forged', {{method: 'POST', mode: 'no-cors', credentials: 'include'}})"
    tab.evaluate(send)
    image = f"i.src = '{site.url}/t/?p=/x'"
    tab.evaluate(f"new Promise(done => {{ let i = new Image(); i.onload = i.onerror = done; {image} }})")
    assert site.hits(0) == []
    assert site.tracker.stats().requests.skipped == {"cross-origin": 2}
