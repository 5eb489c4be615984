"""The fixture ``trackside_hits``, which pytest finds by itself where the package is installed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from trackside.transport import RecordingTransport


@pytest.fixture
def trackside_hits() -> Iterator[RecordingTransport]:
    """A transport that keeps hits in memory; ``trackside_hits.hits`` has them.

    Give it to what is tested: ``Tracker(config, transport=trackside_hits)``, or ``transport=`` of a
    middleware. Its tracker is closed when the test is over.
    """
    transport = RecordingTransport()
    yield transport
    transport.close()
