"""The example site as a reader sees it: Chromium in front, a real server behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from chromium import Browser, browser
from kit.process import free_port, python

ROOT = Path(__file__).resolve().parents[4]
EXAMPLE = ROOT / "bindings/python/examples/django"
ARTEFACTS = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "python"

NOTICE = "127.0.0.1 uses a cookie to count visits."
PAGES = ["/", "/articles/bridge/", "/articles/market/", "/articles/library/", "/about/"]

FORKING = ["-m", "gunicorn", "--preload", "--workers", "2", "--bind", "127.0.0.1:{port}", "newsroom.wsgi"]

SERVERS = {
    "wsgi": ("Starting development server", ["manage.py", "runserver", "--noreload", "127.0.0.1:{port}"]),
    "forks": ("Booting worker", FORKING),
    "asgi": ("Uvicorn running", ["-m", "uvicorn", "--port", "{port}", "newsroom.asgi:application"]),
}


class Site:
    """The example, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def manage(self, *words: str) -> str:
        """Runs a command of the site's."""
        command = [sys.executable, "-W", "error", "manage.py", *words]
        done = subprocess.run(command, cwd=self.folder, check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout

    @contextmanager
    def served(
        self, by: str, end: int = signal.SIGINT, env: Mapping[str, str] | None = None
    ) -> Iterator[None]:
        """Serves it, and ends the server by a signal, as Ctrl-C does."""
        listens, command = SERVERS[by]
        with python(*(word.format(port=self.port) for word in command), cwd=self.folder, env=env) as server:
            server.expect(listens)
            yield
            server.stop(end)

    def hits(self) -> list[dict[str, Any]]:
        """What its store holds."""
        with closing(sqlite3.connect(self.folder / "trackside.db")) as store:
            store.row_factory = sqlite3.Row
            return [dict(row) for row in store.execute("SELECT * FROM hit ORDER BY at")]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A copy of the example, with its tables, and in order by its own checks."""
    folder = tmp_path / "site"
    ours = shutil.ignore_patterns("*.db*", "*.sqlite3", "trackside-stats", "__pycache__")
    made = Site(Path(shutil.copytree(EXAMPLE, folder, ignore=ours)))
    made.manage("check", "--fail-level", "WARNING")
    made.manage("migrate", "--verbosity", "0")
    return made


def log_in(site: Site, tab: Browser) -> None:
    """As somebody who may not see the admin."""
    make = (
        "from django.contrib.auth.models import User; User.objects.create_user('reader', password='secret')"
    )
    site.manage("shell", "--command", make)
    tab.open(f"{site.url}/login/")
    fill = "document.querySelector('#id_{}').value = '{}'; "
    filled = fill.format("username", "reader") + fill.format("password", "secret")
    tab.run(filled + "document.forms[0].submit()")


@pytest.mark.parametrize("by", ["wsgi", "asgi"])
def test_a_reader_sees_the_notice_once_and_five_pages_are_five_hits(
    site: Site, by: str, tmp_path: Path
) -> None:
    with site.served(by), browser(tmp_path / "profile") as tab:
        tab.open(site.url + PAGES[0])
        assert tab.text(".alert-info") == [NOTICE]
        tab.screenshot(ARTEFACTS / f"notice-{by}.png")
        cookie = tab.cookies()["trackside"]
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
        for path in PAGES[1:]:
            tab.open(site.url + path)
            assert tab.text(".alert") == []
        tab.open(f"{site.url}/feed/")
        tab.open(f"{site.url}/admin/")
        assert tab.text("#id_username") == [""]
        assert len(tab.set_cookies("trackside")) == 1
        assert tab.cookies()["trackside"]["value"] == cookie["value"]
    hits = site.hits()
    assert [hit["path"] for hit in hits] == PAGES
    assert [hit["is_new"] for hit in hits] == [1, 0, 0, 0, 0]
    assert {hit["visitor"].hex() for hit in hits} == {cookie["value"].partition(".")[0].replace("-", "")}
    assert [hit["title"] for hit in hits][1:4] == [
        "The bridge is open again",
        "Market day moves to Friday",
        "A library without fines",
    ]
    assert {hit["route"] for hit in hits} == {"/", "/articles/<slug:slug>/", "/about/"}


ASKING = {"TRACKSIDE__CONSENT__POLICY": "opt-in", "TRACKSIDE__CONSENT__PATH": "/consent/"}


@pytest.mark.parametrize(("button", "answer"), [("grant", "granted"), ("withdraw", "denied")])
def test_a_reader_without_scripts_answers_the_ready_banner(
    site: Site, button: str, answer: str, tmp_path: Path
) -> None:
    with site.served("wsgi", env=ASKING), browser(tmp_path / "profile") as tab:
        tab.forbid_scripts()
        tab.open(f"{site.url}/about/")
        assert tab.text(".trackside-consent p") == ["May 127.0.0.1 count your visits?"]
        tab.screenshot(ARTEFACTS / f"banner-{answer}.png")
        tab.click(f".trackside-consent button[formaction$={button}]")
        for path in ("/about/", "/"):
            assert tab.evaluate("location.pathname") == path
            assert tab.text(".trackside-consent") == []
            tab.open(f"{site.url}/")
        cookies = tab.cookies()
    before, back, *others = site.hits()
    assert (before["path"], before["cookieless"], before["confined"]) == ("/about/", 1, 1)
    assert [hit["path"] for hit in (back, *others)] == ["/about/", "/", "/"]
    assert cookies["trackside_consent"]["value"] == answer
    if answer == "granted":
        assert cookies["trackside"]["value"].replace("-", "").startswith(back["visitor"].hex())
        assert {hit["visitor"] for hit in others} == {back["visitor"]}
        assert [hit["is_new"] for hit in (back, *others)] == [1, 0, 0]
    else:
        assert "trackside" not in cookies
        assert {hit["visitor"] for hit in (back, *others)} == {None}
        assert {hit["confined"] for hit in (back, *others)} == {1}


def test_a_reader_who_logs_in_is_recorded_and_the_books_tell_it_all(site: Site, tmp_path: Path) -> None:
    with site.served("wsgi"), browser(tmp_path / "profile") as tab:
        tab.open(site.url)
        log_in(site, tab)
        assert "reader" in tab.text("nav")[0]
    index, login, again = site.hits()
    assert (index["user_id"], login["path"], again["user_id"]) == (None, "/login/", "1")
    total = json.loads(site.manage("trackside_stats", "--json"))
    assert total["requests"]["tracked"] == 3
    assert total["requests"]["skipped"] == {"method": 1}
    assert total["destinations"]["sqlite"]["delivered"] == 3
    assert total["failures"] == 0
    assert "verdict: skipped(ignored)" in site.manage("trackside_explain", "/admin/")


@pytest.mark.parametrize("by", ["forks", "asgi"])
def test_a_server_that_ends_by_sigterm_has_delivered(site: Site, by: str) -> None:
    with site.served(by, end=signal.SIGTERM):
        for _ in range(20):
            urlopen(Request(f"{site.url}/about/", headers={"Accept": "text/html"})).close()
    assert len(site.hits()) == 20
    total = json.loads(site.manage("trackside_stats", "--json"))
    assert total["destinations"]["sqlite"]["delivered"] == 20
    assert total["requests"]["seen"] == 20
