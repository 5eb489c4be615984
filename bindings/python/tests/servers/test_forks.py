"""Processes that fork: each child counts its own, and what it inherited is its parent's."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from kit.collector import Collector
from kit.load import AGENT
from kit.process import python
from kit.store import counted
from test_gunicorn import to

HEAD = f"""
import os, sys, threading, time
from trackside import Tracker

BROWSER = [("host", "a.example"), ("user-agent", "{AGENT}")]

def visit(path):
    tracker.begin("GET", path, BROWSER).finish(200, [("content-type", "text/html")])
"""
#: Where hits go; each is told by what it kept.
PLACES = ["collector", "store"]


def run(program: str, folder: Path, place: str) -> Counter[str]:
    """Runs a program of whose hits nothing but an end sends the last, and gives what was counted."""
    (folder / "program.py").write_text(HEAD + program)
    with Collector() as collector:
        env = {"TRACKSIDE__CONSENT__POLICY": "none", "TRACKSIDE__SHUTDOWN": "20s"}
        if place == "collector":
            env |= to(collector.url)
        else:
            env |= {
                "TRACKSIDE__DESTINATION__0__TYPE": "sqlite",
                "TRACKSIDE__DESTINATION__0__BATCH__AGE": "1h",
            }
        with python("program.py", cwd=folder, env=env) as process:
            assert process.wait() == 0, process.output
            assert process.output == ""
        return collector.counted() if place == "collector" else counted(folder / "trackside.db")


def once(*paths: str) -> dict[str, int]:
    return dict.fromkeys(paths, 1)


@pytest.mark.parametrize("end", ["sys.exit()", "tracker.close(); os._exit(0)"])
@pytest.mark.parametrize("place", PLACES)
def test_forks_in_a_loop(place: str, end: str, tmp_path: Path) -> None:
    program = f"""
tracker = Tracker()
for n in range(50):
    visit(f"/parent/{{n}}")
    child = os.fork()
    if child == 0:
        visit(f"/child/{{n}}/a")
        visit(f"/child/{{n}}/b")
        {end}
    if n % 10 == 9:
        _, status = os.waitpid(child, 0)
        assert status == 0
    visit(f"/parent/{{n}}/after")
while True:
    try:
        _, status = os.wait()
    except ChildProcessError:
        break
    assert status == 0, status
"""
    numbers = range(50)
    expected = [f"/parent/{n}" for n in numbers] + [f"/parent/{n}/after" for n in numbers]
    expected += [f"/child/{n}/{which}" for n in numbers for which in "ab"]
    assert run(program, tmp_path, place) == once(*expected)


@pytest.mark.parametrize("place", PLACES)
def test_forks_while_other_threads_count(place: str, tmp_path: Path) -> None:
    program = """
tracker = Tracker()
is_over = threading.Event()
counted = [0, 0]

def go_on(which):
    # No more than what the queue holds if nobody takes any.
    while not is_over.is_set() and counted[which] < 2_000:
        visit(f"/thread/{which}/{counted[which]}")
        counted[which] += 1
        time.sleep(0.0005)

threads = [threading.Thread(target=go_on, args=(which,)) for which in (0, 1)]
for thread in threads:
    thread.start()
for n in range(30):
    child = os.fork()
    if child == 0:
        visit(f"/child/{n}")
        tracker.close()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0
is_over.set()
for thread in threads:
    thread.join()
with open("counted", "w") as out:
    out.write(f"{counted[0]} {counted[1]}")
"""
    seen = run(program, tmp_path, place)
    zero, one = map(int, (tmp_path / "counted").read_text().split())
    expected = [f"/child/{n}" for n in range(30)]
    expected += [f"/thread/0/{n}" for n in range(zero)] + [f"/thread/1/{n}" for n in range(one)]
    assert seen == once(*expected)


def test_grandchildren_count(tmp_path: Path) -> None:
    program = """
tracker = Tracker()
path = ""
visit("/0")
for depth in range(1, 5):
    if os.fork():
        _, status = os.wait()
        sys.exit(status)
    visit(f"/{depth}")
"""
    assert run(program, tmp_path, "collector") == once(*(f"/{depth}" for depth in range(5)))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_processes_of_multiprocessing(method: str, place: str, tmp_path: Path) -> None:
    # They end by os._exit and skip handlers at exit. Those that fork have the tracker already.
    program = f"""
