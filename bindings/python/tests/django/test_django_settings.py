"""``TRACKSIDE`` and the origin's names: merged, checked at the start, followed at run time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings, UserSettingsHolder, global_settings
from django.conf import settings as site_settings
from django.core.exceptions import ImproperlyConfigured
from django.test import Client, override_settings
from django_kit import PAGE, Recorded, Visitor

from trackside import Batch, ConfigError, Outcome
from trackside.django import Middleware, conf, tracker
from trackside.django.conf import Settings

ORIGIN = {
    "ANALYTICS_COOKIE_NAME": "cid",
    "ANALYTICS_COOKIE_PATH": "/shop/",
    "ANALYTICS_COOKIE_AGE": 3600,
    "ANALYTICS_ID": "UA-12345-6",
    "ANALYTICS_API_VERSION": "2",
    "ANALYTICS_IGNORE_PATH": ["/admin/", "/rss"],
    "ANALYTICS_PROVIDER_URL": "https://stats.example.com/collect",
}


def merged(**settings: Any) -> dict[str, Any]:
    """The configuration that these settings make; the tracker is not opened anew."""
    return read(**settings).configuration


def read(**settings: Any) -> Settings:
    """What is read of these settings, beside the installed apps."""
    holder = UserSettingsHolder(global_settings)
    for name, value in {"INSTALLED_APPS": site_settings.INSTALLED_APPS, **settings}.items():
        setattr(holder, name, value)
    lazy = LazySettings()
    lazy._wrapped = holder
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conf, "settings", lazy)
        return Settings.read()


# The origin's names


def test_all_of_the_origin_s_names_have_their_effect() -> None:
    assert merged(**ORIGIN) == {
        "visitor": {"cookie": {"name": "cid", "path": "/shop/", "max_age": "3600s", "renew": True}},
        "track": {"ignore": ["/admin/", "/rss"], "status": ["200"], "bots": "keep"},
        "consent": {"policy": "notice"},
        "destination": [
            {
                "type": "ga-v1",
                "tracking_id": "UA-12345-6",
                "version": "2",
                "url": "https://stats.example.com/collect",
            }
        ],
    }


@pytest.mark.parametrize("name", sorted(ORIGIN))
def test_each_of_them_is_optional_and_means_the_notice_and_status_200_and_bots(name: str) -> None:
    found = merged(**{name: ORIGIN[name]})
    assert found["consent"] == {"policy": "notice"}
    assert (found["track"]["status"], found["track"]["bots"]) == (["200"], "keep")
    assert merged(**{name: None}) == {}


def test_google_s_own_collector_has_the_embedded_store_beside_it() -> None:
    types = [entry["type"] for entry in merged(ANALYTICS_ID="UA-1")["destination"]]
    assert types == ["ga-v1", "sqlite"]
    stored = {"destination": [{"type": "sqlite", "path": "here.db"}]}
    assert [entry["type"] for entry in merged(ANALYTICS_ID="UA-1", TRACKSIDE=stored)["destination"]] == [
        "sqlite",
        "ga-v1",
    ]


def test_a_celery_destination_without_an_id_is_given_the_origin_s_instead() -> None:
    through = {"destination": [{"type": "celery", "task": "analytics.tasks.submit_tracking"}]}
    assert merged(**{**ORIGIN, "TRACKSIDE": through})["destination"] == [
        {
            "type": "celery",
            "task": "analytics.tasks.submit_tracking",
            "tracking_id": "UA-12345-6",
            "version": "2",
            "url": "https://stats.example.com/collect",
        }
    ]
    elsewhere = {"destination": [{"type": "celery", "url": "https://stats.example.com/collect"}]}
    assert merged(ANALYTICS_ID="UA-1", TRACKSIDE=elsewhere)["destination"] == [
        {"type": "celery", "url": "https://stats.example.com/collect", "tracking_id": "UA-1"}
    ]


def test_what_trackside_says_wins_over_what_they_mean() -> None:
    said = {
        "consent": {"policy": "none"},
        "track": {"status": ["2xx"], "bots": "drop"},
        "visitor": {"cookie": {"renew": False}},
    }
    found = merged(ANALYTICS_COOKIE_AGE=60, TRACKSIDE=said)
    assert (found["consent"]["policy"], found["track"]) == ("none", {"status": ["2xx"], "bots": "drop"})
    assert found["visitor"]["cookie"] == {"renew": False, "max_age": "60s"}
    assert "consent" not in merged(ANALYTICS_COOKIE_AGE=60, TRACKSIDE={"visitor": {"identity": "none"}})


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ANALYTICS_COOKIE_NAME", {"visitor": {"cookie": {"name": "x"}}}),
        ("ANALYTICS_COOKIE_PATH", {"visitor": {"cookie": {"path": "/"}}}),
        ("ANALYTICS_COOKIE_AGE", {"visitor": {"cookie": {"max_age": "1d"}}}),
        ("ANALYTICS_IGNORE_PATH", {"track": {"ignore": []}}),
        ("ANALYTICS_ID", {"destination": [{"type": "ga-v1", "tracking_id": "UA-1"}]}),
        ("ANALYTICS_ID", {"destination": [{"type": "celery", "tracking_id": "UA-1"}]}),
    ],
)
def test_the_same_thing_in_both_places_is_a_mistake(name: str, said: dict[str, Any]) -> None:
    (mistake,) = read(**{name: ORIGIN[name], "TRACKSIDE": said}).mistakes
    assert mistake.id == "trackside.E003"
    assert name in mistake.text


@pytest.mark.parametrize(
    ("name", "key"), [("ANALYTICS_PROVIDER_URL", "url"), ("ANALYTICS_API_VERSION", "version")]
)
def test_what_a_celery_destination_has_itself_is_not_given_twice(name: str, key: str) -> None:
    said = {"destination": [{"type": "celery", key: "x"}]}
    (mistake,) = read(**{name: ORIGIN[name], "ANALYTICS_ID": "UA-1", "TRACKSIDE": said}).mistakes
    assert mistake.id == "trackside.E003"
    assert f"{name} and the {key} of a destination of type celery" in mistake.text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ANALYTICS_COOKIE_NAME", b"cid"),
        ("ANALYTICS_COOKIE_NAME", ""),
        ("ANALYTICS_COOKIE_PATH", 1),
        ("ANALYTICS_COOKIE_AGE", "3600"),
        ("ANALYTICS_COOKIE_AGE", True),
        ("ANALYTICS_COOKIE_AGE", 0),
        ("ANALYTICS_COOKIE_AGE", 1.5),
        ("ANALYTICS_ID", 12345),
        ("ANALYTICS_API_VERSION", 1),
        ("ANALYTICS_IGNORE_PATH", "/admin/"),
        ("ANALYTICS_IGNORE_PATH", ["/admin/", None]),
        ("ANALYTICS_IGNORE_PATH", [""]),
        ("ANALYTICS_PROVIDER_URL", ["https://stats.example.com"]),
    ],
)
def test_a_value_of_a_wrong_type_is_a_mistake(name: str, value: object) -> None:
    (mistake,) = read(**{**ORIGIN, name: value}).mistakes
    assert mistake.id == "trackside.E004"
    assert name in mistake.text


@pytest.mark.parametrize(
    ("name", "value", "id"),
    [
        ("TRACKSIDE", ["consent"], "trackside.E001"),
        ("TRACKSIDE", {"consent": {"notice": None}}, "trackside.E001"),
        ("TRACKSIDE", {"track": {"ignore": {"/a", "/b"}}}, "trackside.E001"),
        ("TRACKSIDE", {1: 2}, "trackside.E001"),
        ("TRACKSIDE_SITE", "site", "trackside.E005"),
        ("TRACKSIDE_SITE", 1, "trackside.E005"),
        ("TRACKSIDE_TITLE", True, "trackside.E005"),
        ("TRACKSIDE_USER", "yes", "trackside.E005"),
        ("TRACKSIDE_STATS", 1, "trackside.E005"),
        ("TRACKSIDE_SINKS", [print], "trackside.E005"),
    ],
)
def test_what_trackside_s_own_names_cannot_be_is_a_mistake(name: str, value: object, id: str) -> None:
    (mistake,) = read(**{name: value}).mistakes
    assert mistake.id == id
    assert name in mistake.text


@pytest.mark.parametrize(
    "wrong", [{"visitor": 1}, {"visitor": {"cookie": 1}}, {"track": []}, {"destination": {}}]
)
def test_tables_that_are_none_are_left_to_the_library(wrong: dict[str, Any]) -> None:
    found = read(**{**ORIGIN, "TRACKSIDE": wrong})
    assert not found.mistakes
    assert found.configuration[next(iter(wrong))] == next(iter(wrong.values()))


def test_paths_and_tuples_are_taken_as_they_are_meant() -> None:
    said = {"site": ("a.example", "b.example"), "destination": [{"type": "sqlite", "path": Path("here.db")}]}
    assert merged(TRACKSIDE=said) == {
        "site": ["a.example", "b.example"],
        "destination": [{"type": "sqlite", "path": "here.db"}],
    }


# At the start


def build() -> Middleware:
    """What a server does when it starts."""
    return Middleware(lambda request: None)  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"TRACKSIDE": {}}, "consent.policy"),
        ({"TRACKSIDE": {"consent": {"policy": "notices"}}}, "consent.policy"),
        ({"TRACKSIDE": {"consent": {"policy": "none"}, "moed": "off"}}, "moed"),
        ({"ANALYTICS_COOKIE_AGE": "1"}, "ANALYTICS_COOKIE_AGE"),
        ({"TRACKSIDE_USER": "yes"}, "TRACKSIDE_USER"),
        ({"TRACKSIDE_SINKS": {"nowhere": print}}, "nowhere"),
        ({"TRACKSIDE_SINKS": {"sqlite": "no.such.sink"}}, "TRACKSIDE_SINKS"),
        ({"TRACKSIDE_SINKS": {"sqlite": 1}}, "sqlite"),
        ({"TRACKSIDE_TRANSPORT": "no.such.transport"}, "TRACKSIDE_TRANSPORT"),
        ({"TRACKSIDE_TRANSPORT": 1}, "TRACKSIDE_TRANSPORT"),
        ({"TRACKSIDE_TRANSPORT": "trackside.RecordingTransport"}, "TRACKSIDE_TRANSPORT"),
    ],
)
def test_wrong_settings_end_the_start_and_no_request(settings: dict[str, Any], says: str) -> None:
    build()
    before = tracker()
    with pytest.raises(ImproperlyConfigured, match=says), override_settings(**settings):
        pass
    assert tracker() is before
    assert Client().get("/page/", headers=PAGE).status_code == 200


def test_the_library_s_own_error_is_the_cause() -> None:
    with pytest.raises(ImproperlyConfigured) as caught, override_settings(TRACKSIDE={}):
        pass
    assert isinstance(caught.value.__cause__, ConfigError)


# At run time


def test_settings_are_followed_at_run_time(visitor: Visitor, hits: Recorded) -> None:
    visitor.get("/page/")
    with override_settings(
        TRACKSIDE={"consent": {"policy": "none"}, "visitor": {"cookie": {"name": "other"}}}
    ):
        assert visitor.get("/page/").cookies.keys() == {"other"}
    assert not visitor.get("/page/").cookies


def test_the_old_tracker_is_closed_and_has_delivered() -> None:
    delivered: list[str] = []

    def deliver(batch: Batch) -> Outcome:
        delivered.extend(hit.path for hit in batch.hits)
        return Outcome.DELIVERED

    with override_settings(TRACKSIDE_TRANSPORT=deliver):
        Client().get("/page/", headers=PAGE)
        old = tracker()
    assert delivered == ["/page/"]
    assert tracker() is not old
    assert {hits.pending for hits in old.stats().destinations.values()} == {0}


def test_what_changes_nothing_of_the_tracker_leaves_it_open() -> None:
    before = tracker()
    with override_settings(TRACKSIDE_TITLE="html", TRACKSIDE_USER=True, SITE_ID=1, LANGUAGE_CODE="de"):
        assert tracker() is before


def test_off_counts_nothing_and_leaves_the_page_alone(visitor: Visitor, hits: Recorded) -> None:
    with override_settings(TRACKSIDE={"consent": {"policy": "notice"}, "mode": "off"}):
        response = visitor.get("/titled/")
        assert tracker().stats().requests.skipped == {"off": 1}
        assert not hits()
    assert not response.cookies
    assert not response.has_header("Cache-Control")


def test_sinks_may_be_named_by_their_path() -> None:
    said = {"consent": {"policy": "none"}, "destination": [{"type": "callback", "name": "mine"}]}
    taken.clear()
    with override_settings(TRACKSIDE=said, TRACKSIDE_SINKS={"mine": f"{__name__}.take"}):
        Client().get("/page/", headers=PAGE)
        assert not tracker().flush(5)
    assert taken == ["/page/"]


taken: list[str] = []


def take(batch: Batch) -> None:
    """A sink."""
    taken.extend(hit.path for hit in batch.hits)


def test_the_origin_s_request_is_what_a_collector_gets(hits: Recorded) -> None:
    changed = {**ORIGIN, "ANALYTICS_COOKIE_PATH": "/", "TRACKSIDE": None}
    client = Client()
    with override_settings(**changed):
        client.cookies["cid"] = "5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11"
        client.get("/titled/?utm_source=x", headers={**PAGE, "user-agent": "Mozilla/5.0"})
        client.get("/rss/", headers=PAGE)
        page, _ = hits()
        outgoing = tracker().encode("ga-v1", page)
    assert outgoing.url == ORIGIN["ANALYTICS_PROVIDER_URL"]
    assert b"tid=UA-12345-6&cid=5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11" in outgoing.body
    assert outgoing.body.startswith(b"v=2&z=")
