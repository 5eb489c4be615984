"""What all middlewares take, and hand on to the tracker that they open."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from recorded import BROWSER, CONFIG, HTML

from trackside import Batch, RecordingTransport, Tracker


@pytest.fixture(params=["asgi", "flask", "starlette", "wsgi"])
def module(request: pytest.FixtureRequest) -> Any:
    return pytest.importorskip(f"trackside.{request.param}", exc_type=ImportError)


def opened(module: Any, **options: Any) -> Tracker:
    """The tracker of a middleware with these options."""
    if hasattr(module, "Trackside"):
        app = import_module("flask").Flask("site")
        module.Trackside(app, **options)
        tracker = app.extensions["trackside"]
    else:
        middleware = module.TracksideMiddleware(None, **options)
        # Starlette's raises it when the server starts it.
        if error := getattr(middleware, "_error", None):
            raise error
        tracker = middleware.tracker
    assert isinstance(tracker, Tracker)
    return tracker


def visit(tracker: Tracker, path: str) -> None:
    tracker.begin("GET", path, BROWSER).finish(200, HTML)


def test_the_environment_lies_over_it_unless_it_is_told_not_to(
    module: Any, monkeypatch: pytest.MonkeyPatch, trackside_hits: RecordingTransport
) -> None:
    monkeypatch.setenv("TRACKSIDE__TRACK__IGNORE__0", "/a")
    for options in ({}, {"env": True}, {"env": False}):
        tracker = opened(module, consent="none", transport=trackside_hits, **options)
        visit(tracker, "/a")
        visit(tracker, "/b")
    assert [hit.path for hit in trackside_hits.hits] == ["/b", "/b", "/a", "/b"]


def test_it_takes_a_file_a_filter_and_an_editor(module: Any, tmp_path: Path) -> None:
    file = tmp_path / "trackside.toml"
    file.write_text('consent.policy = "none"\n[[destination]]\ntype = "callback"\nname = "mine"\n')
    taken: list[tuple[str, str]] = []

    def sink(batch: Batch) -> None:
        taken.extend((hit.path, hit.title) for hit in batch.hits)

    tracker = opened(
        module,
        file=file,
        env=False,
        sinks={"mine": sink},
        filter=lambda hit: hit.path != "/a",
        edit=lambda hit, edit: edit.set(title="edited"),
    )
    visit(tracker, "/a")
    visit(tracker, "/b")
    assert not tracker.close(30)
    assert taken == [("/b", "edited")]


@pytest.mark.parametrize(
    "option",
    [
        {"file": "trackside.toml"},
        {"env": False},
        {"filter": lambda hit: True},
        {"edit": lambda hit, edit: None},
    ],
    ids=["file", "env", "filter", "edit"],
)
def test_beside_a_tracker_they_would_say_nothing(module: Any, option: dict[str, Any]) -> None:
    with Tracker(CONFIG, env=False, transport=RecordingTransport()) as tracker:
        assert opened(module, tracker=tracker, env=True) is tracker
        (name,) = option
        with pytest.raises(TypeError, match=f"its own {name}"):
            opened(module, tracker=tracker, **option)
