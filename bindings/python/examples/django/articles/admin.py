"""Where articles are written."""

from __future__ import annotations

from django.contrib import admin

from .models import Article


@admin.register(Article)
class ArticleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # Django 4.2 has no generic admin.
    """The plain form, with the address made of the title."""

    prepopulated_fields = {"slug": ["title"]}
