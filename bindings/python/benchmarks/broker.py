"""The origin's other half: a real Redis, and a worker of Celery's that posts what lies there."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from types import TracebackType

import redis

PATIENCE = 30.0


class Redis:
    """A server on a port of its own, which keeps nothing."""

    def __enter__(self) -> Redis:
        program = shutil.which("redis-server")
        if program is None:
            raise FileNotFoundError("redis-server: install Debian's package of that name")
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port: int = found.getsockname()[1]
        options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
        self._child = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
        self.url = f"redis://127.0.0.1:{port}/0"
        self._client = redis.Redis(port=port)
        until = time.monotonic() + PATIENCE
        while not self._answers():
            if self._child.poll() is not None or time.monotonic() > until:
                raise TimeoutError("redis-server did not start")
            time.sleep(0.05)
        return self

    def _answers(self) -> bool:
        try:
            return bool(self._client.ping())
        except redis.ConnectionError:
            return False

    def waiting(self) -> int:
        """How many tasks nobody has taken yet."""
        return int(str(self._client.llen("celery")))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        self._child.terminate()
        self._child.wait()


def worker(broker: str) -> subprocess.Popen[bytes]:
    """A worker of one process. End it by ``terminate``."""
    options = ["--pool", "solo", "--loglevel", "error", "--without-gossip", "--without-mingle"]
    command = [sys.executable, "-m", "celery", "-A", "benchmarks.origin", "-b", broker, "worker", *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
