"""A real Redis on a port of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

from kit.process import Process, free_port


class Redis(Process):
    """Ready when entered; forgets all when it ends."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise FileNotFoundError("redis-server: install Debian's package of that name")
        self.port = port or free_port()
        options = {"--bind": "127.0.0.1", "--port": str(self.port), "--save": "", "--appendonly": "no"}
        super().__init__([program, *(part for option in options.items() for part in option)], cwd=folder)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def __enter__(self) -> Redis:
        super().__enter__()
        self.expect("Ready to accept connections")
        return self
