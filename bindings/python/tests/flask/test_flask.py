"""The extension, with Flask's own client; and the example, under a real server."""

from __future__ import annotations

import http.client
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, abort, g, render_template_string, request, stream_with_context
from kit.process import python
from kit.store import rows

from trackside import ConfigError, RecordingTransport, Tracker
from trackside.flask import Trackside, exchange

EXAMPLE = Path(__file__).parents[2] / "examples" / "flask"
BROWSER = {"Accept": "text/html", "User-Agent": "tests"}


def site(transport: RecordingTransport, **options: Any) -> Flask:
    app = Flask("site")
    Trackside(app, consent="notice", transport=transport, **options)

    @app.get("/user/<int:number>")
    def user(number: int) -> str:
        g.trackside.title = f"User {number}"
        g.trackside.user_id = number
        return "<h1>User</h1>"

    return app


def test_a_page_is_counted_with_its_rule_title_and_user(trackside_hits: RecordingTransport) -> None:
    answer = site(trackside_hits).test_client().get("/user/7?utm_source=x", headers=BROWSER)
    assert answer.text == "<h1>User</h1>"
    [hit] = trackside_hits.hits
    assert (hit.path, hit.route, hit.title, hit.user_id) == ("/user/7", "/user/<int:number>", "User 7", "7")
    assert answer.headers["Set-Cookie"].startswith(f"trackside={hit.visitor}")


def test_the_next_page_is_the_same_visitors(trackside_hits: RecordingTransport) -> None:
    client = site(trackside_hits).test_client()
    for number in (1, 2):
        client.get(f"/user/{number}", headers=BROWSER)
    first, second = trackside_hits.hits
    assert first.visitor == second.visitor
    assert (first.is_new, second.is_new) == (True, False)


def test_the_notice_is_shown_once(trackside_hits: RecordingTransport) -> None:
    app = site(trackside_hits)

    @app.get("/notice")
    def notice() -> str:
        return g.trackside.notice.html if g.trackside.notice else "none"

    client = app.test_client()
    assert client.get("/notice", headers=BROWSER).text == "localhost uses a cookie to count visits."
    assert client.get("/notice", headers=BROWSER).text == "none"


def test_a_rule_is_as_long_as_the_path_where_the_site_is_mounted(trackside_hits: RecordingTransport) -> None:
    site(trackside_hits).test_client().get("/user/7", base_url="http://a.example/shop", headers=BROWSER)
    [hit] = trackside_hits.hits
    assert (hit.path, hit.route) == ("/shop/user/7", "/shop/user/<int:number>")


def test_a_view_may_name_another_route(trackside_hits: RecordingTransport) -> None:
    app = site(trackside_hits)

    @app.get("/<path:page>")
    def page(page: str) -> str:
        g.trackside.route = "/page"
        return page

    app.test_client().get("/a/b", headers=BROWSER)
    assert [hit.route for hit in trackside_hits.hits] == ["/page"]


def test_what_answers_before_the_view_is_counted_like_it(trackside_hits: RecordingTransport) -> None:
    app = Flask("site")

    @app.before_request
    def closed() -> str | None:
        return f"closed for {g.trackside.visitor_id}" if request.path.startswith("/user") else None

    @app.get("/user/<name>")
    def user(name: str) -> str:
        raise AssertionError("it is closed")

    Trackside(app, consent="none", transport=trackside_hits)
    text = app.test_client().get("/user/x", headers=BROWSER).text
    [hit] = trackside_hits.hits
    assert (text, hit.route) == (f"closed for {hit.visitor}", "/user/<name>")


def test_blueprints_have_their_prefix(trackside_hits: RecordingTransport) -> None:
    app, blog = site(trackside_hits), Blueprint("blog", "site", url_prefix="/blog")

    @blog.get("/<slug>")
    def post(slug: str) -> str:
        return slug

    app.register_blueprint(blog)
    app.test_client().get("/blog/hello", headers=BROWSER)
    assert [hit.route for hit in trackside_hits.hits] == ["/blog/<slug>"]


def test_a_missing_page_and_one_that_fails_are_skipped(trackside_hits: RecordingTransport) -> None:
    app = site(trackside_hits)

    @app.get("/fails")
    def fails() -> str:
        raise RuntimeError("not today")

    client = app.test_client()
    assert client.get("/nowhere", headers=BROWSER).status_code == 404
    assert client.get("/fails", headers=BROWSER).status_code == 500
    stats = app.extensions["trackside"].stats()
    assert stats.requests.skipped == {"status": 2}
    assert trackside_hits.hits == []


def test_a_stream_is_counted_once_and_passes_untouched(trackside_hits: RecordingTransport) -> None:
    app = site(trackside_hits)

    @app.get("/stream")
    def stream() -> Response:
        def pieces() -> Iterator[str]:
            for n in range(3):
                yield f"{g.trackside.is_over}{n} "

        return Response(stream_with_context(pieces()), mimetype="text/html")

    # The first piece is made before the head is sent, so that it may still be changed.
    assert app.test_client().get("/stream", headers=BROWSER).text.split()[1:] == ["True1", "True2"]
    assert [hit.path for hit in trackside_hits.hits] == ["/stream"]


