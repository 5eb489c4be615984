"""``manage.py trackside_stats``: what was counted, what was not, and why."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from trackside.django import books, conf, live


class Command(BaseCommand):
    """Prints both books."""

    help = (
        "Prints the books: what became of every request and of every hit. With TRACKSIDE_STATS, a folder, "
        "they are those of all the site's processes, with those that ended within the last week; without it, "
        "of this one, which has seen nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How to print."""
        parser.add_argument("--json", action="store_true", help="as one object of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints."""
        folder = conf.Settings.read().options.stats
        if folder is None:
            found, where = (
                [],
                "of this process alone: TRACKSIDE_STATS names no folder for those of the others",
            )
            total = books.of(live.tracker().stats())
        else:
            found = books.read(folder)
            total = books.total(found)
            if others := sum(1 for _ in Path(folder).glob("*.json")) - len(found):
                self.stderr.write(f"{others} files in {folder} are no books, and are left out")
            where = f"of {len(found)} processes, in {folder}"
            if ended := sum(books.has_ended(book) for book in found):
                where += f", of which {ended} have ended"
            if found:
                where += f"; the latest is {max(0.0, time.time() - found[0]['at']):.0f} s old"
        if options["json"]:
            self.stdout.write(json.dumps({**total, "processes": len(found)}))
            return
        self.stdout.write(f"books: {where}")
        if total:
            self._print(total)

    def _print(self, total: dict[str, Any]) -> None:
        requests = total["requests"]
        self.stdout.write(f"\nrequests: seen {requests['seen']} = tracked {requests['tracked']} + skipped")
        self._reasons("skipped", requests["skipped"])
        if requests["late"]:
            self.stdout.write(f"  annotations that came too late: {requests['late']}")
        for name, hits in total["destinations"].items():
            refused, dropped = sum(hits["refused"].values()), sum(hits["dropped"].values())
            self.stdout.write(
                f"\nhits for {name}: offered {hits['offered']} + adopted {hits.get('adopted', 0)} "
                f"= delivered {hits['delivered']} "
                f"+ refused {refused} + dropped {dropped} + pending {hits['pending']}"
            )
            self._reasons("refused", hits["refused"])
            self._reasons("dropped", hits["dropped"])
            if hits.get("breaker", "closed") != "closed":
                self.stdout.write(f"  breaker: {hits['breaker']}")
            for key in ("volatile", "openings", "retries", "panics"):
                if hits.get(key):
                    self.stdout.write(f"  {key}: {hits[key]}")
        self.stdout.write(f"\nfailures: {total['failures']}")

    def _reasons(self, what: str, reasons: dict[str, int]) -> None:
        for reason, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0])):
            self.stdout.write(f"  {what}({reason}) {count}")
