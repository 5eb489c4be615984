"""The migration page, followed from an empty folder: a site of the recipe's, switched by its lines."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from kit.broker import Redis
from kit.collector import Collector
from kit.process import Process, free_port, python, script
from kit.store import counted

PAGE = (Path(__file__).parents[2] / "MIGRATION.md").read_text()
OLD_VISITOR = "5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11"

URLS = """
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path

urlpatterns = [
    path("", lambda request: render(request, "page.html")),
    path("admin/", lambda request: HttpResponse("the admin")),
]
"""

CELERY = """
import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")
app = Celery("mysite", broker=os.environ["BROKER"])
app.autodiscover_tasks(["analytics"])
"""

#: As much of the recipe's middleware as can be seen from outside: its cookie.
OLD_MIDDLEWARE = f"""
from django.conf import settings


class AnalyticsMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        response.set_cookie(settings.ANALYTICS_COOKIE_NAME, "{OLD_VISITOR}")
        return response
"""

#: The task of the recipe, but by the standard library.
TASKS = """
from urllib.parse import urlencode
from urllib.request import urlopen

from celery import shared_task


@shared_task
def submit_tracking(params, provider_url):
    urlopen(provider_url, urlencode({**params, "by": "my own task"}).encode()).close()
"""


def block(after: str, language: str, which: int) -> str:
    """A block of code of the page: the one of that number in its language, after a text."""
    found = re.findall(rf"```{language}\n(.*?)```", PAGE[PAGE.index(after) :], re.DOTALL)
    return str(found[which])


class Site:
    """A project of Django's own making, with the lines of the right column in its settings."""

    def __init__(self, folder: Path, collector: Collector) -> None:
        self.folder = folder
        self.port = free_port()
        subprocess.run(
            [sys.executable, "-m", "django", "startproject", "mysite", "."], cwd=folder, check=True
        )
        switched = block("<tr><th>The recipe</th>", "python", 1)
        assert "trackside.django.Middleware" in switched
        self.write("mysite/urls.py", URLS)
        # As many names as the page has: the lists are the project's own, to which the page's lines are added.
        lists = switched.replace("    ...,\n", "").replace(" = [\n    ", " += [\n    ")
        lists = lists.replace("https://stats.example.com/collect", collector.url)
        self.settings(lists, 'TEMPLATES[0]["DIRS"] = [BASE_DIR]', "ALLOWED_HOSTS = ['127.0.0.1']")
        self.write("page.html", block("<tr><th>The recipe</th>", "django", 1))

    def settings(self, *lines: str) -> None:
        """Adds lines to the settings."""
        path = self.folder / "mysite/settings.py"
        path.write_text(path.read_text() + "\n" + "\n".join(lines) + "\n")

    def write(self, path: str, text: str) -> None:
        """Writes a file of the project's."""
        (self.folder / path).parent.mkdir(exist_ok=True)
        (self.folder / path).write_text(text)

    def manage(self, *words: str, **env: str) -> str:
        """Runs a command of the project's, and gives all that it says."""
        with python("manage.py", *words, cwd=self.folder, env=env) as command:
            assert command.wait() == 0, command.output
            return command.output

    @contextmanager
    def served(self, **env: str) -> Iterator[None]:
        """Serves it."""
        command = ["manage.py", "runserver", "--noreload", f"127.0.0.1:{self.port}"]
        with python(*command, cwd=self.folder, env=env) as server:
            server.expect("Starting development server")
            yield
            server.stop(signal.SIGINT)

    def get(self, path: str, **headers: str) -> tuple[str, str]:
        """A page, and the cookie it sets."""
        request = Request(f"http://127.0.0.1:{self.port}{path}", headers={"Accept": "text/html", **headers})
        with urlopen(request) as page:
            return page.read().decode(), page.headers.get("Set-Cookie", "")


@pytest.fixture
def collector() -> Iterator[Collector]:
    """The collector that the site has posted to ever since."""
    with Collector() as made:
        yield made


@pytest.fixture
def site(tmp_path: Path, collector: Collector) -> Site:
    """The site, in an empty folder."""
    return Site(tmp_path, collector)


