"""What trackside answers itself, written a second time: see README.md for the rules in words."""

import re
from dataclasses import replace

import proxy
from judge import Response, Verdict, decoded, first, host_in, judge, site_of, split_target

SCRIPT = {"script": True}
PIXEL = {
    "hex": "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b",
}
NO_STORE = ["cache-control", "private, no-store"]
NOSNIFF = ["x-content-type-options", "nosniff"]


def answer(config, micros, entropy, key, request):
    """(what is answered, the verdict on what it tells of), or None for a request of the host's."""
    _, path, query = split_target(request.target)
    if config.consent_path:
        name = path.removeprefix(config.consent_path.encode())
        if name != path and name in (b"grant", b"withdraw"):
            return consent(config, request, name, query)
    if config.beacon is None or not path.startswith(config.beacon.encode()):
        return None
    name = path[len(config.beacon) :]
    if name == b"s.js":
        if request.method not in (b"GET", b"HEAD"):
            return refused(config, 405, "endpoint", request, [["allow", "GET, HEAD"]])
        headers = [
            ["cache-control", "public, max-age=86400"],
            ["content-type", "text/javascript; charset=utf-8"],
            NOSNIFF,
        ]
        return sent(200, headers, "" if request.method == b"HEAD" else SCRIPT), untold(config, "endpoint")
    if name != b"":
        return None
    if request.method not in (b"GET", b"POST"):
        return refused(config, 405, "endpoint", request, [["allow", "GET, POST"]])
    return report(config, micros, entropy, key, request, query)


def consent(config, request, name, query):
    """A form by which a visitor answers."""
    if request.method != b"POST":
        return refused(config, 405, "endpoint", request, [["allow", "POST"]])
    if not is_own(config, request):
        return refused(config, 403, "cross-origin", request)
    secure = is_https(config, request)
    headers = [NO_STORE]
    if name == b"withdraw":
        headers.append(["set-cookie", kept_by_browser(config, config.cookie_name, "", 0, config.http_only, secure)])
        headers.append(["set-cookie", answer_cookie(config, "denied", secure)])
    elif config.mode == "on":
        value = "granted.ads" if b"ads=1" in query.split(b"&") else "granted"
        headers.append(["set-cookie", answer_cookie(config, value, secure)])
    back = page_of_form(config, request)
    if back:
        headers.append(["location", back.decode()])
    return sent(303 if back else 204, headers, ""), untold(config, "endpoint")


def answer_cookie(config, value, secure):
    return kept_by_browser(config, config.cookie_name + "_consent", value, config.max_age, False, secure)


def kept_by_browser(config, name, value, age, http_only, secure):
    lower = config.cookie_name.lower()
    needs = lower.startswith(("__host-", "__secure-")) or config.same_site == "none"
    attributes = [
        f"{name}={value}",
        http_only and "HttpOnly",
        "SameSite=" + config.same_site.capitalize(),
        (config.secure is True or config.secure == "auto" and (secure or needs)) and "Secure",
        f"Path={config.cookie_path}",
        config.domain and "Domain=" + config.domain,
        f"Max-Age={age}",
    ]
    return "; ".join(filter(None, attributes))


def page_of_form(config, request):
    """Path and query of Referer, if it is a page of the site and a form of it wants an answer."""
    if (first(request.values(b"sec-fetch-mode")) or b"navigate") != b"navigate":
        return None
    referer = first(request.values(b"referer")) or b""
    authority = re.match(rb"(?i:https?)://([^/?#]*)", referer)
    named = host_in(authority[1]) if authority else None
    if named is None or named != site_of(request, replace(config, sites=[])):
        return None
    page = of_url(referer)
    return page if len(page) <= 2_048 and re.fullmatch(rb"/(?![/\\])[!-~]*", page) else None


def is_https(config, request):
    return proxy.arrival(config.proxies, request)[1]


