"""Forks and ends of processes, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PREAMBLE = """
import json, os, sys
sys.path.insert(0, {tests!r})
from recorded import BROWSER, CONFIG, HTML
from trackside import Tracker

path = {path!r}

def write(batch):
    with open(path, "a") as lines:
        for hit in batch.hits:
            lines.write(json.dumps([hit.path, hit.id]) + "\\n")

NATIVE = dict(config={{**CONFIG, "destination": [{{"type": "file", "path": path}}]}}, env=False)
MINE = {{"type": "callback", "name": "mine"}}
PYTHON = dict(config={{**CONFIG, "destination": [MINE]}}, env=False, sinks={{"mine": write}})
HOOKED = dict(**NATIVE, filter=lambda hit: True, edit=lambda hit, edit: edit.set(title="edited"))

def visit(tracker, path):
    assert tracker.begin("GET", path, BROWSER).finish(200, HTML).is_tracked
"""

#: For those that lose hits by their nature, of which the log is told.
UNHEARD = """
import logging
logging.getLogger("trackside").addHandler(logging.NullHandler())
"""

KINDS = ["NATIVE", "PYTHON", "HOOKED"]


def run(tmp_path: Path, code: str, before: str = "", says: str = "") -> list[str]:
    """The paths that were delivered, by a process that ends in time and says nothing else."""
    lines = tmp_path / "hits.jsonl"
    preamble = PREAMBLE.format(path=str(lines), tests=str(Path(__file__).parent))
    script = tmp_path / "script.py"
    script.write_text(before + preamble + code)
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)], timeout=60, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, says, "")
    hits = [json.loads(line) for line in lines.read_text().splitlines()] if lines.exists() else []
    pairs = [tuple(hit) if isinstance(hit, list) else (hit["path"], hit["id"]) for hit in hits]
    assert len({id for _, id in pairs}) == len(pairs), "ids are told twice"
    return sorted(path for path, _ in pairs)


@pytest.mark.parametrize("kind", KINDS)
def test_what_waits_at_the_end_is_delivered(tmp_path: Path, kind: str) -> None:
    code = f"""
tracker = Tracker(**{kind})
for n in range(100):
    visit(tracker, "/")
"""
    assert run(tmp_path, code) == ["/"] * 100


@pytest.mark.parametrize("kind", KINDS)
def test_a_tracker_that_is_let_go_delivers(tmp_path: Path, kind: str) -> None:
    code = f"""
tracker = Tracker(**{kind})
visit(tracker, "/")
del tracker
"""
    assert run(tmp_path, code) == ["/"]


@pytest.mark.parametrize("kind", KINDS)
def test_forks_in_a_loop_lose_and_double_nothing(tmp_path: Path, kind: str) -> None:
    code = f"""
tracker = Tracker(**{kind})
visit(tracker, "/parent")
children = []
for n in range(20):
    visit(tracker, "/parent")
    child = os.fork()
    if child == 0:
        visit(tracker, "/child")
        sys.exit()
    children.append(child)
for child in children:
    assert os.waitpid(child, 0)[1] == 0
visit(tracker, "/parent")
assert tracker.stats().requests.seen == 22
"""
    assert run(tmp_path, code) == ["/child"] * 20 + ["/parent"] * 22


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_deliver(tmp_path: Path, kind: str, method: str) -> None:
    code = f"""
import multiprocessing

tracker = None

def live(n):
    global tracker
    tracker = tracker or Tracker(**{kind})
    visit(tracker, "/child")

