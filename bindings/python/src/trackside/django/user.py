"""Whose account it is, where the view has looked at it."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.functional import LazyObject, empty


def key_of(request: HttpRequest) -> str | None:
    """The primary key of the user who is logged in, if the view has asked who that is.

    To ask here would read the session, which makes the response vary on the cookie.
    """
    attributes = vars(request)
    for name in ("user", "_cached_user", "_acached_user"):
        user = attributes.get(name)
        if isinstance(user, LazyObject):
            user = vars(user).get("_wrapped", empty)
        if user is None or user is empty:
            continue
        return str(user.pk) if getattr(user, "is_authenticated", False) and user.pk is not None else None
    return None
