"""One spelling of a path, and what is hidden of an address: see README.md."""

import re

SECRETS = set(
    """assertion auth authkey authorization clientassertion code csrf iban invite jwt key login loginhint mail nonce otp
    pass passcode passphrase phone phpsessid pin pw pwd samlrequest samlresponse sessid session sid sig ssn state tel
    ticket user username xsrf""".split()
)
ENDS = tuple(
    """accesscode accesskey accesskeyid apikey authcode confirmationcode credential credentials email emailaddress
    invitecode otpcode passwd password passwordconfirmation passwort phonenumber privatekey resetcode secret secretkey
    sessionid signature token verificationcode""".split()
)
HEX = rb"[0-9A-Fa-f]"


def unescaped(text):
    """Decoded however often it was encoded."""
    return re.sub(rb"%(?:25)*(" + HEX + rb"{2})", lambda m: bytes([int(m[1], 16)]), text)


# --- what a text looks like ---

EMAIL = re.compile(
    rb"[^\x00-\x20/:@]@[A-Za-z0-9\-\x80-\xff]+(?:\.[A-Za-z0-9\-\x80-\xff]+)*?"
    rb"\.[A-Za-z\x80-\xff][A-Za-z0-9\-\x80-\xff]+"
)
UUID = re.compile(rb"(?<![A-Za-z0-9])" + HEX + rb"{8}(?:-" + HEX + rb"{4}){3}-" + HEX + rb"{12}(?![A-Za-z0-9])")


def kind(byte):
    return "1" if byte in b"0123456789" else "a" if chr(byte).islower() else "A" if chr(byte).isupper() else "-"


def changes(kinds):
    """All of them, and those to or from a figure."""
    found = [x + y for x, y in zip(kinds, kinds[1:]) if x != y and "-" not in (x, y) and (x, y) != ("A", "a")]
    return len(found), sum("1" in change for change in found)


def mixed(text):
    """Whether it is a text of base64 rather than words."""
    kinds = [kind(byte) for byte in text]
    size = len(kinds)
    all_changes, of_figures = changes(kinds)
    share = 16 if size >= 32 else 8
    return (
        "1" in kinds
        and re.search(rb"[G-Zg-z]", text)
        and not UUID.search(text)
        and kinds.count("-") * 8 <= size
        and all_changes * 4 >= size
        and of_figures * share >= size
    )


def coded(run):
    """Whether it is a long text of base32 or the like."""
    kinds = [kind(byte) for byte in run]
    share = 6 if {"a", "A"} <= set(kinds) else 8
    return re.search(rb"[G-Zg-z]", run) and changes(kinds)[1] * share >= len(kinds)


def shape(piece):
    text = unescaped(piece)
    if EMAIL.search(text):
        return "email"
    runs = re.findall(rb"[A-Za-z0-9]+", text)
    texts = [found for found in re.findall(rb"[A-Za-z0-9\-_.~+=]+", text) if mixed(found)]
    hexes = [run for run in runs if re.fullmatch(HEX + rb"+", run) and re.search(rb"[0-9]", run)]
    coded_runs = [run for run in runs if coded(run)]
    if any(len(found) >= 32 for found in (*texts, *hexes, *coded_runs)):
        return "token"
    if (
        UUID.search(text)
        or any(len(found) >= 12 for found in texts)
        or any(len(run) >= 16 for run in hexes)
        or any(len(run) >= 9 and run.isdigit() for run in runs)
        or re.fullmatch(rb"[0-9]{6,}", text)
    ):
        return "id"
    return None


def is_secret(name):
    plain = re.sub(rb"[^A-Za-z0-9]", b"", unescaped(name[-64:])).decode().lower().rstrip("0123456789")
    return plain in SECRETS or plain.endswith(ENDS)


# --- paths ---


def canonical(path):
    if not path.startswith(b"/"):
        return path
    pieces = re.findall(rb"%" + HEX + rb"{2}|.", path, re.DOTALL)
    out = b""
    # Where the last broken escape begins.
    broken = None
    for piece in pieces:
        byte = int(piece[1:], 16) if len(piece) == 3 else piece[0]
        one = bytes([byte])
        if len(piece) == 3:
            plain = re.fullmatch(rb"[A-Za-z0-9\-._~]", one)
            begun = broken is not None and re.fullmatch(HEX + rb"?", out[broken + 1:])
            completes = begun and re.fullmatch(HEX, one)
            out += one if plain and not completes else b"%%%02X" % byte
        else:
            if one == b"%":
                broken = len(out)
            allowed = re.fullmatch(rb"[\x21-\x7e]", one) and one not in b'"<>\\^`{|}'
            out += one if allowed else b"%%%02X" % byte
    kept = []
    segments = out.split(b"/")[1:]
    for segment in segments:
        if segment == b"..":
            kept = kept[:-1]
        elif segment not in (b"", b"."):
            kept.append(segment)
    end = b"/" if segments[-1] in (b"", b".", b"..") else b""
    return b"".join(b"/" + segment for segment in kept) + end


def redacted(path, policy):
    """`policy` is the configuration's, where `route` is what stands in for a missing one."""
    hidden = {"full": (), "redacted": ("email", "token")}.get(policy, ("email", "token", "id"))
    if policy == "full":
        return path
    return b"/".join(redacted_segment(segment, hidden) for segment in path.split(b"/"))


def redacted_segment(segment, hidden):
    found = shape(segment)
    if found in hidden:
        return b":" + found.encode()
    first, *parameters = segment.split(b";")
    shown = [first]
    for parameter in parameters:
        name, equals, _ = parameter.partition(b"=")
        shown.append(name + b"=***" if equals and is_secret(name) else parameter)
    return b";".join(shown)


def hidden_pair(pair, policy):
    """A pair of a query as it is shown."""
    name, equals, value = pair.partition(b"=")
    if not equals:
        name, value = b"", pair
    if policy == "keep" and equals and shape(name) in ("email", "token"):
        return b"***"
    whole = name + equals
    hide = shape(value) == "email"
    if policy == "keep":
        hide = hide or (is_secret(name) if equals else shape(value) == "token")
    return whole + b"***" if hide and value and policy != "raw" else pair
