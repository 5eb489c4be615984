"""The feed, which does not count: ``track.ignore`` names it, and it is no HTML."""

from __future__ import annotations

from django.contrib.syndication.views import Feed
from django.db.models import QuerySet

from .models import Article


class Latest(Feed):  # type: ignore[type-arg]  # At run time it takes none.
    """The newest articles."""

    title = "The newsroom"
    link = "/"
    description = "What is new."

    def items(self) -> QuerySet[Article]:
        """At most twenty."""
        return Article.objects.all()[:20]

    def item_description(self, item: Article) -> str:
        """The whole text."""
        return item.body
