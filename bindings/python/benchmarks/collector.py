"""A collector for everybody, in a process of its own: it answers every POST, and counts.

``python -m benchmarks.collector`` is that process. It prints its port, and ends with its standard input.
"""

from __future__ import annotations

import gzip
import json
import socket
import subprocess
import sys
import threading
from collections import Counter
from types import TracebackType
from typing import NamedTuple
from urllib.request import urlopen

#: What stands in each hit of a batch once; a POST without one is a hit itself.
MARKS = (b'"$pageview"', b'"messageId"', b'"page_view"')

_OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n" + b'{"status":1}'


class Counts(NamedTuple):
    posts: int
    hits: int


class Collector:
    """A running collector, which ends with this handle."""

    def __enter__(self) -> Collector:
        command = [sys.executable, "-m", "benchmarks.collector"]
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._child.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._child.stdout.readline())}"
        return self

    def counts(self) -> dict[str, Counts]:
        """What came so far, by the first part of the path."""
        with urlopen(f"{self.url}/counts", timeout=30) as answer:
            found: dict[str, list[int]] = json.load(answer)
        return {path: Counts(*numbers) for path, numbers in found.items()}

    def hits(self, path: str) -> int:
        return self.counts().get(path, Counts(0, 0)).hits

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.communicate()


class _Server:
    def __init__(self) -> None:
        self._posts: Counter[str] = Counter()
        self._hits: Counter[str] = Counter()
        self._lock = threading.Lock()

    def answer(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, connection.makefile("rb", 1 << 16) as stream:
            while line := stream.readline():
                method, target, _ = line.split(b" ", 2)
                length, is_packed = 0, False
                while (header := stream.readline().lower()) not in (b"\r\n", b""):
                    name, _, value = header.partition(b":")
                    if name == b"content-length":
                        length = int(value)
                    elif name == b"content-encoding":
                        is_packed = b"gzip" in value
                body = stream.read(length)
                if method == b"GET":
                    connection.sendall(self._told())
                    continue
                self._count(target, gzip.decompress(body) if is_packed else body)
                connection.sendall(_OK)

    def _count(self, target: bytes, body: bytes) -> None:
        path = target.decode("latin-1").partition("?")[0].split("/")[1]
        hits = sum(map(body.count, MARKS)) or 1
        with self._lock:
            self._posts[path] += 1
            self._hits[path] += hits

    def _told(self) -> bytes:
        with self._lock:
            body = json.dumps({path: (posts, self._hits[path]) for path, posts in self._posts.items()})
        return f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode()


def serve() -> None:
    server = _Server()
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    print(listener.getsockname()[1], flush=True)

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=server.answer, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    serve()
