"""Visitors of a server: how many pages they saw, and which."""

from __future__ import annotations

import http.client
import itertools
import threading
from collections import Counter

#: That of a browser: without one, or by a single word, these were programs, which some receivers refuse.
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
HEADERS = {"Accept": "text/html", "User-Agent": AGENT, "Connection": "close"}


class Load:
    """Several visitors at once, each of whom asks for one page after the other, none of them twice."""

    def __init__(self, port: int, visitors: int = 4) -> None:
        self._port = port
        self._numbers = itertools.count()
        self._limit = 0
        self._is_over = threading.Event()
        self._more = threading.Condition()
        self._threads = [threading.Thread(target=self._visit, daemon=True) for _ in range(visitors)]
        #: The pages that came whole.
        self.seen: list[str] = []
        #: Those that did not: nobody knows whether the server saw them.
        self.failed: list[str] = []

    def start(self, pages: int = 1 << 40) -> None:
        """Begins; ends after so many pages, or when it is stopped."""
        self._limit = pages
        for thread in self._threads:
            thread.start()

    def wait(self, pages: int, seconds: float = 60) -> None:
        """Waits until so many pages have come."""
        with self._more:
            if not self._more.wait_for(lambda: len(self.seen) >= pages, seconds):
                raise TimeoutError(f"{len(self.seen)} of {pages} pages came, {len(self.failed)} did not")

    def stop(self) -> None:
        self._is_over.set()
        self.join()

    def join(self, seconds: float = 120) -> None:
        for thread in self._threads:
            thread.join(seconds)
            if thread.is_alive():
                raise TimeoutError("a visitor still waits")

    def run(self, pages: int) -> None:
        self.start(pages)
        self.join()

    def _visit(self) -> None:
        while not self._is_over.is_set():
            number = next(self._numbers)
            if number >= self._limit:
                return
            path = f"/page/{number}"
            came = self._ask(path)
            with self._more:
                (self.seen if came else self.failed).append(path)
                self._more.notify_all()

    def _ask(self, path: str) -> bool:
        client = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            client.request("GET", path, headers=HEADERS)
            answer = client.getresponse()
            return answer.read() == b"<h1>Page</h1>" and answer.status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            client.close()

    def check(self, counted: Counter[str]) -> None:
        """Compares what visitors saw with what was counted: all of it once, and nothing else."""
        twice = {path: count for path, count in counted.items() if count > 1}
        assert not twice, f"counted more than once: {twice}"
        lost = set(self.seen) - set(counted)
        assert not lost, f"{len(lost)} of {len(self.seen)} not counted: {sorted(lost)[:10]}"
        others = set(counted) - set(self.seen) - set(self.failed)
        assert not others, f"counted, and asked for by nobody: {sorted(others)[:10]}"
