"""A site of django CMS: makes a page, asks for it as a reader, and prints what was recorded as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.test import Client

from trackside import RecordingTransport

FOLDER = Path(sys.argv[1])
RECORD = RecordingTransport()

settings.configure(
    ALLOWED_HOSTS=["*"],
    CMS_CONFIRM_VERSION4=True,
    CMS_TEMPLATES=[("cms.html", "The template")],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "db.sqlite3"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.sites",
        "django.contrib.messages",
        "django.contrib.admin",
        "cms",
        "menus",
        "treebeard",
        "sekizai",
        "trackside.django",
    ],
    LANGUAGES=[("en", "English")],
    LANGUAGE_CODE="en",
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "trackside.django.Middleware",
        "django.middleware.locale.LocaleMiddleware",
        "cms.middleware.user.CurrentUserMiddleware",
        "cms.middleware.page.CurrentPageMiddleware",
        "cms.middleware.toolbar.ToolbarMiddleware",
        "cms.middleware.language.LanguageCookieMiddleware",
    ],
    ROOT_URLCONF="cms_urls",
    SECRET_KEY="for tests",
    SITE_ID=1,
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
                    "sekizai.context_processors.sekizai",
                    "cms.context_processors.cms_settings",
                ]
            },
        }
    ],
    TRACKSIDE={"consent": {"policy": "notice"}},
    TRACKSIDE_TITLE=sys.argv[2],
    TRACKSIDE_TRANSPORT=RECORD,
    USE_TZ=True,
    X_FRAME_OPTIONS="SAMEORIGIN",
)
django.setup()

from cms.api import create_page  # type: ignore[import-untyped]  # noqa: E402  # Models need the settings.
from django.contrib.auth.models import User  # noqa: E402


def main() -> None:
    """Does it."""
    call_command("migrate", verbosity=0)
    editor = User.objects.create_superuser("editor")
    with transaction.atomic():
        create_page("Welcome home", "cms.html", "en", slug="home", created_by=editor).set_as_homepage()
        create_page("The bridge", "cms.html", "en", slug="bridge", created_by=editor)
    reader = Client()
    for path in ("/en/bridge/", "/en/", "/en/bridge/", "/en/nowhere/"):
        reader.get(path, headers={"accept": "text/html"}, follow=True)
    print(json.dumps([[hit.path, hit.title] for hit in RECORD.hits]))


if __name__ == "__main__":
    main()
