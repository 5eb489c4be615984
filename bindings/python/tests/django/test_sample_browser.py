"""The sample site of ``trackside serve`` in Chromium: cookie, notice, what is kept and what is prefetched."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from chromium import browser
from kit.process import Process, free_port

ROOT = Path(__file__).resolve().parents[4]
NOTICE = "127.0.0.1 uses a cookie to count visits."


@pytest.fixture(scope="session")
def command() -> str:
    """The command, as it is now."""
    build = ["cargo", "build", "--quiet", "--package", "trackside-cli", "--message-format", "json"]
    told = subprocess.run(build, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout
    made = [json.loads(line).get("executable") for line in told.splitlines()]
    (program,) = [path for path in made if path]
    return str(program)


class Sample:
    """The sample site, and what it says of each request."""

    def __init__(self, url: str, process: Process, folder: Path) -> None:
        self.url = url
        self._process = process
        self._folder = folder

    def verdict(self, method: str, path: str) -> str:
        """Of the next request for a path."""
        return self._process.expect(rf"{method} +{re.escape(path)} ").string.split()[-1]

    def hits(self) -> list[dict[str, Any]]:
        """What was stored, once the server has ended."""
        with closing(sqlite3.connect(self._folder / "trackside.db")) as store:
            store.row_factory = sqlite3.Row
            return [dict(row) for row in store.execute("SELECT * FROM hit ORDER BY at")]


@contextmanager
def served(command: str, folder: Path, toml: str | None = None) -> Iterator[Sample]:
    port = free_port()
    arguments = [command, "serve", "--listen", f"127.0.0.1:{port}"]
    if toml is not None:
        (folder / "site.toml").write_text(toml, "utf-8")
        arguments += ["--config", "site.toml"]
    with Process(arguments, cwd=folder) as process:
        process.expect(f"127.0.0.1:{port}")
        yield Sample(f"http://127.0.0.1:{port}", process, folder)
        process.stop(signal.SIGTERM)


def test_a_reader(command: str, tmp_path: Path) -> None:
    with served(command, tmp_path) as site, browser(tmp_path / "profile") as tab:
        tab.open(f"{site.url}/")
        assert tab.text(".notice") == [NOTICE]
        cookie = tab.cookies()["trackside"]
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
        for path in ("/about/", "/articles/", "/articles/what-counts/"):
            tab.open(site.url + path)
            assert tab.text(".notice") == []
        # Kept by the browser, and asked for again: a 304, which is a view.
        tab.open(f"{site.url}/about/")
        tab.open(f"{site.url}/admin/")
        tab.evaluate("history.back()")
        assert len(tab.set_cookies("trackside")) == 1
    hits = site.hits()
    read = ["/", "/about/", "/articles/", "/articles/what-counts/", "/about/"]
    assert [hit["path"] for hit in hits][:5] == read
    assert [hit["status"] for hit in hits][:5] == [200, 200, 200, 200, 304]
    assert {hit["path"] for hit in hits[5:]} <= {"/about/"}, "which the browser may have kept"
    assert len({hit["visitor"] for hit in hits}) == 1


def test_what_is_fetched_ahead_is_no_view(command: str, tmp_path: Path) -> None:
    with served(command, tmp_path) as site, browser(tmp_path / "profile") as tab:
        tab.open(f"{site.url}/")
        link = "let l = document.createElement('link'); l.rel = 'prefetch'; l.href = '/about/'; "
        tab.evaluate(link + "new Promise(done => { l.onload = done; document.head.append(l) })")
        assert site.verdict("GET", "/about/") == "skipped(prefetch)"
    assert [hit["path"] for hit in site.hits()] == ["/"]
