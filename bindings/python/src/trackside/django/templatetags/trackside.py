"""``{% load trackside %}``, then ``{% trackside_notice %}`` where the notice is to stand."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context

register = template.Library()


@register.inclusion_tag("trackside/notice.html", takes_context=True)
def trackside_notice(context: Context) -> dict[str, Any]:
    """The notice, on the page on which it is due and if no message has shown it; else nothing.

    Needs the context processor ``django.template.context_processors.request``, and renders
    ``trackside/notice.html``, which a site may replace.
    """
    shown = getattr(context.get("request"), "_trackside_shown", None)
    return {"notice": None if shown is None else shown.claim()}
