"""Forks at the very moment when Python writes down a thread of the library's, or cffi forgets it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from test_process import run

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="a library is put before the system's"),
    pytest.mark.skipif(
        sys.implementation.name == "pypy", reason="it has other locks, and sees to them itself"
    ),
]

#: How a function of Python comes to be called by a thread of the library's.
KINDS = {
    "PYTHON": "",
    "HOOKED": "",
    "CLOCKED": "CLOCKED = dict(**NATIVE, clock=lambda: time.time_ns() // 1000)",
}

FORKS = """
def forked():
    while not library.held():
        time.sleep(0.001)
    library.fork_comes()
    child = os.fork()
    if child == 0:
        return True
    until = time.monotonic() + 30
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > until:
            os.kill(child, 9)
            raise SystemExit("the child hangs")
        time.sleep(0.001)
    return False
"""


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, library = Path(__file__).parent / "kit" / "held.c", tmp_path / "held.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl", "-lpthread"], check=True)
    monkeypatch.setenv("LD_PRELOAD", str(library))


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="its own lock is another")
@pytest.mark.usefixtures("held")
@pytest.mark.parametrize("kind", KINDS)
def test_a_fork_as_a_thread_is_met(tmp_path: Path, kind: str) -> None:
    code = f"""
import ctypes, time
{KINDS[kind]}
{FORKS}
library = ctypes.CDLL(None)
tracker = Tracker(**{kind})
library.hold(1)
visit(tracker, "/parent")
visit(tracker, "/child" if forked() else "/parent")
"""
    assert run(tmp_path, code) == ["/child"] + ["/parent"] * 2


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize("kind", KINDS)
def test_a_fork_as_a_thread_ends(tmp_path: Path, kind: str) -> None:
    code = f"""
import ctypes, time
{KINDS[kind]}
{FORKS}
library = ctypes.CDLL(None)
tracker = Tracker(**{kind})
library.hold(2)
visit(tracker, "/parent")
tracker.close()
is_child = forked()
tracker = Tracker(**{kind})
visit(tracker, "/child" if is_child else "/parent")
"""
    assert run(tmp_path, code) == ["/child"] + ["/parent"] * 2
