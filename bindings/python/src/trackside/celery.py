"""Celery: hits handed to a task, as the origin did, and the task that posts them.

A destination ``type = "celery"`` needs nothing but this package, and the broker of the application's own
Celery app::

    [[destination]]
    type = "celery"
    tracking_id = "UA-12345-6"
    url = "https://stats.example.com/collect"

Celery's worker has to know the task: give its app ``include=["trackside.celery"]``, or write a task of your
own, ``submit_tracking(params, provider_url)``, and name it by the key ``task``.
"""

from __future__ import annotations

import http.client
import logging
import random
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from email.message import Message
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode

from celery import Celery, Task, _state, shared_task
from kombu.exceptions import OperationalError

from trackside.transport import Outcome

if TYPE_CHECKING:
    from kombu import Connection

    from trackside.transport import Batch

logger = logging.getLogger("trackside")

#: The task that comes with this module.
TASK = "trackside.celery.submit_tracking"

#: In seconds: how long the broker may take to answer, where the app's settings do not say.
BROKER_TIMEOUT = 4.0
#: In seconds: how long the collector may take for each step of a post.
POST_TIMEOUT = 10.0

#: What answers later, perhaps. Any other status but a success is the collector's last word.
_PASSING = frozenset({408, 425, 429, *range(500, 600)})


class SubmitError(Exception):
    """The collector did not take a hit. ``status`` is what it answered; 0 if it did not answer."""

    # Celery makes a failure anew of its arguments.
    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text, status)
        self.status = status

    def __str__(self) -> str:
        return str(self.args[0])


class _LaterError(Exception):
    """The collector may take the hit after ``wait`` seconds; what it says is the cause."""

    def __init__(self, wait: float | None = None) -> None:
        super().__init__()
        self.wait = wait


