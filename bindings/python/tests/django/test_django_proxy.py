"""Whose request it is behind proxies, where Django answers."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings
from django_kit import Recorded, Visitor

TRUSTED: dict[str, Any] = {
    "consent": {"policy": "notice"},
    "privacy": {"ip": "full"},
    "proxy": {"trusted": ["127.0.0.1"]},
}
FORWARDED = {"x_forwarded_for": "192.0.2.66, 198.51.100.7", "x_forwarded_proto": "https"}


def test_what_a_trusted_proxy_says_is_believed(visitor: Visitor, hits: Recorded) -> None:
    with override_settings(TRACKSIDE=TRUSTED):
        response = visitor.get("/page/", **FORWARDED)
        (hit,) = hits()
    assert (hit.ip, hit.is_secure) == ("198.51.100.7", True)
    assert response.cookies["trackside"]["secure"]


def test_without_a_trusted_proxy_the_peer_counts(
    visitor: Visitor, hits: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    with override_settings(TRACKSIDE={**TRUSTED, "proxy": {}}):
        visitor.get("/page/", **FORWARDED)
        (hit,) = hits()
        hits.tracker.stats()
    assert (hit.ip, hit.is_secure) == ("127.0.0.1", False)
    assert any("`proxy.trusted`" in record.getMessage() for record in caplog.records)


def test_the_host_that_django_takes_is_taken(visitor: Visitor, hits: Recorded) -> None:
    with override_settings(TRACKSIDE=TRUSTED, ALLOWED_HOSTS=["*"], USE_X_FORWARDED_HOST=True):
        visitor.get("/page/", x_forwarded_host="shop.example")
        assert [hit.site for hit in hits()] == ["shop.example"]
