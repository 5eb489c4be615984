"""``manage.py trackside_explain URL``: what becomes of a request, and why."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.management.base import BaseCommand, CommandError
from django.urls import Resolver404, resolve

from trackside import ArgumentError
from trackside.django import live


class Command(BaseCommand):
    """Counts nothing and sends nothing."""

    help = "Explains whether a request for URL counts, and what would be sent of it. Nothing is sent."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The request, and the response that it is to get."""
        parser.add_argument("url", help="a path, or a whole address")
        parser.add_argument("--method", default="GET")
        parser.add_argument(
            "--header", action="append", default=[], metavar="'NAME: VALUE'", help="of the request"
        )
        parser.add_argument("--peer", default="", help="the address at the other end of the connection")
        parser.add_argument(
            "--consent",
            default="",
            metavar="WHAT=CHOICE",
            help="what the view says by set_consent: analytics= and ads=, each granted or denied",
        )
        parser.add_argument(
            "--status", type=int, help="of the response; by default 200, or 404 where no route leads"
        )
        parser.add_argument("--content-type", default="text/html; charset=utf-8", help="of the response")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints the explanation."""
        url = urlsplit(options["url"])
        if not url.path.startswith("/") and not (url.netloc and not url.path):
            raise CommandError("URL must be a path that begins with /, or a whole address")
        now = live.current()
        authority = now.site.domain() if now.site is not None else ""
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        try:
            route = f"/{resolve(unquote(url.path) or '/').route}"
        except Resolver404:
            route = None
        said = self._consent(options["consent"])
        assumed = "" if options["status"] else " (assumed)"
        status = options["status"] or (200 if route is not None else 404)
        try:
            text = now.tracker.explain(
                options["method"],
                target,
                self._headers(options["header"], url.netloc),
                authority=authority.encode(),
                peer=options["peer"],
                secure=url.scheme == "https",
                analytics=said.get("analytics"),
                ads=said.get("ads"),
                status=status,
                response_headers=[("Content-Type", options["content_type"])],
            )
        except ArgumentError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"route: {route or 'none'}\nstatus: {status}{assumed}\n{text}")

    def _consent(self, given: str) -> dict[str, bool]:
        said: dict[str, bool] = {}
        for pair in filter(None, map(str.strip, given.split(","))):
            what, _, choice = pair.partition("=")
            if what not in ("analytics", "ads") or choice not in ("granted", "denied"):
                raise CommandError(f"--consent {pair!r}: analytics= or ads= granted or denied is wanted")
            said[what] = choice == "granted"
        return said

    def _headers(self, given: list[str], host: str) -> list[tuple[str, str]]:
        headers = []
        for line in given:
            name, colon, value = line.partition(":")
            if not colon:
                raise CommandError(f"--header {line!r}: a name, a colon and a value are wanted")
            headers.append((name.strip(), value.strip()))
        names = {name.lower() for name, _ in headers}
        if "host" not in names:
            headers.append(("Host", host or "localhost"))
        if "accept" not in names:
            headers.append(("Accept", "text/html"))
        return headers
