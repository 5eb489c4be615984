"""Requests and responses in one block of bytes each, as ``trackside_exchange_begin_blob`` and ``_end_blob``
of ``trackside.h`` specify them.

A response's texts are Latin-1, one character a byte: they are joined as texts and encoded once. What is
neither all text nor all bytes takes the slow way.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from ipaddress import ip_address
from itertools import chain, islice
from struct import Struct, pack
from typing import Union

from trackside import _native
from trackside._native import RESPONSE_HEADERS

Text = Union[str, bytes]
Value = Union[str, float, bool]
#: Names and values. One whose value is None is left out.
Header = tuple[Text, "Text | None"]
Headers = Union[Mapping[str, "Text | None"], Mapping[bytes, "Text | None"], Iterable[Header]]

#: For so many headers the form is known already.
_HEADERS = 48
_REQUEST = [Struct(f"<BBH{4 + 2 * n}I").pack for n in range(_HEADERS)]
_RESPONSE = [Struct(f"<BBHHH{2 * n}I").pack for n in range(_HEADERS)]
_row = Struct("<II").pack

TITLE, USER_ID, ROUTE, PROPERTY, EVENT = range(1, 6)
Annotation = tuple[int, bytes]

_TEXT: int = _native.lib.TRACKSIDE_TYPE_TEXT
_NUMBER: int = _native.lib.TRACKSIDE_TYPE_NUMBER
_TRUTH: int = _native.lib.TRACKSIDE_TYPE_TRUTH


#: No address is longer, and a proxy that is trusted may hand on what a client wrote: it is not to be kept.
_LONGEST_PEER = 64


def packed_peer(peer: object) -> bytes:
    """An address as ``inet_pton`` writes it; nothing for what is none, such as a unix socket's path."""
    return _packed_peer(peer) if isinstance(peer, str) and len(peer) <= _LONGEST_PEER else b""


@lru_cache(maxsize=4096)
def _packed_peer(peer: str) -> bytes:
    try:
        return ip_address(peer.partition("%")[0]).packed
    except ValueError:
        return b""


def request(
    method: Text,
    target: Text,
    headers: Headers,
    authority: Text = b"",
    peer: str | None = None,
    secure: bool = False,
    resolved: bool = False,
) -> bytes:
    flags = (1 if secure else 0) | (2 if resolved else 0)
    parts: list[Text] = [method, target, authority, packed_peer(peer) if peer else b""]
    pairs = headers if isinstance(headers, (list, tuple)) else listed(headers)
    try:
        parts.extend(chain.from_iterable(pairs))  # type: ignore[arg-type]  # None fails, and takes the slow way
        joined = b"".join(parts)  # type: ignore[arg-type]  # so does text
        count = len(pairs)
        if len(parts) != 4 + 2 * count:
            raise TypeError("a header is a name and a value")
    except TypeError:
        sent = _sent(pairs)
        parts = [as_bytes(part) for part in parts[:4]]
        parts.extend(sent)
        joined = b"".join(parts)  # type: ignore[arg-type]  # all are bytes
        count = len(sent) // 2
    if count < _HEADERS:
        return _REQUEST[count](1, flags, count, *map(len, parts)) + joined
    return pack(f"<BBH{len(parts)}I", 1, flags, count, *map(len, parts)) + joined


class Pages(dict[tuple[object, ...], bytes]):
    """Blocks by what they say: of most pages that is one of few."""

    #: So many are kept, and none that is longer.
    MOST, LONGEST = 512, 256

    def keep(self, key: tuple[object, ...], block: bytes) -> None:
        if len(block) <= self.LONGEST:
            if len(self) >= self.MOST:
                self.clear()
            self[key] = block


class _Read(dict[Text, bool]):
    """Whether the library reads a response's header, by its name as it is spelled."""

    MOST = 512

    def __missing__(self, name: Text) -> bool:
        lower = name.lower()
        is_read = (lower.decode("latin-1") if isinstance(lower, bytes) else lower) in RESPONSE_HEADERS
        if len(self) < self.MOST:
            self[name] = is_read
        return is_read


# Apart, as texts and bytes must not be compared.
_TEXTS, _BYTES = (_Read(), Pages()), (_Read(), Pages())


def response(status: int, headers: Headers, annotations: list[Annotation] | None = None) -> bytes:
    """
    :raises TypeError: the headers are none.
    """
    pairs = headers if isinstance(headers, list) else listed(headers)
    # As it is now: another thread may be adding to it.
    annotations = annotations[:] if annotations else []
    key = None
    try:
        are_bytes = bool(pairs) and isinstance(pairs[0][0], bytes)
        read, pages = _BYTES if are_bytes else _TEXTS
        told = [pair for pair in pairs if read[pair[0]]]
        if len(told) == 1 and (not annotations or (len(annotations) == 1 and annotations[0][0] == ROUTE)):
            key = (status, *told[0], annotations[0][1] if annotations else None)
            if (block := pages.get(key)) is not None:
                return block
        parts: list[Text] = list(chain.from_iterable(told))  # type: ignore[arg-type]  # see above
        joined = _joined(parts, are_bytes)
        # Where nothing is told, as of lines of text, the slow way looks at what is there.
        if len(parts) != 2 * len(told) or not (told or _are_pairs(pairs)):
            raise TypeError("a header is a name and a value")
    except (TypeError, LookupError, AttributeError):
        sent = _sent(pairs)
        parts, joined, key = [*sent], b"".join(sent), None
    block = _packed_response(status, parts, joined, annotations)
    if key is not None:
        pages.keep(key, block)
    return block


