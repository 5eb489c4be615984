#!/usr/bin/env python3
"""Computes what each vector beside this file expects, from its inputs and the rules in README.md alone.

    expect.py            fails if a file expects anything else (also: --check)
    expect.py --write    writes what was computed into the files
"""

import argparse
import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True

import endpoint  # noqa: E402
import look  # noqa: E402
import places  # noqa: E402
import settings  # noqa: E402
import wire  # noqa: E402
from judge import Request, Response, judge  # noqa: E402

HERE = Path(__file__).resolve().parent
# Hits are sent so many µs after their call.
DELAY = 2_500_000


def raw(text):
    """The bytes of a text as vectors write it."""
    return bytes.fromhex(text["hex"]) if isinstance(text, dict) else text.encode()


def headers(pairs):
    return [(raw(name), raw(value)) for name, value in pairs]


def known(table, keys, what):
    unknown = table.keys() - set(keys.split())
    if unknown:
        raise ValueError(f"{what} knows no {unknown.pop()!r}")
    return table


def request_of(table):
    known(table, "method target headers authority peer secure resolved", "request")
    return Request(
        raw(table["method"]),
        raw(table["target"]),
        headers(table["headers"]),
        raw(table["authority"]) if "authority" in table else None,
        table.get("peer"),
        table.get("secure", False),
        table.get("resolved", False),
    )


def response_of(table):
    if table is None:
        return None
    known(table, "status headers", "response")
    return Response(table["status"], headers(table["headers"]))


def consent_of(table):
    known(table, "analytics ads", "consent")
    said = (table.get("analytics"), table.get("ads"))
    if not set(said) <= {None, "granted", "denied"}:
        raise ValueError("consent is granted or denied")
    return said


def annotations_of(table):
    known(table, "title user_id route properties events beacon", "annotations")
    for event in table.get("events", []):
        known(event, "name category label value properties", "event")
    return table


def expectation(config, call):
    known(call, "now entropy key consent request response annotations expect", "call")
    entropy = bytes.fromhex(call["entropy"])
    if len(entropy) != 64:
        raise ValueError("entropy must have 128 hex digits")
    key = bytes.fromhex(call["key"]) if "key" in call else None
    if key is not None and len(key) != 32:
        raise ValueError("a key must have 64 hex digits")
    request = request_of(call["request"])
    own = endpoint.answer(config, call["now"], entropy, key, request)
    answered = {}
    if own:
        answered["answer"], verdict = own
    else:
        verdict = judge(
            config,
            call["now"],
            entropy,
            key,
            consent_of(call.get("consent", {})),
            request,
            response_of(call["response"]),
            annotations_of(call.get("annotations", {})),
        )
    visitor, is_new = verdict.visitor
    hits = []
    for hit in verdict.hits:
        for policy in config.ip_policies():
            sealed = hit.sealed(config, policy)
            found = look.look(sealed, config)
            destinations = {
                destination.name: wire.outcome(config, destination, sealed, found, call["now"] + DELAY)
                for destination in config.destinations
                if destination.ip == policy
            }
            hits.append({"hit": sealed.json(), "found": found, "destinations": destinations})
    return {
        **answered,
        "verdict": verdict.outcome,
        "headers": verdict.headers,
        "notice": verdict.notice,
        "visitor": {"id": visitor, "new": is_new},
        "hits": hits,
    }


def rendered(value, indent=0, used=0):
    """JSON with whatever fits on a line left on one. `used` bytes of the first line are taken."""
    line = json.dumps(value, ensure_ascii=False)
    if indent + used + len(line) <= 108 or not isinstance(value, (dict, list)):
        return line
    pad = " " * (indent + 2)
    if isinstance(value, dict):
        items = [
            f"{pad}{json.dumps(key, ensure_ascii=False)}: {rendered(item, indent + 2, len(key) + 4)}"
            for key, item in value.items()
        ]
        return "{\n" + ",\n".join(items) + "\n" + " " * indent + "}"
    return "[\n" + ",\n".join(pad + rendered(item, indent + 2) for item in value) + "\n" + " " * indent + "]"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument("--check", action="store_true", help="compare (the default)")
    modes.add_argument("--write", action="store_true", help="write what was computed into the files")
    arguments = parser.parse_args()

    if places.FILE.read_bytes() != places.database():
        print(f"{places.FILE.name} is not what places.py makes")
        return 1
    files = sorted(HERE.glob("*.json"))
    wrong = 0
    for path in files:
        try:
            before = path.read_text(encoding="utf-8")
            vector = known(json.loads(before), "name purpose config calls", "vector")
            if vector["name"] != path.stem:
                raise ValueError(f"is named {vector['name']!r}")
            config = settings.read(json.loads(json.dumps(vector["config"]).replace("{vectors}", str(HERE))))
            expected = [expectation(config, call) for call in vector["calls"]]
        except Exception as error:
            error.add_note(f"in {path.name}")
            raise
        if arguments.write:
            for call, expect in zip(vector["calls"], expected):
                call["expect"] = expect
            after = rendered(vector) + "\n"
            if after != before:
                path.write_text(after, encoding="utf-8")
            continue
        for n, (call, expect) in enumerate(zip(vector["calls"], expected)):
            if call.get("expect") != expect:
                wrong += 1
                print(f"{path.name}: call {n} expects\n{rendered(call.get('expect'))}\nbut should\n{rendered(expect)}")
    print(f"{len(files)} vectors, {wrong} calls expect something wrong" if wrong else f"{len(files)} vectors hold")
    return 1 if wrong or not files else 0


if __name__ == "__main__":
    sys.exit(main())
