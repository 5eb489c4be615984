"""A process of its own: started, listened to, and ended by its own number."""

from __future__ import annotations

import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from typing_extensions import Self

# Who is started in the background by a shell may ignore it, and so would the servers that are to end by it.
signal.signal(signal.SIGINT, signal.default_int_handler)

#: In seconds: how long anything may take before it counts as hanging. The machine may be busy.
PATIENCE = 60.0


#: For uWSGI: a worker that it has just forked does not hear of its end, and is killed after so many seconds.
MERCY = "--worker-reload-mercy=5"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def script(name: str) -> str:
    """A command that is installed beside this Python."""
    path = Path(sys.executable).parent / name
    if not path.exists():
        raise FileNotFoundError(f"{path}: install the extra `test`")
    return str(path)


class Process:
    """Runs ``command``; both of its outputs are read, line by line, as ``lines``."""

    def __init__(
        self, command: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        self.command = list(command)
        self._cwd = cwd
        self._env = {**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})}
        self.lines: list[str] = []
        self._queue: queue.Queue[str | None] = queue.Queue()

    def __enter__(self) -> Self:
        self._child = subprocess.Popen(
            self.command,
            cwd=self._cwd,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # A group of its own: workers that outlive a failed test go with it.
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def _read(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            self.lines.append(line.rstrip("\n"))
            self._queue.put(line)
        self._queue.put(None)

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def expect(self, pattern: str, seconds: float = PATIENCE) -> re.Match[str]:
        """Waits for a line, of those not yet waited for, in which ``pattern`` is found."""
        until = time.monotonic() + seconds
        while True:
            try:
                line = self._queue.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                raise TimeoutError(f"no line has {pattern!r} in:\n{self.output}") from None
            if line is None:
                raise EOFError(f"the process ended without a line that has {pattern!r}:\n{self.output}")
            if found := re.search(pattern, line):
                return found

    def send(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait(self, seconds: float = PATIENCE) -> int:
        """Waits for its end, and gives its exit status."""
        try:
            status = self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{self.command[0]} did not end:\n{self.output}") from None
        self._reader.join(PATIENCE)
        return status

    def stop(self, number: int = signal.SIGTERM, seconds: float = PATIENCE) -> int:
        """Sends a signal and waits for its end."""
        if self._child.poll() is None:
            self.send(number)
        return self.wait(seconds)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._child.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)
        self._child.wait()
        self._reader.join(PATIENCE)
        assert self._child.stdout is not None
        self._child.stdout.close()


def python(*arguments: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Process:
    """This Python, in which warnings are errors."""
    return Process([sys.executable, "-W", "error", *arguments], cwd=cwd, env=env)
