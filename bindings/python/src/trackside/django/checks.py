"""System checks: every mistake in the settings, under a number that stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps.config import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured

from . import conf, live, origin

MIDDLEWARE = ("trackside.django.Middleware", "trackside.django.middleware.Middleware")
MESSAGES = "django.contrib.messages.middleware.MessageMiddleware"
FETCH = "django.middleware.cache.FetchFromCacheMiddleware"
AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"


def check_settings(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E001 to E006, W001 and W006 to W008: what the settings say."""
    found = conf.Settings.read()
    messages: list[CheckMessage] = [
        Error(mistake.text, hint=mistake.hint, id=mistake.id) for mistake in found.mistakes
    ]
    if not messages:
        try:
            live.check(found)
        except live.FunctionError as error:
            messages.append(Error(str(error), id="trackside.E006"))
        except ImproperlyConfigured as error:
            # One line for each mistake.
            messages += [Error(line, id="trackside.E002") for line in str(error).splitlines()]
    for url in origin.counts_nothing_at(found.configuration):
        messages.append(_switched_off(url, found))
    messages += _without_effect()
    messages += _unknown_names()
    return messages


def check_placement(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """W002 to W005 and W009: where the middleware stands."""
    order = list(settings.MIDDLEWARE)
    places = [index for index, path in enumerate(order) if path in MIDDLEWARE]
    if not places:
        return [
            Warning(
                "trackside.django is installed, but its middleware is not in MIDDLEWARE: nothing is counted",
                hint='Add "trackside.django.Middleware".',
                id="trackside.W004",
            )
        ]
    messages: list[CheckMessage] = []
    if len(places) > 1:
        messages.append(
            Warning(
                "trackside.django.Middleware is in MIDDLEWARE more than once: the first counts, the others "
                "do nothing",
                hint="Keep one.",
                id="trackside.W005",
            )
        )
    messages += _order(order, places[0])
    if conf.Settings.read().options.user and AUTHENTICATION not in order:
        messages.append(
            Warning(
                "TRACKSIDE_USER is on, but there is no AuthenticationMiddleware: no user is recorded",
                id="trackside.W009",
            )
        )
    return messages


def _order(order: list[str], place: int) -> list[CheckMessage]:
    messages: list[CheckMessage] = []
    if MESSAGES in order and order.index(MESSAGES) > place:
        messages.append(
            Warning(
                "trackside.django.Middleware stands before MessageMiddleware: the notice cannot be a message",
                hint="Move it behind MessageMiddleware.",
                id="trackside.W002",
            )
        )
    if FETCH in order and order.index(FETCH) < place:
        messages.append(
            Warning(
                "trackside.django.Middleware stands behind FetchFromCacheMiddleware: pages from the cache "
                "are not counted",
                hint="Move it before FetchFromCacheMiddleware.",
                id="trackside.W002",
            )
        )
    if MESSAGES not in order and _policy() == "notice":
        messages.append(
            Warning(
                'consent.policy is "notice", but there is no MessageMiddleware: the notice is seen only '
                "where {% trackside_notice %} stands",
                hint="Silence this check if it does.",
                id="trackside.W003",
            )
        )
    return messages


def _switched_off(url: str, found: conf.Settings) -> CheckMessage:
    has_store = any(entry.get("type") == "sqlite" for entry in found.configuration["destination"])
    store = " The embedded store counts as well." if has_store else ""
    return Warning(
        f"{url} has counted nothing since July 2024: Google answers every hit, and throws it away.{store}",
        hint="Set ANALYTICS_PROVIDER_URL to a collector that is alive, or use a destination of type ga4.",
        id="trackside.W001",
    )


def _without_effect() -> list[CheckMessage]:
    messages: list[CheckMessage] = []
    if getattr(settings, "ANALYTICS_ID", None) is None:
        for name in ("ANALYTICS_API_VERSION", "ANALYTICS_PROVIDER_URL"):
            if getattr(settings, name, None) is not None:
                messages.append(Warning(f"{name} has no effect without ANALYTICS_ID", id="trackside.W007"))
    prefixes = getattr(settings, "ANALYTICS_IGNORE_PATH", None)
    if isinstance(prefixes, (list, tuple)):
        for prefix in prefixes:
            if isinstance(prefix, str) and "*" in prefix:
                messages.append(
                    Warning(
                        f"ANALYTICS_IGNORE_PATH: in {prefix!r} the * stands for any characters, and the "
                        "whole path must fit; it is no prefix",
                        id="trackside.W008",
                    )
                )
    return messages


def _unknown_names() -> list[CheckMessage]:
    return [
        Warning(
            f"{name} is no setting of trackside",
            hint=f"There are {', '.join(sorted(conf.NAMES))}.",
            id="trackside.W006",
        )
        for name in dir(settings)
        if name.startswith("TRACKSIDE_") and name not in conf.NAMES
    ]


def _policy() -> object:
    consent = conf.Settings.read().configuration.get("consent")
    return consent.get("policy") if isinstance(consent, dict) else None
