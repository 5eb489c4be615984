"""Counts the traffic of a Flask application.

>>> from trackside.flask import Trackside
>>> Trackside(app, consent="notice")   # doctest: +SKIP

Views find the :class:`~trackside.Exchange` as ``g.trackside``, and templates as ``trackside``; hits have the
rule of the route that answered, such as ``/user/<int:id>``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from flask import Flask, current_app, g, has_request_context, request

from trackside._middleware import ENVIRON_KEY, KEY, tracker_for
from trackside.exchange import Exchange
from trackside.hooks import Editor, Filter
from trackside.tracker import Tracker
from trackside.transport import Deliver, RecordingTransport
from trackside.wsgi import TracksideMiddleware


class Trackside:
    """A Flask extension. The application's tracker is ``app.extensions["trackside"]``.

    :param app: the application; without one, call :meth:`init_app` later.
    :param consent: ``notice``, ``opt-in``, ``opt-out`` or ``none``; it depends on the visitors' law. May be
        missing where the configuration has it.
    :param config: the configuration, a mapping or the text of a TOML file. Defaults to
        ``app.config["TRACKSIDE"]``, if that is there. The environment overrides it.
    :param file: as of :class:`~trackside.Tracker`, as are ``transport``, ``sinks``, ``filter`` and ``edit``.
    :param env: whether the environment is read. Defaults to true; False for all but one of several trackers
        in a process, as it would lie over each of them.
    :param tracker: a tracker that is open already, in place of all others.

    :raises ConfigError: the configuration has mistakes; the text tells all of them.
    :raises TypeError: an argument is of another type, or says what another has said.
    :raises RuntimeError: the application has one already.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        consent: str | None = None,
        config: Mapping[str, Any] | str | None = None,
        file: str | os.PathLike[str] | None = None,
        env: bool = True,
        tracker: Tracker | None = None,
        transport: RecordingTransport | Deliver | None = None,
        sinks: Mapping[str, Deliver] | None = None,
        filter: Filter | None = None,
        edit: Editor | None = None,
    ) -> None:
        self._config = config
        self._tracker = tracker
        self._env = env
        self._options = {
            "consent": consent,
            "file": file,
            "transport": transport,
            "sinks": sinks,
            "filter": filter,
            "edit": edit,
        }
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Counts the traffic of this application from now on, with a tracker of its own unless one was
        given."""
        if KEY in app.extensions:
            raise RuntimeError("this application is counted already")
        config = app.config.get("TRACKSIDE")
        if config is not None and self._config is not None:
            raise TypeError('the configuration is given twice: as `config` and as app.config["TRACKSIDE"]')
        config = self._config if config is None else config
        tracker = tracker_for(self._tracker, self._env, config=config, **self._options)
        app.extensions[KEY] = tracker
        counted = TracksideMiddleware(app.wsgi_app, tracker=tracker)
        app.wsgi_app = counted  # type: ignore[method-assign]  # The way that Flask's documentation shows.
        # What comes first of all, before what the application may have there: that may answer in the view's
        # place.
        app.url_value_preprocessors.setdefault(None, []).insert(0, _begin)
        app.context_processor(_named)


def exchange() -> Exchange:
    """The exchange of the request; one that is over where there is none, as for a mail's template that a
    command renders. ``g.trackside`` is the same, but stands there only while a request is handled.

    :raises LookupError: the application has no :class:`Trackside`.
    """
    found = request.environ.get(ENVIRON_KEY) if has_request_context() else None
    if isinstance(found, Exchange):
        return found
    tracker = current_app.extensions.get(KEY)
    if tracker is None:
        raise LookupError("no exchange: give the application a trackside.flask.Trackside")
    # Or a request that did not come by the application's WSGI, as in some tests.
    return Exchange(tracker, None)


def _begin(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    g.trackside = begun = exchange()
    if request.url_rule is not None:
        begun.route = request.root_path + request.url_rule.rule


def _named() -> dict[str, Exchange]:
    return {KEY: exchange()}
