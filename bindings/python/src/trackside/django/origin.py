"""The origin's names: what ``ANALYTICS_…`` means in the one configuration.

============================ =================================================================
``ANALYTICS_COOKIE_NAME``    ``visitor.cookie.name``
``ANALYTICS_COOKIE_PATH``    ``visitor.cookie.path``
``ANALYTICS_COOKIE_AGE``     ``visitor.cookie.max_age``, in seconds, counted from the last visit
``ANALYTICS_IGNORE_PATH``    ``track.ignore``, a list of prefixes
``ANALYTICS_ID``             a destination of type ``ga-v1``, and its ``tracking_id``; or that of a
                             destination of type ``celery`` in ``TRACKSIDE`` that has none
``ANALYTICS_API_VERSION``    its ``version``
``ANALYTICS_PROVIDER_URL``   its ``url``, whole
============================ =================================================================

One of them set is enough for ``consent.policy = "notice"``, ``track.status = ["200"]`` and
``track.bots = "keep"``, unless ``TRACKSIDE`` says otherwise. ``None`` is unset.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

NAMES = frozenset(
    {
        "ANALYTICS_API_VERSION",
        "ANALYTICS_COOKIE_AGE",
        "ANALYTICS_COOKIE_NAME",
        "ANALYTICS_COOKIE_PATH",
        "ANALYTICS_ID",
        "ANALYTICS_IGNORE_PATH",
        "ANALYTICS_PROVIDER_URL",
    }
)

SWITCHED_OFF_HOSTS = frozenset(
    {"www.google-analytics.com", "ssl.google-analytics.com", "google-analytics.com"}
)

#: What the library posts to where nothing is said.
GOOGLE = "https://www.google-analytics.com/collect"


class Wrong(Protocol):
    """Takes down a mistake: the number of its check, what is wrong, and the way out."""

    def __call__(self, number: str, text: str, hint: str | None = None) -> None: ...


def merge(merged: dict[str, Any], given: Mapping[str, Any], wrong: Wrong) -> None:
    """Merges the settings that are given, at least one, into a configuration."""
    _Merger(merged, given, wrong).merge()


def counts_nothing_at(configuration: Mapping[str, Any]) -> list[str]:
    """The addresses of destinations at which nothing is counted any more."""
    destinations = configuration.get("destination")
    if not isinstance(destinations, list):
        return []
    entries = [entry for entry in destinations if isinstance(entry, dict)]
    urls = [entry.get("url", GOOGLE) for entry in entries if _type(entry) in ("celery", "ga-v1")]
    return [url for url in urls if isinstance(url, str) and _is_switched_off(url)]


class _Merger:
    def __init__(self, merged: dict[str, Any], given: Mapping[str, Any], wrong: Wrong) -> None:
        self._merged = merged
        self._given = given
        self._wrong = wrong

    def merge(self) -> None:
        for name, key in (("ANALYTICS_COOKIE_NAME", "name"), ("ANALYTICS_COOKIE_PATH", "path")):
            self._set(("visitor", "cookie", key), self._text(name), name)
        age = self._seconds("ANALYTICS_COOKIE_AGE")
        if age is not None:
            self._set(("visitor", "cookie", "max_age"), f"{age}s", "ANALYTICS_COOKIE_AGE")
            self._imply(("visitor", "cookie", "renew"), True)
        self._set(("track", "ignore"), self._prefixes("ANALYTICS_IGNORE_PATH"), "ANALYTICS_IGNORE_PATH")
        self._imply(("track", "status"), ["200"])
        self._imply(("track", "bots"), "keep")
        visitor = self._merged.get("visitor", {})
        if isinstance(visitor, dict) and visitor.get("identity", "cookie") == "cookie":
            self._imply(("consent", "policy"), "notice")
        self._add_destination()

    def _add_destination(self) -> None:
        keys = (
            ("tracking_id", "ANALYTICS_ID"),
            ("version", "ANALYTICS_API_VERSION"),
            ("url", "ANALYTICS_PROVIDER_URL"),
        )
        texts = {key: self._text(name) for key, name in keys}
        if texts["tracking_id"] is None:
            return
        destinations = self._merged.setdefault("destination", [])
        if not isinstance(destinations, list):
            return
        entries = [entry for entry in destinations if isinstance(entry, dict)]
        made: dict[str, Any] = {key: text for key, text in texts.items() if text is not None}
        through_celery = [
            entry for entry in entries if _type(entry) == "celery" and "tracking_id" not in entry
        ]
        rivals = [_type(entry) for entry in entries if "tracking_id" in entry or _type(entry) == "ga-v1"]
        if rivals:
            self._wrong(
                "E003",
                f"ANALYTICS_ID and a destination of type {rivals[0]} in TRACKSIDE are the same thing",
                "Keep one of them.",
            )
            return
        entry = through_celery[0] if through_celery else {"type": "ga-v1"}
        for key, name in keys:
            if key in made and key in entry:
                what = f"the {key} of a destination of type {_type(entry)} in TRACKSIDE"
                self._wrong("E003", f"{name} and {what} are the same thing", "Keep one of them.")
        entry.update(made)
        if not through_celery:
            destinations.append(entry)
        url = entry.get("url", GOOGLE)
        if isinstance(url, str) and _is_switched_off(url) and "sqlite" not in map(_type, entries):
            destinations.append({"type": "sqlite"})

    def _set(self, path: tuple[str, ...], value: object, name: str) -> None:
        if value is None:
            return
        table = self._table(path)
        if table is None:
            return
        if path[-1] in table:
            keys = "".join(f"[{key!r}]" for key in path)
            self._wrong("E003", f"{name} and TRACKSIDE{keys} are the same thing", "Keep one of them.")
        else:
            table[path[-1]] = value

    def _text(self, name: str) -> str | None:
        value = self._given.get(name)
        if value is None:
            return None
        if isinstance(value, str) and value:
            return value
        self._wrong("E004", f"{name} must be a str that is not empty, not {shown(value)}")
        return None

    def _seconds(self, name: str) -> int | None:
        value = self._given.get(name)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
        self._wrong("E004", f"{name} must be a whole number of seconds above zero, not {shown(value)}")
        return None

    def _prefixes(self, name: str) -> list[str] | None:
        value = self._given.get(name)
        if value is None:
            return None
        if isinstance(value, (list, tuple)) and all(isinstance(prefix, str) and prefix for prefix in value):
            return list(value)
        self._wrong("E004", f'{name} must be a list of prefixes such as ["/admin/"], not {shown(value)}')
        return None

    def _imply(self, path: tuple[str, ...], value: object) -> None:
        table = self._table(path)
        if table is not None:
            table.setdefault(path[-1], value)

    def _table(self, path: tuple[str, ...]) -> dict[str, Any] | None:
        """The table in which the path's last key stands; none where something else is in its way."""
        table = self._merged
        for key in path[:-1]:
            inner = table.setdefault(key, {})
            if not isinstance(inner, dict):
                return None
            table = inner
        return table


def _type(destination: Mapping[str, Any]) -> object:
    return destination.get("type")


def _is_switched_off(url: str) -> bool:
    try:
        return urlsplit(url).hostname in SWITCHED_OFF_HOSTS
    except ValueError:
        return False


def shown(value: object) -> str:
    """A value as it is told of in a mistake."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
