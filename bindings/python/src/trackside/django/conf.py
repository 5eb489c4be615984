"""The site's settings: ``TRACKSIDE`` and the origin's ``ANALYTICS_*``, merged into one configuration.

``TRACKSIDE`` is the one configuration as a dict. The origin's names mean what they meant there:

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

One of them set is enough for ``consent.policy = "notice"`` and ``track.status = ["200"]``, unless
``TRACKSIDE`` says otherwise. ``None`` is unset.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise

NAMES = frozenset(
    {
        "TRACKSIDE",
        "TRACKSIDE_SINKS",
        "TRACKSIDE_SITE",
        "TRACKSIDE_STATS",
        "TRACKSIDE_TITLE",
        "TRACKSIDE_TRANSPORT",
        "TRACKSIDE_USER",
    }
)

ORIGIN_NAMES = frozenset(
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


@dataclass(frozen=True)
class Mistake:
    """What is wrong with a setting, under the number of the system check that tells of it."""

    id: str
    text: str
    hint: str | None = None


@dataclass(frozen=True)
class Options:
    """What the settings say beside the configuration."""

    #: Whether the hit's site is that of the sites framework, rather than the request's host.
    site: bool
    #: Whether a title that nobody has set is looked for in the page.
    scan_title: bool
    #: Whether the user's primary key is recorded.
    user: bool
    #: The folder in which each process leaves its books.
    stats: str | None


@dataclass
class Settings:
    """Django's settings as they are now, merged and checked."""

    configuration: dict[str, Any]
    options: Options
    transport: object
    sinks: dict[str, object]
    mistakes: list[Mistake]

    @classmethod
    def read(cls) -> Settings:
        """Reads the settings anew, so that ``override_settings`` is seen. Raises nothing for mistakes."""
        reader = _Reader()
        configuration = reader.configuration()
        return cls(
            configuration,
            reader.options(configuration),
            getattr(settings, "TRACKSIDE_TRANSPORT", None),
            reader.sinks(),
            reader.mistakes,
        )

    def raise_mistakes(self) -> None:
        """Raises ``ImproperlyConfigured`` that tells all mistakes, if there are any."""
        if self.mistakes:
            raise ImproperlyConfigured("; ".join(mistake.text for mistake in self.mistakes))

    def opens_the_same(self, other: Settings) -> bool:
        """Whether a tracker of the other settings would be no different."""
        return (
            self.configuration == other.configuration
            and self.transport is other.transport
            and self.sinks == other.sinks
        )

    def counts_nothing_at(self) -> list[str]:
        """The addresses of destinations at which nothing is counted any more."""
        found = self.configuration.get("destination")
        destinations = found if isinstance(found, list) else []
        urls = [
            entry.get("url", "https://www.google-analytics.com/collect")
            for entry in destinations
            if isinstance(entry, dict) and _type(entry) in ("celery", "ga-v1")
        ]
        return [url for url in urls if isinstance(url, str) and _is_switched_off(url)]


