"""The notice, in the messages framework and as a template tag: shown once, or taken back."""

from __future__ import annotations

from typing import Any

from django.contrib.messages import constants
from django.http import HttpRequest
from django.utils.safestring import mark_safe

from trackside import Exchange, Notice

TAGS = "alert-info"


class Shown:
    """What became of a request's notice."""

    __slots__ = ("_had_new", "_message", "_notice", "_storage")

    def __init__(self, notice: Notice, storage: Any, asks: bool) -> None:
        self._notice: Notice | None = notice
        self._storage = storage
        self._message: object = None
        self._had_new = False
        if storage is not None:
            self._queue(asks)

    def claim(self) -> Notice | None:
        """The notice, for whoever shows it now; none if somebody has."""
        if self._message is not None and not self._is_queued():
            return None
        self.take_back()
        notice, self._notice = self._notice, None
        return notice

    @property
    def is_shown(self) -> bool:
        """Whether somebody has shown it. What is still queued will not be."""
        return self._notice is None or (self._message is not None and not self._is_queued())

    def take_back(self) -> None:
        """Takes the message back from the storage, unless it was read there.

        A message that stays would be kept for another response: the visitor, who is still new on the page
        that a redirect leads to, would be told twice.
        """
        if not self._is_queued():
            return
        waiting = self._storage._queued_messages
        waiting[:] = [message for message in waiting if message is not self._message]
        if not waiting:
            self._storage.added_new = self._had_new
        self._message = None

    def _queue(self, asks: bool) -> None:
        waiting = getattr(self._storage, "_queued_messages", None)
        if not isinstance(waiting, list) or self._notice is None:
            return
        text = self._notice.banner or ("" if asks else self._notice.html)
        if not text:
            # A question without a form would be one that nobody can answer: the site has a banner of its own.
            return
        self._had_new, count = self._storage.added_new, len(waiting)
        self._storage.add(constants.INFO, mark_safe(text), TAGS)
        # MESSAGE_LEVEL may have held it back.
        if len(waiting) > count:
            self._message = waiting[-1]

    def _is_queued(self) -> bool:
        # Messages are alike where their texts are; ours is the one that was queued here.
        return self._message is not None and any(
            message is self._message for message in self._storage._queued_messages
        )


def offer(request: HttpRequest, exchange: Exchange) -> Shown | None:
    """Queues the notice, if it is due on this request."""
    if (
        request.method != "GET"
        or not (exchange.is_new or exchange._tracker.asks)
        or "_trackside_shown" in vars(request)
    ):
        return None
    notice = exchange.notice
    if notice is None:
        return None
    shown = Shown(notice, getattr(request, "_messages", None), exchange._tracker.asks)
    request._trackside_shown = shown  # type: ignore[attr-defined]  # Where the tag looks.
    return shown