def report(config, micros, entropy, key, request, query):
    if not is_own(config, request):
        return refused(config, 403, "cross-origin", request)
    given = {name: parameter(query, name) for name in (b"p", b"r", b"t", b"s", b"n")}
    target = given[b"p"] or of_url(first(request.values(b"referer")) or b"")
    if not target.startswith(b"/") or is_odd(target):
        return refused(config, 400, "endpoint", request)

    page = replace(request, method=b"GET", target=target, headers=headers_of_page(request, given[b"r"]))
    told = {}
    title = re.sub(r"[\x00-\x1f\x7f-\x9f]", "", given[b"t"].decode("utf-8", "replace"))
    if title:
        told["title"] = title
    status = int(given[b"s"]) if re.fullmatch(rb"[1-5][0-9][0-9]", given[b"s"]) else 200
    html = (b"content-type", b"text/html")
    verdict = judge(config, micros, entropy, key, (None, None), page, Response(status, [html, (b"cache-control", b"no-store")]), told)
    notice = verdict.notice
    if notice and not (given[b"n"] and request.method == b"POST"):
        # As on a page that everybody gets.
        shared = Response(status, [html, (b"cache-control", b"public")])
        verdict = judge(replace(config, beacon=None), micros, entropy, key, (None, None), page, shared, told)
        for hit in verdict.hits:
            hit.cookies = []
        notice = None

    cookies = [["set-cookie", value] for name, value in verdict.headers if name == "set-cookie"]
    if request.method == b"GET":
        answered = sent(200, [NO_STORE, ["content-type", "image/gif"], NOSNIFF, *cookies], PIXEL)
    elif notice and verdict.outcome == "tracked":
        text = ["content-type", "text/plain; charset=utf-8"]
        answered = sent(200, [NO_STORE, text, NOSNIFF, *cookies], notice["text"])
    else:
        answered = sent(204, [NO_STORE, *cookies], "")
    return answered, Verdict(verdict.outcome, [], None, (None, False), verdict.hits)


def sent(status, headers, body):
    return {"status": status, "headers": headers, "body": body}


def untold(config, reason):
    return Verdict("off" if config.mode == "off" else reason, [], None, (None, False), [])


REFUSALS = {
    400: "This names no page.\n",
    403: "Only pages of this site may ask for this.\n",
    405: "There is no such method here.\n",
}


def refused(config, status, reason, request, headers=()):
    text = ["content-type", "text/plain; charset=utf-8"]
    body = "" if request.method == b"HEAD" else REFUSALS[status]
    return sent(status, [NO_STORE, text, NOSNIFF, *headers], body), untold(config, reason)


def is_own(config, request):
    """Whether a page of the site sent it."""
    sites = set(request.values(b"sec-fetch-site"))
    if sites:
        return sites == {b"same-origin"}
    senders = set(request.values(b"origin")) or set(request.values(b"referer"))
    if len(senders) != 1 or len(set(request.values(b"host"))) > 1:
        return False
    authority = re.match(rb"(?i:https?)://([^/?#]*)", senders.pop())
    named = host_in(authority[1]) if authority else None
    return named is not None and named == site_of(request, replace(config, sites=[]))


def parameter(query, name):
    """The first of its name; empty without one."""
    for pair in query.split(b"&"):
        key, equals, value = pair.partition(b"=")
        if key == name and equals:
            return decoded(value.replace(b"+", b" "))
    return b""


def of_url(url):
    match = re.match(rb"(?i:https?)://[^/?#]*([^#]*)", url)
    return match[1] if match else b""


def is_odd(value):
    return re.search(rb"[\x00-\x1f\x7f]", value) is not None


REPORTS_OWN = {
    b"referer",
    b"accept",
    b"origin",
    b"sec-fetch-dest",
    b"sec-fetch-mode",
    b"sec-fetch-site",
    b"sec-fetch-user",
    b"x-requested-with",
}


def headers_of_page(request, referrer):
    """Those of a request for the page itself."""
    kept = [(name, value) for name, value in request.headers if name.lower() not in REPORTS_OWN]
    if referrer and not is_odd(referrer):
        kept.append((b"referer", referrer))
    kept += [(b"accept", b"text/html"), (b"sec-fetch-dest", b"document"), (b"sec-fetch-mode", b"navigate")]
    return kept
