"""What a tracker is opened with: the layers of its configuration, its sinks, and its sources."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from trackside import _native, hooks, log, transport
from trackside._native import ffi, lib
from trackside.errors import ConfigError
from trackside.hooks import Editor, Filter, Hooks
from trackside.transport import Deliver


class Destination(NamedTuple):
    """One that a configuration has."""

    name: str
    #: Its ``type``.
    kind: str
    #: Of one of type ``celery``.
    task: str


def configure(
    options: Any,
    config: Mapping[str, Any] | str | None,
    consent: str | None,
    file: str | os.PathLike[str] | None,
    env: bool,
) -> None:
    if isinstance(config, str):
        _layer(lib.trackside_options_toml, options, config)
    elif isinstance(config, Mapping):
        try:
            text = json.dumps(config, default=_listed, allow_nan=False)
        except (RecursionError, ValueError) as error:
            raise ConfigError(f"config: {error}") from None
        _layer(lib.trackside_options_json, options, text)
    elif config is not None:
        raise TypeError(f"config is a mapping or the text of a TOML file, not {type(config).__name__}")
    if consent is not None:
        _layer(lib.trackside_options_json, options, json.dumps({"consent": {"policy": consent}}))
    if file is not None:
        _layer(lib.trackside_options_file, options, os.fsencode(file))
    if env:
        _native.call(lib.trackside_options_env, options)


def _layer(add: Callable[..., int], options: Any, text: str | bytes) -> None:
    view, kept = _native.text_in(text)
    _native.call(add, options, view)
    del kept


def _listed(value: object) -> object:
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"config: {type(value).__name__} is no value of a configuration: {value!r}")


def as_deliver(value: Any, what: str) -> Deliver | None:
    if value is None or callable(value):
        return value  # type: ignore[no-any-return]  # its parameters cannot be seen
    raise TypeError(f"{what} is a function that takes a batch, not {type(value).__name__}")


def destinations(options: Any) -> list[Destination]:
    """The destinations that a tracker opened with these options has.

    :raises ConfigError: the configuration has mistakes.
    """
    place = _native.new_struct("trackside_destination")
    found: list[Destination] = []
    while _native.found(lib.trackside_options_destination, options, len(found), place):
        parts = (ffi.string(part).decode() for part in (place.name, place.kind, place.task))
        found.append(Destination(*parts))
    return found


def give_sinks(
    options: Any, whole: Deliver | None, sinks: Mapping[str, Deliver], failures: log.Failures
) -> bool:
    if not isinstance(sinks, Mapping):
        raise TypeError(f"sinks is a mapping of functions by destination, not {type(sinks).__name__}")
    given = {name: as_deliver(deliver, f"the sink of `{name}`") for name, deliver in sinks.items()}
    for name, kind, task in destinations(options):
        if whole is not None:
            given[name] = whole
        elif kind == "celery" and name not in given:
            given[name] = _task_sink(name, task)
    for name, deliver in given.items():
        if deliver is None:
            raise TypeError(f"the sink of `{name}` is None")
        transport.give(options, transport.Sink(deliver, name, failures))
    return bool(given)


def give_hooks(options: Any, filter: Filter | None, edit: Editor | None, failures: log.Failures) -> bool:
    for hook, what in ((filter, "filter"), (edit, "edit")):
        if hook is not None and not callable(hook):
            raise TypeError(f"{what} is a function, not {type(hook).__name__}")
    if filter is None and edit is None:
        return False
    hooks.give(options, Hooks(filter, edit, failures))
    return True


def _task_sink(destination: str, task: str) -> Deliver:
    try:
        # Few need Celery.
        from trackside.celery import TaskSink
    except ImportError as error:
        raise ConfigError(
            f"destination `{destination}` needs Celery: pip install 'trackside[celery]' ({error})"
        ) from error
    return TaskSink(task)


# What the library may call for as long as a delivery that was given up goes on, which nobody knows of.
_sources: list[Any] = []


def swap_sources(
    options: Any,
    clock: Callable[[], int] | None,
    entropy: Callable[[], bytes] | None,
    keys: Callable[[int], bytes | None] | None,
    failures: log.Failures,
) -> None:
    """Swaps clock, randomness and keys.

    :raises ConfigError: where they cannot be called.
    """
    for source, what in ((clock, "clock"), (entropy, "entropy"), (keys, "keys")):
        if source is not None and not callable(source):
            raise TypeError(f"{what} is a function, not {type(source).__name__}")
    if clock is not None:

        def tell(_: Any) -> int:
            try:
                now = int(clock())
                if not 0 <= now < 1 << 63:
                    raise ValueError(f"{now} are no microseconds since the Unix epoch")
                return now
            except Exception:
                failures.note("the clock")
                return time.time_ns() // 1000

        with transport.calling_python("the clock is a function of Python"):
            telling = ffi.callback("uint64_t(void *)", tell, onerror=_note(failures, "the clock"))
        _sources.append(telling)
        _native.call(lib.trackside_options_clock, options, telling, ffi.NULL)
    if entropy is not None:

        def fill(_: Any, place: Any) -> None:
            try:
                given = bytes(memoryview(entropy()))
                if len(given) != 64:
                    raise ValueError(f"the entropy is 64 bytes, not {len(given)}")
            except Exception:
                failures.note("the entropy")
                # Visitors of one id would be one.
                given = os.urandom(64)
            ffi.memmove(place, given, 64)

        with transport.calling_python("the entropy is a function of Python"):
            filling = ffi.callback("void(void *, uint8_t *)", fill, onerror=_note(failures, "the entropy"))
        _sources.append(filling)
        _native.call(lib.trackside_options_entropy, options, filling, ffi.NULL)
    if keys is not None:

        def give(_: Any, day: int, place: Any) -> bool:
            try:
                key = keys(day)
                if key is None:
                    return False
                given = bytes(memoryview(key))
                if len(given) != 32:
                    raise ValueError(f"a key is 32 bytes, not {len(given)}")
            except Exception:
                failures.note("the keys")
                return False
            ffi.memmove(place, given, 32)
            return True

        with transport.calling_python("the keys are a function of Python"):
            giving = ffi.callback(
                "bool(void *, uint64_t, uint8_t *)", give, onerror=_note(failures, "the keys")
            )
        _sources.append(giving)
        _native.call(lib.trackside_options_keys, options, giving, ffi.NULL)


def _note(failures: log.Failures, what: str) -> Callable[[Any, Any, Any], None]:
    def note(kind: Any, error: Any, traceback: Any) -> None:
        try:
            raise error
        except Exception:
            failures.note(what)

    return note