import multiprocessing

tracker = Tracker()

def work(n):
    visit(f"/child/{{n}}")

if __name__ == "__main__":
    context = multiprocessing.get_context("{method}")
    visit("/parent")
    children = [context.Process(target=work, args=(n,)) for n in range(8)]
    for child in children:
        child.start()
    for child in children:
        child.join()
        assert child.exitcode == 0
"""
    expected = once("/parent", *(f"/child/{n}" for n in range(8)))
    assert run(program, tmp_path, place) == expected


@pytest.mark.parametrize("place", PLACES)
def test_pools_of_processes(place: str, tmp_path: Path) -> None:
    program = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

tracker = Tracker()

def work(path):
    visit(path)
    return path

if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    pool = context.Pool(3, maxtasksperchild=5)
    pool.map(work, [f"/pool/{n}" for n in range(30)])
    # Not by leaving it as a context: that kills its processes.
    pool.close()
    pool.join()
    with ProcessPoolExecutor(3, mp_context=context) as executor:
        list(executor.map(work, [f"/executor/{n}" for n in range(30)]))
"""
    expected = [f"/{pool}/{n}" for pool in ("pool", "executor") for n in range(30)]
    assert run(program, tmp_path, place) == once(*expected)


def test_a_child_that_opens_the_tracker_itself(tmp_path: Path) -> None:
    program = """
for n in range(5):
    if os.fork() == 0:
        tracker = Tracker()
        visit(f"/child/{n}")
        sys.exit()
for n in range(5):
    _, status = os.wait()
    assert status == 0
"""
    assert run(program, tmp_path, "store") == once(*(f"/child/{n}" for n in range(5)))


def test_an_exchange_that_was_begun_before_the_fork_is_the_parents(tmp_path: Path) -> None:
    program = """
tracker = Tracker()
exchange = tracker.begin("GET", "/", BROWSER)
if os.fork() == 0:
    assert exchange.finish(200, [("content-type", "text/html")]).reason == "abandoned"
    assert tracker.stats().requests.seen == 0
    sys.exit()
_, status = os.wait()
assert status == 0
exchange.finish(200, [("content-type", "text/html")])
"""
    assert run(program, tmp_path, "collector") == once("/")


def test_ids_differ_between_parent_and_child(tmp_path: Path) -> None:
    program = """
tracker = Tracker()
visit("/")
for _ in range(20):
    if os.fork() == 0:
        visit("/")
        sys.exit()
    visit("/")
for _ in range(20):
    _, status = os.wait()
    assert status == 0
"""
    (tmp_path / "program.py").write_text(HEAD + program)
    with Collector() as collector:
        env = {"TRACKSIDE__CONSENT__POLICY": "none", **to(collector.url)}
        with python("program.py", cwd=tmp_path, env=env) as process:
            assert process.wait() == 0, process.output
        for parameter in ("z", "cid"):
            assert len(collector.counted(parameter)) == 41


def test_a_sink_in_python_delivers_in_each_process(tmp_path: Path) -> None:
    program = """
import multiprocessing

def sink(batch):
    with open("delivered", "a") as out:
        out.write("".join(f"{os.getpid()} {hit.path}\\n" for hit in batch.hits))

tracker = Tracker({"consent": {"policy": "none"}, "destination": [{"type": "callback"}]},
    env=False, sinks={"callback": sink})

def work(n):
    visit(f"/child/{n}")

if __name__ == "__main__":
    visit("/parent")
    for n in range(5):
        if os.fork() == 0:
            visit(f"/fork/{n}")
            sys.exit()
    for n in range(5):
        _, status = os.wait()
        assert status == 0
    children = [multiprocessing.get_context("fork").Process(target=work, args=(n,)) for n in range(5)]
    for child in children:
        child.start()
    for child in children:
        child.join()
        assert child.exitcode == 0
"""
    run(program, tmp_path, "collector")
    lines = [line.split() for line in (tmp_path / "delivered").read_text().splitlines()]
    expected = ["/parent", *(f"/{kind}/{n}" for kind in ("child", "fork") for n in range(5))]
    assert sorted(path for _, path in lines) == sorted(expected)
    assert len({pid for pid, _ in lines}) == 11
