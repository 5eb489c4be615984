"""What the tests share."""

from __future__ import annotations

from typing import Any

from trackside import RecordingTransport, Tracker

HOST = "www.example.com"
CONFIG: dict[str, Any] = {"consent": {"policy": "notice"}}
PEER = "203.0.113.9"

#: The headers of a browser that looks at a page.
BROWSER = [
    (b"host", HOST.encode()),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    (b"accept", b"text/html,application/xhtml+xml,*/*;q=0.8"),
    (b"accept-language", b"en-GB,en;q=0.5"),
    (b"sec-fetch-dest", b"document"),
]
HTML = [(b"content-type", b"text/html; charset=utf-8")]


class Site:
    """A tracker whose hits are kept."""

    def __init__(self, config: dict[str, Any] | None = None, **changes: Any) -> None:
        self.transport = RecordingTransport()
        config = {**CONFIG, **(config or {}), **changes}
        self.tracker = Tracker(config, env=False, transport=self.transport)

    @property
    def paths(self) -> list[str]:
        return [hit.path + ("?" + hit.query if hit.query else "") for hit in self.transport.hits]

    @property
    def skipped(self) -> dict[str, int]:
        return self.tracker.stats().requests.skipped

    @property
    def failures(self) -> int:
        return self.tracker.failures.count
