"""The host's say about hits: which of them destinations are to have, and what is to be changed about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any

from trackside import _native, hit, transport
from trackside._native import ffi, lib
from trackside.hit import Hit, Value

if TYPE_CHECKING:
    from trackside.log import Failures


class Edit:
    """What is to be changed about a hit. It is over when the function that was given it returns."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        # As a batch's: a function may have threads that are at it together, or when it has returned.
        self._lock = Lock()

    def set(
        self,
        *,
        agent: str | None = None,
        category: str | None = None,
        label: str | None = None,
        language: str | None = None,
        name: str | None = None,
        path: str | None = None,
        query: str | None = None,
        referrer: str | None = None,
        route: str | None = None,
        title: str | None = None,
        user_id: str | None = None,
    ) -> None:
        """Puts texts in place of the hit's; empty: takes them out. None leaves one as it is."""
        given = {
            lib.TRACKSIDE_FIELD_AGENT: agent,
            lib.TRACKSIDE_FIELD_CATEGORY: category,
            lib.TRACKSIDE_FIELD_LABEL: label,
            lib.TRACKSIDE_FIELD_LANGUAGE: language,
            lib.TRACKSIDE_FIELD_NAME: name,
            lib.TRACKSIDE_FIELD_PATH: path,
            lib.TRACKSIDE_FIELD_QUERY: query,
            lib.TRACKSIDE_FIELD_REFERRER: referrer,
            lib.TRACKSIDE_FIELD_ROUTE: route,
            lib.TRACKSIDE_FIELD_TITLE: title,
            lib.TRACKSIDE_FIELD_USER_ID: user_id,
        }
        for field, text in given.items():
            if text is not None:
                view, kept = _native.text_in(text)
                with self._live() as handle:
                    _native.call(lib.trackside_edit_text, handle, field, view)
                del kept

    def property(self, key: str, value: Value) -> None:
        """Puts a property in place of those of the same name, or adds it."""
        place = _native.new_struct("trackside_property")
        name, kept_name = _native.text_in(key)
        place.key = name
        kept_text = None
        if isinstance(value, bool):
            place.type, place.truth = lib.TRACKSIDE_TYPE_TRUTH, value
        elif isinstance(value, str):
            place.type = lib.TRACKSIDE_TYPE_TEXT
            place.text, kept_text = _native.text_in(value)
        else:
            place.type, place.number = lib.TRACKSIDE_TYPE_NUMBER, float(value)
        with self._live() as handle:
            _native.call(lib.trackside_edit_property, handle, place)
        del kept_name, kept_text

    def remove_property(self, key: str) -> None:
        """Takes out the properties called ``key``."""
        view, kept = _native.text_in(key)
        with self._live() as handle:
            _native.call(lib.trackside_edit_remove_property, handle, view)
        del kept

    def forget_visitor(self) -> None:
        """Takes out the visitor and the session, and with them the user's id."""
        with self._live() as handle:
            _native.call(lib.trackside_edit_forget_visitor, handle)

    def forget_ip(self) -> None:
        """Takes out the address."""
        with self._live() as handle:
            _native.call(lib.trackside_edit_forget_ip, handle)

    @contextmanager
    def _live(self) -> Iterator[Any]:
        with self._lock:
            yield _native.NULL if self._handle is None else self._handle

    def _end(self) -> None:
        with self._lock:
            self._handle = None


#: Whether the destinations are to have a hit.
Filter = Callable[[Hit], bool]
#: Says what is to be changed about a hit.
Editor = Callable[[Hit, Edit], None]


class Hooks:
    """Functions of the host's, as the library calls them."""

    def __init__(self, filter: Filter | None, edit: Editor | None, failures: Failures) -> None:
        self.filter = filter
        self.edit = edit
        self.failures = failures

    def ask(self, handle: Any, wanted: Any) -> int:
        try:
            if self.filter is not None:
                wanted[0] = bool(self.filter(hit.read(handle)))
        except BaseException:  # Nobody is there to take a SystemExit.
            self.failures.note("the filter of hits")
            return _FAILED
        return _OK

    def change(self, handle: Any, edit: Any) -> int:
        change = Edit(edit)
        try:
            if self.edit is not None:
                self.edit(hit.read(handle), change)
        except BaseException:  # As above.
            self.failures.note("the editor of hits")
            return _FAILED
        finally:
            change._end()
        return _OK


_OK: int = lib.TRACKSIDE_OK
#: Any other number says that the function failed.
_FAILED: int = lib.TRACKSIDE_PANIC

# What the library holds on to, until it says that it lets go.
_held: set[Any] = set()

_callbacks: tuple[Any, Any, Any] | None = None
_making = Lock()


def _make_callbacks() -> tuple[Any, Any, Any]:
    """Made by the first hooks, as they need memory that is written and executed."""

    @ffi.callback("trackside_status(void *, trackside_hit *, bool *)", error=_FAILED)  # type: ignore[untyped-decorator]  # cffi's
    def ask(userdata: Any, handle: Any, wanted: Any) -> int:
        hooks: Hooks = ffi.from_handle(userdata)
        return hooks.ask(handle, wanted)

    @ffi.callback("trackside_status(void *, trackside_hit *, trackside_edit *)", error=_FAILED)  # type: ignore[untyped-decorator]  # cffi's
    def change(userdata: Any, handle: Any, edit: Any) -> int:
        hooks: Hooks = ffi.from_handle(userdata)
        return hooks.change(handle, edit)

    @ffi.callback("void(void *)")  # type: ignore[untyped-decorator]  # cffi's
    def free(userdata: Any) -> None:
        _held.discard(userdata)

    return ask, change, free


def give(options: Any, hooks: Hooks) -> None:
    """Gives hooks to options.

    :raises ConfigError: where they cannot be called.
    """
    global _callbacks
    what = "a filter or an editor of hits is Python"
    with transport.calling_python(what), _making:
        _callbacks = _callbacks or _make_callbacks()
    ask, change, free = _callbacks
    handle = ffi.new_handle(hooks)
    _held.add(handle)
    struct = _native.new_struct("trackside_hooks")
    struct.userdata = handle
    if hooks.filter is not None:
        struct.filter = ask
    if hooks.edit is not None:
        struct.edit = change
    struct.free = free
    _native.call(lib.trackside_options_hooks, options, struct)
