"""A Flask site whose pages are counted.

    pip install "../..[flask]"
    flask --app app run

The first line compiles trackside (see Install in ../../README.md).

What was counted is in trackside.db: `sqlite3 trackside.db 'SELECT path, route, title FROM hit'`.
"""

from __future__ import annotations

from flask import Flask, g, redirect, render_template_string
from werkzeug.wrappers import Response

from trackside.flask import Trackside

app = Flask(__name__)
# Visitors are told on their first page; "none" where their law asks for nothing.
Trackside(app, consent="notice", config={"track": {"ignore": ["/admin/"]}})

PAGE = """<!doctype html>
<title>{{ title }}</title>
{% if trackside.notice %}<p role="status">{{ trackside.notice.text }}</p>{% endif %}
<h1>{{ title }}</h1>
<form action="/cart" method="post"><button>Buy</button></form>
"""


@app.get("/")
def index() -> str:
    return render_template_string(PAGE, title="Shop")


@app.get("/article/<int:number>")
def article(number: int) -> str:
    title = f"Article {number}"
    g.trackside.title = title
    return render_template_string(PAGE, title=title)


@app.post("/cart")
def cart() -> Response:
    g.trackside.event("buy", category="shop", value=9.90)
    return redirect("/")
