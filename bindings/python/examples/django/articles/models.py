"""What the site tells."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.urls import reverse


class Article(models.Model):
    """One article."""

    title: models.CharField[str, str] = models.CharField(max_length=200)
    slug: models.SlugField[str, str] = models.SlugField(unique=True)
    body: models.TextField[str, str] = models.TextField()
    published: models.DateField[date, date] = models.DateField()

    class Meta:
        """Newest first."""

        ordering = ["-published"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Where it is read."""
        return reverse("article", args=[self.slug])
