"""Consent in Chromium: the ready banner where no script runs, and the browser's own signal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from browser_site import served
from chromium import Browser, browser

from trackside import Exchange, Hit

BANNER = ".trackside-consent"
ALLOW = f"{BANNER} button[formaction$=grant]"
REFUSE = f"{BANNER} button[formaction$=withdraw]"
QUESTION = "May 127.0.0.1 count your visits?"

#: None is asked for.
ICON = '<link rel="icon" href="data:,">'

#: A page says so by its title where scripts run.
SCRIPT = "<script>document.title = 'A script has run'</script>"
WITHDRAW = '<form method="post" action="/consent/withdraw"><button id="withdraw">No more</button></form>'


def page(path: str, exchange: Exchange) -> tuple[str, str] | None:
    if path not in ("/", "/about", "/privacy"):
        return None
    asks = exchange.notice.banner if exchange.notice else ""
    withdraw = WITHDRAW if path == "/privacy" else ""
    return "private, no-cache", f"<!doctype html><title>{path}</title>{ICON}{asks}{withdraw}{SCRIPT}"


def asked(tab: Browser) -> bool:
    """Whether the page asks its visitor."""
    texts = tab.text(f"{BANNER} p")
    assert texts in ([], [QUESTION])
    return bool(texts)


def seen(hit: Hit) -> tuple[str, bool, bool, bool | None]:
    """A hit's path, and what it tells of its visitor."""
    return (hit.path, bool(hit.visitor), hit.is_cookieless, hit.is_new)


ASKING = {"consent": {"policy": "opt-in", "path": "/consent/"}}


def test_who_allows_it_has_a_cookie_and_is_asked_no_more(tmp_path: Path) -> None:
    with browser(tmp_path / "profile") as tab, served(page, ASKING, tab) as site:
        tab.forbid_scripts()
        tab.open(f"{site.url}/about")
        assert tab.text("title") == ["/about"], "no script has run"
        assert asked(tab)
        assert not tab.cookies()
        tab.click(ALLOW)
        # It has led back.
        assert tab.evaluate("location.pathname") == "/about"
        assert not asked(tab)
        cookies = tab.cookies()
        assert cookies["trackside_consent"]["value"] == "granted"
        tab.open(f"{site.url}/")
        assert not asked(tab)
        hits = site.hits(3)
    assert [seen(hit) for hit in hits] == [
        ("/about", True, True, None),
        ("/about", True, False, True),
        ("/", True, False, False),
    ]
    assert [hit.is_confined for hit in hits] == [True, False, False]
    assert {hit.visitor for hit in hits[1:]} == {cookies["trackside"]["value"].partition(".")[0]}


def test_who_refuses_is_nobody_and_is_asked_no_more(tmp_path: Path) -> None:
    with browser(tmp_path / "profile") as tab, served(page, ASKING, tab) as site:
        tab.forbid_scripts()
        tab.open(f"{site.url}/")
        tab.click(REFUSE)
        assert tab.evaluate("location.pathname") == "/"
        assert not asked(tab)
        tab.open(f"{site.url}/about")
        assert not asked(tab)
        (cookie,) = tab.cookies().values()
        hits = site.hits(3)
    assert (cookie["name"], cookie["value"]) == ("trackside_consent", "denied")
    assert [seen(hit) for hit in hits[1:]] == [("/", False, False, None), ("/about", False, False, None)]
    assert all(hit.is_confined and not hit.ip for hit in hits[1:])


def test_who_has_allowed_it_may_think_again(tmp_path: Path) -> None:
    with browser(tmp_path / "profile") as tab, served(page, ASKING, tab) as site:
        tab.forbid_scripts()
        tab.open(f"{site.url}/privacy")
        tab.click(ALLOW)
        assert tab.cookies().keys() == {"trackside", "trackside_consent"}
        tab.click("#withdraw")
        assert not asked(tab)
        (cookie,) = tab.cookies().values()
        hits = site.hits(3)
    assert (cookie["name"], cookie["value"]) == ("trackside_consent", "denied")
    assert [bool(hit.visitor) for hit in hits[1:]] == [True, False]


#: What is configured, and what follows for a browser that sends Sec-GPC: whether it gets a cookie, and, of
#: its hit, whether it has an id and whether third parties may not have it; None: it is not counted.
SIGNALS: list[tuple[dict[str, Any], bool, tuple[bool, bool] | None]] = [
    ({"gpc": "ignore"}, True, (True, False)),
    ({}, True, (True, True)),
    ({"gpc": "honour"}, True, (True, True)),
    ({"gpc": "strict"}, False, (False, True)),
    ({"gpc": "strict", "denied": "skip"}, False, None),
]


def test_sec_gpc_means_what_the_site_says(tmp_path: Path) -> None:
    with browser(tmp_path / "profile") as tab:
        for consent, has_cookie, hit in SIGNALS:
            with served(page, {"consent": {"policy": "notice", **consent}}, tab) as site:
                # Cookies know no ports.
                tab.call("Network.clearBrowserCookies")
                tab.send_headers(Sec_GPC="1")
                tab.open(f"{site.url}/")
                assert ("trackside" in tab.cookies()) is has_cookie, consent
                hits = site.hits(0 if hit is None else 1)
                assert [(bool(found.visitor), found.is_confined) for found in hits] == [hit][: len(hits)]
                skipped = site.tracker.stats().requests.skipped
                assert skipped == ({"consent": 1} if hit is None else {}), consent
                # Without the signal the visitor is like any other.
                tab.send_headers()
                tab.open(f"{site.url}/about")
                last = site.hits(1 if hit is None else 2)[-1]
                assert (bool(last.visitor), last.is_confined) == (True, False), consent
