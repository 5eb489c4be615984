"""The ready task, against a real collector: what it posts, what it tries again, and what it fails of."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from celery import Celery
from kit.collector import Answer, Collector
from kit.process import free_port

from trackside.celery import SubmitError, submit_tracking

PARAMS = {"v": "1", "t": "pageview", "dp": "/café & co", "ua": "a+b=c %", "cid": "5b2a9c0e"}


@pytest.fixture(autouse=True)
def app() -> Celery:
    """Runs tasks where they are called; pauses are skipped."""
    app = Celery("tests", set_as_current=True)
    app.set_default()
    app.conf.task_always_eager = True
    return app


def answers(*statuses: Answer) -> Collector:
    """Answers with these, and goes on with the last."""
    return Collector(lambda before: statuses[min(before, len(statuses) - 1)])


def test_the_parameters_are_posted_as_a_form() -> None:
    with answers(204) as collector:
        assert submit_tracking.apply((PARAMS, collector.url)).state == "SUCCESS"
        assert collector.posts == [("/collect", PARAMS)]


@pytest.mark.parametrize("passing", [500, 502, 503, 429, 408, (503, ("Retry-After", "3"))])
def test_a_failure_that_passes_is_tried_again(passing: Answer) -> None:
    with answers(passing, passing, 200) as collector:
        assert submit_tracking.apply((PARAMS, collector.url)).state == "SUCCESS"
        assert collector.posts == [("/collect", PARAMS)] * 3


def test_a_failure_that_stays_fails_the_task() -> None:
    with answers(500) as collector:
        result = submit_tracking.apply((PARAMS, collector.url))
        assert result.state == "FAILURE"
        assert isinstance(result.result, SubmitError)
        assert result.result.status == 500
        assert str(result.result) == f"{collector.url} answered 500 Internal Server Error"
        assert len(collector.posts) == 1 + submit_tracking.max_retries


@pytest.mark.parametrize("final", [400, 404, 413, (302, ("Location", "/elsewhere"))])
def test_any_other_status_fails_it_at_once(final: Answer) -> None:
    with answers(final, 200) as collector:
        result = submit_tracking.apply((PARAMS, collector.url))
        assert result.state == "FAILURE"
        assert isinstance(result.result, SubmitError)
        assert len(collector.posts) == 1


def test_a_hit_that_may_be_counted_is_not_posted_twice() -> None:
    with answers(None, 200) as collector:
        result = submit_tracking.apply((PARAMS, collector.url))
        assert result.state == "FAILURE"
        assert "got the hit and did not answer" in str(result.result)
        assert len(collector.posts) == 1


def test_a_collector_that_is_not_there_fails_it_in_the_end() -> None:
    url = f"http://127.0.0.1:{free_port()}/collect"
    result = submit_tracking.apply((PARAMS, url))
    assert result.state == "FAILURE"
    assert isinstance(result.result, SubmitError)
    assert result.result.status == 0
    assert "cannot be reached" in str(result.result)


def test_nothing_but_a_collector_is_opened(tmp_path: Path) -> None:
    result = submit_tracking.apply((PARAMS, tmp_path.as_uri()))
    assert result.state == "FAILURE"
    assert "is not the address of a collector" in str(result.result)


def test_the_pauses_grow_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    retry = submit_tracking.retry

    def noting(**options: object) -> object:
        pauses.append(float(str(options["countdown"])))
        return retry(**options)

    monkeypatch.setattr(submit_tracking, "retry", noting)
    with answers((503, ("Retry-After", "7")), (503, ("Retry-After", "86400")), 500) as collector:
        submit_tracking.apply((PARAMS, collector.url))
    assert pauses[:2] == [7, 60]
    assert all(half <= pause <= 2 * half for half, pause in zip((2, 4, 8, 16), pauses[2:]))
    assert len(pauses) == 6


def test_an_error_survives_the_result_store() -> None:
    error = SubmitError("said 500", 500)
    again = type(error)(*error.args)
    assert (str(again), again.status) == ("said 500", 500)


def test_an_app_that_looks_for_tasks_finds_it_in_that_of_django() -> None:
    # In a process of its own: once the module is imported, every app knows the task.
    look = (
        "from celery import Celery\n"
        "app = Celery('shop')\n"
        "app.autodiscover_tasks(['trackside.django'], force=True)\n"
        "assert 'trackside.celery.submit_tracking' in app.tasks, list(app.tasks)\n"
    )
    subprocess.run([sys.executable, "-c", look], check=True)
