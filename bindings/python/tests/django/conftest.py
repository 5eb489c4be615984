"""A Django site in this process, whose settings each test overrides; requests come sync and async."""

from __future__ import annotations

import atexit
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django
import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import override_settings
from django_kit import Recorded, Visitor

from trackside import RecordingTransport

_FOLDER = tempfile.TemporaryDirectory(prefix="trackside-django-")
atexit.register(_FOLDER.cleanup)

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "trackside.django.Middleware",
]

APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.sites",
    "trackside.django",
]

settings.configure(
    ALLOWED_HOSTS=["*"],
    CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": Path(_FOLDER.name, "db.sqlite3")}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=APPS,
    MIDDLEWARE=MIDDLEWARE,
    ROOT_URLCONF="django_pages",
    SECRET_KEY="for tests",
    SILENCED_SYSTEM_CHECKS=[],
    STATIC_URL="/static/",
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "DIRS": [Path(__file__).parent / "templates"],
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    USE_TZ=True,
    TRACKSIDE={
        "consent": {"policy": "notice"},
        "destination": [{"type": "sqlite", "path": Path(_FOLDER.name, "trackside.db")}],
    },
)
django.setup()


@pytest.fixture(scope="session", autouse=True)
def _database() -> None:
    call_command("migrate", verbosity=0)


@pytest.fixture(params=["sync", "served", "async"])
def is_async(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Both ways in which Django answers; by WSGI also with what servers give and the test client does not."""
    monkeypatch.setattr(Visitor, "is_served", request.param == "served")
    return bool(request.param == "async")


@pytest.fixture
def visitor(is_async: bool) -> Visitor:
    """One visitor."""
    return Visitor(is_async)


@pytest.fixture
def another(is_async: bool) -> Visitor:
    """Another one."""
    return Visitor(is_async)


@pytest.fixture
def hits() -> Iterator[Recorded]:
    """Records, in place of delivering."""
    transport = RecordingTransport()
    with override_settings(TRACKSIDE_TRANSPORT=transport):
        yield Recorded(transport)
