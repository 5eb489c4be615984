"""SERVERS.md: its programs are what it says they are, and its commands start servers that count."""

from __future__ import annotations

import http.client
import re
import shlex
from pathlib import Path
from uuid import UUID

import pytest
from kit.process import MERCY, Process, free_port, python, script
from kit.store import counted, rows

PAGE = (Path(__file__).parents[2] / "SERVERS.md").read_text("utf-8")
PROGRAMS = {
    name: text
    for text, name in re.findall(r"^```python\n(# (\S+\.py)\n.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
}
COMMANDS = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]
#: How each server is told where to listen, and says that it does.
LISTEN = {
    "gunicorn": (["--bind=127.0.0.1:{port}"], ["Listening at", "Booting worker", "Booting worker"]),
    "uvicorn": (["--port={port}"], ["Uvicorn running"]),
    "uwsgi": (["--http-socket=127.0.0.1:{port}", MERCY], ["spawned uWSGI worker", "spawned uWSGI worker"]),
}
VISITS = {"shop": "/article/7", "news": "/news/7"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in PROGRAMS.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_page_has_programs_and_commands() -> None:
    assert sorted(PROGRAMS) == ["api.py", "both.py", "jobs.py", "news.py", "queue_.py", "shop.py"]
    assert len(COMMANDS) == 5


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_runs(name: str, folder: Path) -> None:
    with python(name, cwd=folder) as process:
        assert process.wait() == 0, process.output
    if name == "jobs.py":
        assert counted(folder / "trackside.db") == {f"/job/{number}": 1 for number in range(4)}


@pytest.mark.parametrize("store", ["pages.db", "of_the_environment.db"])
def test_pages_and_an_api_are_counted_apart_and_to_the_last(folder: Path, store: str) -> None:
    port = free_port()
    environment = {"PYTHONPATH": str(folder)}
    if store != "pages.db":
        environment["TRACKSIDE__DESTINATION__0__PATH"] = store
    command = [script("uvicorn"), "both:app", f"--port={port}"]
    with Process(command, cwd=folder, env=environment) as server:
        server.expect("Uvicorn running")
        visit(port, "/")
        visit(port, "/api/items/7")
        server.stop()
    [(path, visitor)] = rows(folder / store, "path, visitor")
    assert (path, UUID(bytes=visitor).version) == ("/", 4)
    # Without a cookie, so by the id of the day.
    [(path, route, caller)] = rows(folder / "api.db", "path, route, visitor")
    assert (path, route, UUID(bytes=caller).version) == ("/api/items/7", "/api/items/{number}", 8)


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_serves_and_counts(line: str, folder: Path) -> None:
    name, *arguments = [part for part in shlex.split(line) if part != "127.0.0.1:8000"]
    arguments = [argument for argument in arguments if argument != "--http-socket"]
    port = free_port()
    options, lines = LISTEN[name]
    command = [script(name), *arguments, *(option.format(port=port) for option in options)]
    module = next(part for part in arguments if ":" in part).partition(":")[0]
    with Process(command, cwd=folder, env={"PYTHONPATH": str(folder)}) as server:
        for ready in lines:
            server.expect(ready)
        for _ in range(50):
            visit(port, VISITS[module])
        server.stop()
    assert counted(folder / "trackside.db") == {VISITS[module]: 50}


def visit(port: int, path: str) -> None:
    """One visit, on a connection of its own."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    client.request("GET", path, headers={"Accept": "text/html", "Connection": "close"})
    assert client.getresponse().status == 200
    client.close()