@shared_task(  # type: ignore[untyped-decorator]  # Celery has no types
    name=TASK,
    bind=True,
    max_retries=5,
    ignore_result=True,
    store_errors_even_if_ignored=True,
    retry_backoff_max=60,
)
def submit_tracking(task: Task, params: dict[str, str], provider_url: str) -> None:
    """Posts the parameters of one hit, as a form, to a collector of the Measurement Protocol v1.

    It is tried again, five times with growing pauses of up to a minute (or as long as the collector's
    ``Retry-After`` says), when the collector cannot be reached, or answers that it has failed (5xx) or is
    busy; then, and at once for every other status but a 2xx, the task fails with :class:`SubmitError`. It
    fails at once, too, where the collector got the hit and did not answer: it may have counted it. Redirects
    are not followed.

    ``task_annotations`` of your Celery settings can change ``max_retries`` and ``retry_backoff_max``
    (seconds).
    """
    try:
        _post(params, provider_url)
    except _LaterError as later:
        wait = random.uniform(0.5, 1) * 2**task.request.retries if later.wait is None else later.wait
        raise task.retry(
            exc=later.__cause__, countdown=min(wait, task.retry_backoff_max)
        ) from later.__cause__


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer: what is posted is meant for one address alone."""

    def redirect_request(self, *_: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirects)


def _post(params: dict[str, str], url: str) -> None:
    if not url.startswith(("http://", "https://")):
        # Whoever can write to the broker could have files opened.
        raise SubmitError(f"{url!r} is not the address of a collector")
    form = urlencode(params, quote_via=quote).encode("ascii")
    headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "trackside"}
    request = urllib.request.Request(url, form, headers, method="POST")
    try:
        with _opener.open(request, timeout=POST_TIMEOUT):
            pass
    except urllib.error.HTTPError as error:
        refusal = SubmitError(f"{url} answered {error.code} {error.reason}", error.code)
        wait = _retry_after(error.headers)
        error.close()
        if error.code in _PASSING:
            raise _LaterError(wait) from refusal
        raise refusal from None
    except urllib.error.URLError as error:
        # The connection, or the sending, has failed: the collector never had the whole hit.
        raise _LaterError from SubmitError(f"{url} cannot be reached: {error.reason}")
    except (OSError, http.client.HTTPException) as error:
        raise SubmitError(f"{url} got the hit and did not answer: {error!r}") from error


def _retry_after(headers: Message) -> float | None:
    """In seconds; None where it does not say, or says a date."""
    after = headers.get("Retry-After", "")
    return float(after) if after.isdecimal() and len(after) < 9 else None


class TaskSink:
    """What a destination of type ``celery`` delivers by: a message for each hit, from a thread of the
    destination's.

    It is made by itself, with the destination's ``task``. Give one when the tracker is opened to name the
    Celery app, where several are there::

        Tracker(config, sinks={"celery": TaskSink(app=app)})

    A hit's task has the hit's id. A broker that is down is asked again later, however long that takes: no
    request waits for it, and the hits wait in the destination's queue. Where it went away while it was being
    told of a hit, that hit may be there, and is dropped (ambiguous) rather than told of twice.
    """

    def __init__(self, task: str = TASK, *, app: Celery | None = None) -> None:
        self.task = task
        self._app = app or _current_app()
        self._own = threading.local()
        self._is_down = False

    def __repr__(self) -> str:
        return f"TaskSink({self.task!r})"

    def __call__(self, batch: Batch) -> Outcome:
        outgoing = batch.request()
        # The form is of our own making, so all of it parses; what a client sent may be no UTF-8.
        params = dict(parse_qsl(outgoing.body.decode("ascii"), errors="replace"))
        try:
            app = self._found_app()
            producer = self._producer(app)
        except (_NoAppError, OperationalError) as error:
            return self._down(error, Outcome.RETRY)
        options = {"task_id": batch.hits[0].id, "producer": producer, "retry": False}
        try:
            # By its name alone where the task lives in Celery's worker only.
            task = app.tasks.get(self.task)
            if task is not None:
                task.apply_async((params, outgoing.url), **options)
            else:
                app.send_task(self.task, (params, outgoing.url), **options)
        except Exception as error:
            self._own.link = None
            # The broker has said that it will not have it, or has never heard of it.
            refusals = (*producer.connection.channel_errors, ConnectionRefusedError)
            if any(isinstance(cause, refusals) for cause in _causes(error)):
                return self._down(error, Outcome.RETRY)
            if isinstance(error, OperationalError):
                return self._down(error, Outcome.UNKNOWN)
            raise
        if self._is_down:
            self._is_down = False
            logger.info("the broker of Celery takes hits again")
        return Outcome.DELIVERED

    def _found_app(self) -> Celery:
        if self._app is None:
            self._app = _current_app() or _only_app()
        return self._app

    def _producer(self, app: Celery) -> Any:
        """A producer on a connection of this thread's own: the app's pool may be taken, or wait without
        end."""
        link = getattr(self._own, "link", None)
        if link is None:
            link = self._own.link = _Link(app)
        producer = link.producer
        if not app.conf.task_always_eager:
            producer.connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
        return producer

    def _down(self, error: Exception, outcome: Outcome) -> Outcome:
        if not self._is_down:
            self._is_down = True
            logger.warning("Celery cannot be told of hits, which wait: %s", error)
        return outcome


class _Link:
    """A producer on a connection of its own, which is closed when nobody needs it any more: when its thread
    ends, or when it has failed."""

    def __init__(self, app: Celery) -> None:
        self.producer: Any = app.amqp.Producer(_connection(app), auto_declare=False)

    def __del__(self) -> None:
        # What fails to close is closed already, or cannot be helped; at the interpreter's end much is gone.
        with suppress(Exception):
            self.producer.connection.release()


class _NoAppError(Exception):
    pass


# Celery keeps its current app by thread, and makes one up where a thread has none: for a broker on localhost,
# which is never meant here. So the app is looked up where the tracker is opened, which is where apps are made
# as a rule, and what is looked up must not make one. Only Celery's `_state` can be asked without that.


def _current_app() -> Celery | None:
    app: Celery | None = _state._tls.current_app or _state.default_app
    return None if app is None or _is_made_up(app) else app


def _is_made_up(app: Celery) -> bool:
    return app is _state.default_app and app.main == "default" and not app.set_as_current


def _only_app() -> Celery:
    apps = [app for app in _state._get_active_apps() if not _is_made_up(app)]
    if len(apps) == 1:
        return apps[0]
    if not apps:
        # Celery's own may be meant after all: it reads the module `celeryconfig`.
        if _state.default_app is not None:
            return _state.default_app
        raise _NoAppError("this process has no Celery app yet")
    names = ", ".join(sorted(str(app.main) for app in apps))
    raise _NoAppError(
        f"this process has several Celery apps ({names}): call set_default() of one, or give TaskSink(app=…)"
    )


def _connection(app: Celery) -> Connection:
    connection = app.connection_for_write()
    waits: dict[str, tuple[str, ...]] = {
        "redis": ("socket_timeout", "socket_connect_timeout"),
        "amqp": ("read_timeout", "write_timeout"),
    }
    for key in waits.get(connection.transport.driver_type, ()):
        connection.transport_options.setdefault(key, BROKER_TIMEOUT)
    return connection


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__
