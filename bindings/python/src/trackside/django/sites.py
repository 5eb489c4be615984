"""Whose pages they are: the sites framework's current site."""

from __future__ import annotations

import logging
import time
from typing import Any

from asgiref.sync import sync_to_async
from django.apps import apps
from django.core.exceptions import SynchronousOnlyOperation

LOGGER = logging.getLogger("trackside")

#: What the older IDNA, which Python has, and that of browsers make different hosts of.
UNSETTLED = frozenset("ßς\u200c\u200d")
#: What no host holds.
FORBIDDEN = frozenset("/\\@?#%")
#: For how long the request's host stands in after the site could not be looked up.
PAUSE = 60.0


class CurrentSite:
    """The domain of the site that ``SITE_ID`` names.

    Django keeps the site in memory, and drops it there when it is saved: only the first request asks the
    database, under async from a thread.
    """

    def __init__(self) -> None:
        self._sites: Any = apps.get_model("sites", "Site")._default_manager
        self._paused_until = 0.0
        # The last domain, and the host that it says.
        self._known = ("", "")

    def domain(self) -> str:
        """The domain; empty, so that the request's host counts, if it cannot be found."""
        if self._is_paused():
            return ""
        try:
            return self._look_up()
        except Exception as error:
            return self._pause(error)

    async def adomain(self) -> str:
        """As ``domain``, without a query on the event loop."""
        if self._is_paused():
            return ""
        try:
            return self._look_up()
        except SynchronousOnlyOperation:
            return await sync_to_async(self.domain)()
        except Exception as error:
            return self._pause(error)

    def _look_up(self) -> str:
        domain: str = self._sites.get_current().domain
        if domain != self._known[0]:
            self._known = (domain, host_of(domain))
        return self._known[1]

    def _is_paused(self) -> bool:
        return self._paused_until > 0.0 and time.monotonic() < self._paused_until

    def _pause(self, error: Exception) -> str:
        self._paused_until = time.monotonic() + PAUSE
        LOGGER.warning("the current site cannot be looked up, the host of each request stands in: %r", error)
        return ""


def host_of(domain: str) -> str:
    """The host of a domain of the framework's, as requests have it: Django takes any text without blanks.

    :raises ValueError: it is none.
    """
    host = domain
    if not domain.isascii():
        if not UNSETTLED.isdisjoint(domain):
            raise ValueError(f"{domain!r} is written in two ways; write it in its form xn--…")
        name, colon, port = domain.partition(":")
        host = name.encode("idna").decode("ascii") + colon + port
    if not host or not FORBIDDEN.isdisjoint(host):
        raise ValueError(f"{domain!r} is no host; write it as www.example.com")
    return host
