"""The texts of ``tests/explain``, as Rust and C say them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trackside import RecordingTransport, Tracker

CASES = sorted((Path(__file__).parents[3] / "tests" / "explain").glob("*.txt"))


def now() -> int:
    return 1_784_714_400_000_000


def test_there_are_cases() -> None:
    assert len(CASES) >= 14


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_an_explanation(path: Path) -> None:
    head, _, expected = path.read_text("utf-8").partition("\n---\n")
    case: dict[str, Any] = json.loads(head)
    asked = case["request"]
    response = case.get("response", {"status": 200, "headers": [["content-type", "text/html"]]})
    said = {name: choice == "granted" for name, choice in case.get("consent", {}).items()}
    with Tracker(case["config"], env=False, transport=RecordingTransport(), clock=now) as tracker:
        text = tracker.explain(
            asked["method"],
            asked["target"],
            [(name.encode(), value.encode()) for name, value in asked["headers"]],
            peer=asked.get("peer"),
            secure=asked.get("secure", False),
            resolved=asked.get("resolved", False),
            status=response["status"],
            response_headers=response["headers"],
            **said,
        )
        assert tracker.stats().requests.seen == 0
    assert text == expected
