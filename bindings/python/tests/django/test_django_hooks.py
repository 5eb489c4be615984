"""``TRACKSIDE_FILTER`` and ``TRACKSIDE_EDIT``: what real requests leave behind when the site has its say."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from django_kit import Recorded, Visitor

from trackside import Batch, Hit
from trackside.django import tracker
from trackside.hooks import Edit

HERE = __name__
LONG = 60.0


class Kept:
    """A sink that keeps what arrives."""

    def __init__(self) -> None:
        self.hits: list[Hit] = []

    def __call__(self, batch: Batch) -> None:
        self.hits.extend(batch.hits)

    @property
    def paths(self) -> list[str]:
        """Of all hits so far: none waits any longer."""
        assert not tracker().flush(LONG)
        return [hit.path for hit in self.hits]


@contextmanager
def site(**settings: Any) -> Iterator[Kept]:
    """The site with these settings, and a destination of its own."""
    kept = Kept()
    said = {"consent": {"policy": "none"}, "destination": [{"type": "callback", "name": "mine"}]}
    with override_settings(TRACKSIDE=said, TRACKSIDE_SINKS={"mine": kept}, **settings):
        yield kept


def without_bare(hit: Hit) -> bool:
    """A filter."""
    return hit.path != "/bare/"


def rename(hit: Hit, edit: Edit) -> None:
    """An editor."""
    edit.set(path="/renamed/", title=f"of {hit.path}")
    edit.property("by", "hook")
    edit.forget_visitor()


def fail(*_: Any) -> Any:
    """A filter or an editor that raises."""
    raise RuntimeError("a bug of the site's")


def end(*_: Any) -> Any:
    """One that would end the process."""
    raise SystemExit("not here")


# What they do


@pytest.mark.parametrize("filter", [without_bare, f"{HERE}.without_bare"])
def test_what_the_filter_does_not_want_is_refused(visitor: Visitor, filter: object) -> None:
    with site(TRACKSIDE_FILTER=filter) as kept:
        for path in ("/page/", "/bare/", "/titled/"):
            assert visitor.get(path).status_code == 200
        # The event of the view is a hit, too.
        assert kept.paths == ["/page/", "/titled/", "/titled/"]
        assert tracker().stats().destinations["mine"].refused == {"filtered": 1}
        assert tracker().stats().requests.tracked == 3


@pytest.mark.parametrize("edit", [rename, f"{HERE}.rename"])
def test_what_the_editor_says_is_what_arrives(visitor: Visitor, edit: object) -> None:
    with site(TRACKSIDE_EDIT=edit) as kept:
        response = visitor.get("/page/")
        assert kept.paths == ["/renamed/"]
    (hit,) = kept.hits
    assert (hit.title, hit.properties, hit.visitor) == ("of /page/", {"by": "hook"}, "")
    assert response.cookies["trackside"].value, "the browser's own is left alone"


def test_the_editor_is_asked_about_what_the_filter_wants(visitor: Visitor) -> None:
    with site(TRACKSIDE_FILTER=without_bare, TRACKSIDE_EDIT=rename) as kept:
        visitor.get("/bare/")
        visitor.get("/page/")
        assert kept.paths == ["/renamed/"]


@pytest.mark.parametrize("hook", [fail, end])
@pytest.mark.parametrize("setting", ["TRACKSIDE_FILTER", "TRACKSIDE_EDIT"])
def test_an_exception_counts_and_the_hit_goes_on(visitor: Visitor, setting: str, hook: object) -> None:
    with site(**{setting: hook}) as kept:
        assert visitor.get("/page/").status_code == 200
        assert kept.paths == ["/page/"]
        stats = tracker().stats()
    assert (stats.destinations["mine"].panics, stats.failures) == (1, 1)


def test_a_recording_site_asks_neither(visitor: Visitor, hits: Recorded) -> None:
    with override_settings(TRACKSIDE_FILTER=fail, TRACKSIDE_EDIT=fail):
        visitor.get("/page/")
        assert [hit.path for hit in hits()] == ["/page/"]
        assert tracker().stats().failures == 0


# At run time


def test_they_are_followed_and_the_old_ones_have_had_their_say(visitor: Visitor) -> None:
    with site() as kept:
        first = tracker()
        with override_settings(TRACKSIDE_EDIT=rename):
            assert tracker() is not first
            visitor.get("/page/")
            second = tracker()
            with override_settings(TRACKSIDE_EDIT=rename, TRACKSIDE_TITLE="html"):
                assert tracker() is second, "these are the same"
        assert kept.hits[0].path == "/renamed/", "it was closed, and has delivered"
        visitor.get("/page/")
        assert kept.paths == ["/renamed/", "/page/"]


@pytest.mark.parametrize("setting", ["TRACKSIDE_FILTER", "TRACKSIDE_EDIT"])
@pytest.mark.parametrize(
    "wrong", ["no.such.hook", "undotted", f"{HERE}.LONG", f"{HERE}.Kept", 1, ["x"], Kept]
)
def test_what_cannot_be_called_ends_the_start_and_no_request(
    visitor: Visitor, setting: str, wrong: object
) -> None:
    before = tracker()
    with pytest.raises(ImproperlyConfigured, match=setting), override_settings(**{setting: wrong}):
        pass
    assert tracker() is before
    assert visitor.get("/page/").status_code == 200


@pytest.mark.parametrize("setting", ["TRACKSIDE_FILTER", "TRACKSIDE_EDIT"])
def test_where_no_thread_may_run_them_the_start_ends(monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    monkeypatch.setitem(sys.modules, "uwsgi", SimpleNamespace(has_threads=False))
    with pytest.raises(ImproperlyConfigured, match="--enable-threads"), override_settings(**{setting: fail}):
        pass
