"""What can go wrong, as exceptions. They are raised where a tracker is opened or asked, never into a page."""

from __future__ import annotations


class TracksideError(Exception):
    """A call failed.

    ``code`` is the number of the status (``TRACKSIDE_…`` in ``trackside.h``), which never changes its
    meaning; ``text`` says what is wrong, where, and the way out.
    """

    code = 0

    def __init__(self, text: str, code: int | None = None) -> None:
        super().__init__(text)
        self.text = text
        if code is not None:
            self.code = code


class ArgumentError(TracksideError):
    """An argument cannot be what it is, such as an address that does not parse."""

    code = 4


class ConfigError(TracksideError):
    """The configuration has mistakes; the text tells all of them, each with its key and what would be
    right."""

    code = 5


class FileError(TracksideError):
    """A file of the configuration cannot be read."""

    code = 6


class UnsupportedError(TracksideError):
    """This build, or this destination, cannot do it."""

    code = 7


class ReentrantError(TracksideError):
    """A sink waits for its own tracker, which waits for the sink."""

    code = 10


class NotFoundError(TracksideError):
    """There is none: no destination of this name, no such index."""

    code = 11


class PanicError(TracksideError):
    """A bug of Trackside, caught before it reached the host. Please report it."""

    code = 14


class RefusedError(TracksideError):
    """The receiver would not count the hit. ``reason`` is the stable code, such as ``no-visitor``."""

    code = 15

    def __init__(self, text: str, code: int | None = None, *, reason: str = "") -> None:
        super().__init__(text, code)
        self.reason = reason


#: By status. Those that are missing are bugs of the binding, and plain TracksideErrors.
BY_CODE: dict[int, type[TracksideError]] = {
    error.code: error
    for error in (
        ArgumentError,
        ConfigError,
        FileError,
        UnsupportedError,
        ReentrantError,
        NotFoundError,
        PanicError,
        RefusedError,
    )
}