if __name__ == "__main__":
    tracker = Tracker(**{kind})
    visit(tracker, "/parent")
    context = multiprocessing.get_context({method!r})
    children = [context.Process(target=live, args=(n,)) for n in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join()
        assert child.exitcode == 0
"""
    assert run(tmp_path, code) == ["/child"] * 4 + ["/parent"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_lives_to_the_end_is_let_go_in_any_order(tmp_path: Path, kind: str) -> None:
    code = f"""
import trackside.transport
tracker = Tracker(**{kind})
open_exchange = tracker.begin("GET", "/open", BROWSER)
visitor = open_exchange.visitor()
visit(tracker, "/")
# All of it hangs together, and goes with the module itself.
trackside.transport.cycle = cycle = [tracker, open_exchange, visitor, sys.modules]
cycle.append(cycle)
"""
    assert run(tmp_path, code) == ["/"]


#: A sink that hangs, and another that does not.
HANGS = """
import threading, time
is_inside = threading.Event()
def hang(batch):
    is_inside.set()
    threading.Event().wait()
PYTHON["config"]["destination"] = [
    {"type": "callback", "name": "stuck", "batch": {"hits": 1}},
    {"type": "callback", "name": "mine"},
]
PYTHON["config"]["shutdown"] = "300ms"
PYTHON["sinks"]["stuck"] = hang
tracker = Tracker(**PYTHON)
visit(tracker, "/")
assert is_inside.wait(60)
visit(tracker, "/")
visit(tracker, "/")
until = time.monotonic() + 60
while tracker.stats().destinations["mine"].delivered < 3:
    assert time.monotonic() < until, tracker.stats()
    time.sleep(0.01)
"""

#: What the log is told then, of the one that hangs.
LEFT = (
    "stuck: hits were left as the process, or the `with` of the tracker, ended: 2 given up, 1 in flight, "
    "their end unknown, 0 in the spool, for the next process; a longer `shutdown` gives them more time\n"
)


def test_a_sink_that_hangs_does_not_keep_the_process_and_the_log_is_told_once(tmp_path: Path) -> None:
    assert run(tmp_path, HANGS, says=LEFT) == ["/"] * 3


def test_the_log_is_told_of_what_a_with_has_left(tmp_path: Path) -> None:
    assert run(tmp_path, HANGS + "with tracker: pass\n", says=LEFT) == ["/"] * 3


def test_who_closes_has_the_answer_and_the_log_is_told_nothing(tmp_path: Path) -> None:
    code = """
left = tracker.close()
assert (left.queued, left.in_flight) == (2, 1), left
"""
    assert run(tmp_path, HANGS + code) == ["/"] * 3


@pytest.mark.parametrize("kind", KINDS)
def test_several_trackers_that_hang_do_not_add_up(tmp_path: Path, kind: str) -> None:
    code = f"""
import atexit, socket, threading, time

def ended():
    silent.close()
    if time.monotonic() - began > 4:
        print("it took", time.monotonic() - began)

# Before the trackers: who registers first is called last.
atexit.register(ended)
silent = socket.create_server(("127.0.0.1", 0))
url = "http://127.0.0.1:%d/collect" % silent.getsockname()[1]
GA = {{"type": "ga-v1", "url": url, "tracking_id": "UA-1-1"}}
NATIVE["config"].update(track={{"bots": "keep"}}, shutdown="1s", destination=[GA])
PYTHON["config"]["shutdown"] = "1s"
PYTHON["sinks"]["mine"] = lambda batch: threading.Event().wait()
trackers = [Tracker(**{kind}) for _ in range(6)]
for tracker in trackers:
    visit(tracker, "/")
began = time.monotonic()
"""
    assert run(tmp_path, code, UNHEARD) == []


def test_threads_that_count_to_the_very_end_do_no_harm(tmp_path: Path) -> None:
    code = """
import threading
tracker = Tracker(**PYTHON)
def count():
    while True:
        visit(tracker, "/")
for _ in range(4):
    threading.Thread(target=count, daemon=True).start()
visit(tracker, "/")
tracker.flush(0.2)
"""
    assert "/" in run(tmp_path, code, UNHEARD)


# From Python 3.14 on threads rest at its end by themselves.
@pytest.mark.parametrize(
    "given",
    ["clock=lambda: time.time_ns() // 1000", "entropy=lambda: os.urandom(64)", "keys=lambda day: bytes(32)"],
)
def test_threads_that_ask_python_to_the_very_end_do_no_harm(tmp_path: Path, given: str) -> None:
    code = f"""
import threading, time
NATIVE["config"].update(consent={{"policy": "none"}}, visitor={{"identity": "cookieless"}})
tracker = Tracker(**NATIVE, {given})
def count():
    while True:
        visit(tracker, "/")
for _ in range(4):
    threading.Thread(target=count, daemon=True).start()
visit(tracker, "/")
tracker.flush(0.2)
"""
    assert "/" in run(tmp_path, code, UNHEARD)


def test_a_fork_while_other_threads_count(tmp_path: Path) -> None:
    code = """
import threading
tracker = Tracker(**NATIVE)
done = threading.Event()
def count():
    while not done.is_set():
        visit(tracker, "/parent")
threads = [threading.Thread(target=count) for _ in range(4)]
for thread in threads:
    thread.start()
for n in range(20):
    child = os.fork()
    if child == 0:
        visit(tracker, "/child")
        tracker.close(30)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
done.set()
for thread in threads:
    thread.join()
"""
    assert run(tmp_path, code, UNHEARD).count("/child") == 20


@pytest.mark.skipif(sys.implementation.name == "pypy", reason="PyPy's own compiler needs such memory")
def test_where_memory_cannot_be_made_executable_all_but_functions_of_python_work(tmp_path: Path) -> None:
    before = """
import ctypes
# PR_SET_MDWE: no memory becomes executable. Linux has it since 6.3.
is_refused = ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) == 0
"""
    code = """
from trackside import ConfigError

for swapped in (PYTHON, {**NATIVE, "clock": lambda: 0}) if is_refused else ():
    try:
        Tracker(**swapped)
    except ConfigError as error:
        assert "this system does not let" in str(error), error
    else:
        raise AssertionError("it was opened")
tracker = Tracker(**NATIVE)
visit(tracker, "/")
"""
    assert run(tmp_path, code, before) == ["/"]
