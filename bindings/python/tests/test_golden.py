"""The golden vectors of ``tests/vectors``, whose README says what is in them: here, as in Rust and in C, the
same inputs give the same bytes. Once with bytes, as ASGI has them, and once with texts of Latin-1, as WSGI
has them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trackside import NotFoundError, RecordingTransport, RefusedError, Tracker, UnsupportedError, Verdict

SCRIPT = (Path(__file__).parents[3] / "core/src/endpoint/beacon.js").read_bytes()
VECTORS = sorted((Path(__file__).parents[3] / "tests" / "vectors").glob("*.json"))

#: Hits are sent so many microseconds after their call.
DELAY = 2_500_000

Spell = Callable[[bytes], Any]
WAYS: dict[str, Spell] = {"bytes": bytes, "text": lambda text: text.decode("latin-1")}


def test_there_are_vectors() -> None:
    assert len(VECTORS) >= 60


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_a_vector(path: Path, way: str) -> None:
    vector = json.loads(path.read_text("utf-8").replace("{vectors}", str(path.parent)))
    configured = vector["config"].get("destination", [{"type": "sqlite"}])
    names = [one.get("name", one["type"]) for one in configured]
    now: dict[str, Any] = {}
    with Tracker(
        vector["config"],
        env=False,
        transport=RecordingTransport(),
        clock=lambda: int(now["micros"]),
        entropy=lambda: bytes(now["entropy"]),
        keys=lambda _: now["key"],
    ) as tracker:
        for number, call in enumerate(vector["calls"]):
            got = outcome(tracker, names, now, call, WAYS[way])
            assert got == call["expect"], f"call {number}"
        assert tracker.failures.count == 0


def outcome(
    tracker: Tracker, names: list[str], now: dict[str, Any], call: dict[str, Any], spell: Spell
) -> dict[str, Any]:
    now.update(micros=call["now"], entropy=bytes.fromhex(call["entropy"]))
    now["key"] = bytes.fromhex(call["key"]) if "key" in call else None
    asked = call["request"]
    of_connection = {
        "authority": spell(raw(asked.get("authority") or "")),
        "peer": asked.get("peer"),
        "secure": asked.get("secure", False),
    }
    of_request = (spell(raw(asked["method"])), spell(raw(asked["target"])), headers(asked["headers"], spell))
    if (own := tracker.answer(*of_request, **of_connection)) is not None:
        return {
            "answer": {
                "status": own.status,
                "headers": [[name.decode().lower(), value.decode()] for name, value in own.headers],
                "body": shown(own.body),
            },
            "verdict": own.reason or "tracked",
            "headers": [],
            "notice": None,
            "visitor": {"id": None, "new": False},
            "hits": hits(tracker, names, now, call),
        }
    exchange = tracker.begin(*of_request, **of_connection, resolved=asked.get("resolved", False))
    said = {name: choice == "granted" for name, choice in call.get("consent", {}).items()}
    if said:
        exchange.set_consent(**said)
    visitor = {"id": exchange.visitor_id, "new": exchange.is_new}
    notice = exchange.notice
    annotate(exchange, call.get("annotations", {}))
    answered = call["response"]
    if answered is None:
        exchange.abandon()
        verdict = Verdict("abandoned", ())
    else:
        verdict = exchange.finish(answered["status"], headers(answered["headers"], spell))
    return {
        "verdict": verdict.reason or "tracked",
        "headers": [[name.decode().lower(), value.decode()] for name, value in verdict.headers],
        "notice": notice and {key: text for key, text in notice._asdict().items() if text is not None},
        "visitor": visitor,
        "hits": hits(tracker, names, now, call),
    }


def hits(tracker: Tracker, names: list[str], now: dict[str, Any], call: dict[str, Any]) -> list[Any]:
    now["micros"] = call["now"] + DELAY
    recorded, now["seen"] = tracker.hits()[now.get("seen", 0) :], len(tracker.hits())
    return [
        {"hit": hit.json(), "found": found(tracker, hit), "destinations": destinations(tracker, names, hit)}
        for hit in recorded
    ]


def found(tracker: Tracker, hit: Any) -> dict[str, Any]:
    return {key: value for key, value in tracker.look(hit).json().items() if key not in hit.json()}


def shown(body: bytes) -> Any:
    """A body in the vectors' words; the script is compared by the tests of the library itself."""
    if body == SCRIPT:
        return {"script": True}
    try:
        return body.decode()
    except UnicodeDecodeError:
        return {"hex": body.hex()}


def destinations(tracker: Tracker, names: list[str], hit: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name in names:
        try:
            outgoing = tracker.encode(name, hit)
        except NotFoundError:
            continue  # It is offered another record, with another address.
        except UnsupportedError:
            made[name] = {"outcome": "admitted"}
        except RefusedError as error:
            made[name] = {"outcome": error.reason}
        else:
            sent = [[name.decode(), value.decode()] for name, value in outgoing.headers]
            body: Any = outgoing.body.decode()
            if ["content-type", "application/json"] in sent:
                body = {"json": json.loads(body)}
            request = {"method": outgoing.method, "url": outgoing.url, "headers": sent, "body": body}
            made[name] = {"outcome": "admitted", "request": request}
    return made


def annotate(exchange: Any, added: dict[str, Any]) -> None:
    for name in ("title", "user_id", "route"):
        if added.get(name) is not None:
            setattr(exchange, name, added[name])
    if added.get("beacon"):
        assert exchange.beacon()
    for key, value in sorted(added.get("properties", {}).items()):
        exchange.property(key, value)
    for event in added.get("events", []):
        properties = dict(sorted(event.get("properties", {}).items()))
        exchange.event(
            event["name"],
            category=event.get("category"),
            label=event.get("label"),
            value=event.get("value"),
            properties=properties,
        )


def headers(pairs: list[Any], spell: Spell) -> list[tuple[Any, Any]]:
    return [(spell(raw(name)), spell(raw(value))) for name, value in pairs]


def raw(text: Any) -> bytes:
    """Bytes, written as text or as ``{"hex": …}``."""
    return bytes.fromhex(text["hex"]) if isinstance(text, dict) else text.encode()
