"""The README's programs: each block runs, in their order, as far as it needs no more than the tests have; and
the example of the package itself."""

from __future__ import annotations

import doctest
import re
import sqlite3
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import trackside
from trackside import Hit, Tracker

README = Path(__file__).parents[1] / "README.md"
TEXT = README.read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def test_it_has_programs() -> None:
    assert len(BLOCKS) > 10


def test_every_program_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "readme", "later": lambda job: job()}
    for number, block in enumerate(BLOCKS):
        exec(compile(block, f"README.md, block {number}", "exec"), names)
    tried(names)


def test_its_question_to_the_store_is_answered(tmp_path: Path) -> None:
    path = tmp_path / "trackside.db"
    with Tracker({"destination": [{"type": "sqlite", "path": str(path)}]}, consent="none") as tracker:
        exchange = tracker.begin("GET", "/news/", [("Host", "www.example.com")])
        visitor = exchange.visitor_id
        exchange.finish(200, [("Content-Type", "text/html")])
    (sql,) = re.findall(r'^sqlite3 trackside.db "([^"]*)"$', TEXT, re.MULTILINE)
    assert visitor is not None
    with closing(sqlite3.connect(path)) as store:
        ((_, *row),) = store.execute(sql).fetchall()
    assert row == ["page", "GET", "/news/", None, visitor.replace("-", "").upper()]


def test_its_table_has_the_fields_of_a_hit() -> None:
    table = TEXT[TEXT.index("| field | meaning |") :].partition("\n\n")[0]
    told = re.findall(r"`([a-z_]+)`", "".join(re.findall(r"^(\| .*?) \| ", table, re.MULTILINE)))
    assert sorted(told) == sorted({field.name for field in fields(Hit)} - {"text", "_owned"})


def test_the_packages_example_is_what_it_says() -> None:
    failed, attempted = doctest.testmod(trackside)
    assert (failed, attempted > 3) == (0, True)


def tried(names: dict[str, Any]) -> None:
    """The views, and the test that the README shows."""
    from test_wsgi import Server, environ

    from trackside import RecordingTransport
    from trackside.wsgi import TracksideMiddleware

    # By the middleware of its own framework, whose name is the other one's.
    names["test_an_item_is_counted"](RecordingTransport())

    transport = RecordingTransport()
    application = TracksideMiddleware(names["view"], consent="notice", transport=transport)
    server = Server().run(application, environ())
    assert server.body.startswith(b"<p>www.example.com uses a cookie")
    assert [hit.kind for hit in transport.hits] == ["page", "event"]

    names["tracker"] = application.tracker
    checkout = TracksideMiddleware(names["checkout"], tracker=application.tracker)
    assert Server().run(checkout, environ()).status == "303 See Other"
    assert transport.hits[-1].name == "paid"

    def shop(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        environ["trackside.exchange"].event("paid")
        start_response("204 No Content", [])
        return []

    names.update(
        TracksideMiddleware=TracksideMiddleware, shop=shop, buy=lambda app: Server().run(app, environ("/buy"))
    )
    names["test_a_sale_is_counted"](RecordingTransport())
