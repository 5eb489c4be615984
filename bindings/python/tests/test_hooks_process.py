"""Filters and editors in processes that end or fork while one is at work."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_process import run

HOOKS = ["filter", "edit"]

OPENS = """
import logging, threading
# It is told of what they raise, and would write that to stderr.
logging.getLogger("trackside").addHandler(logging.NullHandler())

def opened(hook, **changed):
    return Tracker(**{{**NATIVE, {which!r}: hook, **changed}})
"""


def run_with(which: str, tmp_path: Path, code: str) -> list[str]:
    """As ``run``, of a program that opens trackers with this hook."""
    return run(tmp_path, OPENS.format(which=which) + code)


@pytest.mark.parametrize("ends", ["sys.exit(7)", "raise KeyboardInterrupt"])
@pytest.mark.parametrize("which", HOOKS)
def test_one_that_would_end_python_ends_nothing(tmp_path: Path, which: str, ends: str) -> None:
    code = f"""
def hook(*_):
    {ends}

tracker = opened(hook)
for n in range(3):
    visit(tracker, "/")
assert not tracker.flush(60)
assert tracker.failures.count == 3
"""
    assert run_with(which, tmp_path, code) == ["/"] * 3


@pytest.mark.parametrize("which", HOOKS)
def test_one_that_is_at_work_when_the_process_ends_is_waited_for(tmp_path: Path, which: str) -> None:
    code = """
began, ends = threading.Event(), threading.Event()

def hook(*_):
    began.set()
    ends.wait()
    return True

tracker = opened(hook)
# Called when the main thread has come to its end, before those that were registered earlier.
threading._register_atexit(ends.set)
visit(tracker, "/at work")
visit(tracker, "/waits")
began.wait()
"""
    assert run_with(which, tmp_path, code) == ["/at work", "/waits"]


@pytest.mark.parametrize("never", ["threading.Event().wait()", "while True: pass"])
@pytest.mark.parametrize("destinations", [1, 3])
@pytest.mark.parametrize("which", HOOKS)
def test_one_that_never_returns_does_not_keep_the_process(
    tmp_path: Path, which: str, destinations: int, never: str
) -> None:
    code = f"""
began = threading.Event()

def hook(*_):
    began.set()
    {never}

file = {{"type": "file", "path": path}}
several = [dict(file, name=str(n), path=path + str(n or "")) for n in range({destinations})]
tracker = opened(hook, config={{**NATIVE["config"], "destination": several, "shutdown": "300ms"}})
visit(tracker, "/")
began.wait()
"""
    assert run_with(which, tmp_path, code) == []


@pytest.mark.parametrize("which", HOOKS)
def test_a_child_that_is_forked_meanwhile_has_hooks_of_its_own(tmp_path: Path, which: str) -> None:
    code = """
began, goes_on = threading.Event(), threading.Event()
parent = os.getpid()

def hook(*_):
    if os.getpid() == parent:
        began.set()
        goes_on.wait()
    return True

tracker = opened(hook)
visit(tracker, "/parent")
began.wait()
for n in range(8):
    child = os.fork()
    if child == 0:
        visit(tracker, "/child")
        sys.exit()
    assert os.waitpid(child, 0)[1] == 0
goes_on.set()
visit(tracker, "/parent")
"""
    assert run_with(which, tmp_path, code) == ["/child"] * 8 + ["/parent"] * 2


def test_threads_of_an_editor_do_no_harm(tmp_path: Path) -> None:
    code = """
from concurrent.futures import ThreadPoolExecutor
threads, kept = ThreadPoolExecutor(4), []

def change(edit, n):
    for key in range(50):
        edit.set(title="x" * (key * n))
        edit.property(f"{key % 7}", "y" * key)
        edit.remove_property(f"{(key + n) % 7}")

def hook(hit, edit):
    list(threads.map(lambda n: change(edit, n), range(4)))
    kept.append(edit)

tracker = opened(hook)
for n in range(50):
    visit(tracker, "/")
assert not tracker.flush(60)
for edit in kept:
    try:
        edit.set(title="late")
    except TracksideError:
        pass
    else:
        raise SystemExit("an edit that is over was taken")
"""
    code = "from trackside import TracksideError\n" + code
    assert run_with("edit", tmp_path, code) == ["/"] * 50
