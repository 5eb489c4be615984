"""Makes the library's threads known to Python where no fork can fall into it.

CPython writes down each thread that it meets, and cffi forgets it as it ends, both under locks that an
``os.fork`` by another thread copies as they are: taken, for ever. So the library has its threads do it here,
by a call that does nothing else, while nobody forks.
"""

from __future__ import annotations

import os
from threading import Lock
from typing import Any

from trackside import _native
from trackside._native import ffi, lib

# What the library calls as long as the process lives.
_callback: Any = None
_making = Lock()


def prepare() -> None:
    """Called before the first function is made that the library calls; it needs the same memory."""
    global _callback
    with _making:
        if _callback is not None:
            return

        @ffi.callback("void(void *)")  # type: ignore[untyped-decorator]  # cffi's
        def attach(_: Any) -> None:
            # The way in is what it is for.
            pass

        _native.call(lib.trackside_attach_set, attach, ffi.NULL)
        _callback = attach
        if hasattr(os, "register_at_fork"):
            # A call of the library's is without the GIL, which a thread on its way in may be waiting for.
            os.register_at_fork(before=lib.trackside_fork_begin, after_in_parent=lib.trackside_fork_end)
