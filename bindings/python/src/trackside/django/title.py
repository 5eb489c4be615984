"""The page's title, where the view has not set one."""

from __future__ import annotations

import html
import re

from django.core.exceptions import SynchronousOnlyOperation
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import LazyObject, empty

#: How far into the page its title is looked for, in bytes.
CAP = 65_536

_OPENS = re.compile(rb"<title[\s>]", re.IGNORECASE)
_CLOSES = re.compile(rb"</title[\s>]", re.IGNORECASE)


def of(request: HttpRequest, response: HttpResponseBase, scan: bool) -> str | None:
    """The title of the CMS page that was shown, else, with ``scan``, that of the HTML."""
    title = _of_current_page(request)
    return title if title or not scan else _of_html(response)


def _of_current_page(request: HttpRequest) -> str | None:
    """The title of django CMS's ``request.current_page``, if view or template have looked at it."""
    page = vars(request).get("current_page")
    if isinstance(page, LazyObject):
        # Nobody asked for it, so it was not shown; to ask here would be a query.
        page = vars(page).get("_wrapped", empty)
        if page is empty:
            return None
    if page is None:
        return None
    for name in ("get_page_title", "get_title"):
        method = getattr(page, name, None)
        if callable(method):
            try:
                return str(method() or "") or None
            except SynchronousOnlyOperation:
                # It would be a query, and this is the event loop.
                return None
    return str(page) or None


def _of_html(response: HttpResponseBase) -> str | None:
    """The first title element, if the body is at hand: whole, and not encoded."""
    if response.streaming or response.has_header("Content-Encoding"):
        return None
    if not response.get("Content-Type", "").lower().startswith(("text/html", "application/xhtml+xml")):
        return None
    content: bytes = response.content  # type: ignore[attr-defined]  # All that do not stream have it.
    opens = _OPENS.search(content, 0, CAP)
    if opens is None:
        return None
    start = content.find(b">", opens.end() - 1, CAP) + 1
    closes = _CLOSES.search(content, start, CAP) if start else None
    if closes is None:
        return None
    title = content[start : closes.start()]
    try:
        text = title.decode(response.charset, "replace")
    except LookupError:
        text = title.decode("utf-8", "replace")
    return " ".join(html.unescape(text).split()) or None
