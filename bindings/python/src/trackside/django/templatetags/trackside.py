"""``{% load trackside %}``, then ``{% trackside_notice %}`` where the notice is to stand."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context
from django.utils.safestring import mark_safe

from trackside import Exchange

register = template.Library()


@register.simple_tag(takes_context=True)
def trackside_beacon(context: Context) -> str:
    """The markup that loads the beacon, which then counts the page; nothing without ``beacon.path``.

    Needs the context processor ``django.template.context_processors.request``. It is not to stand in a part
    of a template that is cached alone (``{% cache %}``), as it must be known of each page that holds it.
    """
    exchange = getattr(context.get("request"), "trackside", None)
    # It is a path of the configuration, which has nothing to escape.
    return mark_safe(exchange.beacon()) if isinstance(exchange, Exchange) else ""


@register.inclusion_tag("trackside/notice.html", takes_context=True)
def trackside_notice(context: Context) -> dict[str, Any]:
    """The notice, on the page on which it is due and if no message has shown it; else nothing.

    Needs the context processor ``django.template.context_processors.request``, and renders
    ``trackside/notice.html``, which a site may replace.
    """
    shown = getattr(context.get("request"), "_trackside_shown", None)
    return {"notice": None if shown is None else shown.claim()}
