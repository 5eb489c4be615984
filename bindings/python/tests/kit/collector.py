"""A collector of the Measurement Protocol v1 on the loopback interface: what was posted, counted from
outside."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Optional, Union
from urllib.parse import parse_qsl

from typing_extensions import Self

#: A status, one with a header, or None to hang up without an answer.
Answer = Optional[Union[int, tuple[int, tuple[str, str]]]]


class Collector:
    """``answer`` is asked for each post, with how many there were before; else all are answered with 200."""

    def __init__(self, answer: Callable[[int], Answer] = lambda _: 200) -> None:
        self._answer = answer
        self._posts: list[tuple[str, dict[str, str]]] = []
        self._more = threading.Condition()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector._take(self, body.decode("ascii"))

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request: object, client_address: object) -> None:
                """Clients may go away."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def _take(self, request: BaseHTTPRequestHandler, form: str) -> None:
        with self._more:
            before = len(self._posts)
            self._posts.append((request.path, dict(parse_qsl(form, strict_parsing=True))))
            self._more.notify_all()
        answer = self._answer(before)
        if answer is None:
            request.close_connection = True
            return
        status, header = answer if isinstance(answer, tuple) else (answer, None)
        request.send_response(status)
        if header:
            request.send_header(*header)
        request.send_header("Content-Length", "0")
        request.end_headers()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/collect"

    @property
    def posts(self) -> list[tuple[str, dict[str, str]]]:
        """The path and the parameters of each post, in order."""
        with self._more:
            return list(self._posts)

    def counted(self, parameter: str = "dp") -> Counter[str]:
        """How often each value of a parameter came."""
        return Counter(params.get(parameter, "") for _, params in self.posts)

    def wait(self, count: int, seconds: float = 30) -> list[tuple[str, dict[str, str]]]:
        """Waits for so many posts."""
        with self._more:
            if not self._more.wait_for(lambda: len(self._posts) >= count, seconds):
                raise TimeoutError(f"{len(self._posts)} of {count} posts came")
        return self.posts

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
