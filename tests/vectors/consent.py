"""What a visitor has allowed, and what may be recorded of it: see README.md."""

import re
from dataclasses import dataclass


@dataclass
class Outcome:
    analytics: str | None
    ads: str | None
    #: full, cookieless, anonymous or skip
    footing: str
    confined: bool


COOKIE = {
    b"denied": ("denied", "denied"),
    b"granted": ("granted", None),
    b"granted.ads": ("granted", "granted"),
}


def joined_answer(joined, name):
    key, _, value = joined.split(b";")[0].strip(b" \t").partition(b"=")
    return value if key.decode("latin-1") == f"{name}_consent" else b""


def of_cookies(values, name):
    """The banner's answer: a no wherever it stands, else the first yes."""
    answers = []
    for header in values:
        for pair in header.split(b";"):
            key, _, value = pair.strip(b" \t").partition(b"=")
            if key.decode("latin-1") != f"{name}_consent":
                continue
            if re.fullmatch(rb'denied|"denied"', value, re.IGNORECASE):
                value = b"denied"
            if value in COOKIE:
                answers.append(COOKIE[value])
        # Of a header that was joined to another one only a no is believed.
        for joined in header.split(b",")[1:]:
            if re.fullmatch(rb'denied|"denied"', joined_answer(joined, name), re.IGNORECASE):
                answers.append(COOKIE[b"denied"])
    if any(analytics == "denied" for analytics, _ in answers):
        return COOKIE[b"denied"]
    return answers[0] if answers else (None, None)


def outcome(config, host, cookie, gpc, dnt):
    """`host` and `cookie` are pairs for analytics and ads; `gpc` and `dnt` whether the signal is given."""
    policies = {policy for policy, given in ((config.gpc, gpc), (config.dnt, dnt)) if given} - {"ignore"}
    analytics = host[0] or ("denied" if "strict" in policies else None) or cookie[0]
    ads = host[1] or ("denied" if policies else None) or cookie[1]
    asked = config.policy == "opt-in"
    if analytics == "denied":
        return Outcome(analytics, "denied", config.denied, True)
    if analytics is None and asked:
        return Outcome(analytics, ads, config.before, True)
    return Outcome(analytics, ads, "full", bool(policies) and host[0] != "granted")
