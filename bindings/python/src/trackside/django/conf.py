"""The site's settings: ``TRACKSIDE`` and the origin's ``ANALYTICS_*``, merged into one configuration.

``TRACKSIDE`` is the one configuration as a dict; what the others mean in it is in the module ``origin``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise

from . import origin

NAMES = frozenset(
    {
        "TRACKSIDE",
        "TRACKSIDE_EDIT",
        "TRACKSIDE_FILTER",
        "TRACKSIDE_SINKS",
        "TRACKSIDE_SITE",
        "TRACKSIDE_STATS",
        "TRACKSIDE_TITLE",
        "TRACKSIDE_TRANSPORT",
        "TRACKSIDE_USER",
    }
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
    filter: object
    edit: object
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
            getattr(settings, "TRACKSIDE_FILTER", None),
            getattr(settings, "TRACKSIDE_EDIT", None),
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
            and self.filter == other.filter
            and self.edit == other.edit
        )


@dataclass
class _Reader:
    mistakes: list[Mistake] = field(default_factory=list)

    def configuration(self) -> dict[str, Any]:
        merged = self._trackside()
        given = {
            name: getattr(settings, name)
            for name in sorted(origin.NAMES)
            if getattr(settings, name, None) is not None
        }
        if given:
            origin.merge(merged, given, self._wrong)
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

    def _choice(self, name: str, choices: tuple[str, ...]) -> str | None:
        value = getattr(settings, name, None)
        if value is None or (isinstance(value, str) and value in choices):
            return value
        self._wrong("E005", f"{name} must be {' or '.join(map(repr, choices))}, not {origin.shown(value)}")
        return None

    def _truth(self, name: str) -> bool:
        value = getattr(settings, name, False)
        if isinstance(value, bool):
            return value
        self._wrong("E005", f"{name} must be True or False, not {origin.shown(value)}")
        return False

    def _wrong(self, number: str, text: str, hint: str | None = None) -> None:
        self.mistakes.append(Mistake(f"trackside.{number}", text, hint))


def _kind(value: object) -> str:
    return type(value).__name__