def test_the_switched_line_counts_as_the_recipe_did(site: Site, collector: Collector) -> None:
    assert "no issues" in site.manage("check", "--fail-level", "WARNING")
    with site.served():
        page, cookie = site.get("/")
        assert "uses a cookie to count visits." in page
        assert '<div class="alert alert-info info">' in page
        assert cookie.startswith("cid=")
        # Two years, of which browsers keep 400 days.
        assert "Max-Age=34560000" in cookie
        given = cookie.partition("=")[2].partition(".")[0]
        site.get("/admin/")
        page, cookie = site.get("/?x", Cookie=f"cid={OLD_VISITOR}")
        assert "alert" not in page
        assert OLD_VISITOR in cookie
        first, second = (params for _, params in collector.wait(2))
    assert len(collector.posts) == 2
    assert {key: first[key] for key in ("v", "t", "tid", "dp", "uip")} == {
        "v": "1",
        "t": "pageview",
        "tid": "UA-12345-6",
        "dp": "/",
        "uip": "127.0.0.0",
    }
    assert (first["cid"], second["cid"]) == (given, OLD_VISITOR)
    explained = site.manage("trackside_explain", "/")
    assert f"POST {collector.url}" in explained
    assert "tid=UA-12345-6" in explained


def test_the_task_of_old_goes_on(site: Site, collector: Collector, tmp_path: Path) -> None:
    site.settings(block("**Through Celery**", "python", 0).replace("\n  ", "\n").strip())
    site.write("mysite/celery.py", CELERY)
    site.write("mysite/__init__.py", "from .celery import app as celery_app\n")
    site.write("analytics/__init__.py", "")
    site.write("analytics/tasks.py", TASKS)
    with Redis(tmp_path) as broker:
        env = {"BROKER": broker.url}
        site.manage("check", "--fail-level", "WARNING", **env)
        worker = [script("celery"), "-A", "mysite", "worker", "--pool", "solo", "--loglevel", "INFO"]
        # Not by ``python``: Celery warns of root.
        with site.served(**env), Process(worker, cwd=site.folder, env=env) as celery:
            celery.expect("ready")
            site.get("/", Cookie=f"cid={OLD_VISITOR}")
            ((path, params),) = collector.wait(1)
            celery.stop()
    assert path == "/collect"
    assert (params["by"], params["cid"], params["tid"]) == ("my own task", OLD_VISITOR, "UA-12345-6")


def test_google_s_collector_is_warned_of(site: Site) -> None:
    site.settings("del ANALYTICS_PROVIDER_URL")
    said = site.manage("check")
    assert "trackside.W001" in said
    assert "embedded store" in said


def test_both_can_be_compared_before_the_switch(site: Site, collector: Collector) -> None:
    site.settings(block("## Compare", "python", 0))
    site.settings('MIDDLEWARE.insert(-1, "analytics.middleware.AnalyticsMiddleware")')
    site.write("analytics/__init__.py", "")
    site.write("analytics/middleware.py", OLD_MIDDLEWARE)
    assert "no issues" in site.manage("check", "--fail-level", "WARNING")
    with site.served():
        page, cookie = site.get("/")
        assert "alert" not in page
        assert cookie.startswith(f"cid={OLD_VISITOR};")
        site.get("/admin/")
    printed = site.manage("trackside_stats")
    assert "seen 2 = tracked 1 + skipped" in printed
    assert "ignored" in printed
    assert collector.posts == []


def test_without_google_s_names_the_store_alone_counts(site: Site) -> None:
    site.settings("del ANALYTICS_ID, ANALYTICS_API_VERSION, ANALYTICS_PROVIDER_URL")
    assert "no issues" in site.manage("check", "--fail-level", "WARNING")
    with site.served():
        _, cookie = site.get("/")
        assert cookie.startswith("cid=")
    assert counted(site.folder / "trackside.db") == {"/": 1}


def test_without_any_of_the_names_a_policy_is_asked_for(site: Site) -> None:
    site.settings(
        "for name in [name for name in dir() if name.startswith('ANALYTICS_')]: del globals()[name]"
    )
    with python("manage.py", "check", cwd=site.folder) as command:
        assert command.wait() == 1
    assert "trackside.E002" in command.output
    assert "consent.policy: missing, and without a default" in command.output
