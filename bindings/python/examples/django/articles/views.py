"""The pages."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from trackside.django import TracksideRequest

from .models import Article


def index(request: HttpRequest) -> HttpResponse:
    """All articles."""
    return render(request, "articles/index.html", {"articles": Article.objects.all()})


def article(request: TracksideRequest, slug: str) -> HttpResponse:
    """One article. Its title goes into the hit."""
    found = get_object_or_404(Article, slug=slug)
    request.trackside.title = found.title
    return render(request, "articles/article.html", {"article": found})


def about(request: HttpRequest) -> HttpResponse:
    """Who writes this."""
    return render(request, "articles/about.html")
