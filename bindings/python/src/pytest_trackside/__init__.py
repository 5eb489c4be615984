"""The fixture ``trackside_hits``, which pytest finds by itself where the package is installed.

It is a package of its own, as pytest imports it in every project of an environment: to import anything of
``trackside`` opens the native library, and where that cannot be opened only the tests that ask for it are to
fail.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from trackside import RecordingTransport


@pytest.fixture
def trackside_hits() -> Iterator[RecordingTransport]:
    """A transport that keeps hits in memory; ``trackside_hits.hits`` has them.

    Give it to what is tested: ``Tracker(config, transport=trackside_hits)``, or ``transport=`` of a
    middleware. Its tracker is closed when the test is over.
    """
    from trackside import RecordingTransport

    transport = RecordingTransport()
    yield transport
    transport.close()
