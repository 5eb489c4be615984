"""The library: the only module that touches ``ffi`` and ``lib``, and the one funnel from status to exception.

Every call lets other threads run meanwhile. Handles are plain pointers here; who owns one, and which thread
may use it when, is the business of the classes that hold them.
"""

from __future__ import annotations

import importlib
import os
from _thread import allocate_lock
from collections import deque
from collections.abc import Callable
from typing import Any

from trackside.errors import BY_CODE, TracksideError

# Made by the build, see build/backend.py; without a source, and so without types.
_library: Any = importlib.import_module("trackside._lib")
ffi: Any = _library.ffi
lib: Any = _library.lib

#: The ABI that this package is written for, as ``TRACKSIDE_ABI``.
ABI = 1

#: How many functions the library has that this package is written for. They are only ever added: one with
#: fewer is older, whatever its version says, as in a checkout whose library was not built again.
FUNCTIONS = 103


def _check(library: Any, folder: str) -> None:
    """Refuses a library that is another's or older: it would be called by what it does not have."""
    least = library.TRACKSIDE_VERSION_NUMBER
    # What is declared beside it, as far as it is there.
    functions = [name for name in dir(library) if name.startswith("trackside_") and _has(library, name)]
    abi = library.trackside_abi() if "trackside_abi" in functions else 0
    version = library.trackside_version_number() if "trackside_version_number" in functions else 0
    if abi != ABI or version < least or len(functions) < FUNCTIONS:
        file = next((file for file in os.listdir(folder) if file.startswith("lib_lib.")), "")
        raise ImportError(
            f"the library {os.path.join(folder, file)} has the ABI {abi}, the version {version} and "
            f"{len(functions)} functions, and this package needs the ABI {ABI}, the version {least} or a "
            f"later one, and {FUNCTIONS} functions: install trackside anew, as by `pip install "
            "--force-reinstall trackside`, or by `pip install ./bindings/python` in its checkout"
        )


def _has(library: Any, name: str) -> bool:
    try:
        getattr(library, name)
    except Exception:
        # An error of cffi's own, which is no AttributeError.
        return False
    return True


_check(lib, os.path.dirname(_library.__file__))

NULL: Any = ffi.NULL
NOT_FOUND: int = lib.TRACKSIDE_NOT_FOUND
BUFFER: int = lib.TRACKSIDE_BUFFER

#: As ``milliseconds`` of a close: what the configuration says.
AS_CONFIGURED = (1 << 64) - 1


class Scratch:
    """Places for what calls need and tell. An exchange takes one when it begins, and gives it back when it is
    over: then ``exchange`` is NULL again, in which its handle is kept until then."""

    __slots__ = ("buffer", "bytes", "error", "exchange", "is_new", "lock", "needed", "places")

    #: Enough for the headers of a verdict, unless the cookie's name, path or domain are very long.
    CAPACITY = 2048

    def __init__(self) -> None:
        places = self.places = new_struct("trackside_scratch")
        self.buffer = places.buffer = ffi.new("uint8_t[]", self.CAPACITY)
        self.bytes = ffi.buffer(self.buffer)
        places.capacity = self.CAPACITY
        self.error = places.error = new_error()
        self.is_new = ffi.addressof(places, "is_new")
        self.needed = ffi.addressof(places, "needed")
        self.exchange = ffi.addressof(places, "exchange")
        self.lock = allocate_lock()

    # Collected with an exchange that is not over: that is abandoned. At the interpreter's end the module may
    # be empty already; and one whose making was interrupted is empty.
    def __del__(self, free: Callable[[Any], None] = lib.trackside_exchange_free) -> None:
        place = getattr(self, "exchange", None)
        if place is not None:
            free(place[0])


# A deque, whose pop and append are atomic, and no thread-local: that is slower, and dies with its thread.
# Whoever finds none to pop makes one; what a crowd has left is not kept.
_scratches: deque[Scratch] = deque(maxlen=256)
take_scratch = _scratches.pop
give_back = _scratches.append


def new_error() -> Any:
    error = ffi.new("trackside_error *")
    error.size = ffi.sizeof("trackside_error")
    return error


def new_struct(name: str) -> Any:
    """An empty struct that begins with its size."""
    struct = ffi.new(name + " *")
    struct.size = ffi.sizeof(name)
    return struct


def failure(status: int, error: Any) -> TracksideError:
    """The exception for a status that is not OK."""
    text = ffi.string(error.text).decode("utf-8", "replace")
    return BY_CODE.get(status, TracksideError)(text, status)


def call(function: Callable[..., int], *arguments: Any) -> None:
    """Calls a function that returns a status and takes an error struct last."""
    error = new_error()
    status = function(*arguments, error)
    if status:
        raise failure(status, error)


def found(function: Callable[..., int], *arguments: Any) -> bool:
    """As ``call``, of a function that may find nothing."""
    error = new_error()
    status = function(*arguments, error)
    if status == NOT_FOUND:
        return False
    if status:
        raise failure(status, error)
    return True


def text_in(text: str | bytes) -> tuple[Any, Any]:
    """A ``trackside_bytes`` for a call, and what must live as long as that."""
    data = text.encode("utf-8", "replace") if isinstance(text, str) else text
    kept = ffi.from_buffer("char[]", data)
    return ffi.new("trackside_bytes *", {"data": kept, "length": len(data)})[0], kept


def bytes_out(view: Any) -> bytes:
    """What a ``trackside_bytes`` shows, copied."""
    return bytes(ffi.buffer(view.data, view.length)) if view.length else b""


def text_out(view: Any) -> str:
    """As ``bytes_out``, as text. Bytes of a client that are no text come as surrogates."""
    return bytes_out(view).decode("utf-8", "surrogateescape")


def headers_out(headers: Any, count: int) -> tuple[tuple[bytes, bytes], ...]:
    """An array of ``trackside_header``, copied."""
    return tuple((bytes_out(headers[n].name), bytes_out(headers[n].value)) for n in range(count))


_reasons: dict[int, str | None] = {0: None}


def reason_code(reason: int) -> str | None:
    """The stable code of a reason; None for 0."""
    try:
        return _reasons[reason]
    except KeyError:
        code = lib.trackside_reason_code(reason)
        text = ffi.string(code).decode() if code else f"reason-{reason}"
        _reasons[reason] = text
        return text


def names(told: Callable[[int], Any]) -> tuple[str, ...]:
    """What a function tells number by number, until it has no more."""
    names: list[str] = []
    while (name := told(len(names))).length:
        names.append(text_out(name))
    return tuple(names)


#: The names, in lower case, of all request headers that the library reads, whatever the
#: configuration.
REQUEST_HEADERS = names(lib.trackside_request_header)
#: Those of all response headers.
RESPONSE_HEADERS = names(lib.trackside_response_header)
