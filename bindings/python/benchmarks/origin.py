"""The recipe that Django sites followed, put together again as MIGRATION.md tells it.

It is given every advantage: its visitor has the cookie, so that the session is not asked, and the title is
looked for nowhere.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from celery import Celery
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import mark_safe

app = Celery("origin")

COOKIE = "cid"

#: Both it and Trackside read them.
SETTINGS = {
    "ANALYTICS_COOKIE_NAME": COOKIE,
    "ANALYTICS_COOKIE_AGE": 63_072_000,
    "ANALYTICS_COOKIE_PATH": "/",
    "ANALYTICS_ID": "UA-12345-6",
    "ANALYTICS_API_VERSION": "1",
    "ANALYTICS_IGNORE_PATH": ["/admin/", "/feeds/"],
}


@app.task(name="origin.submit_tracking")  # type: ignore[untyped-decorator]  # It has no types.
def submit_tracking(params: dict[str, Any], provider_url: str) -> None:
    import requests

    requests.post(provider_url, data=params, timeout=10)


class BuildOnly:
    """All but the call of the task."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        client_id = request.COOKIES.get(COOKIE)
        if client_id is None:
            client_id = request.session.get("cid")
        if client_id is None:
            client_id = request.session["cid"] = str(uuid.uuid4())
            messages.info(request, mark_safe("This site counts its visitors."), extra_tags="alert-info")
        response = self.get_response(request)
        age, path = settings.ANALYTICS_COOKIE_AGE, settings.ANALYTICS_COOKIE_PATH
        response.set_cookie(COOKIE, client_id, max_age=age, path=path)
        ignored = any(request.path.startswith(prefix) for prefix in settings.ANALYTICS_IGNORE_PATH)
        if response.status_code == 200 and not ignored:
            self.submit(parameters(request, client_id))
        return response

    def submit(self, params: dict[str, Any]) -> None:
        pass


class WithCelery(BuildOnly):
    def submit(self, params: dict[str, Any]) -> None:
        submit_tracking.delay(params, settings.ORIGIN_URL)


def parameters(request: HttpRequest, client_id: str) -> dict[str, Any]:
    return {
        "v": settings.ANALYTICS_API_VERSION,
        "tid": settings.ANALYTICS_ID,
        "cid": client_id,
        "t": "pageview",
        "dh": request.get_host(),
        "dp": request.get_full_path(),
        "dt": getattr(request, "current_page", ""),
        "dr": request.META.get("HTTP_REFERER", ""),
        "ul": request.META.get("HTTP_ACCEPT_LANGUAGE", ""),
        "ua": request.META.get("HTTP_USER_AGENT", ""),
        "uip": request.META.get("REMOTE_ADDR", ""),
    }
