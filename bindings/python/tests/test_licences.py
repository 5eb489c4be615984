"""What is installed brings the texts of its licences along."""

from __future__ import annotations

from importlib.metadata import distribution
from pathlib import Path

import pytest

WORKSPACE = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", ["LICENSE-APACHE", "LICENSE-MIT"])
def test_the_workspace_s_licences_are_in_the_wheel(name: str) -> None:
    assert distribution("trackside").read_text(f"licenses/{name}") == (WORKSPACE / name).read_text("utf-8")