def _joined(parts: list[Text], are_bytes: bool) -> bytes:
    if are_bytes:
        return b"".join(parts)  # type: ignore[arg-type]  # see above
    return "".join(parts).encode("latin-1", "replace")  # type: ignore[arg-type]  # see above


def _packed_response(status: int, parts: list[Text], joined: bytes, annotations: list[Annotation]) -> bytes:
    count = len(parts) >> 1
    table = _RESPONSE[count] if count < _HEADERS else Struct(f"<BBHHH{2 * count}I").pack
    head = table(1, 0, status, count, len(annotations), *map(len, parts))
    if not annotations:
        return head + joined
    rows = b"".join([_row(tag, len(payload)) for tag, payload in annotations])
    return head + rows + joined + b"".join([payload for _, payload in annotations])


def as_bytes(text: Text | bytearray | memoryview | int) -> bytes:
    # `bytes` makes that many zeros of a number, such as a Content-Length.
    if isinstance(text, int):
        text = str(text)
    return text.encode("latin-1", "replace") if isinstance(text, str) else bytes(text)


def listed(headers: object) -> list[Header]:
    """Headers as pairs, as far as can be seen without looking at each.

    :raises TypeError: they are neither a mapping nor a series.
    """
    if isinstance(headers, Mapping):
        return list(headers.items())
    if isinstance(headers, (str, bytes)) or not isinstance(headers, Iterable):
        raise TypeError(f"headers are a mapping, or pairs of a name and a value, not {_shown(headers)}")
    return list(headers)


def pair(header: object) -> Header:
    """A header's name and value.

    :raises TypeError: it is no pair.
    """
    # A text of two characters could be unpacked, too.
    if not isinstance(header, (str, bytes)) and isinstance(header, Collection) and len(header) == 2:
        name, value = header
        return name, value
    raise TypeError(
        f'a header is a pair such as ("Host", "www.example.com"), not {_shown(header)}; what has its headers '
        "by name is a mapping, or gives pairs by its items()"
    )


def _shown(value: object) -> str:
    """What it is. Of a header's line only the name: what is behind it may be a cookie, and this is logged."""
    if isinstance(value, (str, bytes)):
        text = value if isinstance(value, str) else value.decode("latin-1")
        name, colon, _ = text.partition(":")
        return f"the {type(value).__name__} {name[:20] + colon!r}"
    if isinstance(value, Collection):
        return f"a {type(value).__name__} of {len(value)}"
    return type(value).__name__


_SERIES, _TWO = frozenset((tuple, list)), frozenset((2,))


def _are_pairs(pairs: Collection[Header]) -> bool:
    # All of them are looked at, but none by Python's own code.
    return _SERIES.issuperset(map(type, pairs)) and _TWO.issuperset(map(len, pairs))


def _sent(headers: Collection[Header]) -> list[bytes]:
    """Names and values in turn, of all headers that have a value.

    :raises TypeError: one is no pair.
    """
    pairs = headers if _are_pairs(headers) else map(pair, headers)
    return [as_bytes(part) for name, value in pairs if value is not None for part in (name, value)]


def text(value: object, limit: int) -> bytes:
    """A text of the host's in UTF-8. It is cut exactly by the library; here, so that it is not copied in
    vain."""
    return str(value)[:limit].encode("utf-8", "replace")


def property_(key: object, value: object) -> bytes:
    """A property. A bool is a truth, a number a number, all else its text."""
    name = text(key, 128)
    if isinstance(value, bool):
        return pack("<II", _TRUTH, len(name)) + name + (b"\1" if value else b"\0")
    if isinstance(value, (int, float)):
        return pack("<II", _NUMBER, len(name)) + name + pack("<d", as_number(value))
    return pack("<II", _TEXT, len(name)) + name + text(value, 1024)


def event(
    name: object,
    category: object | None,
    label: object | None,
    value: float | None,
    properties: Mapping[str, Value] | None,
) -> bytes:
    texts = [text(part, 500) if part is not None else b"" for part in (name, category, label)]
    made = [property_(key, of) for key, of in islice((properties or {}).items(), 64)]
    number = math.nan if value is None else as_number(value)
    head = pack("<4Id", *map(len, texts), len(made), number)
    return head + pack(f"<{len(made)}I", *map(len, made)) + b"".join(texts) + b"".join(made)


def as_number(value: float) -> float:
    """A number that does not fit is none."""
    try:
        return float(value)
    except OverflowError:
        return math.nan
