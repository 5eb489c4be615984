"""The request that everybody measures: a page that a returning visitor asks Chrome for."""

from __future__ import annotations

import io
from typing import Any

HOST = "www.example.com"
PATH = "/articles/walks-and-cycling-in-the-valley/"
QUERY = "page=2&order=newest"
PEER = "203.0.113.9"
AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)

#: The headers that Chrome sends when somebody follows a link.
CHROME = [
    ("host", HOST),
    ("sec-ch-ua", '"Chromium";v="141", "Google Chrome";v="141", "Not?A_Brand";v="8"'),
    ("sec-ch-ua-mobile", "?0"),
    ("sec-ch-ua-platform", '"Linux"'),
    ("upgrade-insecure-requests", "1"),
    ("user-agent", AGENT),
    (
        "accept",
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
    ),
    ("sec-fetch-site", "cross-site"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-user", "?1"),
    ("sec-fetch-dest", "document"),
    ("referer", "https://www.example.org/search/results/walks-and-cycling?region=valley"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("accept-language", "en-GB,en;q=0.9,de;q=0.8"),
]

#: The response's, as Django's middlewares of a new project leave them.
HTML = [
    ("Content-Type", "text/html; charset=utf-8"),
    ("X-Frame-Options", "DENY"),
    ("Content-Length", "52"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
]
BODY = b"<!DOCTYPE html><title>Walks</title><h1>Walks</h1>..."


def environ(cookies: str) -> dict[str, Any]:
    """As gunicorn makes it."""
    made: dict[str, Any] = {
        "wsgi.errors": io.StringIO(),
        "wsgi.input": io.BytesIO(),
        "wsgi.version": (1, 0),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.url_scheme": "https",
        "REQUEST_METHOD": "GET",
        "QUERY_STRING": QUERY,
        "RAW_URI": f"{PATH}?{QUERY}",
        "PATH_INFO": PATH,
        "SCRIPT_NAME": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": PEER,
        "REMOTE_PORT": "51234",
    }
    for name, value in [*CHROME, ("cookie", cookies)]:
        made["HTTP_" + name.upper().replace("-", "_")] = value
    return made


def scope(cookies: str) -> dict[str, Any]:
    """As uvicorn makes it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": (PEER, 51234),
        "scheme": "https",
        "root_path": "",
        "method": "GET",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": QUERY.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in [*CHROME, ("cookie", cookies)]],
        "state": {},
    }
