"""The embedded store, read from outside."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any


def rows(path: Path, columns: str, where: str = "1") -> list[tuple[Any, ...]]:
    """Those columns of all hits, in the order in which they happened; a page before its events."""
    with closing(sqlite3.connect(path)) as store:
        return store.execute(f"SELECT {columns} FROM hit WHERE {where} ORDER BY at, kind DESC, id").fetchall()


def counted(path: Path, column: str = "path") -> Counter[Any]:
    """How often each value of a column is there."""
    return Counter(row[0] for row in rows(path, column))
