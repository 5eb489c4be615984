"""The management commands."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client, override_settings
from django_kit import PAGE, Recorded
from kit.process import PATIENCE

from trackside import RecordingTransport, Stats
from trackside.django import books, tracker

SITE: dict[str, Any] = {
    "TRACKSIDE": {"consent": {"policy": "notice"}, "track": {"ignore": ["/admin/"]}},
    "TRACKSIDE_TRANSPORT": RecordingTransport(),
}


def run(*words: str) -> str:
    """What a command prints."""
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["/articles/bridge/"],
            ["route: /articles/<slug:slug>/", "status: 200 (assumed)\n", "verdict: tracked"],
        ),
        (
            ["https://www.example.org/page/?utm_source=x"],
            ["verdict: tracked", "www.example.org", "utm_source=x"],
        ),
        (["https://www.example.org"], ["route: none", "status: 404", "verdict: skipped(status)"]),
        (["/%70age/"], ["route: /page/", "verdict: tracked"]),
        (["/admin/"], ["verdict: skipped(ignored)"]),
        (["/nowhere/"], ["route: none", "status: 404", "verdict: skipped(status)"]),
        (["/nowhere/", "--status", "200"], ["status: 200\n", "verdict: tracked"]),
        (["/page/", "--method", "POST"], ["verdict: skipped(method)"]),
        (["/page/", "--content-type", "application/json"], ["verdict: skipped(content-type)"]),
        (["/page/", "--header", "Sec-Purpose: prefetch"], ["verdict: skipped(prefetch)"]),
        (
            ["/page/", "--consent", "analytics=denied, ads=granted"],
            ["the host           analytics denied, ads granted", "recorded without id"],
        ),
        (["/page/", "--header", "Host: a.example", "--peer", "203.0.113.9"], ["a.example", "203.0.113.0"]),
    ],
)
def test_a_url_s_verdict_is_explained(words: list[str], says: list[str]) -> None:
    with override_settings(**SITE):
        printed = run("trackside_explain", *words)
        assert tracker().stats().requests.seen == 0
    for part in says:
        assert part in printed


@pytest.mark.parametrize(
    "words",
    [
        ["page/"],
        [""],
        ["/page/", "--header", "nonsense"],
        ["/page/", "--peer", "me"],
        ["/page/", "--consent", "all"],
    ],
)
def test_what_cannot_be_explained_is_said(words: list[str]) -> None:
    with pytest.raises(CommandError):
        run("trackside_explain", *words)


def ask() -> None:
    """A page, an admin page, and one that is not there."""
    for path in ("/page/", "/admin/", "/nowhere/"):
        Client().get(path, headers=PAGE)


def test_without_a_folder_the_books_are_this_process_s(hits: Recorded) -> None:
    ask()
    printed = run("trackside_stats")
    assert "of this process alone" in printed
    assert "seen 3 = tracked 1 + skipped" in printed


def test_the_books_of_all_processes_are_added_up(tmp_path: Path) -> None:
    folder = tmp_path / "books"
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with override_settings(**SITE, TRACKSIDE_STATS=folder):
        ask()
        (mine,) = books.read(str(folder))
        (folder / "another-1.json").write_text(json.dumps({**mine, "pid": gone.pid, "at": mine["at"] - 60}))
        # What is not ours, or of a disk that was full.
        for name, content in (("list.json", "[]"), ("other.json", "{}"), ("empty.json", "")):
            (folder / name).write_text(content)
        seen = 2 * mine["requests"]["seen"]
        printed = run("trackside_stats")
        total = json.loads(run("trackside_stats", "--json"))
        said = StringIO()
        call_command("trackside_stats", stdout=StringIO(), stderr=said)
    assert said.getvalue() == f"3 files in {folder} are no books, and are left out\n"
    assert mine["pid"] == os.getpid()
    assert f"of 2 processes, in {folder}, of which 1 have ended" in printed
    assert f"requests: seen {seen} = tracked 2 + skipped" in printed
    assert (total["processes"], total["requests"]["seen"]) == (2, seen)


def test_what_a_dead_process_thought_of_a_receiver_is_over() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()

    def book(pid: int, breaker: str) -> dict[str, Any]:
        hits = {"breaker": breaker, "openings": 1}
        return {"host": socket.gethostname(), "pid": pid, "requests": {}, "destinations": {"ga4": hits}} | {
            "failures": 0
        }

    def breaker(*of: dict[str, Any]) -> Any:
        return books.total(of)["destinations"]["ga4"]["breaker"]

    here = os.getpid()
    assert breaker(book(gone.pid, "open")) == "closed"
    assert breaker(book(gone.pid, "open"), book(here, "half-open")) == "half-open"
    assert breaker(book(here, "closed"), book(here, "open"), book(here, "of another version")) == "open"


def test_books_are_left_again_when_their_share_of_the_time_is_over(tmp_path: Path) -> None:
    deadline = time.monotonic() + 30
    with override_settings(**SITE, TRACKSIDE_STATS=tmp_path):
        while not any(book["requests"]["seen"] >= 6 for book in books.read(str(tmp_path))):
            assert time.monotonic() < deadline
            ask()


def test_books_that_cannot_be_left_do_not_touch_the_page(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder")
    with override_settings(**SITE, TRACKSIDE_STATS=tmp_path / "file"):
        assert Client().get("/page/", headers=PAGE).status_code == 200
        assert tracker().stats().failures == 1
    assert "leaving the books" in caplog.text


class Watched:
    """A lock that tells when a thread waits for it."""

    def __init__(self, wanted: threading.Event) -> None:
        self._lock, self._wanted = threading.Lock(), wanted

    def acquire(self, timeout: float) -> bool:
        if not self._lock.acquire(blocking=False):
            self._wanted.set()
            self._lock.acquire()
        return True

    def release(self) -> None:
        self._lock.release()


def test_the_last_books_are_of_a_tracker_that_is_closed(tmp_path: Path) -> None:
    # Another tracker was there before it, as where a command has run the checks. Nothing but the end sends
    # the hit.
    browser = {**PAGE, "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
    store = {"type": "sqlite", "path": str(tmp_path / "trackside.db"), "batch": {"age": "1h"}}
    lines = [
        "import django",
        "from django.conf import settings",
        "from django.http import HttpResponse",
        "from django.test import Client",
        "from django.urls import path",
        "from trackside import Tracker",
        "other = Tracker({'mode': 'off', 'consent': {'policy': 'none'}}, env=False)",
        f"settings.configure(ROOT_URLCONF='__main__', TRACKSIDE_STATS={str(tmp_path / 'books')!r},",
        "    ALLOWED_HOSTS=['*'], MIDDLEWARE=['trackside.django.Middleware'],",
        f"    TRACKSIDE={{'consent': {{'policy': 'notice'}}, 'destination': [{store!r}]}})",
        "django.setup()",
        "urlpatterns = [path('page/', lambda request: HttpResponse('a page'))]",
        f"Client().get('/page/', headers={browser!r})",
    ]
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True, timeout=PATIENCE)
    (book,) = books.read(str(tmp_path / "books"))
    (hits,) = book["destinations"].values()
    assert (hits["offered"], hits["delivered"], hits["pending"]) == (1, 1, 0)


def test_what_is_left_last_was_seen_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As where a server ends by a signal, while the thread of its last page leaves the books.
    monkeypatch.setattr(books, "_writing", Watched(at_end := threading.Event()))
    with override_settings(**SITE, TRACKSIDE_STATS=None):
        ask()
        late, first, after = tracker().stats(), threading.Event(), threading.Event()

        class Slow:
            """A tracker, of whose books one reader is slow to write down what it has seen."""

            def stats(self) -> Stats:
                seen = tracker().stats() if first.is_set() else late
                if not first.is_set():
                    at_end.clear()
                    first.set()
                    assert after.wait(30)
                return seen

        left = books.Books(str(tmp_path), Slow)  # type: ignore[arg-type]
        writer = threading.Thread(target=left.leave)
        writer.start()
        assert first.wait(30)
        ask()

        def leave_at_end() -> None:
            left.leave()
            at_end.set()

        end = threading.Thread(target=leave_at_end)
        end.start()
        assert at_end.wait(30)
        after.set()
        writer.join()
        end.join()
        (book,) = books.read(str(tmp_path))
        assert book["requests"] == asdict(tracker().stats().requests) != asdict(late.requests)


def test_old_books_go_away(tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    old.write_text("{}")
    os.utime(old, (0, 0))
    with override_settings(**SITE, TRACKSIDE_STATS=tmp_path):
        ask()
        assert not old.exists()
        assert len(books.read(str(tmp_path))) == 1


def test_of_a_site_that_has_seen_nothing_there_are_none(tmp_path: Path) -> None:
    with override_settings(**SITE, TRACKSIDE_STATS=tmp_path):
        assert run("trackside_stats") == f"books: of 0 processes, in {tmp_path}\n"
