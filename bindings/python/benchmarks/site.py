"""A Django site as ``startproject`` makes it, with one page and without a database, which this page does not
need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path

from benchmarks.request import BODY, HOST

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]


def page(request: HttpRequest, slug: str) -> HttpResponse:
    return HttpResponse(BODY)


urlpatterns = [path("articles/<slug:slug>/", page)]


def configure(**extra: Any) -> None:
    """Sets Django up; once in a process."""
    settings.configure(
        SECRET_KEY="of a benchmark",
        ALLOWED_HOSTS=[HOST],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
        ],
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        **extra,
    )
    django.setup()


class Site:
    """The site with some middlewares more, called as a server would."""

    def __init__(self, *middlewares: str) -> None:
        with override_settings(MIDDLEWARE=[*MIDDLEWARE, *middlewares]):
            self._handler = WSGIHandler()
        self.status = ""
        self.headers: list[tuple[str, str]] = []

    def visit(self, environ: dict[str, Any]) -> bytes:
        response = self._handler(environ.copy(), self._start)
        body = b"".join(response)
        response.close()
        return body

    def visitor(self, environ: dict[str, Any]) -> Callable[[], bytes]:
        return lambda: self.visit(environ)

    def _start(self, status: str, headers: list[tuple[str, str]], *rest: object) -> Callable[[bytes], object]:
        self.status, self.headers = status, headers
        return lambda data: None