@dataclass
class _Reader:
    mistakes: list[Mistake] = field(default_factory=list)

    def configuration(self) -> dict[str, Any]:
        merged = self._trackside()
        origin = {
            name: getattr(settings, name)
            for name in sorted(ORIGIN_NAMES)
            if getattr(settings, name, None) is not None
        }
        if origin:
            self._merge(merged, origin)
        return merged

    def options(self, configuration: Mapping[str, Any]) -> Options:
        site = self._choice("TRACKSIDE_SITE", ("sites", "host"))
        # Who lists the hosts that count means the request's.
        use_sites = site == "sites" or (site is None and "site" not in configuration)
        has_sites = apps.is_installed("django.contrib.sites") and bool(getattr(settings, "SITE_ID", None))
        if site == "sites" and not has_sites:
            self._wrong("E005", 'TRACKSIDE_SITE = "sites" needs django.contrib.sites installed, and SITE_ID')
        stats = getattr(settings, "TRACKSIDE_STATS", None)
        if stats is not None and not isinstance(stats, (str, os.PathLike)):
            self._wrong("E005", f"TRACKSIDE_STATS must be the path of a folder, not {_kind(stats)}")
            stats = None
        return Options(
            site=use_sites and has_sites,
            scan_title=self._choice("TRACKSIDE_TITLE", ("view", "html")) == "html",
            user=self._truth("TRACKSIDE_USER"),
            stats=None if stats is None else os.fspath(stats),
        )

    def sinks(self) -> dict[str, object]:
        sinks = getattr(settings, "TRACKSIDE_SINKS", None)
        if sinks is None:
            return {}
        if isinstance(sinks, Mapping) and all(isinstance(name, str) for name in sinks):
            return dict(sinks)
        self._wrong(
            "E005", "TRACKSIDE_SINKS must be a dict of callables, or their dotted paths, by destination"
        )
        return {}

    def _trackside(self) -> dict[str, Any]:
        schema = getattr(settings, "TRACKSIDE", None)
        if schema is None:
            return {}
        if not isinstance(schema, Mapping):
            self._wrong("E001", f"TRACKSIDE must be a dict, not {_kind(schema)}")
            return {}
        plain: dict[str, Any] = self._plain(schema, "TRACKSIDE")
        return plain

    def _plain(self, value: object, path: str) -> Any:
        """A copy in the types that the configuration has."""
        if isinstance(value, (str, bool, int, float)):
            return value
        if isinstance(value, os.PathLike):
            return os.fspath(value)
        if isinstance(value, Mapping):
            plain = {}
            for key, inner in value.items():
                if isinstance(key, str):
                    plain[key] = self._plain(inner, f"{path}[{key!r}]")
                else:
                    self._wrong("E001", f"{path}: the key {key!r} must be a str, not {_kind(key)}")
            return plain
        if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, Promise)):
            return [self._plain(inner, f"{path}[{index}]") for index, inner in enumerate(value)]
        lazy = "; it is read once, so a text that is translated on demand will not do"
        self._wrong(
            "E001",
            f"{path} must be a str, a number, a bool, a path, a list or a dict, not {_kind(value)}"
            + (lazy if isinstance(value, Promise) else ""),
        )
        return ""

    def _merge(self, merged: dict[str, Any], origin: Mapping[str, Any]) -> None:
        for name, key in (("COOKIE_NAME", "name"), ("COOKIE_PATH", "path")):
            text = self._text(origin, f"ANALYTICS_{name}")
            if text is not None:
                self._set(merged, ("visitor", "cookie", key), text, f"ANALYTICS_{name}")
        age = self._seconds(origin, "ANALYTICS_COOKIE_AGE")
        if age is not None:
            self._set(merged, ("visitor", "cookie", "max_age"), f"{age}s", "ANALYTICS_COOKIE_AGE")
            _imply(merged, ("visitor", "cookie", "renew"), True)
        prefixes = self._prefixes(origin, "ANALYTICS_IGNORE_PATH")
        if prefixes is not None:
            self._set(merged, ("track", "ignore"), prefixes, "ANALYTICS_IGNORE_PATH")
        _imply(merged, ("track", "status"), ["200"])
        visitor = _table(merged, ("visitor", "identity"))
        if visitor is not None and visitor.get("identity", "cookie") == "cookie":
            _imply(merged, ("consent", "policy"), "notice")
        self._add_destination(merged, origin)

    def _add_destination(self, merged: dict[str, Any], origin: Mapping[str, Any]) -> None:
        keys = (
            ("tracking_id", "ANALYTICS_ID"),
            ("version", "ANALYTICS_API_VERSION"),
            ("url", "ANALYTICS_PROVIDER_URL"),
        )
        texts = {key: self._text(origin, name) for key, name in keys}
        if texts["tracking_id"] is None:
            return
        destinations = merged.setdefault("destination", [])
        if not isinstance(destinations, list):
            return
        entries = [entry for entry in destinations if isinstance(entry, dict)]
        made = {key: text for key, text in texts.items() if text is not None}
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
        elif through_celery:
            through_celery[0].update(made)
        else:
            destinations.append({"type": "ga-v1", **made})
        if _is_switched_off(texts["url"]) and "sqlite" not in map(_type, entries):
            destinations.append({"type": "sqlite"})

    def _set(self, merged: dict[str, Any], path: tuple[str, ...], value: object, name: str) -> None:
        table = _table(merged, path)
        if table is None:
            return
        if path[-1] in table:
            keys = "".join(f"[{key!r}]" for key in path)
            self._wrong("E003", f"{name} and TRACKSIDE{keys} are the same thing", "Keep one of them.")
        else:
            table[path[-1]] = value

    def _text(self, origin: Mapping[str, Any], name: str) -> str | None:
        value = origin.get(name)
        if value is None:
            return None
        if isinstance(value, str) and value:
            return value
        self._wrong("E004", f"{name} must be a str that is not empty, not {_shown(value)}")
        return None

    def _seconds(self, origin: Mapping[str, Any], name: str) -> int | None:
        value = origin.get(name)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
        self._wrong("E004", f"{name} must be a whole number of seconds above zero, not {_shown(value)}")
        return None

    def _prefixes(self, origin: Mapping[str, Any], name: str) -> list[str] | None:
        value = origin.get(name)
        if value is None:
            return None
        if isinstance(value, (list, tuple)) and all(isinstance(prefix, str) and prefix for prefix in value):
            return list(value)
        self._wrong("E004", f'{name} must be a list of prefixes such as ["/admin/"], not {_shown(value)}')
        return None

    def _choice(self, name: str, choices: tuple[str, ...]) -> str | None:
        value = getattr(settings, name, None)
        if value is None or (isinstance(value, str) and value in choices):
            return value
        self._wrong("E005", f"{name} must be {' or '.join(map(repr, choices))}, not {_shown(value)}")
        return None

    def _truth(self, name: str) -> bool:
        value = getattr(settings, name, False)
        if isinstance(value, bool):
            return value
        self._wrong("E005", f"{name} must be True or False, not {_shown(value)}")
        return False

    def _wrong(self, number: str, text: str, hint: str | None = None) -> None:
        self.mistakes.append(Mistake(f"trackside.{number}", text, hint))


def _table(merged: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any] | None:
    """The table in which the path's last key stands; none where something else is in its way."""
    table = merged
    for key in path[:-1]:
        inner = table.setdefault(key, {})
        if not isinstance(inner, dict):
            return None
        table = inner
    return table


def _imply(merged: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    table = _table(merged, path)
    if table is not None:
        table.setdefault(path[-1], value)


def _type(destination: Mapping[str, Any]) -> object:
    return destination.get("type")


def _is_switched_off(url: str | None) -> bool:
    if url is None:
        return True
    try:
        return urlsplit(url).hostname in SWITCHED_OFF_HOSTS
    except ValueError:
        return False


def _kind(value: object) -> str:
    return type(value).__name__


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
