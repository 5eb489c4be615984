"""CONFIG.md lists the keys that the library knows, with its defaults, and its example opens a tracker."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from trackside import ConfigError, Tracker

PYTHON = Path(__file__).parents[1]
PAGE = (PYTHON / "CONFIG.md").read_text("utf-8")
REFERENCE = re.findall(
    r"^//! ?(.*)", (PYTHON.parents[1] / "core/src/config/mod.rs").read_text("utf-8"), re.MULTILINE
)

#: Of the types that have keys of their own.
TYPES = ("sqlite", "file", "ga4", "ga-v1", "celery")


def table(lines: list[str]) -> list[tuple[str, ...]]:
    """By row: section, type of destination if it is one's own key, key, default, and a preset's default."""
    rows = []
    section, columns = "", 0
    for line in lines:
        if line.startswith("#"):
            section = re.sub(r"[^a-z._]", "", line) if "`" in line else ""
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("| ") else []
        if cells and cells[0] in ("key", "type") and "meaning" in cells:
            columns = cells.index("unit") if "unit" in cells else cells.index("meaning")
        elif not cells:
            columns = 0
        elif columns and not cells[0].startswith("-"):
            kind = [cells.pop(0)] if cells[0] in TYPES else [""]
            of = columns - (1 if kind[0] else 0)
            rows += [(section, *kind, key, *cells[1:of]) for key in re.findall(r"`([^`]+)`", cells[0])]
    return rows


ROWS = table(PAGE.splitlines())


def test_the_page_has_the_keys_and_defaults_of_the_reference() -> None:
    assert len(ROWS) > 40
    assert table(REFERENCE) == ROWS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: ".".join(filter(None, row[:3])))
def test_the_library_knows_each_key(row: tuple[str, ...]) -> None:
    section, kind, key, *_ = row
    (told,) = mistakes(section, kind, key)
    assert "unknown key" not in told
    assert "belongs to" not in told


@pytest.mark.parametrize(
    ("section", "kind", "key", "says"),
    [
        ("visitor.cookie", "", "nmae", "unknown key"),
        ("", "", "spol", "unknown key"),
        ("destination", "file", "keep", "belongs to"),
    ],
)
def test_of_other_keys_it_says_that_it_does_not(section: str, kind: str, key: str, says: str) -> None:
    (told,) = mistakes(section, kind, key)
    assert says in told


def test_the_examples_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    ((python, toml),) = re.findall(
        r"^```python\n(.*?)^```.*?^```toml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE
    )
    exec(compile(python, "CONFIG.md", "exec"), names)
    with names["tracker"] as tracker, Tracker(toml) as same:
        for target in ("/", "/admin/"):
            explained, too = (explain(asked, target) for asked in (tracker, same))
            assert explained == too
            assert "cid" in explained or target == "/admin/"


def explain(tracker: Tracker, target: str) -> str:
    """The explanation, without the time and the ids that hold it."""
    return re.sub(r"[0-9a-f-]{13,}", "", tracker.explain("GET", target, [("Host", "www.example.com")]))


def mistakes(section: str, kind: str, key: str) -> list[str]:
    """What the library says of a key, whose value is one that none may have."""
    value: Any = {"?": {"?": 1}}
    for part in reversed(key.split(".")):
        value = {part: value}
    path = f"{section}.{key}" if section else key
    if section == "destination":
        value = {section: [{**({} if key == "type" else {"type": kind or "sqlite"}), **value}]}
        path = f"destination[0].{key}"
    else:
        for part in reversed(section.split(".") if section else []):
            value = {part: value}
    with pytest.raises(ConfigError) as raised:
        Tracker(value, env=False)
    # What is wrong with a table may be told of an entry.
    return re.findall(rf'(?:^|; |\n)({re.escape(path)}(?:\."\?")?: [^\n]*)', str(raised.value))
