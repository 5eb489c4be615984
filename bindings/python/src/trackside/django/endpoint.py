"""Requests that trackside answers itself, and not a view."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from trackside import Tracker, wsgi

from .request import authority_of, is_resolved, outer, target
from .response import append


def answer(tracker: Tracker, request: HttpRequest, authority: str) -> HttpResponse | None:
    """The response to a request of trackside's own; None for one that is the site's. Nothing here raises."""
    try:
        asked = target(request)
        if not asked.startswith(tracker.endpoints) or outer(request) is not None:
            return None
        answered = tracker.answer(
            request.method or "",
            asked,
            wsgi.sent_headers(request.META),
            authority=authority_of(request, authority),
            peer=request.META.get("REMOTE_ADDR"),
            secure=request.is_secure(),
            resolved=is_resolved(request),
        )
    except Exception:
        tracker.failures.note("answering a request")
        return None
    if answered is None:
        return None
    response = HttpResponse(answered.body, status=answered.status)
    del response["Content-Type"]
    append(request, response, answered.headers)
    return response
