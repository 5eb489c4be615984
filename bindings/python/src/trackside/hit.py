"""One page view or event: what was recorded of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Union

from trackside import _native
from trackside._native import ffi, lib

Value = Union[str, float, bool]


class _Owned:
    """What a recording tracker knows a hit by. It is copied with the hit, and left behind by pickling it."""

    def __init__(self, handle: Any) -> None:
        self.handle = handle

    def __deepcopy__(self, _: dict[int, object]) -> _Owned:
        return self

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        return type(None), ()


@dataclass(frozen=True, repr=False)
class Hit:
    """A page view or an event. It does not change.

    Texts are empty, and numbers None, where the hit has none. ``method``, ``path``, ``query``, ``referrer``
    and ``agent`` are what a client sent: bytes that are no UTF-8 are surrogates there (``surrogateescape``).
    Its ``repr`` names no person: no address, agent, visitor or user.
    """

    id: str
    #: ``page``, ``event``, or ``download``, ``not-found`` or ``search``, which ``track.downloads``,
    #: ``track.not_found`` and ``track.search`` ask for.
    kind: str
    site: str
    method: str
    path: str
    query: str
    referrer: str
    agent: str
    language: str
    #: As far as the destination's ``ip`` allows it.
    ip: str
    visitor: str
    title: str
    user_id: str
    route: str
    #: The event's. A page that shows what was searched for has the term for its label.
    name: str
    category: str
    label: str
    #: Where the visitor is, by ISO 3166-1 and 3166-2: as a trusted proxy told it, and for a hit of a batch
    #: also as ``geo.file`` does.
    country: str
    region: str
    city: str
    #: Microseconds since the Unix epoch.
    at: int
    #: Seconds since the Unix epoch.
    first_visit: int | None
    #: The second it began, since the Unix epoch.
    session: int | None
    status: int | None
    #: The event's.
    value: float | None
    is_secure: bool
    #: Whether this exchange gave the visitor its id; None without a visitor, and for one without a cookie.
    is_new: bool | None
    #: Whether the visitor's id is a cookieless one, which is another one the next day.
    is_cookieless: bool
    #: Whether no third party may have it: the visitor refused, or has not agreed.
    is_confined: bool
    #: Whether the visitor allowed that it serves ads.
    grants_ads: bool
    properties: dict[str, Value] = field(hash=False)
    #: The hit as a destination of type ``file`` writes it: one object of JSON, without a newline.
    text: str
    # What a recording tracker encodes it by; None for a hit of a batch, which is over when its delivery is.
    _owned: _Owned | None = field(default=None, compare=False)

    # Logs and error trackers have it: it shows what the library's own does.
    def __repr__(self) -> str:
        return (
            f"Hit(id={self.id!r}, kind={self.kind!r}, site={self.site!r}, path={self.path!r}, "
            f"name={self.name!r}, ...)"
        )

    @property
    def _handle(self) -> Any:
        return None if self._owned is None else self._owned.handle

    def json(self) -> dict[str, Any]:
        """``text``, parsed."""
        parsed: dict[str, Any] = json.loads(self.text)
        return parsed


_FIELDS = (
    "id", "kind", "site", "method", "path", "query", "referrer", "agent", "language", "ip", "visitor",
    "title", "user_id", "route", "name", "category", "label", "country", "region", "city",
)  # fmt: skip
_FIELD_NUMBERS = [(name, getattr(lib, f"TRACKSIDE_FIELD_{name.upper()}")) for name in _FIELDS]


def read(handle: Any, owned: Any = None) -> Hit:
    """Copies all of a hit."""
    view = ffi.new("trackside_bytes *")
    read_: dict[str, Any] = {}
    for name, number in _FIELD_NUMBERS:
        _native.call(lib.trackside_hit_text, handle, number, view)
        read_[name] = _native.text_out(view)
    _native.call(lib.trackside_hit_json, handle, view)
    at = _number(handle, lib.TRACKSIDE_NUMBER_AT)
    is_new = _number(handle, lib.TRACKSIDE_NUMBER_NEW)
    return Hit(
        **read_,
        at=int(at or 0),
        first_visit=_whole(_number(handle, lib.TRACKSIDE_NUMBER_FIRST_VISIT)),
        session=_whole(_number(handle, lib.TRACKSIDE_NUMBER_SESSION)),
        status=_whole(_number(handle, lib.TRACKSIDE_NUMBER_STATUS)),
        value=_number(handle, lib.TRACKSIDE_NUMBER_VALUE),
        is_secure=bool(_number(handle, lib.TRACKSIDE_NUMBER_SECURE)),
        is_new=None if is_new is None else bool(is_new),
        is_cookieless=bool(_number(handle, lib.TRACKSIDE_NUMBER_COOKIELESS)),
        is_confined=bool(_number(handle, lib.TRACKSIDE_NUMBER_CONFINED)),
        grants_ads=bool(_number(handle, lib.TRACKSIDE_NUMBER_ADS)),
        properties=_properties(handle),
        text=_native.text_out(view),
        _owned=None if owned is None else _Owned(owned),
    )


def _number(handle: Any, number: int) -> float | None:
    place = ffi.new("double *")
    return place[0] if _native.found(lib.trackside_hit_number, handle, number, place) else None


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


def _properties(handle: Any) -> dict[str, Value]:
    properties: dict[str, Value] = {}
    place = _native.new_struct("trackside_property")
    index = 0
    while _native.found(lib.trackside_hit_property, handle, index, place):
        key = _native.text_out(place.key)
        if place.type == lib.TRACKSIDE_TYPE_TEXT:
            properties[key] = _native.text_out(place.text)
        elif place.type == lib.TRACKSIDE_TYPE_NUMBER:
            properties[key] = place.number
        else:
            properties[key] = bool(place.truth)
        index += 1
    return properties