def test_an_event_of_a_request_that_is_no_page(trackside_hits: RecordingTransport) -> None:
    app = site(trackside_hits)

    @app.post("/cart")
    def cart() -> tuple[str, int]:
        g.trackside.event("buy", value=2)
        return "", 204

    app.test_client().post("/cart", headers=BROWSER)
    assert [(hit.kind, hit.name, hit.value) for hit in trackside_hits.hits] == [("event", "buy", 2.0)]


def test_the_application_is_made_later(trackside_hits: RecordingTransport) -> None:
    extension = Trackside(transport=trackside_hits)
    apps = [Flask("one"), Flask("two")]
    for app in apps:
        app.config["TRACKSIDE"] = {"consent": {"policy": "none"}, "site": [f"{app.name}.example"]}
    extension.init_app(apps[0])
    assert isinstance(apps[0].extensions["trackside"], Tracker)
    assert "trackside" not in apps[1].extensions


def test_a_request_that_comes_by_another_way_has_an_exchange_too(trackside_hits: RecordingTransport) -> None:
    app = site(trackside_hits)
    with app.test_request_context("/user/7"):
        app.preprocess_request()
        g.trackside.title = "nobody sees it"
        assert (g.trackside.visitor_id, g.trackside.notice) == (None, None)


NOTICE = "{% if trackside.notice %}{{ trackside.notice.text }}{% else %}none{% endif %}"


def test_a_template_has_the_exchange_or_one_that_is_over(trackside_hits: RecordingTransport) -> None:
    app = site(trackside_hits)

    @app.get("/notice")
    def notice() -> str:
        assert exchange() is g.trackside
        return render_template_string(NOTICE)

    assert app.test_client().get("/notice", headers=BROWSER).text.startswith("localhost uses a cookie")
    # As a mail of a command, and in a request that is not handled.
    with app.app_context():
        assert (render_template_string(NOTICE), exchange().is_over) == ("none", True)
    with app.test_request_context("/notice"):
        assert (render_template_string(NOTICE), exchange().is_over) == ("none", True)


def test_without_the_extension_there_is_no_exchange() -> None:
    with Flask("site").app_context(), pytest.raises(LookupError, match=r"trackside\.flask\.Trackside"):
        exchange()


def test_wrong_settings_are_told_at_once(trackside_hits: RecordingTransport) -> None:
    with pytest.raises(ConfigError, match=r"consent\.policy"):
        Trackside(Flask("site"), config={"visitor": {"identity": "cookie"}})
    with pytest.raises(ConfigError, match=r"track\.status"):
        Trackside(Flask("site"), consent="none", config={"track": {"status": [7]}})
    app = site(trackside_hits)
    with pytest.raises(RuntimeError, match="counted already"):
        Trackside(app, consent="none")
    app = Flask("site")
    app.config["TRACKSIDE"] = {}
    with pytest.raises(TypeError, match="given twice"):
        Trackside(app, config={})


def test_who_answers_before_the_view_is_even_looked_for_finds_it(trackside_hits: RecordingTransport) -> None:
    app = site(trackside_hits)

    @app.url_value_preprocessor
    def language(endpoint: str | None, values: dict[str, Any] | None) -> None:
        abort(404)

    @app.errorhandler(404)
    def missing(error: Exception) -> tuple[str, int]:
        return f"nothing here, {g.trackside.is_new}", 404

    answer = app.test_client().get("/user/7", headers=BROWSER)
    assert (answer.status_code, answer.text) == (404, "nothing here, True")


def test_the_example(tmp_path: Path) -> None:
    arguments = ["-m", "flask", "--app", str(EXAMPLE / "app.py"), "run", "--port", "0"]
    with python(*arguments, cwd=tmp_path) as server:
        port = int(server.expect(r"Running on http://127\.0\.0\.1:(\d+)")[1])
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        cookie = ""
        for method, path in [("GET", "/"), ("GET", "/article/3"), ("GET", "/admin/"), ("POST", "/cart")]:
            client.request(method, path, headers={**BROWSER, "Cookie": cookie})
            answer = client.getresponse()
            page = answer.read().decode()
            if path == "/":
                assert "127.0.0.1 uses a cookie to count visits." in page
                cookie = (answer.headers["Set-Cookie"] or "").partition(";")[0]
            assert path == "/" or "uses a cookie" not in page
        client.close()
        # As Ctrl-C does: the server ends as programs do, and what waits is delivered.
        assert server.stop(signal.SIGINT) == 0
    assert rows(tmp_path / "trackside.db", "kind, path, route, title, name") == [
        ("page", "/", "/", None, None),
        ("page", "/article/3", "/article/<int:number>", "Article 3", None),
        ("event", "/cart", "/cart", None, "buy"),
    ]
