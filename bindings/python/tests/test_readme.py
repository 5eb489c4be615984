"""The README's programs: each block runs, in their order, as far as it needs no more than the tests have; and
the example of the package itself."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

import pytest

import trackside

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_it_has_programs() -> None:
    assert len(BLOCKS) > 10


def test_every_program_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "readme", "later": lambda job: job()}
    for number, block in enumerate(BLOCKS):
        exec(compile(block, f"README.md, block {number}", "exec"), names)
    tried(names)


def test_the_packages_example_is_what_it_says() -> None:
    failed, attempted = doctest.testmod(trackside)
    assert (failed, attempted > 3) == (0, True)


def tried(names: dict[str, Any]) -> None:
    """The views, and the test that the README shows."""
    from test_wsgi import Server, environ

    from trackside import RecordingTransport
    from trackside.wsgi import TracksideMiddleware

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
        environ["trackside"].event("paid")
        start_response("204 No Content", [])
        return []

    names.update(
        TracksideMiddleware=TracksideMiddleware, shop=shop, buy=lambda app: Server().run(app, environ("/buy"))
    )
    names["test_a_sale_is_counted"](RecordingTransport())
