"""The tracker of this process, opened from the settings."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from trackside import NotFoundError, RecordingTransport, Tracker, TracksideError, _at_exit

from . import books, conf, origin, sites


class FunctionError(ImproperlyConfigured):
    """A setting names a function that cannot be imported or called, or that is for no destination."""


@dataclass(frozen=True)
class Live:
    """A tracker and what the settings say beside its configuration."""

    settings: conf.Settings
    tracker: Tracker
    options: conf.Options
    site: sites.CurrentSite | None
    #: Whether no setting asks for more than :func:`~trackside.django.plain.begin` does.
    begins_plainly: bool
    #: The same of :func:`~trackside.django.plain.end`.
    ends_plainly: bool


_live: Live | None = None
_books: books.Books | None = None
#: What the checks have opened, and nobody has used yet.
_checked: tuple[conf.Settings, Tracker] | None = None
_lock = threading.Lock()


def current() -> Live:
    """What is live; opened by the first call, which raises ``ImproperlyConfigured`` for wrong settings."""
    return _live or _open()


def tracker() -> Tracker:
    """The tracker that the settings describe: for events outside a request, its books, and ``flush``."""
    return current().tracker


def flush() -> None:
    """Delivers what waits, within ``shutdown``, where the process is about to end. Raises nothing."""
    now = _live
    if now is not None:
        _at_exit.flush_at_end(now.tracker)
        if _books is not None:
            _books.leave()


def open_tracker(settings: conf.Settings) -> Tracker:
    """A tracker of these settings. Raises ``ImproperlyConfigured``."""
    settings.raise_mistakes()
    given: dict[str, Any] = {
        "transport": _transport(settings.transport),
        "sinks": _sinks(settings.sinks),
        "filter": _hook(settings.filter, "TRACKSIDE_FILTER", "a hit"),
        "edit": _hook(settings.edit, "TRACKSIDE_EDIT", "a hit and an edit"),
    }
    try:
        return Tracker(settings.configuration, **given)
    except NotFoundError as error:
        raise FunctionError(f"TRACKSIDE_SINKS: {error}") from error
    except TracksideError as error:
        lines = str(error).splitlines()
        raise ImproperlyConfigured("\n".join(f"TRACKSIDE: {line}" for line in lines)) from error


def check(settings: conf.Settings) -> None:
    """Opens a tracker of these settings, and keeps it for :func:`current`: so what there is to be warned of
    is told once, and what the settings name is made once. Raises ``ImproperlyConfigured``."""
    global _checked
    with _lock:
        if _live is not None and settings.opens_the_same(_live.settings):
            return
        opened = open_tracker(settings)
        if _checked is not None:
            _checked[1].close()
        _checked = settings, opened


def _take(settings: conf.Settings) -> Tracker:
    """What the checks have opened, if it is of these settings, or a new one."""
    global _checked
    checked, _checked = _checked, None
    if checked is not None and settings.opens_the_same(checked[0]):
        return checked[1]
    if checked is not None:
        checked[1].close()
    return open_tracker(settings)


def _open() -> Live:
    global _live
    with _lock:
        if _live is None:
            settings = conf.Settings.read()
            settings.raise_mistakes()
            _live = _make(settings, _take(settings))
            _keep_books(settings.options.stats)
            setting_changed.connect(_follow, dispatch_uid="trackside")
        return _live


def _follow(*, setting: str, **kwargs: Any) -> None:
    """Opens the tracker anew where ``override_settings`` changed what it is made of."""
    global _live
    if setting not in conf.NAMES | origin.NAMES | {"INSTALLED_APPS", "SITE_ID", "SECURE_PROXY_SSL_HEADER"}:
        return
    with _lock:
        old = _live
        if old is None:
            return
        settings = conf.Settings.read()
        settings.raise_mistakes()
        is_same = settings.opens_the_same(old.settings)
        _live = _make(settings, old.tracker if is_same else open_tracker(settings))
        if settings.options.stats != old.options.stats:
            _keep_books(settings.options.stats)
    if not is_same:
        old.tracker.close()


def _make(settings: conf.Settings, opened: Tracker) -> Live:
    options = settings.options
    site = sites.CurrentSite() if options.site else None
    asks_more = opened.endpoints or opened.asks or django_settings.SECURE_PROXY_SSL_HEADER
    ends_plainly = not (options.scan_title or options.user)
    return Live(settings, opened, options, site, not asks_more, ends_plainly)


def _keep_books(folder: str | None) -> None:
    global _books
    if _books is not None:
        _books.close()
    _books = None if folder is None else books.Books(folder, tracker)
    if _books is not None:
        _books.open()


def _transport(transport: object) -> Any:
    made = _imported(transport, "TRACKSIDE_TRANSPORT") if isinstance(transport, str) else transport
    if made is None or _is_function(made) or isinstance(made, RecordingTransport):
        return made
    raise FunctionError("TRACKSIDE_TRANSPORT must be a RecordingTransport or a function that takes a batch")


def _sinks(sinks: Mapping[str, object]) -> dict[str, Callable[..., Any]]:
    found: dict[str, Callable[..., Any]] = {}
    for name, sink in sinks.items():
        setting = f"TRACKSIDE_SINKS[{name!r}]"
        made: Any = _imported(sink, setting) if isinstance(sink, str) else sink
        if not _is_function(made):
            raise FunctionError(f"{setting} must be a function that takes a batch")
        found[name] = made
    return found


def _hook(hook: object, setting: str, takes: str) -> Callable[..., Any] | None:
    made: Any = _imported(hook, setting) if isinstance(hook, str) else hook
    if made is None or _is_function(made):
        return made  # type: ignore[no-any-return]  # its parameters cannot be seen
    raise FunctionError(f"{setting} must be a function that takes {takes}")


def _is_function(made: object) -> bool:
    """Whether it can be called for what it does; a class can be called, but makes another of its kind."""
    return callable(made) and not isinstance(made, type)


def _imported(path: str, setting: str) -> Any:
    try:
        return import_string(path)
    except ImportError as error:
        raise FunctionError(f"{setting}: {error}") from error
