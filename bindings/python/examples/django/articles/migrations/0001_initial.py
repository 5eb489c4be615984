"""The table, and something to read."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import migrations, models

ARTICLES = [
    ("The bridge is open again", "bridge", "After two years the bridge over the mill stream can be crossed."),
    ("Market day moves to Friday", "market", "From May on the market is held on Fridays, from eight to two."),
    ("A library without fines", "library", "Whoever brings a book back late now only has to bring it back."),
]


def write(apps: Any, schema_editor: Any) -> None:
    """Writes the articles."""
    article = apps.get_model("articles", "Article")
    for day, (title, slug, body) in enumerate(ARTICLES, start=1):
        article.objects.create(title=title, slug=slug, body=body, published=date(2026, 5, day))


class Migration(migrations.Migration):
    """The first."""

    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Article",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title", models.CharField(max_length=200)),
                ("slug", models.SlugField(unique=True)),
                ("body", models.TextField()),
                ("published", models.DateField()),
            ],
            options={"ordering": ["-published"]},
        ),
        migrations.RunPython(write, migrations.RunPython.noop),
    ]
