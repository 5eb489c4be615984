"""The system checks: one number for each mistake."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings, UserSettingsHolder, settings
from django.core.checks import run_checks
from django.test import Client, override_settings
from django_kit import PAGE, Recorded
from test_django_settings import ORIGIN, read

from trackside.django import checks, conf, origin

OURS = "trackside.django.Middleware"
MESSAGES = "django.contrib.messages.middleware.MessageMiddleware"
FETCH = "django.middleware.cache.FetchFromCacheMiddleware"


def found(monkeypatch: pytest.MonkeyPatch, **changed: Any) -> list[str]:
    """The numbers that the checks tell for these settings, whatever the live tracker was made of."""
    holder = UserSettingsHolder(settings._wrapped)
    for name, value in changed.items():
        setattr(holder, name, value)
    lazy = LazySettings()
    lazy._wrapped = holder
    monkeypatch.setattr(conf, "settings", lazy)
    monkeypatch.setattr(checks, "settings", lazy)
    messages = [*checks.check_settings(None), *checks.check_placement(None)]
    return [str(message.id).removeprefix("trackside.") for message in messages]


def test_a_site_in_order_has_nothing_to_hear() -> None:
    assert not [message for message in run_checks() if (message.id or "").startswith("trackside.")]


def test_what_is_to_be_warned_of_is_told_once_by_checks_and_command_together() -> None:
    code = """
import django
from django.conf import settings
from django.core.management import call_command

settings.configure(
    INSTALLED_APPS=["trackside.django"],
    MIDDLEWARE=["trackside.django.Middleware"],
    ROOT_URLCONF="__main__",
    ALLOWED_HOSTS=["*"],
    TRACKSIDE={"consent": {"policy": "none"}, "visitor": {"cookie": {"max_age": "401d"}}},
)
urlpatterns = []
django.setup()
call_command("trackside_explain", "/", skip_checks=False)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], timeout=60, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "verdict: skipped(status)" in done.stdout
    told = "visitor.cookie.max_age: 401d is clamped to 400d, the longest that browsers keep a cookie\n"
    assert done.stderr == told


@pytest.mark.parametrize(
    ("changed", "ids"),
    [
        ({"TRACKSIDE": []}, ["E001"]),
        ({"TRACKSIDE": {"consent": {"policy": None}}}, ["E001"]),
        ({"TRACKSIDE": {}}, ["E002"]),
        ({"TRACKSIDE": {"consent": {"policy": "none"}, "unknown": 1}}, ["E002"]),
        ({"TRACKSIDE": {"consent": {"policy": "notices"}, "unknown": 1}}, ["E002", "E002"]),
        ({"ANALYTICS_IGNORE_PATH": [], "TRACKSIDE": {"track": {"ignore": []}}}, ["E003"]),
        ({"ANALYTICS_COOKIE_AGE": "1"}, ["E004"]),
        ({"TRACKSIDE_USER": 1}, ["E005"]),
        ({"TRACKSIDE_SINKS": {"nowhere": print}}, ["E006"]),
        ({"TRACKSIDE_TRANSPORT": "nowhere.to.be.found"}, ["E006"]),
        ({"TRACKSIDE_FILTER": "nowhere.to.be.found"}, ["E006"]),
        ({"TRACKSIDE_EDIT": "django.VERSION"}, ["E006"]),
        ({"TRACKSIDE_FILTER": callable, "TRACKSIDE_EDIT": "django.shortcuts.render"}, []),
        ({"ANALYTICS_ID": "UA-1"}, ["W001"]),
        (
            {"ANALYTICS_ID": "UA-1", "ANALYTICS_PROVIDER_URL": "https://ssl.google-analytics.com/collect"},
            ["W001"],
        ),
        ({"ANALYTICS_ID": "UA-1", "ANALYTICS_PROVIDER_URL": "https://stats.example.com/collect"}, []),
        ({"MIDDLEWARE": [OURS, MESSAGES]}, ["W002"]),
        ({"MIDDLEWARE": [MESSAGES, FETCH, OURS]}, ["W002"]),
        ({"MIDDLEWARE": [MESSAGES, OURS, FETCH]}, []),
        ({"MIDDLEWARE": [OURS]}, ["W003"]),
        ({"MIDDLEWARE": [OURS], "TRACKSIDE": {"consent": {"policy": "none"}}}, []),
        ({"MIDDLEWARE": [MESSAGES]}, ["W004"]),
        ({"MIDDLEWARE": [MESSAGES, OURS, "trackside.django.middleware.Middleware"]}, ["W005"]),
        ({"TRACKSIDE_TITEL": "html"}, ["W006"]),
        ({"ANALYTICS_PROVIDER_URL": "https://stats.example.com/collect"}, ["W007"]),
        ({"ANALYTICS_IGNORE_PATH": ["/a*b"]}, ["W008"]),
        ({"TRACKSIDE_USER": True, "MIDDLEWARE": [MESSAGES, OURS]}, ["W009"]),
    ],
)
def test_each_mistake_has_its_number(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], ids: list[str]
) -> None:
    assert found(monkeypatch, **changed) == ids


def test_the_guide_has_them_all_and_no_others() -> None:
    package = Path(checks.__file__).parent
    source = "".join(path.read_text() for path in package.glob("*.py"))
    used = set(re.findall(r"\b([EW]00[0-9])\b", re.sub(r'"""(.|\n)*?"""', "", source)))
    guide = (Path(__file__).parents[2] / "DJANGO.md").read_text()
    assert re.findall(r"^\| `trackside\.([EW][0-9]+)` \|", guide, re.MULTILINE) == sorted(used)
    assert set(re.findall(r"^\| `(TRACKSIDE_[A-Z]+)`", guide, re.MULTILINE)) == conf.NAMES - {"TRACKSIDE"}
    assert set(re.findall(r"^\| `(ANALYTICS_[A-Z_]+)`", guide, re.MULTILINE)) == origin.NAMES


def test_google_s_warning_tells_of_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf, "settings", settings)
    with override_settings(ANALYTICS_ID="UA-1"):
        (message,) = checks.check_settings(None)
    assert "since July 2024" in message.msg
    assert "embedded store" in message.msg


def test_to_check_does_not_end_a_record(hits: Recorded) -> None:
    Client().get("/page/", headers=PAGE)
    run_checks()
    Client().get("/page/", headers=PAGE)
    assert len(hits()) == 2


def test_mistakes_are_told_all_at_once() -> None:
    wrong = {**ORIGIN, "ANALYTICS_COOKIE_AGE": "1", "ANALYTICS_ID": 1, "TRACKSIDE_USER": 1}
    assert [mistake.id for mistake in read(**wrong).mistakes] == [
        "trackside.E004",
        "trackside.E004",
        "trackside.E005",
    ]
