"""PostHog's and Segment's clients in a middleware of Django's, as their guides show it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import posthog
import segment.analytics
from django.http import HttpRequest, HttpResponse

from benchmarks.origin import COOKIE

GetResponse = Callable[[HttpRequest], HttpResponse]


def posthog_client(url: str) -> posthog.Posthog:
    return posthog.Posthog("phc_benchmark", host=f"{url}/posthog", max_queue_size=1_000_000)


def segment_client(url: str) -> Any:
    return segment.analytics.Client("benchmark", host=f"{url}/segment", max_queue_size=1_000_000)


class PostHog:
    client: posthog.Posthog

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 200:
            capture(self.client, request.COOKIES[COOKIE], request.build_absolute_uri(), request.META)
        return response


def capture(client: posthog.Posthog, visitor: str, url: str, meta: dict[str, Any]) -> None:
    client.capture(
        "$pageview",
        distinct_id=visitor,
        properties={
            "$current_url": url,
            "$referrer": meta.get("HTTP_REFERER", ""),
            "$raw_user_agent": meta.get("HTTP_USER_AGENT", ""),
            "$ip": meta.get("REMOTE_ADDR", ""),
            "language": meta.get("HTTP_ACCEPT_LANGUAGE", ""),
        },
    )


class Segment:
    client: Any

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 200:
            view(self.client, request.COOKIES[COOKIE], request.build_absolute_uri(), request.META)
        return response


def view(client: Any, visitor: str, url: str, meta: dict[str, Any]) -> None:
    client.page(
        anonymous_id=visitor,
        name="Walks",
        properties={"url": url, "referrer": meta.get("HTTP_REFERER", "")},
        context={
            "ip": meta.get("REMOTE_ADDR", ""),
            "userAgent": meta.get("HTTP_USER_AGENT", ""),
            "locale": meta.get("HTTP_ACCEPT_LANGUAGE", ""),
        },
    )
